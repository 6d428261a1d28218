"""What the routes of agents share: the service that runs them, and which agent a request means."""

from __future__ import annotations

from typing import TypeVar

from aiohttp import web

from api.keys import SERVICES
from chainbot_desktop.agents.approvals.desk import ApprovalDesk
from chainbot_desktop.agents.entanglements.service import Entanglements
from chainbot_desktop.agents.runtime.live import LiveAgent
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.agents.templates import AgentTemplates
from chainbot_desktop.core.errors import Conflict, NotFound, Unavailable

T = TypeVar("T")


def runtime_of(request: web.Request) -> AgentService:
    return _there(request.app[SERVICES].runtime)


def desk_of(request: web.Request) -> ApprovalDesk:
    return _there(request.app[SERVICES].desk)


def entanglements_of(request: web.Request) -> Entanglements:
    return _there(request.app[SERVICES].entanglements)


def templates_of(request: web.Request) -> AgentTemplates:
    return _there(request.app[SERVICES].templates)


def agent_here(request: web.Request, agent_id: str | None = None) -> LiveAgent:
    """The agent of the path. NotFound where nobody knows it, Conflict where it is run by somebody else."""
    wanted = agent_id if agent_id is not None else request.match_info["id"]
    live = runtime_of(request).live(wanted)
    if live is not None:
        return live
    agent = request.app[SERVICES].agents.get(wanted)
    if agent is None:
        raise NotFound(f"There is no agent {wanted[:200]!r}.", hint="GET /api/agents lists them.", code="no_such_agent")
    who = "ALEX OS runs it" if agent.guest else "whoever told of it runs it"
    raise Conflict(
        f"{agent.name} does not run here: {who}.",
        hint="Here it can be looked at, placed on the map and entangled.",
        code="does_not_run_here",
    )


def _there(service: T | None) -> T:
    if service is None:
        raise Unavailable(
            "This program runs no agents now.", hint="It is starting, or was started without them.", code="no_runtime"
        )
    return service
