"""What the Logs page needs of the rest of the program, and what it remembers from one start to the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from PySide6.QtWidgets import QWidget

from chainbot_desktop.watch.logs.document import LogDocument
from chainbot_desktop.watch.logs.sources.switches import LogSources

_MOST_RECENT = 8


class ChoosePath(Protocol):
    def __call__(self, origin: QWidget, purpose: Literal["open", "save"], name: str) -> Awaitable[Path | None]:
        """Ask for a file; None when nothing was chosen. `name` is what a file to save is called at first."""
        ...


class LogMemory:
    """What the page remembers of its user's ways: preferences, whose names all begin with "logs."."""

    def __init__(self, known: Mapping[str, object], keep: Callable[[str, object], object]) -> None:
        """`known` is what was remembered at the start; `keep` (name, JSON value) remembers from now on."""
        self._keep = keep
        recent = known.get("logs.recent")
        self._recent = [path for path in recent if isinstance(path, str)] if isinstance(recent, list) else []
        self._histogram = known.get("logs.histogram") is not False
        self._wrapped = known.get("logs.wrapped") is True

    @property
    def recent(self) -> Sequence[str]:
        """The files that were opened, the last one first."""
        return tuple(self._recent)

    def opened(self, path: str) -> None:
        self._recent = [path, *(known for known in self._recent if known != path)][:_MOST_RECENT]
        self._keep("logs.recent", list(self._recent))

    def forget(self, path: str) -> None:
        self._recent = [known for known in self._recent if known != path]
        self._keep("logs.recent", list(self._recent))

    @property
    def histogram(self) -> bool:
        return self._histogram

    @histogram.setter
    def histogram(self, shown: bool) -> None:
        self._histogram = shown
        self._keep("logs.histogram", shown)

    @property
    def wrapped(self) -> bool:
        return self._wrapped

    @wrapped.setter
    def wrapped(self, wrapped: bool) -> None:
        self._wrapped = wrapped
        self._keep("logs.wrapped", wrapped)


@dataclass(frozen=True, slots=True)
class LogServices:
    """`open_file` raises a ChainBotError for a file that cannot be read."""

    timeline: LogDocument
    open_file: Callable[[Path], Awaitable[LogDocument]]
    choose_path: ChoosePath
    sources: LogSources
    memory: LogMemory
