"""Any log file from disk as a document: opened at once whatever its size, indexed and followed by a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.watch.logs.document import Fold, LogQuery, LogRow
from chainbot_desktop.watch.logs.file_bytes import FileBytes, refusal
from chainbot_desktop.watch.logs.file_content import Content
from chainbot_desktop.watch.logs.file_following import Following
from chainbot_desktop.watch.logs.file_index import FileChanged
from chainbot_desktop.watch.logs.file_selection import FileSelection

_NOTICE_DELAY = 0.05
"""Seconds in which many changes make one notice."""


async def open_log_file(path: Path | str) -> LogFile:
    """Its beginning and its end can be shown when this returns; the rest is indexed meanwhile.

    ChainBotError where it is no file that can be read.
    """
    return await asyncio.to_thread(_opened, Path(path), asyncio.get_running_loop())


def _opened(path: Path, loop: asyncio.AbstractEventLoop) -> LogFile:
    source = FileBytes.open(path)
    try:
        return LogFile(path, Content.of(source, path.name, 0), loop)
    except OSError as error:
        source.close()
        raise refusal(path, error) from error


class LogFile:
    """A `LogDocument`. When the file is cut or replaced, its old lines are gone (`first` rises) and the new ones are numbered on."""

    def __init__(self, path: Path, content: Content, loop: asyncio.AbstractEventLoop) -> None:
        """Reads the first chunk: for a thread. OSError."""
        self.path = path
        self._loop = loop
        self._listeners: Listeners[[]] = Listeners()
        self._notice_planned = False
        self._selections: set[FileSelection] = set()
        self._ending: set[FileSelection] = set()
        """Closed, but their threads may not have noticed yet."""
        self._closed = False
        self._following = Following(path, content, self._on_read)
        self._following.read_some()
        self._following.start()

    @property
    def title(self) -> str:
        return self.path.name

    @property
    def first(self) -> int:
        return self._following.content.base

    @property
    def end(self) -> int:
        content = self._following.content
        return content.base + content.lines

    @property
    def read(self) -> float:
        content = self._following.content
        return min(1.0, content.index.extent.size / content.size) if content.size else 1.0

    @property
    def size(self) -> int:
        """Bytes."""
        return self._following.content.size

    @property
    def notice(self) -> str:
        """What befell the file, as a sentence: it was cut, replaced, deleted, cannot be read. Else ""."""
        return self._following.notice

    @property
    def encoding(self) -> str:
        return self._following.content.layout.name

    @property
    def format(self) -> str:
        """What its lines look like: iso, syslog, json, ..., "plain" if like nothing that is known."""
        return self._following.content.format.name

    @property
    def index_memory(self) -> int:
        """Bytes that the index takes."""
        return self._following.content.index.memory

    @property
    def names(self) -> Mapping[str, Sequence[str]]:
        return {"file": (self.title,)}

    def lines(self, first: int, end: int) -> Sequence[LogRow]:
        """Fewer where the file does not hold them any more."""
        content = self._following.content
        first, end = max(first, content.base), min(end, content.base + content.lines)
        try:
            return content.rows(first - content.base, end - content.base)
        except (FileChanged, OSError):
            return []  # what befell it is told by `notice` as soon as the thread has seen it

    def tail(self, count: int) -> Sequence[LogRow]:
        """The last lines, also while their numbers are not known yet (`read` below 1): numbered from the end, the last one is -1."""
        try:
            return self._following.content.tail(count)
        except (FileChanged, OSError):
            return []

    async def text(self, number: int) -> str:
        """All of a line, however long. NotFound where it is no longer there."""
        content = self._following.content
        if not content.base <= number < content.base + content.lines:
            raise NotFound(f"The line {number + 1} is no longer in the file.")
        try:
            return await asyncio.to_thread(content.text, number - content.base)
        except (FileChanged, OSError):
            raise NotFound(f"The line {number + 1} is no longer in the file.") from None

    def select(self, query: LogQuery, fold: Fold = "none") -> FileSelection:
        return self._selected(query, fold)

    def search(self, query: LogQuery) -> FileSelection:
        return self._selected(query, "none", hits_only=True)

    def _selected(self, query: LogQuery, fold: Fold, *, hits_only: bool = False) -> FileSelection:
        selection = FileSelection(self._following, query, self._tell, self._on_closed, fold=fold, hits_only=hits_only)
        self._selections.add(selection)
        return selection

    def _on_closed(self, selection: FileSelection) -> None:
        self._selections.discard(selection)
        self._ending = {ending for ending in self._ending if not ending.ended} | {selection}

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self._listeners.add(listener)

    async def close(self) -> None:
        """Returns when its threads and processes have ended."""
        self._closed = True
        self._listeners.clear()
        self._following.stop()
        for selection in tuple(self._selections):
            selection.close()
        await asyncio.to_thread(self._end, tuple(self._ending))

    def _end(self, selections: Sequence[FileSelection]) -> None:
        for selection in selections:
            selection.join()
        self._following.join()
        self._following.content.source.close()

    def _on_read(self) -> None:
        """From the following thread."""
        for selection in tuple(self._selections):
            selection.wake()
        self._tell()

    def _tell(self) -> None:
        """From any thread: once for many."""
        if self._notice_planned or self._closed:
            return
        self._notice_planned = True
        try:
            self._loop.call_soon_threadsafe(self._loop.call_later, _NOTICE_DELAY, self._give_notice)
        except RuntimeError:
            self._closed = True  # the loop has ended, and with it everybody who listened

    def _give_notice(self) -> None:
        self._notice_planned = False
        if not self._closed:
            self._listeners.tell()
