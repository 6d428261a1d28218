"""One life of a command: its process, those who read its output, and what its output tells."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

import regex

from chainbot_desktop.agents.processes.child import Child
from chainbot_desktop.core.errors import InvalidInput

_REST_SECONDS = 1.0
"""For the last output of a program that ended while something that it started still holds the pipe."""
_PATTERN_SECONDS = 0.2
_PATTERN_CHARACTERS = 4_000
_COLOUR = regex.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class RunningCommand:
    def __init__(self, child: Child, readers: Sequence[asyncio.Task[None]], last: deque[str]) -> None:
        self.child = child
        self.last = last
        self._readers = readers

    async def code(self) -> int:
        """Once it ended and its output was read."""
        code = await self.child.wait()
        await asyncio.wait(self._readers, timeout=_REST_SECONDS)
        return code

    @property
    def last_line(self) -> str:
        return next((line.strip() for line in reversed(self.last) if line.strip()), "")


def plain(line: str) -> str:
    """Without the sequences that colour it."""
    return _COLOUR.sub("", line)


def ready_watch(pattern: str, ready: asyncio.Future[None]) -> Callable[[Sequence[str]], None]:
    expression = regex.compile(pattern)

    def look(lines: Sequence[str]) -> None:
        if ready.done():
            return
        end = time.monotonic() + _PATTERN_SECONDS
        try:
            for line in lines:
                text = plain(line)[:_PATTERN_CHARACTERS]
                if expression.search(text, timeout=max(0.001, end - time.monotonic())):
                    ready.set_result(None)
                    return
        except TimeoutError:
            ready.set_exception(
                InvalidInput(f"The pattern {pattern!r} takes too long.", hint="Write it simpler.", code="slow_pattern")
            )

    return look


async def feed(child: Child, text: str) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(text.encode(errors="replace"))
        await child.stdin.drain()
        child.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        return  # it does not want to know
