"""Telling ALEX OS how we are: by the clock, at once when it changes, and once more when we go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from chainbot_desktop.alexos.answers import AlexOsHttp, Answer
from chainbot_desktop.alexos.board import LinkBoard
from chainbot_desktop.alexos.envelopes import health_event, health_report, health_row
from chainbot_desktop.alexos.event_bus import EventBusLink
from chainbot_desktop.alexos.identity import Identity
from chainbot_desktop.alexos.intake import RemoteEvents
from chainbot_desktop.alexos.pace import wait_for_event
from chainbot_desktop.alexos.probing import DOCUMENTED_HEALTH, Routes
from chainbot_desktop.core.json_codec import JsonObject

_log = logging.getLogger(__name__)


class HealthReports:
    """`run` it as a task. `measure` gives the documented fields, from memory; `on_trouble` is called with the answer to a report
    that was not taken."""

    def __init__(
        self,
        http: AlexOsHttp,
        board: LinkBoard,
        identity: Identity,
        measure: Callable[[], JsonObject],
        routes: Callable[[], Routes | None],
        on_trouble: Callable[[Answer], None],
    ) -> None:
        self._http = http
        self._board = board
        self._identity = identity
        self._measure = measure
        self._routes = routes
        self._on_trouble = on_trouble
        self._due = asyncio.Event()
        self._bus: EventBusLink | None = None
        self._remote: RemoteEvents | None = None

    def send_copies(self, bus: EventBusLink, remote: RemoteEvents) -> None:
        """Put each report on the event bus too; `remote` is told its id, so that the echo is no news."""
        self._bus, self._remote = bus, remote

    def report_now(self) -> None:
        self._due.set()

    def current(self) -> JsonObject:
        return health_report(self._identity, self._measure())

    async def run(self, interval: float) -> None:
        while True:
            await wait_for_event(self._due, interval)
            self._due.clear()
            routes = self._routes()
            if routes is not None:
                answer = await self._send(routes, self.current(), None)
                if answer is not None and not answer.accepted:
                    self._on_trouble(answer)

    async def is_taken(self) -> bool:
        """Whether a report is taken now, found out by sending one."""
        routes = self._routes()
        answer = await self._send(routes, self.current(), None) if routes is not None else None
        return answer is not None and answer.accepted

    async def say_goodbye(self, routes: Routes, deadline: float) -> None:
        report = {**self.current(), "status_id": "offline", "workflow_state": "idle"}
        try:
            async with asyncio.timeout(deadline):
                await self._send(routes, report, deadline)
        except TimeoutError:
            _log.info("ALEX OS was too slow to hear the goodbye")

    async def _send(self, routes: Routes, report: JsonObject, timeout: float | None) -> Answer | None:  # noqa: ASYNC109 - aiohttp's own
        if routes.style == "documented":
            answer = await self._http.post(DOCUMENTED_HEALTH, report, timeout=timeout)
            self._board.note("health", DOCUMENTED_HEALTH, answer)
            await self._send_copy(report)
            return answer
        if routes.events is None:
            return None
        answer = await self._http.post(routes.events, health_row(self._identity, report), timeout=timeout)
        self._board.note("events", routes.events, answer)
        return answer

    async def _send_copy(self, report: JsonObject) -> None:
        if self._bus is None or self._remote is None:
            return
        event = health_event(self._identity, report)
        self._remote.note_sent(event["event_id"])
        await self._bus.send(event)
