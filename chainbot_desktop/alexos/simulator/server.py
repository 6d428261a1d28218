"""The simulator as a server: the routes of one dialect, the switches, and a look inside."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from enum import StrEnum
from types import TracebackType
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from chainbot_desktop.alexos.simulator.answering import AnsweringGuests
from chainbot_desktop.alexos.simulator.documented import DocumentedRoutes
from chainbot_desktop.alexos.simulator.house import House
from chainbot_desktop.alexos.simulator.life import Life
from chainbot_desktop.alexos.simulator.misbehaviour import Misbehaviour, break_connection, instead_of_answer
from chainbot_desktop.alexos.simulator.observed import ObservedRoutes
from chainbot_desktop.alexos.simulator.sockets import Bus
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.json_codec import JsonObject, parse_object
from chainbot_desktop.core.tasks import Tasks

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Dialect(StrEnum):
    DOCUMENTED = "documented"
    OBSERVED = "observed"
    REPAIRED = "repaired"


class Simulator:
    """`async with Simulator(...) as simulator:` serves until the block ends. Port 0 takes a free one.

    `pace`: seconds between steps of its life; None for a house where nothing happens by itself. `house` may be one of an
    earlier simulator, which then is that ALEX OS started again.
    """

    def __init__(
        self,
        dialect: Dialect | str = Dialect.DOCUMENTED,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        misbehaviour: Misbehaviour | None = None,
        house: House | None = None,
        pace: float | None = None,
        doubled_registration: bool = False,
        health_takes: float = 1.0,
    ) -> None:
        self.dialect = Dialect(dialect)
        self.bad = misbehaviour or Misbehaviour()
        self.house = house or House()
        self._host = host
        self._port = port
        self._pace = pace
        self._doubled = doubled_registration
        self._health_takes = health_takes
        self._tasks = Tasks()
        self._bus = Bus(self.house, self.bad, self._tasks)
        self._observed: ObservedRoutes | None = None
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://{self._shown_host}:{self._port}"

    @property
    def ws_url(self) -> str:
        """The event bus where the guide says it is; the observed ALEX OS refuses it there, that being the point."""
        return f"ws://{self._shown_host}:{self._port}/ws/events"

    @property
    def connected(self) -> int:
        """Sockets that are open now."""
        return self._bus.connected + (self._observed.socket.connected if self._observed else 0)

    async def __aenter__(self) -> Simulator:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """OSError where the port is taken."""
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]
        if self._pace is not None:
            self._tasks.spawn("simulated life", Life(self.house, self._pace).run())

    async def stop(self) -> None:
        if self._bus.publish in self.house.publishers:
            self.house.publishers.remove(self._bus.publish)
        await self.drop_sockets()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._tasks.cancel_all()

    async def misbehave(self, **changes: Any) -> None:
        """Set switches; ValidationError where one is unknown or of a wrong type, and then none is set."""
        checked = Misbehaviour.model_validate({**self.bad.model_dump(), **changes})
        for name in Misbehaviour.model_fields:
            setattr(self.bad, name, getattr(checked, name))
        if self.bad.down:
            await self.drop_sockets()

    async def drop_sockets(self) -> None:
        """Close what is open now."""
        await self._bus.close_all()
        if self._observed is not None:
            await self._observed.socket.close_all()

    @property
    def _shown_host(self) -> str:
        return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._host, self._host)  # noqa: S104 - compared, not bound

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._badly], client_max_size=4 * 1024 * 1024)
        app.on_response_prepare.append(self._tell_the_time)
        app.add_routes(
            [
                web.get("/simulator/state", self._on_state),
                web.post("/simulator/misbehave", self._on_misbehave),
                web.post("/simulator/publish", self._on_publish),
                web.post("/simulator/drop", self._on_drop),
            ]
        )
        if self.dialect is Dialect.DOCUMENTED:
            guests = AnsweringGuests(self.house, self.bad, self._tasks)
            DocumentedRoutes(self.house, self.bad, self._bus, guests).add_to(app)
            self.house.publishers.append(self._bus.publish)
        else:
            repaired = self.dialect is Dialect.REPAIRED
            self._observed = ObservedRoutes(
                self.house, self.bad, repaired=repaired, doubled=self._doubled, health_takes=self._health_takes
            )
            self._observed.add_to(app)
        return app

    @web.middleware
    async def _badly(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/simulator/"):
            if not _is_loopback(request.remote):
                raise web.HTTPForbidden(text="The switches answer to this machine only.")
            return await handler(request)
        instead = await instead_of_answer(request, self.bad)
        if instead is not None:
            return instead
        answer = await handler(request)
        return break_connection(request) if self.bad.lose_answers and request.method == "POST" else answer

    async def _tell_the_time(self, _request: web.Request, answer: web.StreamResponse) -> None:
        if self.bad.clock_ahead:
            answer.headers["Date"] = formatdate(time.time() + self.bad.clock_ahead, usegmt=True)

    async def _on_state(self, _request: web.Request) -> web.StreamResponse:
        state = self.house.state([str(self.connected)])
        return web.json_response({"dialect": self.dialect, "misbehaviour": self.bad.model_dump(), **state})

    async def _on_misbehave(self, request: web.Request) -> web.StreamResponse:
        try:
            await self.misbehave(**await _object(request))
        except ValidationError as error:
            raise web.HTTPUnprocessableEntity(text=str(error)) from None
        return web.json_response(self.bad.model_dump())

    async def _on_publish(self, request: web.Request) -> web.StreamResponse:
        asked = await _object(request)
        data = asked.get("data")
        event = self.house.publish(
            str(asked.get("event_type", "note")),
            data if isinstance(data, dict) else {},
            severity=str(asked.get("severity", "info")),
            attention=asked.get("requires_attention") is True,
        )
        return web.json_response(event)

    async def _on_drop(self, _request: web.Request) -> web.StreamResponse:
        await self.drop_sockets()
        return web.json_response({"status": "success"})


async def _object(request: web.Request) -> JsonObject:
    try:
        return parse_object(await request.read())
    except InvalidInput as error:
        raise web.HTTPUnprocessableEntity(text=error.message) from None


def _is_loopback(address: str | None) -> bool:
    return address is not None and ipaddress.ip_address(address.split("%")[0]).is_loopback
