"""The shipped rule hears of a broken audit trail, and that it is whole again."""

from __future__ import annotations

from pathlib import Path

from chainbot_desktop.core.ports import ChainReport
from chainbot_desktop.security.verification import verdict_event
from tests.helpers.alert_desks import open_alarm


async def test_a_broken_chain_fires_and_a_whole_one_resolves(tmp_path: Path) -> None:
    async with open_alarm(tmp_path, shipped=True) as alarm:
        alarm.store.bus.subscribe(alarm.desk.feed_event)
        broken = ChainReport(False, 16, 17, "Event 17 was changed after it was written.", "changed")
        await alarm.store.journal.append(verdict_event(broken, "system:chainbot"))
        alarm.tick(1)
        (alert,) = alarm.desk.active
        assert (alert.rule, alert.state, alert.severity) == ("chain-broken", "firing", "critical")
        assert alert.summary == "Event 17 was changed after it was written."
        await alarm.store.journal.append(verdict_event(ChainReport(True, 20), "system:chainbot"))
        alarm.tick(1)
        assert not alarm.desk.active
