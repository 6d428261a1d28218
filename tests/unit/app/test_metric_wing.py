"""The sampler, its store and what the agents add, put together as the program does."""

from __future__ import annotations

import asyncio
import math
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.app.metric_wing import MetricWing, make_metric_wing
from chainbot_desktop.core.link import ClockSkew, LinkStatus
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.watch.checks import Level
from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from tests.helpers.processes import until
from tests.helpers.stores import open_store


def wing(folder: Path, journal: SqliteJournal, tasks: Tasks, pending: int = 4) -> MetricWing:
    link = LinkStatus(outbox_pending=pending)
    return make_metric_wing(
        folder, folder / "journal.db", journal, LoopLagMonitor(), tasks, lambda: link, lambda: ClockSkew(-7.5, 0.5)
    )


class _Sums:
    tokens, cost = 500, 0.25


class _Ledger:
    def of_everybody(self) -> _Sums:
        return _Sums()


class _NoAgents:
    def leaders(self) -> dict[str, tuple[()]]:
        return {}

    def living(self) -> tuple[()]:
        return ()


async def test_what_is_measured_is_kept_beside_the_journal(tmp_path: Path) -> None:
    tasks = Tasks()
    async with open_store(tmp_path) as store:
        async with AsyncExitStack() as stack:
            made = wing(tmp_path, store.journal, tasks)
            await made.open(stack, tasks)
            await until(lambda: made.sampler.figures.get("database") is not None)
            figures = made.sampler.figures
            assert figures["queue:outbox"] == 4
            assert figures["clock_skew"] == -7.5
            assert figures["tokens"] is None, "what the agents spent is not read yet"
            made.agents.attach(cast(AgentService, _NoAgents()), cast(Ledger, _Ledger()))
            await until(lambda: made.sampler.figures.get("tokens") == 0)
            assert made.notices() == ()
            assert made.sampler.latest is not None
            kept = math.floor(made.sampler.latest.time)
        async with AsyncExitStack() as stack:
            made = wing(tmp_path, store.journal, tasks, pending=9)
            await made.open(stack, tasks)
            async with asyncio.timeout(20):
                while (await made.store.query(["queue:outbox"], kept, kept + 1, 1)).lines["queue:outbox"].mean[0] != 4:
                    await asyncio.sleep(0.01)
    assert tasks.names == ()


async def test_a_file_that_cannot_be_is_a_notice_and_no_failure(tmp_path: Path) -> None:
    tasks = Tasks()
    (tmp_path / "metrics.db").mkdir()
    async with open_store(tmp_path) as store, AsyncExitStack() as stack:
        made = wing(tmp_path, store.journal, tasks)
        await made.open(stack, tasks)
        await until(lambda: bool(made.notices()))
        (notice,) = made.notices()
        assert notice.level is Level.NOTICE
        assert "metrics" in notice.sentence
        await until(lambda: made.sampler.figures.get("memory") is not None)
