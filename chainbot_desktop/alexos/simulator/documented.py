"""ALEX OS as its guide promises it."""

from __future__ import annotations

import json

from aiohttp import web

from chainbot_desktop.alexos.simulator.answering import AnsweringGuests
from chainbot_desktop.alexos.simulator.house import House
from chainbot_desktop.alexos.simulator.misbehaviour import Misbehaviour
from chainbot_desktop.alexos.simulator.sockets import Bus
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.json_codec import JsonObject, parse_object


class DocumentedRoutes:
    def __init__(self, house: House, bad: Misbehaviour, bus: Bus, guests: AnsweringGuests) -> None:
        self._house = house
        self._bad = bad
        self._bus = bus
        self._guests = guests

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.post("/api/agents/register", self._register),
                web.get("/api/agents", self._agents),
                web.get("/api/events", self._events),
                web.get("/api/health", self._health),
                web.post("/api/webhooks/chainbot/health", self._health_report),
                web.post("/api/webhooks/chainbot/{event_type}", self._event),
                web.get("/ws/events", self._bus.handle),
            ]
        )

    async def _register(self, request: web.Request) -> web.StreamResponse:
        if self._bad.refuse_registration is not None:
            return _refused(self._bad.refuse_registration, "Registration refused")
        payload = await _object(request)
        if not isinstance(payload.get("agent_name"), str):
            return _refused(422, "agent_name is required")
        self._house.registrations.append(payload)
        self._house.registered = True
        self._bad.unknown_agent = False
        return web.json_response({"status": "registered", "agent_name": payload["agent_name"], "agents": self._index()})

    async def _agents(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response({"agents": self._index()})

    def _index(self) -> list[JsonObject]:
        return [
            {
                "agent_id": row["uuid"],
                "agent_name": row["name"],
                "agent_type": row["agent_type"],
                "status": row["status"],
                "description": row["description"],
                "last_seen": utc_now(),
            }
            for row in self._house.agents.values()
        ]

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Events after `since` (an event id), oldest first; 410 where that event is not known any more."""
        limit = min(int(request.query.get("limit", "100")), 1000)
        found = self._house.envelopes_since(request.query.get("since", ""), limit)
        if found is None:
            return _refused(410, "That event is not kept any more")
        return web.json_response({"items": found})

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "healthy", "timestamp": utc_now(), "components": {}, "metrics": {}})

    async def _health_report(self, request: web.Request) -> web.StreamResponse:
        report = await _object(request)
        if not self._house.registered or self._bad.unknown_agent:
            return _refused(404, "No such agent: register first")
        self._house.health_reports.append(report)
        return web.json_response({"status": "success"})

    async def _event(self, request: web.Request) -> web.StreamResponse:
        event_type = request.match_info["event_type"]
        if event_type in self._bad.refuse_events:
            return _refused(self._bad.refuse_events[event_type], f"{event_type} is refused")
        event = await _object(request)
        event_id = request.headers.get("webhook-id") or str(event.get("event_id") or "")
        if not event_id or event.get("event_type") != event_type:
            return _refused(422, "event_id is required, and event_type must be that of the path")
        if self._house.receive(event_id, event):
            self._house.store(event, {"event_type": event_type, "source": event.get("source"), "payload": event.get("data")})
            self._house.note_agents(event)
            self._guests.hear(event)
        return web.json_response({"status": "success", "event_id": event_id})


async def _object(request: web.Request) -> JsonObject:
    try:
        return parse_object(await request.read())
    except InvalidInput as error:
        raise web.HTTPUnprocessableEntity(text=json.dumps({"detail": error.message}), content_type="application/json") from None


def _refused(status: int, detail: str) -> web.Response:
    return web.json_response({"detail": detail}, status=status)
