"""The listening socket: opened with one sentence where it cannot be, closed within a second and a half with nothing left behind."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from api.answers import JSON_HEADERS, add_headers
from api.problems import problem
from chainbot_desktop.core.errors import ChainBotError

_log = logging.getLogger(__name__)
_BACKLOG = 1024
_KEEPALIVE = 75.0
"""Seconds an idle connection stays."""
_LINGER = 0.5
"""Seconds in which the rest of a refused body is thrown away, so that the client reads why before the connection ends."""
_HANDLERS_END = 0.6
"""Seconds that handlers get at the end before they are cancelled; WebSockets were closed before."""


class PortUnavailable(ChainBotError):
    """The server cannot listen where it was told to."""

    code = "port_unavailable"


class ApiServer:
    """Serves `application` at `host` and `port`; port 0 takes a free one. Use on the loop's thread; start and stop once."""

    def __init__(self, application: web.Application, host: str, port: int) -> None:
        self._application = application
        self._host = host
        self._port = port
        self._runner = web.AppRunner(application, handle_signals=False, access_log=None, shutdown_timeout=_HANDLERS_END)
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; before `start` the one that was asked for."""
        if self._listener is None or not self._listener.sockets:
            return self._port
        port = self._listener.sockets[0].getsockname()[1]
        assert isinstance(port, int)
        return port

    async def start(self) -> None:
        """PortUnavailable where the port is taken or the address is not ours."""
        await self._runner.setup()
        manager = self._runner.server
        assert manager is not None
        loop = asyncio.get_running_loop()
        settings: Mapping[str, Any] = {
            "loop": loop,
            "access_log": None,
            "keepalive_timeout": _KEEPALIVE,
            "lingering_time": _LINGER,
            "logger": logging.getLogger("api.http"),
        }
        try:
            self._listener = await loop.create_server(
                lambda: _Protocol(manager, **settings), self._host, self._port, backlog=_BACKLOG, reuse_address=True
            )
        except (OSError, OverflowError, UnicodeError) as error:
            await self._runner.cleanup()
            raise _unavailable(error, self._host, self._port) from error

    async def stop(self) -> None:
        """WebSockets are told (1001), running requests get a moment, then every connection ends."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._runner.cleanup()


class _Protocol(web.RequestHandler):
    """aiohttp's connection, with problem+json also for what is not HTTP enough to reach the application."""

    __slots__ = ()

    def log_exception(self, *args: Any, **kw: Any) -> None:
        # A body that breaks off while it is thrown away is the peer's mistake.
        if isinstance(kw.get("exc_info"), (web.RequestPayloadError, ConnectionError)):
            _log.info("a request body could not be read to its end")
        else:
            super().log_exception(*args, **kw)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        # The peer's mistake, not ours: no traceback in the log.
        _log.info("a request from %s could not be read: %s", request.remote, type(exc).__name__)
        said = (message or "").strip().partition("\n")[0][:300]
        detail = f"The request is not valid HTTP: {said.rstrip(':.')}." if said else "The request is not valid HTTP."
        response = problem(status, "bad_http", detail, "", "Headers and the address may have 8,190 bytes each at most.")
        add_headers(response, JSON_HEADERS)
        response.force_close()
        return response


def _unavailable(error: BaseException, host: str, port: int) -> PortUnavailable:
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        return PortUnavailable(
            f"Port {port} on {host} is taken by another program.", hint="Stop it, or choose another with --port."
        )
    # From 3.13 on asyncio goes on to the next address and then names no number.
    if code == errno.EADDRNOTAVAIL or (code is None and "could not bind on any address" in str(error)):
        return PortUnavailable(
            f"{host} is not an address of this machine.", hint="Use 127.0.0.1, or 0.0.0.0 for every address."
        )
    if code == errno.EACCES:
        return PortUnavailable(f"Port {port} is not open to this user.", hint="Choose one above 1023 with --port.")
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return PortUnavailable(f"The address {host!r} cannot be found.", hint="Check server.host in the settings, or --host.")
    return PortUnavailable(
        f"The server cannot listen on {host}, port {port}: {error}.", hint="Choose others with --host and --port."
    )
