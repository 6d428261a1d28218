"""What agents and their commands print and say. Their logs are in another room of the house, handed over as `AgentLogs`."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.sources.source import Add, LogSource

_GATHERED = 0.05
"""Seconds from the first new line of an agent to the look at it."""
_LOOKED_AT = 200
"""Characters in which a line names its level."""
_LEVELS = {
    **dict.fromkeys(("TRA", "DEB"), logging.DEBUG),
    "INF": logging.INFO,
    "WAR": logging.WARNING,
    "ERR": logging.ERROR,
    **dict.fromkeys(("CRI", "FAT", "PAN"), logging.CRITICAL),
}
_WORDS = "TRACE|DEBUG|INFO|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|FATAL|PANIC"
_NAMED = re.compile(rf"({_WORDS})\b|\[({_WORDS.lower()})\]")
_MAYBE = re.compile(r"[A-Z]{3}|\[")
"""In no other line is there a level: found out ten times quicker."""
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")


class SpokenLine(Protocol):
    """`number` counts from 1 for each agent, `time` is RFC 3339, `stream` one of out, err, agent, system."""

    @property
    def number(self) -> int: ...

    @property
    def time(self) -> str: ...

    @property
    def stream(self) -> str: ...

    @property
    def text(self) -> str: ...


class AgentLogs(Protocol):
    """The bounded logs of all agents. On the loop's thread."""

    def ids(self) -> Iterable[str]: ...

    def name(self, agent_id: str) -> str: ...

    def since(self, agent_id: str, number: int) -> tuple[Sequence[SpokenLine], int]:
        """The lines after `number`, oldest first, and how many of them are gone already; nothing for an agent that is gone."""
        ...

    def last(self, agent_id: str) -> int:
        """The number of its newest line; 0 where there is none."""
        ...

    def on_lines(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener` with the id of an agent that may have written lines, very often; returns what ends it."""
        ...


class AgentOutput(LogSource):
    source = "agent"
    title = "Agents"

    def __init__(self, add: Add, logs: AgentLogs) -> None:
        super().__init__(add)
        self._logs = logs
        self._taken: dict[str, int] = {}
        self._wrote: dict[str, None] = {}
        self._planned: asyncio.TimerHandle | None = None
        self._cancel: Callable[[], None] | None = None

    def _begin(self) -> None:
        if self._cancel is not None:  # what was said while it was off is not asked for
            self._taken = {agent_id: self._logs.last(agent_id) for agent_id in self._logs.ids()}
        self._cancel = self._logs.on_lines(self._on_lines)
        self._wrote = dict.fromkeys(self._logs.ids())
        self._take()

    def _end(self) -> None:
        if self._cancel is not None:
            self._cancel()
        if self._planned is not None:
            self._planned.cancel()
        self._take()

    def _on_lines(self, agent_id: str) -> None:
        self._wrote[agent_id] = None
        if self._planned is None:
            self._planned = asyncio.get_running_loop().call_later(_GATHERED, self._take)

    def _take(self) -> None:
        self._planned = None
        wrote, self._wrote = self._wrote, {}
        for agent_id in wrote:
            lines, missed = self._logs.since(agent_id, self._taken.get(agent_id, 0))
            name = self._logs.name(agent_id)
            if missed:
                text = f"{missed} lines left out: they came faster than they could be taken over."
                self._add([LogRecord(time.time(), logging.WARNING, "agent", name, text)])
            if lines:
                self._taken[agent_id] = lines[-1].number
                self._add(
                    LogRecord(_seconds(line.time), _level(line.stream, line.text), "agent", name, line.text) for line in lines
                )


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _level(stream: str, text: str) -> int:
    """What a process prints has the level that it names, as loggers write it: standard error is where many programs write it all."""
    if stream in {"agent", "system"}:
        return logging.INFO
    head = _COLOURS.sub("", text[:_LOOKED_AT]) if "\x1b" in text else text[:_LOOKED_AT]
    if _MAYBE.search(head) is None:
        return logging.NOTSET
    for found in _NAMED.finditer(head):
        if found[2] or not head[: found.start()][-1:].isalnum():
            return _LEVELS[(found[1] or found[2])[:3].upper()]
    return logging.NOTSET
