"""What watches over the machine and the program, made once and opened in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop import __version__
from chainbot_desktop.app.stopping import closed_within
from chainbot_desktop.core.link import LinkStatus
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.watch.health import HealthMonitor, ProgramFacts
from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from chainbot_desktop.watch.metrics import MetricsSampler


@dataclass(frozen=True, slots=True)
class WatchWing:
    logs: LogRing
    lag: LoopLagMonitor
    metrics: MetricsSampler
    health: HealthMonitor

    async def open(self, stack: AsyncExitStack) -> None:
        """Closed by `stack`."""
        self.logs.follow(asyncio.get_running_loop())
        stack.callback(self.logs.follow, None)
        self.lag.start()
        stack.callback(self.lag.stop)
        await self.metrics.open()
        stack.push_async_callback(closed_within, 0.5, "the metrics", self.metrics.close)
        self.health.open()
        stack.callback(self.health.close)


def make_watch_wing(
    settings: Settings,
    data_dir: Path,
    logs: LogRing,
    journal: SqliteJournal,
    *,
    link: Callable[[], LinkStatus],
    facts: Callable[[], ProgramFacts],
) -> WatchWing:
    """`link` and `facts` answer from memory, and only once everything is made."""

    def on_failure(name: str, error: BaseException) -> None:
        health.record_task_failure(name, error)

    lag = LoopLagMonitor()
    metrics = MetricsSampler(
        data_dir,
        Tasks(on_failure),
        lag,
        event_count=lambda: journal.head_seq,
        queues={"journal": lambda: float(journal.waiting)},
    )
    health = HealthMonitor(
        metrics,
        logs,
        name=settings.chainbot.name,
        version=__version__,
        link=link,
        journal_waiting=lambda: journal.waiting,
        journal_refused=lambda: journal.refused,
        facts=facts,
    )
    journal.on_refusal_changed = health.look_again
    return WatchWing(logs, lag, metrics, health)
