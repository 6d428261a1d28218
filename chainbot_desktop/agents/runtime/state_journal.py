"""The states of one agent on their way to the journal: each change once, in order, and none lost while the disk refuses."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from chainbot_desktop.agents.facts import RUNTIME_SOURCE
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.events import AgentSpawned, AgentStateChanged, AgentTerminated, Severity
from chainbot_desktop.core.events.agents import AgentFact, RuntimeState, StateFact
from chainbot_desktop.core.events.envelope import Actor, Event, label
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import AgentRow, Lease
from chainbot_desktop.store.agents import AgentTable

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0
_MOST_WAITING = 200
_ACTIVITY_SECONDS = 2.0
"""An activity that changes quickly is told of no more often than this."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an agent is at a moment."""

    state: RuntimeState
    waiting_for: str = ""
    activity: str = ""
    run_id: str = ""
    needs_human: bool = False


class StateJournal:
    """Holds the agent's row. Nothing here waits but `written`. `standing` answers how the agent is now."""

    def __init__(self, row: AgentRow, table: AgentTable, tasks: Tasks, standing: Callable[[], Standing]) -> None:
        self.row = row
        self._table = table
        self._tasks = tasks
        self._standing = standing
        self._told = Standing(row.state)
        self._waiting: deque[tuple[AgentRow, Event]] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._activity_timer: asyncio.TimerHandle | None = None

    def begins(self, described: Mapping[str, str], actor: Actor) -> AgentSpawned:
        """A life begins; the caller saves the row with this event."""
        now = utc_now()
        self.row = replace(self.row, state="starting", since=now, reason="", wanted=True, lease=None, heartbeat_at=now)
        self._told = Standing("starting")
        row = self.row
        fact = AgentFact(agent_id=row.id, agent_name=row.name, agent_type=row.kind, status="starting", **described)
        return AgentSpawned(source=RUNTIME_SOURCE, subject=row.id, actor=actor, data=fact)

    def look(self) -> None:
        """Tell what is different: a state at once, an activity in a while."""
        now, told = self._standing(), self._told
        if (now.state, now.waiting_for) != (told.state, told.waiting_for):
            self._tell(now)
        elif now.activity != told.activity and self._activity_timer is None:
            self._activity_timer = asyncio.get_running_loop().call_later(_ACTIVITY_SECONDS, self._on_activity_due)

    def beat(self, at: str) -> None:
        self.row = replace(self.row, heartbeat_at=at)

    def keep_lease(self, lease: Lease | None) -> None:
        self.row = replace(self.row, lease=lease)
        self._tell(self._standing())

    def ends(self, state: RuntimeState, reason: str, *, wanted: bool, actor: Actor) -> None:
        """Its life is over. `wanted`: nobody stopped it."""
        if self._activity_timer is not None:
            self._activity_timer.cancel()
            self._activity_timer = None
        self._told = Standing(state)
        row = self.row = replace(self.row, state=state, since=utc_now(), reason=reason, wanted=wanted, lease=None)
        fact = AgentFact(agent_id=row.id, agent_name=row.name, agent_type=row.kind, status=state, reason=reason)
        severity = Severity.ERROR if state == "failed" else Severity.INFO
        self._note(AgentTerminated(source=RUNTIME_SOURCE, subject=row.id, actor=actor, severity=severity, data=fact))

    async def written(self) -> None:
        """Returns when everything that was told so far is on the disk, or cannot come there any more."""
        if self._writing is not None:
            await asyncio.wait({self._writing})

    def _on_activity_due(self) -> None:
        self._activity_timer = None
        now = self._standing()
        if now.activity != self._told.activity:
            self._tell(now)

    def _tell(self, now: Standing) -> None:
        before, self._told = self.row.state, now
        if before != now.state:
            self.row = replace(self.row, state=now.state, since=utc_now())
        row = self.row
        fact = StateFact(
            agent_id=row.id,
            agent_name=row.name,
            state=now.state,
            before=before,
            activity=label(now.activity),
            waiting_for=label(now.waiting_for),
            run_id=now.run_id,
            pid=row.lease.pid if row.lease is not None else None,
        )
        self._note(AgentStateChanged(source=RUNTIME_SOURCE, subject=row.id, requires_attention=now.needs_human, data=fact))

    def _note(self, event: Event) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            # The disk has refused for long: the row counts, and the newest one tells how the agent is.
            _log.error("a change of state of %s was dropped: the disk refuses", self.row.name)
            self._waiting.popleft()
        self._waiting.append((self.row, event))
        if self._writing is None or self._writing.done():
            self._writing = self._tasks.spawn(f"agent {self.row.name}: journal", self._write())

    async def _write(self) -> None:
        while self._waiting:
            row, event = self._waiting.popleft()
            try:
                await self._table.set_state(row, event)
            except Unavailable as error:
                if error.code == "stopping":
                    return
                self._waiting.appendleft((row, event))
                await asyncio.sleep(_RETRY_SECONDS)
