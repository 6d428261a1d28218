"""ALEX OS as it was met: a FastAPI program whose routers are mounted under doubled prefixes, behind a catch-all for its web page.

As shipped nobody can register; `repaired` registers, either where the guide of its API says or under the doubled prefix.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiohttp import web

from chainbot_desktop.alexos.simulator.house import House
from chainbot_desktop.alexos.simulator.misbehaviour import HTML_PAGE, Misbehaviour
from chainbot_desktop.alexos.simulator.sockets import ObservedSocket
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.ids import format_time, parse_time, utc_now
from chainbot_desktop.core.json_codec import JsonObject, parse_object

TRUSTED_HOSTS = frozenset({"127.0.0.1", "localhost", "10.42.69.208"})
_AGENT_DEFAULTS: JsonObject = {
    "owner": None,
    "description": None,
    "status": "offline",
    "score": 0.0,
    "agent_metadata": {},
    "crypto_id": None,
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ObservedRoutes:
    """`health_takes`: seconds for which sampling its health stops the whole server. `doubled`: where repaired ones register."""

    def __init__(self, house: House, bad: Misbehaviour, *, repaired: bool, doubled: bool, health_takes: float) -> None:
        self._house = house
        self._bad = bad
        self._repaired = repaired
        self._doubled = doubled
        self._health_takes = health_takes
        self._free = asyncio.Event()
        self._free.set()
        self.socket = ObservedSocket(bad, self._free.wait)

    def add_to(self, app: web.Application) -> None:
        app.middlewares.append(self._one_thread)
        app.add_routes(
            [
                web.get("/api/health", self._health),
                web.get("/api/agents/", self._agents),
                web.post("/api/agents/", self._create_plain),
                web.post("/api/agents/api/agents/", self._create_doubled),
                web.get("/api/events/api/events/", self._events),
                web.post("/api/events/api/events/", self._create_event),
                web.get("/api/events/api/events/recent", self._recent_events),
                web.get("/api/events/api/events/stats", self._event_stats),
                web.post("/api/auth/login", self._login),
                web.get("/ws", self.socket.handle),
                web.route("*", "/{path:.*}", self._anything),
            ]
        )

    @web.middleware
    async def _one_thread(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        await self._free.wait()
        name = request.headers.get("Host", "").rsplit(":", 1)[0]
        if name not in TRUSTED_HOSTS:
            return web.Response(status=400, text="Invalid host header")
        return await handler(request)

    async def _anything(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return web.Response(status=403)
        if request.method != "GET":
            return web.json_response({"detail": "Method Not Allowed"}, status=405)
        if request.path.startswith("/api/webhooks"):
            return web.json_response({"detail": "Not Found"}, status=404)
        return web.Response(text=HTML_PAGE, content_type="text/html")

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        self._free.clear()
        try:
            await asyncio.sleep(self._health_takes)
        finally:
            self._free.set()
        return web.json_response({"status": "healthy", "timestamp": utc_now(), "components": {}, "metrics": {}})

    async def _agents(self, _request: web.Request) -> web.StreamResponse:
        if any(row["status"] is None or row["score"] is None for row in self._house.agents.values()):
            return web.Response(status=500, text="Internal Server Error")
        return web.json_response(list(self._house.agents.values()))

    async def _create_plain(self, request: web.Request) -> web.StreamResponse:
        if not self._repaired or self._doubled:
            return web.json_response({"detail": "Method Not Allowed"}, status=405)
        return await self._create_agent(request)

    async def _create_doubled(self, request: web.Request) -> web.StreamResponse:
        if not self._repaired or not self._doubled:
            return web.Response(status=500, text="Internal Server Error")
        return await self._create_agent(request)

    async def _create_agent(self, request: web.Request) -> web.StreamResponse:
        if self._bad.refuse_registration is not None:
            return web.json_response({"detail": "Registration refused"}, status=self._bad.refuse_registration)
        asked = await _validated(request, ("uuid", "name", "agent_type"))
        if asked["uuid"] in self._house.agents:
            detail = "(sqlite3.IntegrityError) UNIQUE constraint failed: agents.uuid"
            return web.json_response({"detail": detail}, status=400)
        row = {**_AGENT_DEFAULTS, **asked, "created_at": utc_now(), "updated_at": utc_now()}
        self._house.agents[asked["uuid"]] = row
        self._house.registrations.append(asked)
        self._house.registered = True
        return web.json_response(row)

    async def _create_event(self, request: web.Request) -> web.StreamResponse:
        asked = await _validated(request, ("event_type",))
        if asked["event_type"] in self._bad.refuse_events:
            return web.json_response({"detail": "refused"}, status=self._bad.refuse_events[asked["event_type"]])
        row = {"agent_uuid": None, "severity": "info", "payload": {}, "source": None, **asked}
        # It knows no ids of others: what is sent twice is there twice. The count of doubles is for tests.
        payload: Any = row["payload"]
        event_id = payload.get("event_id") if isinstance(payload, dict) else None
        if row["event_type"] == "health_report":
            self._house.health_reports.append(row)
        elif isinstance(event_id, str):
            self._house.receive(event_id, row)
        return web.json_response(self._house.store({}, row))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        limit = int(request.query.get("limit", "100"))
        if not 1 <= limit <= 1000:
            return web.json_response({"detail": "limit must be 1 to 1000"}, status=422)
        wanted = {name: request.query[name] for name in ("severity", "event_type", "agent_uuid") if name in request.query}
        rows = self._house.rows(lambda row: all(row.get(name) == value for name, value in wanted.items()), limit)
        return web.json_response(rows)

    async def _recent_events(self, request: web.Request) -> web.StreamResponse:
        after = format_time(parse_time(utc_now()) - timedelta(hours=float(request.query.get("hours", "24"))))
        return web.json_response(self._house.rows(lambda row: row["timestamp"] >= after, 1000))

    async def _event_stats(self, _request: web.Request) -> web.StreamResponse:
        severities: dict[str, int] = {}
        for item in self._house.stored:
            severity = str(item["row"].get("severity"))
            severities[severity] = severities.get(severity, 0) + 1
        return web.json_response({"total_events": len(self._house.stored), "by_severity": severities})

    async def _login(self, request: web.Request) -> web.StreamResponse:
        asked = await _validated(request, ("username", "password"))
        if (asked["username"], asked["password"]) != ("admin", "simulator"):
            return web.json_response({"detail": "Incorrect username or password"}, status=401)
        return web.json_response({"access_token": "simulated", "token_type": "bearer", "expires_in": 1800})


async def _validated(request: web.Request, required: tuple[str, ...]) -> JsonObject:
    try:
        found = parse_object(await request.read())
    except InvalidInput as error:
        raise _unprocessable(error.message) from None
    for name in required:
        if not isinstance(found.get(name), str):
            raise _unprocessable(f"{name}: field required")
    return found


def _unprocessable(detail: str) -> web.HTTPUnprocessableEntity:
    return web.HTTPUnprocessableEntity(text=json.dumps({"detail": detail}), content_type="application/json")
