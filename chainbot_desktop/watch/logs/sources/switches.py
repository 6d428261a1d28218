"""Which sources speak in the timeline, why one does not, and how they are turned on and off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.watch.logs.records import Source
from chainbot_desktop.watch.logs.sources.source import LogSource


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """`trouble` is "" where all is well; `hint` says what can be done about it."""

    source: Source
    title: str
    on: bool
    trouble: str = ""
    hint: str = ""


class LogSources:
    """Use on the loop's thread. `remember` is told of every choice a person makes."""

    def __init__(self, sources: Sequence[LogSource], remember: Callable[[Source, bool], None]) -> None:
        self._sources = {source.source: source for source in sources}
        self._remember = remember
        self._changed: Listeners[[]] = Listeners()
        for source in sources:
            source.told = self._changed.tell

    @property
    def statuses(self) -> Sequence[SourceStatus]:
        return tuple(_status(source) for source in self._sources.values())

    def open(self, on: Mapping[Source, bool]) -> None:
        """Start those that are on."""
        for name, source in self._sources.items():
            if on.get(name, True):
                source.start()

    async def close(self) -> None:
        for source in self._sources.values():
            source.told = _nobody
            source.stop()
        for source in self._sources.values():
            await source.ended()

    def turn(self, name: str, on: bool) -> None:
        """NotFound for a source that there is none of."""
        source = next((known for known in self._sources.values() if known.source == name), None)
        if source is None:
            raise NotFound(f"There is no log source {name!r}.", hint=f"There are {', '.join(self._sources)}.")
        self._remember(source.source, on)
        if on:
            source.start()
        else:
            source.stop()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when a status changed; returns what ends it."""
        return self._changed.add(listener)


def _status(source: LogSource) -> SourceStatus:
    trouble = source.trouble
    return SourceStatus(
        source.source, source.title, source.on, trouble.reason if trouble else "", trouble.hint if trouble else ""
    )


def _nobody() -> None:
    """The listener once nobody shows the sources any more."""
