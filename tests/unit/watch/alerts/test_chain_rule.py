"""The shipped rule hears of a broken audit trail, and that it is whole again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from chainbot_desktop.core.ports import ChainReport
from chainbot_desktop.security.verification import verdict_event
from tests.helpers.alert_desks import open_alarm


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_broken_chain_fires_and_a_whole_one_resolves(tmp_path: Path) -> None:
    async with open_alarm(tmp_path, shipped=True) as alarm:
        broken = ChainReport(False, 16, 17, "Event 17 was changed after it was written.", "changed")
        await alarm.store.journal.append(verdict_event(broken, "system:chainbot"))
        await until(lambda: [alert.rule for alert in alarm.desk.active if alert.state == "firing"] == ["chain-broken"])
        (alert,) = [alert for alert in alarm.desk.active if alert.rule == "chain-broken"]
        assert alert.severity == "critical"
        assert alert.summary == "Event 17 was changed after it was written."
        await alarm.store.journal.append(verdict_event(ChainReport(True, 20), "system:chainbot"))
        await until(lambda: not [alert for alert in alarm.desk.active if alert.rule == "chain-broken"])
