"""The vitals of every agent for whoever shows them: what it does now, the last minute of it, CPU, memory, tokens, passages.

None of it goes through the journal: these are figures of the moment, in memory, gone with the program. Activity counts, in
buckets of a second, the events of the journal whose subject or data names the agent, the lines of its log and the pieces that it
streams. A tool call is an event, and its step a line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.processes.child import Leader
from chainbot_desktop.agents.records import DirectoryChange
from chainbot_desktop.agents.runtime.live import AgentUsage, LiveAgent
from chainbot_desktop.agents.vitals.buckets import Buckets, Levels
from chainbot_desktop.agents.vitals.figures import Figures, Pulse, Rate
from chainbot_desktop.agents.vitals.naming import agents_of, said
from chainbot_desktop.agents.vitals.notices import Changed, ChangeNotices
from chainbot_desktop.agents.vitals.passages import Passages
from chainbot_desktop.agents.vitals.sampling import LoadSampler
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.events import AgentMessageDelivered, Recorded, RunAccepted
from chainbot_desktop.core.tasks import Tasks


class Workplace(Protocol):
    """What is asked of whoever runs the agents; see `AgentService`."""

    def live(self, agent_id: str) -> LiveAgent | None: ...

    def usage(self, agent_id: str) -> AgentUsage | None: ...

    def log(self, agent_id: str) -> AgentLog: ...

    def leaders(self) -> Mapping[str, Sequence[Leader]]: ...

    def on_change(self, listener: Callable[[str], None]) -> Callable[[], None]: ...

    def on_work(self, listener: Callable[[str, int], None]) -> Callable[[], None]: ...


class AgentVitals:
    """Use on the loop's thread, between `open` and `close`. `clock`: monotonic seconds."""

    def __init__(
        self,
        directory: AgentDirectory,
        bus: EventBus,
        runtime: Workplace,
        tasks: Tasks,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._bus = bus
        self._runtime = runtime
        self._activity = Buckets(clock)
        self._notices = ChangeNotices(self._activity)
        self._passages = Passages(directory, clock)
        self._loads = LoadSampler(runtime.leaders, tasks, self._notices.mark, clock)
        self._ends: list[Callable[[], None]] = []

    def open(self) -> None:
        """After the directory, which hears of every event first."""
        self._ends = [
            self._bus.subscribe(self._on_event).cancel,
            self._bus.subscribe(self._passages.delivered, AgentMessageDelivered).cancel,
            self._bus.subscribe(self._passages.accepted, RunAccepted).cancel,
            self._directory.subscribe(self._on_directory_change),
            self._runtime.on_change(self._notices.mark),
            self._runtime.on_work(self._on_work),
        ]

    async def close(self) -> None:
        """Count no more. The last figures can still be read."""
        for end in self._ends:
            end()
        self._ends.clear()
        self._notices.close()
        await self._loads.close()

    # Figures

    def __contains__(self, agent_id: str) -> bool:
        return self._directory.get(agent_id) is not None

    def activity(self, agent_id: str) -> tuple[int, ...]:
        """60 counts, one a second, the oldest first; the last is the running second. Zeros for what nothing was counted of."""
        return self._activity.of(agent_id)

    def activity_levels(self, agent_ids: Sequence[str]) -> Levels:
        """The same of many at once: uint16, shape (len(agent_ids), 60). 5,000 agents in a few milliseconds."""
        return self._activity.levels(agent_ids)

    def figures(self, agent_id: str) -> Figures:
        return self.figures_of((agent_id,))[0]

    def figures_of(self, agent_ids: Sequence[str]) -> list[Figures]:
        totals = self._activity.totals(agent_ids)
        return [self._figures(agent_id, total) for agent_id, total in zip(agent_ids, totals, strict=True)]

    def rate(self, entanglement_id: str) -> Rate:
        return self._passages.rate(entanglement_id)

    def rates_per_minute(self, entanglement_ids: Sequence[str]) -> list[int]:
        return self._passages.rates(entanglement_ids)

    def watch(self) -> Callable[[], None]:
        """Measure CPU and memory every two seconds until the returned function is called. Who shows them calls it while they are seen."""
        return self._loads.watch()

    async def measured(self, agent_id: str = "") -> None:
        """Returns when CPU and memory (of this agent, or of all) are of now, also where nobody watches: after 0.2 s at most, mostly."""
        leaders = self._runtime.leaders()
        if leaders if not agent_id else agent_id in leaders:
            await self._loads.ask(agent_id)

    # Who wants to hear

    def on_change(self, listener: Changed) -> Callable[[], None]:
        """Call `listener` with the ids of agents whose figures changed, at most 4 times a second, until the returned function is called.

        A line of activity that is not empty moves every second: its agent is among them once a second.
        """
        return self._notices.add(listener)

    def on_pulse(self, listener: Callable[[Pulse], None]) -> Callable[[], None]:
        """Call `listener` the moment something passes over an entanglement. It must return at once and raise nothing."""
        return self._passages.listeners.add(listener)

    # Inside

    def _figures(self, agent_id: str, per_minute: int) -> Figures:
        live = self._runtime.live(agent_id)
        if live is None:
            agent = self._directory.get(agent_id)
            return Figures(doing=agent.activity if agent is not None else "", per_minute=per_minute)
        usage, load, last = self._runtime.usage(agent_id), self._loads.of(agent_id), self._runtime.log(agent_id).last
        assert usage is not None
        return Figures(
            doing=live.waiting_for or live.activity,
            last_line=last.text if last is not None else None,
            per_minute=per_minute,
            cpu_percent=load.cpu_percent if load is not None else None,
            memory_bytes=load.memory_bytes if load is not None else None,
            tokens_task=usage.task_tokens,
            cost_task=usage.task_cost,
            tokens_today=usage.day_tokens,
            cost_today=usage.day_cost,
        )

    def _on_event(self, recorded: Recorded[Any]) -> None:
        named = False
        for agent_id in agents_of(recorded.event):
            named = self._count(agent_id) or named
        if not named and (name := said(recorded.event, "agent_name")):
            agent = self._directory.meant(name)
            if agent is not None:
                self._count(agent.id)

    def _on_work(self, agent_id: str, count: int) -> None:
        self._count(agent_id, count)

    def _count(self, agent_id: str, count: int = 1) -> bool:
        """False where there is no such agent."""
        if agent_id not in self._activity and self._directory.get(agent_id) is None:
            return False
        self._activity.add(agent_id, count)
        self._notices.mark(agent_id)
        return True

    def _on_directory_change(self, change: DirectoryChange) -> None:
        for agent_id in change.agents:
            if self._directory.get(agent_id) is None:
                self._activity.forget(agent_id)
                self._notices.forget(agent_id)
            else:
                self._notices.mark(agent_id)
        for entanglement_id in change.entanglements:
            if self._directory.entanglement(entanglement_id) is None:
                self._passages.forget(entanglement_id)
