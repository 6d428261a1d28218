"""A small mail server that speaks SMTP (RFC 5321) over a real socket, and misbehaves as a test says."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class SmtpServer:
    """`fault`: "" | refuse (every recipient) | busy (421 at the greeting) | drop (the connection, in the middle of the mail) |
    silent (no greeting ever).
    """

    fault: str = ""
    user: str = ""
    password: str = ""
    context: ssl.SSLContext | None = None
    """For STARTTLS; with `tls` from the first byte."""
    tls: bool = False
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    connections: int = 0
    encrypted: list[bool] = field(default_factory=list)
    """Whether each mail came over TLS."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await _Dialogue(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client went away
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


class _Dialogue:
    def __init__(self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._encrypted = server.tls
        self._known = not server.user
        self._to: list[str] = []

    async def run(self) -> None:
        if self._server.fault == "silent":
            await self._reader.read()
            return
        if self._server.fault == "busy":
            await self._say("421 Try again later")
            return
        await self._say("220 house ESMTP")
        while line := await self._reader.readline():
            verb, _, rest = line.decode("latin-1").strip().partition(" ")
            if not await self._answer(verb.upper(), rest):
                return

    async def _answer(self, verb: str, rest: str) -> bool:
        if verb in ("EHLO", "HELO"):
            offers = ["STARTTLS"] if self._server.context is not None and not self._encrypted else []
            offers += ["AUTH PLAIN"] if self._server.user else []
            await self._say("250-house", *[f"250-{offer}" for offer in offers], "250 SIZE 1000000")
        elif verb == "STARTTLS":
            await self._say("220 Go ahead")
            assert self._server.context is not None
            await self._writer.start_tls(self._server.context)
            self._encrypted = True
        elif verb == "AUTH":
            await self._log_in(rest)
        elif verb == "MAIL":
            await self._say("250 OK" if self._known else "530 Authentication required")
        elif verb == "RCPT":
            await self._recipient(rest)
        elif verb == "DATA":
            return await self._take()
        elif verb == "QUIT":
            await self._say("221 Bye")
            return False
        else:
            await self._say("250 OK" if verb in ("RSET", "NOOP") else "500 What?")
        return True

    async def _log_in(self, rest: str) -> None:
        _, user, password = b64decode(rest.rsplit(" ", 1)[-1]).decode().split("\0")
        self._known = (user, password) == (self._server.user, self._server.password)
        await self._say("235 Welcome" if self._known else "535 5.7.8 Wrong name or password")

    async def _recipient(self, rest: str) -> None:
        if self._server.fault == "refuse":
            await self._say("550 No such person here")
            return
        self._to.append(rest[rest.index("<") + 1 : rest.index(">")])
        await self._say("250 OK")

    async def _take(self) -> bool:
        await self._say("354 End with a dot")
        if self._server.fault == "drop":
            return False
        body = await self._reader.readuntil(b"\r\n.\r\n")
        self._server.mails.append(message_from_bytes(body[:-5], policy=default))
        self._server.recipients.append(self._to)
        self._server.encrypted.append(self._encrypted)
        await self._say("250 Taken")
        return True

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()


@asynccontextmanager
async def mail_server(server: SmtpServer) -> AsyncIterator[SmtpServer]:
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        task.add_done_callback(running.discard)
        await server.serve(reader, writer)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server.context if server.tls else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await listening.wait_closed()
