"""Clearing and deleting with a time to undo it.

Both take effect at once for everybody and are carried out when the time for undoing them is up, or when the program ends. What was
not carried out by then (it was killed, or there was much to erase) stays hidden, and is at the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from chainbot_desktop.chat.attachments import AttachmentService
from chainbot_desktop.chat.commands import Undoable
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ports import Preferences
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversations import ConversationTable

_EVERYTHING = 2**62
_TO_ERASE = "chat.to_erase"


@dataclass(frozen=True, slots=True)
class _Pending:
    """A clearing up to number `through`, or a deletion (`whole`), that can still be undone."""

    through: int
    whole: bool
    actor: Actor


class Erasures:
    """Use on the loop's thread, between `open` and `close`. `tell` hears of conversations that look different."""

    def __init__(
        self,
        table: ConversationTable,
        preferences: Preferences,
        tasks: Tasks,
        tell: Callable[[str], None],
        undo_seconds: float,
        attachments: AttachmentService | None = None,
    ) -> None:
        self._table = table
        self._preferences = preferences
        self._tasks = tasks
        self._tell = tell
        self._undo_seconds = undo_seconds
        self._attachments = attachments
        self._pending: dict[str, _Pending] = {}

    async def open(self) -> None:
        """Hide and carry out what an earlier run of the program left to be erased."""
        for conversation_id, (through, whole, actor) in (await self._preferences.get(_TO_ERASE) or {}).items():
            self._pending[conversation_id] = _Pending(through, whole, actor)
            self._tasks.spawn(f"chat-erase-{conversation_id}", self.carry_out(conversation_id))

    async def close(self) -> None:
        """Carry out what waits for its undo time."""
        for conversation_id in list(self._pending):
            await self.carry_out(conversation_id)

    def floor(self, conversation_id: str) -> int:
        """Messages up to this number are hidden. NotFound where the conversation is."""
        pending = self._pending.get(conversation_id)
        if pending is not None and pending.whole:
            raise NotFound("This conversation was deleted.", hint="Undo it within a few seconds, or begin a new one.")
        return pending.through if pending is not None else 0

    def is_deleted(self, conversation_id: str) -> bool:
        pending = self._pending.get(conversation_id)
        return pending is not None and pending.whole

    def floors(self) -> Mapping[str, int]:
        """Of the conversations of which something is hidden."""
        return {conversation_id: pending.through for conversation_id, pending in self._pending.items()}

    async def clear(self, conversation_id: str, through: int, *, actor: Actor) -> Undoable:
        await self._set_aside(conversation_id, _Pending(through, False, actor))
        return self._undoable(conversation_id, "The conversation was cleared.")

    async def delete(self, conversation_id: str, title: str, *, actor: Actor) -> Undoable:
        await self.carry_out(conversation_id)
        await self._set_aside(conversation_id, _Pending(_EVERYTHING, True, actor))
        return self._undoable(conversation_id, f"“{title or 'New conversation'}” was deleted.")

    async def carry_out(self, conversation_id: str) -> None:
        """Of one that is not to be erased, nothing."""
        pending = self._pending.get(conversation_id)
        if pending is None:
            return
        # From here on it cannot be undone, and stays hidden until it is gone.
        mine = self._pending[conversation_id] = replace(pending)
        if self._attachments is not None:
            await self._attachments.loosen(conversation_id, pending.through)
        if pending.whole:
            await self._table.delete(conversation_id, actor=pending.actor)
        else:
            await self._table.clear(conversation_id, pending.through, actor=pending.actor)
        if self._pending.get(conversation_id) is mine:
            del self._pending[conversation_id]
        await self._save()
        self._tell(conversation_id)

    async def _set_aside(self, conversation_id: str, pending: _Pending) -> None:
        self._pending[conversation_id] = pending
        await self._save()
        self._tasks.spawn(f"chat-erase-{conversation_id}", self._carry_out_later(conversation_id, pending))
        self._tell(conversation_id)

    def _undoable(self, conversation_id: str, text: str) -> Undoable:
        pending = self._pending[conversation_id]

        async def undo() -> None:
            if self._pending.get(conversation_id) is not pending:
                raise NotFound("It is too late to undo this.")
            del self._pending[conversation_id]
            await self._save()
            self._tell(conversation_id)

        return Undoable(text, undo, self._undo_seconds)

    async def _carry_out_later(self, conversation_id: str, pending: _Pending) -> None:
        await asyncio.sleep(self._undo_seconds)
        if self._pending.get(conversation_id) is pending:
            await self.carry_out(conversation_id)
            if self._attachments is not None:
                await self._attachments.clean()

    async def _save(self) -> None:
        await self._preferences.set(_TO_ERASE, {key: (p.through, p.whole, p.actor) for key, p in self._pending.items()})
