"""Notes that a person wants to be remembered (/remember): what the windows, the commands and the API use."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from chainbot_desktop.chat.commands import Undoable
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound, TooLarge
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.store.memories import Memory, MemoryTable

MAX_NOTE_BYTES = 16 * 1024
MAX_NOTES = 10_000
UNDO_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Remembered:
    """`new` is False where exactly this was a note already."""

    note: Memory
    new: bool


class NotesService:
    """Use on the loop's thread. `changed` is told when a note comes, goes or is another."""

    def __init__(self, table: MemoryTable, *, most: int = MAX_NOTES, undo_seconds: float = UNDO_SECONDS) -> None:
        self._table = table
        self._most = most
        self._undo_seconds = undo_seconds
        self._changing = asyncio.Lock()
        """Two that remember the same at once make one note, and the last free place is taken once."""
        self.changed: Listeners[[]] = Listeners()

    async def remember(self, text: str, *, actor: Actor, conversation_id: str = "") -> Remembered:
        """InvalidInput, TooLarge or Conflict say why it cannot be a note; nothing is kept then."""
        text = checked_note(text)
        async with self._changing:
            known = await self._table.with_text(text)
            if known is not None:
                return Remembered(known, new=False)
            await self._require_room()
            kept = await self._table.add(text, author=actor, conversation_id=conversation_id)
        self.changed.tell()
        return Remembered(kept, new=True)

    async def edit(self, note_id: str, text: str, *, actor: Actor) -> Memory:
        text = checked_note(text)
        async with self._changing:
            known = await self._table.with_text(text)
            if known is not None and known.id != note_id:
                raise Conflict(f"Note {known.number} says exactly this already.", code="note_exists")
            changed = await self._table.edit(note_id, text, actor=actor) if known is None else known
        self.changed.tell()
        return changed

    async def forget(self, note_id: str, *, actor: Actor) -> Undoable:
        """It is gone at once; undoing puts it back as it was."""
        async with self._changing:
            gone = await self._table.delete(note_id, actor=actor)
        self.changed.tell()
        deadline = asyncio.get_running_loop().time() + self._undo_seconds

        async def undo() -> None:
            if asyncio.get_running_loop().time() > deadline:
                raise NotFound("It is too late to undo this.")
            async with self._changing:
                if await self._table.with_text(gone.text) is None:
                    await self._require_room()
                    await self._table.put_back(gone, actor=actor)
            self.changed.tell()

        return Undoable(f"Note {gone.number} was forgotten.", undo, self._undo_seconds)

    async def note(self, note_id: str) -> Memory:
        """NotFound where there is none."""
        return await self._table.get(note_id)

    async def numbered(self, number: int) -> Memory:
        """NotFound where there is none."""
        found = await self._table.numbered(number)
        if found is None:
            raise NotFound(f"There is no note {number}.", hint="/recall shows what is remembered.", code="no_such_note")
        return found

    async def listed(self, *, before: int = 0, limit: int = 100) -> list[Memory]:
        """Newest first; `before` is the number that the last page ended with, 0 for the first page."""
        return await self._table.listed(before=before, limit=limit)

    async def search(self, words: str, *, before: int = 0, limit: int = 100) -> list[Memory]:
        """Those with every one of `words`, newest first; all of them where there are no words."""
        return await self._table.search(words.encode("utf-8", "replace").decode(), before=before, limit=limit)

    async def count(self) -> int:
        return await self._table.count()

    async def _require_room(self) -> None:
        if await self._table.count() >= self._most:
            raise Conflict(
                f"There are {self._most:,} notes, and no more are kept.",
                hint="Forget some that are of no use any more.",
                code="too_many_notes",
            )


def checked_note(text: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidInput("A note needs some words.", hint="For example /remember the backup runs at 2.", code="empty_note")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidInput("The text has half of a character in it and cannot be kept.", code="bad_text") from None
    if "\0" in text:
        raise InvalidInput("A note holds no NUL: this is no text.", code="bad_text")
    if size > MAX_NOTE_BYTES:
        raise TooLarge(
            f"A note may have 16 KiB; this one has {size / 1024:.1f}.",
            hint="Keep it as a file in the workspace: files are recalled too.",
            code="note_too_long",
        )
    return text
