"""Vitals for those who have the Agent Map open: once a second at most, and only of agents whose figures are other ones.

Figures are of the moment: what a client did not take in time is not kept for it, but said anew, as it is then. So a frame never pushes
an event out of a client's queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from api.vitals_documents import vitals_of
from api.websocket.connection import Connection
from api.websocket.frames import frame
from chainbot_desktop.agents.vitals import AgentVitals
from chainbot_desktop.core.tasks import Tasks

MESSAGE = "agent_vitals"
MAP = "agent-map"
_EVERY = 1.0
_MOST = 1_000
"""Agents in one frame; the others come with the next."""


@dataclass(slots=True)
class _Account:
    """Of one client: whose figures it is to hear, and what it was told of them last."""

    owed: set[str] = field(default_factory=set)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)


class VitalsFeed:
    """Use on the loop's thread. Listens and has CPU and memory measured only while there is somebody to tell."""

    def __init__(self, vitals: AgentVitals, tasks: Tasks, connections: Callable[[], Iterable[Connection]]) -> None:
        self._vitals = vitals
        self._tasks = tasks
        self._connections = connections
        self._accounts: dict[Connection, _Account] = {}
        self._feeding: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Somebody came, or asked for other messages."""
        if (self._feeding is None or self._feeding.done()) and self._watchers():
            self._feeding = self._tasks.spawn("websocket vitals", self._feed())

    def close(self) -> None:
        if self._feeding is not None:
            self._feeding.cancel()

    def _watchers(self) -> list[Connection]:
        return [c for c in self._connections() if c.window == MAP and c.wants_message(MESSAGE)]

    async def _feed(self) -> None:
        ends = (self._vitals.on_change(self._on_change), self._vitals.watch())
        try:
            while watchers := self._watchers():
                self._accounts = {connection: self._accounts.get(connection) or _Account() for connection in watchers}
                for connection, account in self._accounts.items():
                    if account.owed and connection.live and not connection.queued:
                        self._tell(connection, account)
                await asyncio.sleep(_EVERY)
        finally:
            for end in ends:
                end()
            self._accounts.clear()

    def _on_change(self, agent_ids: frozenset[str]) -> None:
        for account in self._accounts.values():
            account.owed |= agent_ids

    def _tell(self, connection: Connection, account: _Account) -> None:
        due = tuple(account.owed)[:_MOST]
        account.owed.difference_update(due)
        found = vitals_of(self._vitals, [agent_id for agent_id in due if agent_id in self._vitals])
        for agent_id in due:
            if agent_id not in found:
                account.told.pop(agent_id, None)  # it is gone
        changed = {agent_id: document for agent_id, document in found.items() if account.told.get(agent_id) != document}
        if changed:
            account.told |= changed
            connection.offer(frame(MESSAGE, MAP, {"agents": changed}))
