"""Output of a child as lines of text, whatever it prints: endless lines, no UTF-8, progress drawn with carriage returns, floods."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

LINE_BYTES = 16_384
"""Of a longer line the rest is counted, not kept."""
_CHUNK = 1 << 16
_LINES_OF_A_CHUNK = 200
"""What is kept of 64 KB that came at once: nobody reads more, and the rest would hold everybody else up."""
_FLOOD_PAUSE = 0.005
"""After a full chunk. The pipe then holds the child back: 13 MB a second are enough for a log."""


class LineSplitter:
    """Bytes in, whole lines out. What it holds between two calls never exceeds `LINE_BYTES`."""

    def __init__(self) -> None:
        self._begun = b""
        self._cut = 0
        self._after_return = False

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that `chunk` ended; of very many the last, after a line that says how many were left out."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_return = chunk.endswith(b"\r")
        first, *rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._extend(first)
        if not rest:
            return []
        lines = [self._take()]
        skipped = max(0, len(rest) - 1 - _LINES_OF_A_CHUNK)
        if skipped:
            lines.append(f"… {skipped} lines left out: they came too fast to be read.")
        for whole in rest[skipped:-1]:
            self._extend(whole)
            lines.append(self._take())
        self._extend(rest[-1])
        return lines

    def close(self) -> list[str]:
        """The last line, if it was never ended."""
        return [self._take()] if self._begun or self._cut else []

    def _extend(self, part: bytes) -> None:
        room = LINE_BYTES - len(self._begun)
        self._begun += part[:room]
        self._cut += max(0, len(part) - room)

    def _take(self) -> str:
        text = self._begun.decode(errors="replace")
        if self._cut:
            text = f"{text} … ({self._cut} more bytes)"
        self._begun, self._cut = b"", 0
        return text


async def read_lines(stream: asyncio.StreamReader, told: Callable[[Sequence[str]], None]) -> None:
    """Calls `told` with the lines as they come, until the stream ends."""
    splitter = LineSplitter()
    while chunk := await stream.read(_CHUNK):
        if lines := splitter.feed(chunk):
            told(lines)
        if len(chunk) == _CHUNK:
            await asyncio.sleep(_FLOOD_PAUSE)
    if lines := splitter.close():
        told(lines)
