"""When the canonical index is compared: after a registration, a moment after agent events, and by the clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from chainbot_desktop.alexos.answers import AlexOsHttp, Answer
from chainbot_desktop.alexos.board import LinkBoard
from chainbot_desktop.alexos.guests import GuestIndex
from chainbot_desktop.alexos.pace import Pace, wait_for_event
from chainbot_desktop.alexos.probing import HEALTH, Routes
from chainbot_desktop.core.bus import EventBus, Subscription
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import AgentSpawned, AgentTerminated, AlexOsEventReceived
from chainbot_desktop.core.events.envelope import Recorded
from chainbot_desktop.core.link import Verdict

_log = logging.getLogger(__name__)
_MOST_WAITS = 2


class IndexComparison:
    """`run` it as a task; `due` asks for a comparison at once. Looks at the health of ALEX OS on the way, once a minute at most."""

    def __init__(
        self, http: AlexOsHttp, board: LinkBoard, guests: GuestIndex, pace: Pace, routes: Callable[[], Routes | None]
    ) -> None:
        self._http = http
        self._board = board
        self._guests = guests
        self._pace = pace
        self._routes = routes
        self._due = asyncio.Event()
        self._at_once = False
        self._looked_at = float("-inf")

    def due(self) -> None:
        self._at_once = True
        self._due.set()

    def listen(self, bus: EventBus) -> Subscription:
        return bus.subscribe(self._on_agent_event, AgentSpawned, AgentTerminated, AlexOsEventReceived)

    async def run(self) -> None:
        while True:
            if await wait_for_event(self._due, self._pace.index):
                await self._quiet()
            self._at_once = False
            self._due.clear()
            routes = self._routes()
            if routes is None:
                continue
            try:
                await self._guests.compare(routes)
                await self._look_at_health()
            except ChainBotError as error:
                _log.warning("the index of ALEX OS could not be taken over: %s", error)

    async def _quiet(self) -> None:
        """Wait until agent events stop coming for a moment, but not for ever."""
        for _ in range(_MOST_WAITS):
            if self._at_once:
                return
            self._due.clear()
            if not await wait_for_event(self._due, self._pace.debounce):
                return

    async def _look_at_health(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._looked_at < self._pace.health_look:
            return
        self._looked_at = now
        answer = await self._http.get(HEALTH)
        self._board.note("health", HEALTH, answer, _said(answer))

    def _on_agent_event(self, recorded: Recorded[AgentSpawned | AgentTerminated | AlexOsEventReceived]) -> None:
        event = recorded.event
        if not isinstance(event, AlexOsEventReceived) or event.data.event_type.startswith("agent"):
            self._due.set()


def _said(answer: Answer) -> str | None:
    if answer.verdict is not Verdict.WORKS or not isinstance(answer.value, dict):
        return None
    return f"ALEX OS says of itself: {str(answer.value.get('status'))[:50]}"
