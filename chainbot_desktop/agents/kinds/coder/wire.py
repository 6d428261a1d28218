"""The protocol's messages over a child's pipes: JSON, one a line, from a program that may print anything.

The library's own transport keeps a line of any length, writes a traceback for each that is no message, and stops for good at JSON that
is no object. This one is bounded: what is no message goes to the agent's log, a few lines of it, and a flood is held back by the pipe.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

MESSAGE_BYTES = 32 * 1024 * 1024
_CHUNK = 1 << 16
_FLOOD_PAUSE = 0.005
"""After a full chunk: the pipe then holds the child back, and others get their turn."""
_AT_A_TIME = 50
"""Messages handed on before others get their turn."""
_LARGE = 1024 * 1024
"""What is longer is parsed on a thread."""
_STRAY_SHOWN = 20
OWED = 256
"""Requests without an answer, after which nothing more is read: who does not read its answers gets no more questions in."""


class LineTransport:
    """A `Transport` of the protocol's library. `stray` is told of lines that are no messages."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stray: Callable[[str], None]) -> None:
        self._reader = reader
        self._writer = writer
        self._stray = stray
        self._stray_lines = 0
        self._buffer = bytearray()
        self._searched = 0
        self._given = 0
        self._sending = asyncio.Lock()
        self._owed = 0
        self._answered = asyncio.Event()
        self._closed = False
        self.ended = asyncio.Event()
        """Nothing more will come."""
        self.failure = ""
        """Why it was given up, where that was not the child's end."""

    async def send(self, message: dict[str, Any]) -> None:
        """ConnectionError where a request or notification cannot be sent; an answer that nobody waits for any more is dropped."""
        try:
            async with self._sending:
                if self._closed:
                    raise ConnectionError("The connection is closed.")
                self._writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
                await self._writer.drain()
        except (OSError, RuntimeError) as error:
            if "method" in message:
                raise ConnectionError(str(error)) from None
        finally:
            if "method" not in message:
                self._owed -= 1
                self._answered.set()

    async def receive(self) -> dict[str, Any] | None:
        while self._owed >= OWED:
            self._answered.clear()
            await self._answered.wait()
        while (line := await self._line()) is not None:
            message = await self._parsed(line)
            if message is not None:
                self._owed += "method" in message and "id" in message
                await self._give_way()
                return message
        self.ended.set()
        return None

    async def close(self) -> None:
        self._closed = True
        self.ended.set()

    async def _line(self) -> bytes | None:
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                self._searched = 0
                return line
            self._searched = len(self._buffer)
            if self._searched > MESSAGE_BYTES:
                self.failure = f"It sent a message of more than {MESSAGE_BYTES // 1024 // 1024} MB."
                self._buffer.clear()
                return None
            chunk = await self._reader.read(_CHUNK)
            if not chunk:
                return self._rest()
            self._buffer += chunk
            if len(chunk) == _CHUNK:
                await asyncio.sleep(_FLOOD_PAUSE)

    def _rest(self) -> bytes | None:
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._searched = 0
        return rest or None

    async def _parsed(self, line: bytes) -> dict[str, Any] | None:
        line = line.strip()
        if not line:
            return None
        try:
            found = await _object_in(line)
        except (ValueError, RecursionError):
            found = None
        if _is_message(found):
            return dict(found)
        self._stray_lines += 1
        if self._stray_lines <= _STRAY_SHOWN:
            self._stray(line[:2000].decode("utf-8", "replace"))
        elif self._stray_lines == _STRAY_SHOWN + 1:
            self._stray("(more lines that are no messages of the protocol are not shown)")
        await self._give_way()
        return None

    async def _give_way(self) -> None:
        self._given += 1
        if self._given % _AT_A_TIME == 0:
            await asyncio.sleep(0)


async def _object_in(line: bytes) -> Any:
    if not line.startswith(b"{"):
        return None
    return await asyncio.to_thread(json.loads, line) if len(line) > _LARGE else json.loads(line)


def _is_message(found: Any) -> bool:
    """Whether the library can take it without stumbling."""
    if not isinstance(found, dict):
        return False
    if "method" in found:
        return isinstance(found["method"], str) and isinstance(found.get("id"), str | int | None)
    if not isinstance(found.get("id"), str | int):
        return False
    error = found.get("error")
    return (
        "error" not in found
        or error is None
        or (isinstance(error, dict) and isinstance(error.get("code"), int) and isinstance(error.get("message"), str))
    )
