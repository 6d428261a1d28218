"""An endpoint is declared once: from this the router serves it, the door guards it, and OpenAPI documents it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from aiohttp import web
from pydantic import BaseModel

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Access(Enum):
    """Who gets in."""

    TOKEN = auto()
    """Whoever has the token, or the cookie of a session."""
    OPEN = auto()
    """Everybody; or the handler asks by itself."""
    WEBHOOK = auto()
    """As TOKEN, and the addresses that the settings trust."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One documented answer. `schema` is a model, a tuple of one model for an array of it, or None for no JSON."""

    description: str
    schema: type[BaseModel] | tuple[type[BaseModel]] | None = None
    media_type: str = "application/json"
    status: int = 200


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`path` is without a trailing slash; it is served with one as well. `problems` are its own, beside those that all have."""

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    answers: tuple[Answer, ...]
    access: Access = Access.TOKEN
    description: str = ""
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    uploads: tuple[str, ...] = ()
    """The media types of a body that is no JSON."""
    problems: tuple[int, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What the parts of the path in braces mean."""

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,) if self.path == "/" else (self.path, self.path + "/")


def add_endpoints(application: web.Application, endpoints: Iterable[Endpoint]) -> dict[web.AbstractRoute, Endpoint]:
    """Put `endpoints` into the router; which route belongs to which endpoint."""
    resources: dict[str, web.Resource] = {}
    routes: dict[web.AbstractRoute, Endpoint] = {}
    for endpoint in endpoints:
        for path in endpoint.paths:
            resource = resources.get(path)
            if resource is None:
                resource = resources[path] = application.router.add_resource(path)
            routes[resource.add_route(endpoint.method, endpoint.handler)] = endpoint
            if endpoint.method == "GET":
                routes[resource.add_route("HEAD", endpoint.handler)] = endpoint
    return routes
