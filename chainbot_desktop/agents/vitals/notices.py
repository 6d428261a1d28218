"""Says whose figures changed: four times a second at most, however much happens, and not at all where nothing does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chainbot_desktop.agents.vitals.buckets import Buckets
from chainbot_desktop.core.listeners import Listeners

EVERY = 0.25
"""Seconds between two notices."""

Changed = Callable[[frozenset[str]], None]


class ChangeNotices:
    """Use on the loop's thread. One timer for all agents, and none while nobody listens or nothing moves."""

    def __init__(self, activity: Buckets) -> None:
        self._activity = activity
        self._listeners: Listeners[[frozenset[str]]] = Listeners()
        self._changed: set[str] = set()
        self._moved: set[str] = set()
        self._second = -1
        self._timer: asyncio.TimerHandle | None = None

    def add(self, listener: Changed) -> Callable[[], None]:
        end = self._listeners.add(listener)
        self._arm()  # what moves already is to be told of

        def leave() -> None:
            end()
            if not self._listeners:
                self.close()

        return leave

    def mark(self, agent_id: str) -> None:
        """Its figures are other ones. Very often."""
        if self._listeners:
            self._changed.add(agent_id)
            if self._timer is None:
                self._arm()

    def forget(self, agent_id: str) -> None:
        """It is no more: nothing of it changes."""
        self._changed.discard(agent_id)
        self._moved.discard(agent_id)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._changed.clear()
        self._moved.clear()

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY, self._on_due)

    def _on_due(self) -> None:
        self._timer = None
        changed, self._changed = self._changed, set()
        second = self._activity.second
        if second != self._second:
            # The window has moved on, and with it every line that is not empty, or was not a second ago.
            self._second = second
            moving = self._activity.moving()
            changed |= moving | self._moved
            self._moved = moving
        if changed:
            self._listeners.tell(frozenset(changed))
        if self._listeners and (changed or self._moved):
            self._arm()
