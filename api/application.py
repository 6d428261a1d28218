"""The one factory of the server's application, for the program and for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import swagger_ui_bundle
from aiohttp import web

from api.border import make_border
from api.camera import Camera
from api.counts import EventCounts, RequestCounts
from api.door import Door
from api.endpoints import Endpoint, add_endpoints
from api.export_proofs import ExportProofs
from api.files import Folder, Folders
from api.keys import (
    CAMERA,
    DOCUMENTS,
    DOOR,
    EVENT_COUNTS,
    EXPORTS,
    FOLDERS,
    HUB,
    REGISTRY,
    REPEATS,
    REQUEST_COUNTS,
    RUN_STREAMS,
    SERVICES,
    SIGN_IN,
    STARTED,
    UNDOS,
)
from api.metrics import make_registry
from api.openapi import make_documents
from api.repeating import Repeats
from api.routes import (
    agent_life,
    agent_templates,
    agent_work,
    agents,
    alerts,
    approvals,
    attachments,
    audit,
    auth,
    chainbot,
    conversation_branches,
    conversation_messages,
    conversations,
    coordinations,
    deliveries,
    docs,
    entanglements,
    events,
    gpt,
    health,
    logs,
    memories,
    metrics,
    openai,
    page,
    runs,
    screen,
    sockets,
    webhooks,
)
from api.run_streams import RunStreams
from api.services import ApiServices
from api.sign_in import SignInPage
from api.undos import Undos
from api.websocket.hub import WebSocketHub
from chainbot_desktop.core.events import EVENT_CLASSES

_OWN_PAGE = Path(__file__).parent / "page"

ENDPOINTS: tuple[Endpoint, ...] = tuple(
    endpoint
    for module in (
        health,
        metrics,
        webhooks,
        deliveries,
        chainbot,
        agents,
        agent_life,
        agent_templates,
        agent_work,
        runs,
        approvals,
        entanglements,
        coordinations,
        conversations,
        conversation_messages,
        conversation_branches,
        attachments,
        memories,
        gpt,
        openai,
        events,
        logs,
        alerts,
        audit,
        sockets,
        screen,
        auth,
        page,
        docs,
    )
    for endpoint in module.ENDPOINTS
)


def build_application(services: ApiServices) -> web.Application:
    door = Door(services.keys, services.settings)
    requests = RequestCounts()
    events_seen = EventCounts(frozenset(EVENT_CLASSES))
    repeats, undos = Repeats(services), Undos()
    hub = WebSocketHub(services, repeats, undos)
    routes: dict[web.AbstractRoute, Endpoint] = {}
    answered = services.answered or _unheard
    border = make_border(door, requests, routes, services.intake.turn_away, answered)
    application = web.Application(middlewares=(border,), client_max_size=services.settings.server.max_body_bytes)
    application[SERVICES] = services
    application[DOOR] = door
    application[REQUEST_COUNTS] = requests
    application[EVENT_COUNTS] = events_seen
    application[HUB] = hub
    application[REGISTRY] = make_registry(services, requests, events_seen, hub)
    application[CAMERA] = Camera(services.screen)
    application[UNDOS] = undos
    application[REPEATS] = repeats
    application[RUN_STREAMS] = RunStreams()
    application[STARTED] = monotonic()
    application[EXPORTS] = ExportProofs()
    routes.update(add_endpoints(application, ENDPOINTS))
    application.cleanup_ctx.append(_pages)
    application.cleanup_ctx.append(_live_events)
    application.on_shutdown.append(_dismiss_clients)
    return application


async def _pages(application: web.Application) -> AsyncIterator[None]:
    application[DOCUMENTS] = await asyncio.to_thread(make_documents, ENDPOINTS)
    application[FOLDERS] = await asyncio.to_thread(_load_folders)
    application[SIGN_IN] = await asyncio.to_thread(SignInPage, _OWN_PAGE)
    yield


async def _live_events(application: web.Application) -> AsyncIterator[None]:
    counting = application[EVENT_COUNTS].follow(application[SERVICES].bus)
    application[HUB].open()
    yield
    counting.cancel()
    await application[HUB].close()


async def _dismiss_clients(application: web.Application) -> None:
    # Before the server waits for its handlers: those of WebSockets and streams end when their client is gone.
    application[RUN_STREAMS].close()
    await application[HUB].close()


def _load_folders() -> Folders:
    own = _OWN_PAGE
    swagger = Path(swagger_ui_bundle.swagger_ui_path)
    return Folders(
        page=Folder.load(*(own / name for name in page.PAGE_FILES)),
        swagger=Folder.load(*(own / name for name in docs.DOCS_FILES), *(swagger / name for name in docs.SWAGGER_FILES)),
    )


def _unheard(_method: str, _route: str, _status: int, _seconds: float, _size: int | None) -> None:
    """Nobody keeps what was asked."""
