"""Health, status, settings and metrics of the program. `/health` is open and answered from memory, whoever asks how often."""

from __future__ import annotations

import re
from time import monotonic
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.answers import headers, json_answer
from api.endpoints import Access, Answer, Endpoint
from api.keys import DOOR, HUB, REGISTRY, SERVICES, STARTED
from api.schemas import Config, HealthReport, Status
from api.services import ApiServices
from chainbot_desktop import __version__

_FOR_STRANGERS = (
    "status",
    "status_id",
    "agent_name",
    "agent_version",
    "timestamp",
    "requires_attention",
    "workflow_state",
    "active_workflows",
    "active_agents",
    "websocket_connections",
)
_METRICS_HEADERS = headers(CONTENT_TYPE_LATEST)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def report(services: ApiServices) -> dict[str, Any]:
    """The health report with `status` beside `status_id`: ALEX OS looks for the first."""
    health = services.health()
    return {"status": health["status_id"], **health}


async def health(request: web.Request) -> web.Response:
    found = report(request.app[SERVICES])
    if not request.app[DOOR].knows(request):
        found = {name: found[name] for name in _FOR_STRANGERS if name in found}
    return json_answer(found)


async def status(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    agents = services.agents.agents
    found = report(services)
    return json_answer(
        {
            "name": services.settings.chainbot.name,
            "version": __version__,
            "mode": services.mode,
            "status": found["status"],
            "uptime_seconds": round(monotonic() - request.app[STARTED], 1),
            "health": found,
            "link": services.link.status.model_dump(mode="json"),
            "journal": {"head": services.journal.head_seq},
            "agents": {"own": sum(not a.guest for a in agents), "guests": sum(a.guest for a in agents)},
            "websockets": {"active_connections": request.app[HUB].count, "frames_dropped": request.app[HUB].dropped},
            "webhooks": {"refused": services.intake.refused},
        }
    )


async def config(request: web.Request) -> web.Response:
    return json_answer(redacted(request.app[SERVICES].settings.model_dump(mode="json")))


def redacted(value: Any) -> Any:
    """Settings without what an address may hide: secrets of their own type are asterisks already."""
    if isinstance(value, dict):
        return {key: redacted(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(item) for item in value]
    return _CREDENTIALS.sub("**********", value) if isinstance(value, str) else value


async def metrics(request: web.Request) -> web.Response:
    return web.Response(body=generate_latest(request.app[REGISTRY]), headers=_METRICS_HEADERS)


_HEALTH = Answer("The health report", HealthReport)

ENDPOINTS = (
    Endpoint(
        "GET",
        "/health",
        health,
        "Health of the program",
        "health",
        (_HEALTH,),
        access=Access.OPEN,
        description="Open to everybody; the whole report comes to those who are let in.",
    ),
    Endpoint("GET", "/api/health", health, "Health, where ALEX OS asks for it", "health", (_HEALTH,), access=Access.OPEN),
    Endpoint(
        "GET", "/status", status, "Status, with the link to ALEX OS and its dialect table", "health", (Answer("", Status),)
    ),
    Endpoint("GET", "/config", config, "The settings in force, secrets redacted", "health", (Answer("", Config),)),
    Endpoint("GET", "/metrics", metrics, "Metrics for Prometheus", "health", (Answer("", None, "text/plain"),)),
)
