"""A conversation as a file or as a stream of bytes, page by page: it may be longer than the memory.

A file is written beside its name first, and never over another one.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import IO

from chainbot_desktop.chat.export_forms import Form, Line, form_named
from chainbot_desktop.chat.markdown import visible
from chainbot_desktop.chat.reading import Reading
from chainbot_desktop.core.errors import ChainBotError, Conflict
from chainbot_desktop.store.conversation_rows import Conversation, Message

_PAGE = 50
_DEEPEST = 8
"""Threads inside threads that are followed."""


class ExportFailed(ChainBotError):
    """The file could not be written: says which and why."""

    code = "export_failed"


class Export:
    """What a conversation shows at the moment of `read`, in one form. Use on the loop's thread."""

    def __init__(self, reading: Reading, conversation: Conversation, form: Form) -> None:
        self._reading = reading
        self._form = form
        self._seen: set[str] = set()
        self.conversation = conversation

    @classmethod
    async def read(cls, reading: Reading, conversation_id: str, form: str) -> Export:
        """NotFound, or InvalidInput for a form that there is not."""
        found = form_named(form)
        return cls(reading, await reading.conversation(conversation_id), found)

    @property
    def file_name(self) -> str:
        return _file_name(self.conversation) + self.ending

    @property
    def ending(self) -> str:
        return self._form.ending

    @property
    def media_type(self) -> str:
        return self._form.media_type

    async def pieces(self) -> AsyncGenerator[str]:
        """Once. Messages that come while it is read are not in it."""
        yield self._form.begin(self.conversation)
        first = True
        async for lines in self._pages("", 0):
            yield await asyncio.to_thread(self._written, lines, first)
            first = False
        yield self._form.end

    def _written(self, lines: list[Line], first: bool) -> str:
        return "".join(self._form.message(line, first and not index) for index, line in enumerate(lines))

    async def _pages(self, thread: str, depth: int) -> AsyncGenerator[list[Line]]:
        """The messages in order, those of a thread after the answer that it led to."""
        number = 0
        while page := await self._page(thread, number):
            number = page[-1].number
            threads = await self._threads_of(page) if depth < _DEEPEST else {}
            waiting: list[Line] = []
            for message in page:
                waiting.append(Line(message, depth))
                if message.id in threads:
                    yield waiting
                    waiting = []
                    async for lines in self._pages(threads[message.id], depth + 1):
                        yield lines
            if waiting:
                yield waiting

    async def _page(self, thread: str, number: int) -> list[Message]:
        page = await self._reading.thread(self.conversation.id, thread, after=number, limit=_PAGE)
        return page if thread else [message for message in page if message.number <= self.conversation.last_number]

    async def _threads_of(self, page: list[Message]) -> dict[str, str]:
        """The threads that no page before had, by the ids of their answers."""
        runs = {message.id: str(message.detail.get("run_id") or "") for message in page}
        counts = await self._reading.thread_counts(self.conversation.id, sorted(set(runs.values()) - self._seen - {""}))
        found: dict[str, str] = {}
        for message_id, run_id in runs.items():
            if run_id in counts and run_id not in self._seen:
                self._seen.add(run_id)
                found[message_id] = run_id
        return found


class ExportFile:
    """A file in the making. `finish` gives it its name; `abandon` leaves nothing behind. Blocking: use in an executor."""

    def __init__(self, export: Export, path: str, folder: Path) -> None:
        try:
            self.path = _reserve(export.conversation, export.ending, path, folder)
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a ~user that does not exist
            raise _failed(path or str(folder), error) from error
        self._temporary = self.path.with_name(f".{self.path.stem[:40]}.part")
        try:
            self._stream: IO[str] = self._temporary.open("w", encoding="utf-8", errors="replace", newline="\n")
        except OSError as error:
            self.path.unlink()
            raise _failed(str(self.path), error) from error

    def add(self, piece: str) -> None:
        try:
            self._stream.write(piece)
        except OSError as error:
            raise _failed(str(self.path), error) from error

    def finish(self) -> Path:
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            self._temporary.replace(self.path)
        except OSError as error:
            raise _failed(str(self.path), error) from error
        return self.path

    def abandon(self) -> None:
        self._stream.close()
        self._temporary.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


async def save(export: Export, path: str, folder: Path) -> Path:
    """Write it to a file; its path. ExportFailed or Conflict where the file cannot be."""
    file = await asyncio.to_thread(ExportFile, export, path, folder)
    try:
        async with aclosing(export.pieces()) as pieces:
            async for piece in pieces:
                await asyncio.to_thread(file.add, piece)
        return await asyncio.to_thread(file.finish)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(file.abandon))
        raise


def _reserve(conversation: Conversation, ending: str, path: str, folder: Path) -> Path:
    """Take the name before anything is written, so that no other file of this name can be lost."""
    if not path:
        folder.mkdir(parents=True, exist_ok=True)
        return _free_name(folder, _file_name(conversation), ending)
    chosen = Path(path).expanduser()
    chosen = chosen if chosen.is_absolute() else folder / chosen
    if chosen.is_dir() or path.endswith("/"):
        chosen.mkdir(parents=True, exist_ok=True)
        return _free_name(chosen, _file_name(conversation), ending)
    chosen = chosen if chosen.suffix else chosen.with_suffix(ending)
    chosen.parent.mkdir(parents=True, exist_ok=True)
    try:
        chosen.touch(exist_ok=False, mode=0o600)
    except FileExistsError:
        raise Conflict(
            f"{chosen} is there already and was left as it is.", hint="Give another name, or none at all.", code="file_exists"
        ) from None
    return chosen


def _free_name(folder: Path, name: str, ending: str) -> Path:
    for number in range(1, 10_000):
        path = folder / (f"{name}{ending}" if number == 1 else f"{name} ({number}){ending}")
        try:
            path.touch(exist_ok=False, mode=0o600)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{folder} has thousands of files named {name}")


def _file_name(conversation: Conversation) -> str:
    """Without its ending."""
    words = re.sub(r"[^\w .-]", " ", visible(conversation.title) or "Conversation")
    return f"{' '.join(words.split()).strip('.')[:60].strip() or 'Conversation'} {conversation.created_at[:10]}"


def _failed(path: str, error: Exception) -> ExportFailed:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ExportFailed(f"{path} cannot be written: {reason}.", hint="Choose another folder, or free some space.")
