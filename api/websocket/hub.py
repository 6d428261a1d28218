"""All clients together: who is there, who hears of what, and how they are told when the program stops."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from api.problems import UpgradeRequired
from api.repeating import Repeats
from api.services import ApiServices
from api.undos import Undos
from api.vitals_documents import map_with_vitals
from api.websocket.answer_feed import AnswerFeed
from api.websocket.chat_requests import ChatDesk
from api.websocket.connection import Connection, Identity, Later
from api.websocket.frames import ALL, SENT_TYPES, WATCHTOWER, frame, message_of
from api.websocket.requests import HealthCheck, HotSwap, Ping, Subscribe, parse_request
from api.websocket.vitals_feed import VitalsFeed
from chainbot_desktop.core.bus import Subscription
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound, Unavailable
from chainbot_desktop.core.events import Recorded
from chainbot_desktop.core.ids import new_id, utc_now

_log = logging.getLogger(__name__)

_LARGEST_FRAME = 1024 * 1024
"""Bytes; a larger frame ends the connection (1009), one over `requests.MAX_FRAME` gets an error frame."""
_STATISTICS_EVERY = 1.0
_CLOSE_WITHIN = 0.6
CAPABILITIES = (
    "subscribe",
    "resume",
    "ping",
    "health_check",
    "hot_swap",
    "system_stats",
    "agent_vitals",
    "chat_message",
    "chat_history",
    "slash_command",
    "agent_response",
)


class WebSocketHub:
    """Use on the loop's thread."""

    def __init__(self, services: ApiServices, repeats: Repeats, undos: Undos) -> None:
        self._services = services
        self._chat = ChatDesk(services.chat, services.tasks, repeats, undos)
        self._connections: dict[str, Connection] = {}
        self._subscription: Subscription | None = None
        self._statistics: asyncio.Task[None] | None = None
        self._vitals: VitalsFeed | None = None
        if services.vitals is not None:
            self._vitals = VitalsFeed(services.vitals, services.tasks, self._connections.values)
        self._answers: AnswerFeed | None = None
        if services.chat is not None and services.chat.answers is not None:
            self._answers = AnswerFeed(services.chat.answers, self._connections.values)
        self._closing = False
        self.opened = 0
        self._sent_before = 0
        self._dropped_before = 0

    def open(self) -> None:
        self._subscription = self._services.bus.subscribe(self._on_event)
        if self._answers is not None:
            self._answers.open()

    async def close(self) -> None:
        """Tell every client that we go away (1001) and let it go, within `_CLOSE_WITHIN`."""
        self._closing = True
        if self._subscription is not None:
            self._subscription.cancel()
        if self._statistics is not None:
            self._statistics.cancel()
        if self._vitals is not None:
            self._vitals.close()
        if self._answers is not None:
            self._answers.close()
        leaving = [
            _dismiss(connection, WSCloseCode.GOING_AWAY, b"the panel stops")
            for connection in self._connections.values()
            if connection.socket.prepared
        ]
        await asyncio.gather(*leaving)

    @property
    def connections(self) -> tuple[Connection, ...]:
        return tuple(self._connections.values())

    @property
    def count(self) -> int:
        return len(self._connections)

    @property
    def sent(self) -> int:
        return self._sent_before + sum(connection.sent for connection in self._connections.values())

    @property
    def dropped(self) -> int:
        return self._dropped_before + sum(connection.dropped for connection in self._connections.values())

    def statistics(self) -> dict[str, Any]:
        """For `/api/websockets/stats`."""
        return {
            "active_connections": self.count,
            "max_connections": self._services.settings.websocket.max_connections,
            "total_connections": self.opened,
            "frames_sent": self.sent,
            "frames_dropped": self.dropped,
            "by_window": dict(Counter(connection.window for connection in self._connections.values())),
            "connections": [_row(connection) for connection in self._connections.values()],
        }

    async def dismiss_signed_out(self) -> None:
        """Close (1008) the connections of sessions that ended."""
        leaving = [
            _dismiss(connection, WSCloseCode.POLICY_VIOLATION, b"signed out")
            for connection in self._connections.values()
            if connection.socket.prepared and not connection.may_stay()
        ]
        await asyncio.gather(*leaving)

    async def serve(self, request: web.Request, window: str, user: str, may_stay: Callable[[], bool]) -> web.WebSocketResponse:
        """One connection from its handshake to its end, or until its session ends (`may_stay`)."""
        settings = self._services.settings.websocket
        if self._closing:
            raise Unavailable("The program is stopping.", code="stopping")
        if self.count >= settings.max_connections:
            raise Unavailable(f"{self.count} WebSockets are open, no more are taken.", code="too_many_connections")
        socket = web.WebSocketResponse(
            heartbeat=settings.heartbeat, compress=False, max_msg_size=_LARGEST_FRAME, timeout=_CLOSE_WITHIN, decode_text=False
        )
        if not socket.can_prepare(request):
            raise UpgradeRequired("This path speaks WebSocket only.", hint="Connect with a WebSocket client.")
        identity = Identity(new_id(), window, user, request.remote or "", utc_now())
        connection = Connection(
            identity,
            socket,
            request.transport,
            self._services.journal,
            self._snapshot,
            self._chat.present,
            settings.queue_frames,
            may_stay,
        )
        # It counts from here on: the handshake gives way to others.
        self._connections[identity.id] = connection
        try:
            await socket.prepare(request)
            await self._converse(connection)
        finally:
            del self._connections[identity.id]
            self._sent_before += connection.sent
            self._dropped_before += connection.dropped
        return socket

    async def _converse(self, connection: Connection) -> None:
        self.opened += 1
        connection.greet(
            {
                "connection_id": connection.identity.id,
                "window_type": connection.window,
                "capabilities": CAPABILITIES,
                "message_types": SENT_TYPES,
                "head": self._services.journal.head_seq,
            },
        )
        self._start_telemetry()
        self._begin_answers(connection)
        writer = self._services.tasks.spawn(f"websocket {connection.identity.id}", connection.write())
        writer.add_done_callback(lambda _: connection.abort() if not writer.cancelled() else None)
        try:
            async for message in connection.socket:
                self._on_message(connection, message.type, message.data)
        finally:
            writer.cancel()
            await asyncio.wait([writer])

    def _on_message(self, connection: Connection, kind: WSMsgType, content: Any) -> None:
        try:
            self._answer(connection, kind, content)
        except ChainBotError as error:
            connection.tell("error", {"code": error.code, "message": error.message, "hint": error.hint})
        except Exception:  # the border of a request: one frame is one
            _log.exception("a frame of WebSocket %s failed", connection.identity.id)
            connection.tell(
                "error", {"code": "internal_error", "message": "The program made a mistake; it was logged.", "hint": ""}
            )

    def _answer(self, connection: Connection, kind: WSMsgType, content: bytes) -> None:
        if kind is not WSMsgType.TEXT:
            raise InvalidInput("Only text frames with a JSON object are understood.", code="not_text")
        request = parse_request(content)
        if isinstance(request, Ping):
            connection.tell("pong", {})
        elif isinstance(request, HealthCheck):
            connection.tell("health_check", self._services.health())
        elif isinstance(request, Subscribe):
            connection.subscribe(request)
            self._start_telemetry()
            self._begin_answers(connection)
        elif isinstance(request, HotSwap):
            self._swap(connection, request)
        else:
            self._chat.take(connection, request)

    def _swap(self, connection: Connection, request: HotSwap) -> None:
        swap = self._services.hot_swap
        if swap is None:
            raise NotFound("This program runs without a panel: there is no window to bring to the front.", code="headless")
        swap(request.target_window, request.swap_data)
        connection.tell("hot_swap", {"target_window": request.target_window, "accepted": True})

    def _on_event(self, recorded: Recorded[Any]) -> None:
        if not self._connections:
            return
        message, window = message_of(recorded.event)
        encoded: bytes | Later | None = None
        for connection in self._connections.values():
            if connection.live and connection.wants(recorded.event.type, message, window):
                encoded = encoded or self._chat.present(recorded)
                connection.offer(encoded, recorded.seq)

    def _snapshot(self, window: str) -> Mapping[str, Any]:
        state: dict[str, Any] = {"health": self._services.health(), "link": self._services.link.status.model_dump(mode="json")}
        if window in (ALL, "agent-map"):
            state["map"] = map_with_vitals(self._services.agents.map_document(self._services.runtime), self._services.vitals)
        return state

    def _begin_answers(self, connection: Connection) -> None:
        if self._answers is not None:
            self._answers.begin(connection)

    def _start_telemetry(self) -> None:
        if self._vitals is not None:
            self._vitals.look()
        if (self._statistics is None or self._statistics.done()) and self._watchers():
            self._statistics = self._services.tasks.spawn("websocket statistics", self._send_statistics())

    def _watchers(self) -> list[Connection]:
        return [c for c in self._connections.values() if c.window == WATCHTOWER and c.wants_message("system_stats")]

    async def _send_statistics(self) -> None:
        while watchers := self._watchers():
            encoded = frame("system_stats", WATCHTOWER, self.system_statistics())
            for connection in watchers:
                connection.offer(encoded)
            await asyncio.sleep(_STATISTICS_EVERY)

    def system_statistics(self) -> dict[str, Any]:
        lag = self._services.lag()
        return {
            **self._services.machine.system_resources(),
            "loop_lag_ms": None if lag is None else round(lag * 1000, 2),
            "websocket_connections": self.count,
            "head": self._services.journal.head_seq,
        }


def _row(connection: Connection) -> dict[str, Any]:
    identity = connection.identity
    return {
        "connection_id": identity.id,
        "window_type": identity.window,
        "user_id": identity.user or None,
        "address": identity.address,
        "opened_at": identity.opened_at,
        "frames_sent": connection.sent,
        "frames_dropped": connection.dropped,
        "frames_queued": connection.queued,
        "live": connection.live,
    }


async def _dismiss(connection: Connection, code: WSCloseCode, reason: bytes) -> None:
    try:
        async with asyncio.timeout(_CLOSE_WITHIN):
            await connection.socket.close(code=code, message=reason, drain=False)
    except (TimeoutError, ConnectionError):
        connection.abort()  # it does not take even the close frame
