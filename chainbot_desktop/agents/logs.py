"""What an agent's process printed and what an agent did, line by line: bounded rings in memory, never the journal."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.listeners import Listeners

LINES_KEPT = 2_000
LINE_LIMIT = 8_192
"""Characters; of a longer line the rest is counted, not kept."""

Stream = Literal["out", "err", "agent", "system"]
"""out, err: its child process; agent: what it says of its work; system: what the program did with it."""


@dataclass(frozen=True, slots=True)
class AgentLine:
    """`number` counts from 1 for each agent and is never used twice in a life of the program."""

    number: int
    time: str
    stream: Stream
    text: str


class AgentLog:
    """One agent's lines. Use on the loop's thread."""

    def __init__(self, kept: int = LINES_KEPT, on_lines: Callable[[int], None] | None = None) -> None:
        """`on_lines` is told how many lines came, each time; it must return at once."""
        self._on_lines = on_lines
        self._lines: deque[AgentLine] = deque(maxlen=kept)
        self._last = 0
        self._listeners: Listeners[[]] = Listeners()

    @property
    def last_number(self) -> int:
        return self._last

    @property
    def last(self) -> AgentLine | None:
        return self._lines[-1] if self._lines else None

    def add(self, stream: Stream, text: str) -> None:
        """One line for each line of `text`; control characters other than tab and colour are made visible by who shows them."""
        before = self._last
        for line in text.splitlines() or [""]:
            self._last += 1
            kept = line if len(line) <= LINE_LIMIT else f"{line[:LINE_LIMIT]} … ({len(line) - LINE_LIMIT} more characters)"
            self._lines.append(AgentLine(self._last, utc_now(), stream, kept))
        if self._on_lines is not None:
            self._on_lines(self._last - before)
        self._listeners.tell()

    def since(self, number: int, limit: int = LINES_KEPT) -> tuple[list[AgentLine], int]:
        """The lines after `number`, oldest first, and how many of them are gone already."""
        first = self._lines[0].number if self._lines else self._last + 1
        dropped = max(0, first - number - 1)
        wanted = [line for line in self._lines if line.number > number]
        return wanted[:limit], dropped

    def newest(self, count: int) -> list[AgentLine]:
        """At most so many, oldest first."""
        return list(islice(reversed(self._lines), count))[::-1]

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after new lines until the returned function is called. It must return at once."""
        return self._listeners.add(listener)
