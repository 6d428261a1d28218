"""The WebSocket to ALEX OS: found, kept alive, opened again; in the documented dialect and in the observed one.

The observed `/ws` stays open and falls silent when it is spoken to in the wrong way, so there a missing pong counts as dead, and
neither `get_status` nor a binary frame is ever sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, ClientWSTimeout, WSMsgType, WSServerHandshakeError

from chainbot_desktop.alexos.answers import reason_of
from chainbot_desktop.alexos.board import LinkBoard
from chainbot_desktop.alexos.pace import Backoff, Pace, wait_for_event
from chainbot_desktop.core.errors import ChainBotError, InvalidInput
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.json_codec import JsonObject, canonical_json, parse_object
from chainbot_desktop.core.link import Verdict
from chainbot_desktop.core.tasks import Tasks

_log = logging.getLogger(__name__)

OBSERVED_PATH = "/ws"
OBSERVED_CHANNELS = ("metrics", "events", "agents", "alerts", "system")
_MAX_FRAME = 1024 * 1024
_CONTROL = frozenset({"pong", "ping", "subscription_confirmed", "error"})
Style = Literal["documented", "observed"]


@dataclass(frozen=True, slots=True)
class BusHooks:
    """What the connection tells: each is called on the loop's thread."""

    on_open: Callable[[Style, str], Awaitable[None]]
    """It is open and subscribed; the time since which it was not (RFC 3339, empty the first time)."""
    on_frame: Callable[[JsonObject], Awaitable[None]]
    on_lost: Callable[[str, bool], None]
    """A connection ended or could not be opened: why, and whether nobody answered at all."""


class EventBusLink:
    """`run` it as a task."""

    def __init__(
        self,
        session: ClientSession,
        board: LinkBoard,
        hooks: BusHooks,
        event_bus_url: str,
        registry_url: str,
        tasks: Tasks,
        pace: Pace,
        timeout: float,
    ) -> None:
        self._session = session
        self._board = board
        self._tasks = tasks
        self._hooks = hooks
        self._documented_url = event_bus_url
        self._observed_url = "ws" + registry_url.removeprefix("http") + OBSERVED_PATH
        self._pace = pace
        self._timeout = timeout
        self._backoff = Backoff(pace.bus_first, pace.bus_longest)
        self._hurry = asyncio.Event()
        self._socket: ClientWebSocketResponse | None = None
        self._style: Style | None = None
        self._lost_at = ""
        self._answered = False
        self._nobody = False

    @property
    def style(self) -> Style | None:
        """Which bus is open now; None where none is."""
        return self._style

    def hurry(self) -> None:
        """There is reason to believe that ALEX OS is back: do not wait out the backoff."""
        self._hurry.set()

    async def send(self, frame: JsonObject | bytes) -> bool:
        """Put an event on the documented bus; False where that is not possible now."""
        if self._socket is None or self._style != "documented" or self._socket.closed:
            return False
        text = (frame if isinstance(frame, bytes) else canonical_json(frame)).decode()
        try:
            await self._socket.send_str(text)
        except (ClientError, OSError):
            return False  # the reader of the same socket sees it end, and says so
        return True

    async def run(self) -> None:
        while True:
            self._hurry.clear()
            self._nobody = False
            reason = await self._connect_once()
            self._hooks.on_lost(reason, self._nobody)
            await wait_for_event(self._hurry, self._backoff.next())

    async def _connect_once(self) -> str:
        """Connect where it works, stay until it ends; why it ended."""
        reason, absent = await self._try("documented", self._documented_url)
        if absent:
            observed, _ = await self._try("observed", self._observed_url)
            return observed or reason
        return reason

    async def _try(self, style: Style, url: str) -> tuple[str, bool]:
        """One connection from its handshake to its end: why it ended, and whether there is no such bus."""
        path = urlsplit(url).path or "/"
        heartbeat = self._pace.heartbeat if style == "documented" else None
        try:
            async with asyncio.timeout(self._timeout):
                socket = await self._session.ws_connect(
                    url, heartbeat=heartbeat, max_msg_size=_MAX_FRAME, timeout=ClientWSTimeout(ws_close=0.5)
                )
        except WSServerHandshakeError as error:
            absent = error.status in {200, 403, 404, 405, 501}
            verdict = Verdict.REFUSES if error.status in {401, 403} or not absent else Verdict.ABSENT
            self._board.contact()
            self._board.set_row("bus", path, verdict, error.status, "the handshake is refused")
            return f"the event bus {path} answers {error.status}", absent
        except TimeoutError:
            self._nobody = True
            return f"the event bus does not answer within {self._timeout:g} s", False
        except (ClientError, OSError) as error:
            self._nobody = True
            return reason_of(error), False
        try:
            return await self._stay(style, path, socket), False
        finally:
            self._socket, self._style = None, None
            self._lost_at = utc_now()
            self._board.update(bus_connected=False)
            await socket.close()

    async def _stay(self, style: Style, path: str, socket: ClientWebSocketResponse) -> str:
        pinging: asyncio.Task[None] | None = None
        try:
            await self._subscribe(style, socket)
            self._socket, self._style = socket, style
            self._board.note_works("bus", path, 101)
            self._board.update(bus_connected=True)
            if style == "observed":
                pinging = self._tasks.spawn("alexos ping", self._ping(socket))
            # Frames wait in the socket while what was missed is read, so that the order is kept.
            await self._hooks.on_open(style, self._lost_at)
            return await self._read(socket)
        except (ClientError, OSError) as error:
            return reason_of(error)
        except ChainBotError as error:
            return str(error)  # the journal did not take an event: it is read again after the reconnect
        finally:
            if pinging is not None:
                pinging.cancel()

    async def _subscribe(self, style: Style, socket: ClientWebSocketResponse) -> None:
        channels = list(OBSERVED_CHANNELS) if style == "observed" else ["*"]
        await socket.send_json({"action": "subscribe", "channels": channels})

    async def _read(self, socket: ClientWebSocketResponse) -> str:
        async for message in socket:
            self._backoff.reset()
            self._board.contact()
            self._answered = True
            if message.type is not WSMsgType.TEXT:
                _log.warning("a frame of the event bus of ALEX OS that is not text was left out")
                continue
            try:
                frame = parse_object(message.data)
            except InvalidInput as error:
                _log.warning("a frame of the event bus of ALEX OS is not understood: %s", error)
                continue
            if "event_type" in frame or frame.get("type") not in _CONTROL:
                await self._hooks.on_frame(frame)
        return f"the event bus was closed ({socket.close_code})"

    async def _ping(self, socket: ClientWebSocketResponse) -> None:
        while True:
            await asyncio.sleep(self._pace.heartbeat)
            self._answered = False
            try:
                await socket.send_json({"action": "ping"})
            except (ClientError, OSError):
                return  # the reader sees the same
            await asyncio.sleep(min(self._timeout, self._pace.heartbeat))
            if not self._answered:
                _log.warning("the event bus of ALEX OS is open but answers no ping: it is taken for dead")
                await socket.close()
                return
