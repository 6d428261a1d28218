"""The typed keys under which the application and a request carry what handlers need."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CollectorRegistry

from api.camera import Camera
from api.counts import EventCounts, RequestCounts
from api.door import Door
from api.export_proofs import ExportProofs
from api.files import Folders
from api.openapi import Documents
from api.repeating import Repeats
from api.run_streams import RunStreams
from api.services import ApiServices
from api.sign_in import SignInPage
from api.undos import Undos
from api.websocket.hub import WebSocketHub
from chainbot_desktop.alexos.webhooks import Caller

SERVICES = web.AppKey("services", ApiServices)
DOOR = web.AppKey("door", Door)
HUB = web.AppKey("hub", WebSocketHub)
UNDOS = web.AppKey("undos", Undos)
REPEATS = web.AppKey("repeats", Repeats)
RUN_STREAMS = web.AppKey("run_streams", RunStreams)
REQUEST_COUNTS = web.AppKey("request_counts", RequestCounts)
EVENT_COUNTS = web.AppKey("event_counts", EventCounts)
REGISTRY = web.AppKey("registry", CollectorRegistry)
CAMERA = web.AppKey("camera", Camera)
DOCUMENTS = web.AppKey("documents", Documents)
SIGN_IN = web.AppKey("sign_in", SignInPage)
FOLDERS = web.AppKey("folders", Folders)
STARTED = web.AppKey("started", float)
"""When the server started, on the monotonic clock."""
EXPORTS = web.AppKey("exports", ExportProofs)
"""The proofs of the audit exports that were streamed lately."""

CALLER = web.RequestKey("caller", Caller)
"""Who delivers a webhook."""
