"""What every source of the timeline is: something that is on or off, and that says what keeps it from working."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chainbot_desktop.watch.logs.records import LogRecord, Source

Add = Callable[[Iterable[LogRecord]], None]
"""Where records go; on the loop's thread."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a source that is on gives nothing, or not all, and what can be done about it."""

    reason: str
    hint: str = ""


class LogSource:
    """Use on the loop's thread. `start` and `stop` may come in any order, any number of times; each returns at once."""

    source: Source
    title: str

    def __init__(self, add: Add) -> None:
        self._add = add
        self.on = False
        self.trouble: Trouble | None = None
        self.told: Callable[[], None] = _nobody
        """Called when `on` or `trouble` changed. Whoever shows the source sets it."""

    def start(self) -> None:
        if not self.on:
            self.on = True
            self._begin()
            self.told()

    def stop(self) -> None:
        if self.on:
            self.on = False
            self.trouble = None
            self._end()
            self.told()

    async def ended(self) -> None:
        """After `stop`: wait until nothing of it is left."""

    def _begin(self) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        raise NotImplementedError

    def _set_trouble(self, trouble: Trouble | None) -> None:
        if self.on and trouble != self.trouble:
            self.trouble = trouble
            self.told()


def _nobody() -> None:
    """The listener of a source that nobody shows."""
