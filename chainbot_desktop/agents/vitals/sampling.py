"""Looks at the agents' processes every two seconds while somebody watches, on a thread; once, where somebody asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from chainbot_desktop.agents.processes.child import Leader
from chainbot_desktop.agents.vitals.processes import Load, ProcessLoads
from chainbot_desktop.core.tasks import Tasks

EVERY = 2.0
_SECOND_LOOK = 0.5
"""Seconds from a look that has nothing to compare with to the next."""
_ASKED_LOOK = 0.2
_STALE = 5.0
"""Older loads say nothing of now."""
_FRESH = 1.0
"""Who asks is answered from what is as young as this."""


class LoadSampler:
    """Use on the loop's thread. `leaders`: the child processes of all agents that have any; `on_change` hears whose load changed."""

    def __init__(
        self,
        leaders: Callable[[], Mapping[str, Sequence[Leader]]],
        tasks: Tasks,
        on_change: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leaders = leaders
        self._tasks = tasks
        self._on_change = on_change
        self._clock = clock
        self._processes = ProcessLoads()
        self._loads: dict[str, Load] = {}
        self._taken_at = float("-inf")
        self._watchers: set[object] = set()
        self._task: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()
        self._looking = asyncio.Lock()
        self._asking = asyncio.Lock()

    def of(self, agent_id: str) -> Load | None:
        return self._loads.get(agent_id) if self._age <= _STALE else None

    def watch(self) -> Callable[[], None]:
        """Look until the returned function is called (more than once does no harm)."""
        token = object()
        self._watchers.add(token)
        if self._task is None or self._task.done():
            self._task = self._tasks.spawn("agents: processes", self._run())

        def end() -> None:
            self._watchers.discard(token)
            if not self._watchers:
                self._stirred.set()

        return end

    async def ask(self, agent_id: str = "") -> None:
        """Returns when the loads (of this agent, or of all) are of now: at once, or after one look or two."""
        async with self._asking:
            if self._age <= _FRESH and (not agent_id or agent_id in self._loads) and self._complete:
                return
            await self._look()
            if not self._complete:
                await asyncio.sleep(_ASKED_LOOK)
                await self._look()

    async def close(self) -> None:
        self._watchers.clear()
        self._stirred.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    @property
    def _age(self) -> float:
        return self._clock() - self._taken_at

    @property
    def _complete(self) -> bool:
        return all(load.cpu_percent is not None for load in self._loads.values())

    async def _run(self) -> None:
        while self._watchers:
            await self._look()
            self._stirred.clear()
            if self._watchers:
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY if self._complete else _SECOND_LOOK):
                        await self._stirred.wait()

    async def _look(self) -> None:
        async with self._looking:
            leaders = self._leaders()
            loads = await asyncio.to_thread(self._processes.look, leaders) if leaders else {}
            before, self._loads = self._loads, loads
            self._taken_at = self._clock()
        for agent_id in {*before, *loads}:
            if before.get(agent_id) != loads.get(agent_id):
                self._on_change(agent_id)
