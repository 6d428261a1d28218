"""What watches over the machine and the program, made once and opened in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop import __version__
from chainbot_desktop.app.metric_wing import MetricWing, make_metric_wing
from chainbot_desktop.core.link import ClockSkew, LinkStatus
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
    figures: MetricWing
    tasks: Tasks

    async def open(self, stack: AsyncExitStack) -> None:
        """Closed by `stack`."""
        self.logs.follow(asyncio.get_running_loop())
        stack.callback(self.logs.follow, None)
        self.lag.start()
        stack.callback(self.lag.stop)
        await self.figures.open(stack, self.tasks)
        self.health.open()
        stack.callback(self.health.close)


def make_watch_wing(
    settings: Settings,
    data_dir: Path,
    database: Path,
    logs: LogRing,
    journal: SqliteJournal,
    *,
    link: Callable[[], LinkStatus],
    skew: Callable[[], ClockSkew | None],
    facts: Callable[[], ProgramFacts],
) -> WatchWing:
    """`link`, `skew` and `facts` answer from memory, and only once everything is made. `database` is the journal's file."""

    def on_failure(name: str, error: BaseException) -> None:
        health.record_task_failure(name, error)

    lag = LoopLagMonitor()
    tasks = Tasks(on_failure)
    figures = make_metric_wing(data_dir, database, journal, lag, tasks, link, skew)
    health = HealthMonitor(
        figures.sampler,
        logs,
        name=settings.chainbot.name,
        version=__version__,
        link=link,
        journal_waiting=lambda: journal.waiting,
        journal_refused=lambda: journal.refused,
        skew=skew,
        facts=facts,
        notices=figures.notices,
    )
    journal.on_refusal_changed = health.look_again
    return WatchWing(logs, lag, figures.sampler, health, figures, tasks)
