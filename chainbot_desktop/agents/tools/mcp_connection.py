"""One connection to a tool server, from its start to its loss. The only file that imports `mcp`: import it off the loop.

One task enters and leaves a connection: anyio's cancel scopes belong to the task that opened them. Calls come from other tasks.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import httpx2
import mcp_types
from mcp import MCPError
from mcp.client.client import Client
from mcp.client.session import IncomingMessage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from chainbot_desktop.agents.processes.child import Child
from chainbot_desktop.agents.tools.mcp_tools import Offer
from chainbot_desktop.agents.tools.shown import line
from chainbot_desktop.agents.tools.tool import ToolFailed

_log = logging.getLogger(__name__)

_MESSAGE_LIMIT = 16 * 1024 * 1024
_PAGES = 20
_ANSWER_LIMIT = 1024 * 1024
_Streams = tuple[Any, Any]
"""anyio's two ends of memory streams: messages in (or what was wrong with one), messages out."""


class Connection:
    """`serve` on one task; `call` from any task of the same loop while it serves."""

    def __init__(self, name: str, start_seconds: float, call_seconds: float) -> None:
        self._name = name
        self._start_seconds = start_seconds
        self._call_seconds = call_seconds
        self._client: Client | None = None
        self._news = asyncio.Event()
        self._lost = ""

    async def serve(self, streams: AbstractAsyncContextManager[_Streams], on_offers: Callable[[list[Offer]], None]) -> str:
        """Connect, tell what is offered each time that it changes, and return why the connection was lost.

        TimeoutError where it was not ready in time.
        """
        with anyio.fail_after(self._start_seconds) as deadline:
            async with Client(streams, message_handler=self._on_message, cache=None) as client:
                try:
                    on_offers(await _offers(client))
                    deadline.deadline = math.inf
                    self._client = client
                    while await self._something_new():
                        on_offers(await _offers(client))
                    return self._lost
                finally:
                    self._client = None

    def lost(self, reason: str) -> None:
        """The other end is gone: `serve` ends."""
        self._lost = self._lost or reason
        self._news.set()

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> str:
        client = self._client
        if client is None:
            raise ToolFailed(f"The tool server {self._name} is not connected now.")
        try:
            async with asyncio.timeout(self._call_seconds):
                result = await client.call_tool(tool, dict(arguments))
        except TimeoutError:
            raise ToolFailed(f"The tool server {self._name} did not answer within {self._call_seconds:g} s.") from None
        except MCPError as error:
            if error.code == mcp_types.CONNECTION_CLOSED:
                self.lost("the connection was closed")
            raise ToolFailed(f"The tool server {self._name} says: {line(error.message, 2000)}") from None
        except (anyio.ClosedResourceError, anyio.BrokenResourceError, httpx2.HTTPError, OSError) as error:
            self.lost(line(str(error)) or type(error).__name__)
            raise ToolFailed(f"The tool server {self._name} is gone. It is being connected again.") from None
        except (RuntimeError, ValueError) as error:
            raise ToolFailed(
                f"The tool server {self._name} sent an answer that breaks its own rules: {line(str(error))}"
            ) from None
        text = _text_of(result)
        if result.is_error:
            raise ToolFailed(f"The tool {line(tool, 100)} failed: {text or 'it does not say why'}")
        return text

    async def _something_new(self) -> bool:
        """Waits for a change of the tools (True) or the loss of the connection (False)."""
        await self._news.wait()
        self._news.clear()
        return not self._lost

    async def _on_message(self, message: IncomingMessage) -> None:
        if isinstance(message, mcp_types.ToolListChangedNotification):
            self._news.set()


@asynccontextmanager
async def http_streams(url: str, headers: Mapping[str, str]) -> AsyncIterator[_Streams]:
    timeout = httpx2.Timeout(30, read=300)
    async with (
        httpx2.AsyncClient(headers=dict(headers), timeout=timeout) as client,
        streamable_http_client(url, http_client=client) as streams,
    ):
        yield streams


@asynccontextmanager
async def child_streams(
    start: Callable[[], Awaitable[Child]], on_end: Callable[[str], None], on_error_line: Callable[[str], None]
) -> AsyncIterator[_Streams]:
    """Messages as lines over the pipes of a child that is started for it and stopped at the end."""
    child = await start()
    incoming, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)

    async def receive() -> None:
        async with incoming:
            async for raw in _lines(child.stdout):
                await incoming.send(_message(raw))
        on_end(f"it ended with exit code {await child.wait()}")

    async def send() -> None:
        assert child.stdin is not None
        async with outgoing:
            async for message in outgoing:
                child.stdin.write(message.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
                await child.stdin.drain()

    async def listen() -> None:
        async for raw in _lines(child.stderr):
            on_error_line(raw.decode("utf-8", "replace"))

    try:
        async with anyio.create_task_group() as group:
            for work in (receive, send, listen):
                group.start_soon(_until_closed, work)
            yield read, write
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await child.stop(grace=2.0)
        for stream in (incoming, read, write, outgoing):
            stream.close()


async def _until_closed(work: Callable[[], Any]) -> None:
    """A pipe or a stream that closes under a task is the end of its work, no error: `receive` tells of the child's end."""
    try:
        await work()
    except (anyio.ClosedResourceError, anyio.BrokenResourceError, ConnectionError) as error:
        _log.debug("a tool server's pipe closed: %r", error)


async def _lines(stream: asyncio.StreamReader | None) -> AsyncIterator[bytes]:
    assert stream is not None
    rest = b""
    while chunk := await stream.read(65_536):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > _MESSAGE_LIMIT:
            raise ConnectionError("a message without end")
        for raw in whole:
            yield raw


def _message(raw: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(mcp_types.jsonrpc_message_adapter.validate_json(raw, by_name=False))
    except ValueError as error:
        return error


async def _offers(client: Client) -> list[Offer]:
    offers: list[Offer] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        page = await client.list_tools(cursor=cursor)
        offers += [Offer(tool.name, tool.description or "", tool.input_schema) for tool in page.tools]
        cursor = page.next_cursor
        if cursor is None:
            break
    return offers


def _text_of(result: mcp_types.CallToolResult) -> str:
    parts = []
    for block in result.content:
        if isinstance(block, mcp_types.TextContent):
            parts.append(block.text)
        elif isinstance(block, mcp_types.EmbeddedResource) and isinstance(block.resource, mcp_types.TextResourceContents):
            parts.append(block.resource.text)
        else:
            parts.append(f"[{block.type} left out]")
    return "\n".join(parts)[:_ANSWER_LIMIT]
