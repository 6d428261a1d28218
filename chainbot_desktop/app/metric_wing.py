"""What is measured, from whom, and where it is kept: the sampler, its store, and what the agents add to both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.agents.processes.child import Leader
from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.agents.vitals.processes import ProcessLoads
from chainbot_desktop.app.stopping import closed_within
from chainbot_desktop.core.link import ClockSkew, LinkStatus
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.metric_file import MetricFile
from chainbot_desktop.watch.checks import Check, Level
from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from chainbot_desktop.watch.machine import Slow
from chainbot_desktop.watch.metric_store import MetricStore
from chainbot_desktop.watch.metrics import MetricsSampler, Sample
from chainbot_desktop.watch.spending import Spent


class AgentFigures:
    """Nothing is known before `attach`, which comes when the agents and what they spent today have been read. On the loop's thread."""

    def __init__(self) -> None:
        self._runtime: AgentService | None = None
        self._ledger: Ledger | None = None
        self._loads = ProcessLoads()
        self._leaders: Mapping[str, Sequence[Leader]] = {}

    def attach(self, runtime: AgentService, ledger: Ledger) -> None:
        self._runtime, self._ledger = runtime, ledger

    def look(self, sample: Sample) -> None:
        """Remember who has processes, for `memory`."""
        if self._runtime is not None:
            self._leaders = self._runtime.leaders()

    def waiting(self) -> float:
        """Tasks that wait for an agent."""
        return float(sum(agent.queued for agent in self._runtime.living())) if self._runtime is not None else 0.0

    def spent(self) -> Spent | None:
        if self._ledger is None:
            return None
        today = self._ledger.of_everybody()
        return Spent(today.tokens, today.cost)

    def memory(self) -> Mapping[str, int]:
        """By agent, in bytes. Reads /proc: on a thread."""
        leaders = self._leaders
        return self._loads.proportional(leaders) if leaders else {}


@dataclass(frozen=True, slots=True)
class MetricWing:
    sampler: MetricsSampler
    store: MetricStore
    agents: AgentFigures

    async def open(self, stack: AsyncExitStack, tasks: Tasks) -> None:
        """Closed by `stack`. What was kept is read in the background: the start does not wait for the card."""
        tasks.spawn("take up the metrics", self.store.open())
        stack.push_async_callback(closed_within, 2.0, "the store of the metrics", self.store.close)
        stack.callback(self.sampler.on_sample(self.store.take))
        stack.callback(self.sampler.on_sample(self.agents.look))
        await self.sampler.open()
        stack.push_async_callback(closed_within, 0.5, "the metrics", self.sampler.close)

    def notices(self) -> Sequence[Check]:
        """For the report on health."""
        if not self.store.trouble:
            return ()
        hint = (
            "The charts go on from memory; after a restart what was measured since is missing. It is tried again every minute."
        )
        return (Check("metrics", "Metrics", Level.NOTICE, self.store.trouble, hint),)


def make_metric_wing(
    data_dir: Path,
    database: Path,
    journal: SqliteJournal,
    lag: LoopLagMonitor,
    tasks: Tasks,
    link: Callable[[], LinkStatus],
    skew: Callable[[], ClockSkew | None],
) -> MetricWing:
    """`database` is the journal's file; what is measured is kept beside it. `skew` is this clock against ALEX OS's."""
    agents = AgentFigures()
    sampler = MetricsSampler(
        data_dir,
        tasks,
        lag,
        event_count=lambda: journal.head_seq,
        queues={
            "journal": lambda: float(journal.waiting),
            "outbox": lambda: float(link().outbox_pending),
            "tasks": agents.waiting,
        },
        spent=agents.spent,
        skew=lambda: found.seconds if (found := skew()) is not None else None,
        slow=Slow(agents=agents.memory, database=lambda: _size(database)),
    )
    return MetricWing(sampler, MetricStore(MetricFile(database.with_name("metrics.db"))), agents)


def _size(database: Path) -> int | None:
    """With what is not in the file proper yet."""
    if not database.exists():
        return None
    files = (database.with_name(f"{database.name}{ending}") for ending in ("", "-wal", "-shm"))
    return sum(file.stat().st_size for file in files if file.exists())
