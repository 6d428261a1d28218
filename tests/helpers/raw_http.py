"""A server that keeps what arrived, byte by byte, and answers what a test says: it shares no code with what it looks at."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote


@dataclass(frozen=True)
class Arrived:
    """One request, as its bytes were."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def steps(self) -> list[str]:
        """The parts of the path between the slashes, each decoded by itself."""
        return [unquote(step, errors="strict") for step in self.target.partition("?")[0].split("/")[1:]]

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True, errors="strict")

    def header(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each.lower() == name.lower()]


Answers = Callable[[Arrived], bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]]


def http(status: str = "200 OK", body: bytes = b"{}", content_type: str = "application/json", **headers: str) -> bytes:
    """An answer. `headers` with _ for -."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", f"Content-Type: {content_type}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class RawServer:
    """`answers` may be changed at any time; what it returns is written, or writes itself, and the connection closes."""

    port: int = 0
    arrived: list[Arrived] = field(default_factory=list)
    answers: Answers = field(default=lambda _: http())
    connections: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def until_arrived(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.arrived) < count:
                await asyncio.sleep(0.005)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                arrived = await _read(reader)
                self.arrived.append(arrived)
                answer = self.answers(arrived)
                if callable(answer):
                    await answer(writer)
                else:
                    head, blank, body = answer.partition(b"\r\n\r\n")
                    writer.write(head + blank + (b"" if arrived.method == "HEAD" else body))
                await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


@asynccontextmanager
async def raw_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    raw = RawServer()
    handlers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            await raw.serve(reader, writer)
        except asyncio.CancelledError:  # the test is over
            pass
        finally:
            handlers.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        for handler in tuple(handlers):
            handler.cancel()
        if handlers:
            await asyncio.wait(handlers, timeout=5)


async def _read(reader: asyncio.StreamReader) -> Arrived:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")  # what is not ASCII was not encoded: that fails the test
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, target, version = first.split(" ")
    assert version == "HTTP/1.1"
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    lengths = [int(value) for name, value in headers if name.lower() == "content-length"]
    return Arrived(method, target, headers, await reader.readexactly(lengths[0]) if lengths else b"")
