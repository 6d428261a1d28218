"""What can be read of the conversations, without what was cleared or deleted a moment ago and can still be undone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from chainbot_desktop.chat.erasures import Erasures
from chainbot_desktop.store.conversation_pages import PageQuery, position
from chainbot_desktop.store.conversation_rows import Conversation, Hit, Message, Meter, Totals
from chainbot_desktop.store.conversations import ConversationTable

MAX_HITS = 100
"""Messages that a search finds, the newest ones."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search over everything found."""

    conversations: tuple[Conversation, ...]
    hits: tuple[Hit, ...]


class Reading:
    """Use on the loop's thread. NotFound, of each, where a conversation is not there, or not any more.

    A message that a branch shares with its stem keeps the `conversation_id` of where it lies.
    """

    def __init__(self, table: ConversationTable, erasures: Erasures) -> None:
        self._table = table
        self._erasures = erasures

    async def conversations(self, *, archived: bool = False) -> list[Conversation]:
        """Pinned ones first, then by the newest message."""
        floors = self._erasures.floors()
        shown = []
        for conversation in await self._table.listed(archived=archived):
            if conversation.id not in floors:
                shown.append(conversation)
            elif not self._erasures.is_deleted(conversation.id):
                shown.append(await self._table.get(conversation.id, floor=floors[conversation.id]))
        return shown

    async def page(self, query: PageQuery) -> list[Conversation]:
        """Part of the list, for who reads it bit by bit."""
        floors = self._erasures.floors()
        shown: list[Conversation] = []
        while True:
            found = await self._table.page(query)
            left = [row for row in found if not self._erasures.is_deleted(row.id)]
            shown += [await self._table.get(row.id, floor=floors[row.id]) if row.id in floors else row for row in left]
            if len(left) == len(found) or len(found) < query.limit:
                return shown
            query = replace(query, after=position(found[-1], query.order), limit=len(found) - len(left))

    async def listed(self, offset: int, limit: int, *, archived: bool = False) -> list[Conversation]:
        """A part of `conversations`, by its place in that list."""
        floors = self._erasures.floors()
        hidden = [key for key in floors if self._erasures.is_deleted(key)]
        found = await self._table.listed(archived=archived, limit=limit, offset=offset, without=hidden)
        return [await self._table.get(row.id, floor=floors[row.id]) if row.id in floors else row for row in found]

    async def totals(self) -> Totals:
        """Of all that `listed` has, and of what is unread in it."""
        floors = self._erasures.floors()
        return await self._table.totals(without=[key for key in floors if self._erasures.is_deleted(key)])

    async def titles(self, conversation_ids: Collection[str]) -> Mapping[str, str]:
        """The names of these conversations; one that is gone is left out."""
        return await self._table.titles(conversation_ids)

    async def conversation(self, conversation_id: str) -> Conversation:
        return await self._table.get(conversation_id, floor=self._erasures.floor(conversation_id))

    async def before(self, conversation_id: str, number: int | None, limit: int) -> list[Message]:
        """The `limit` messages before `number` (the newest ones for None), oldest first; those in threads are left out."""
        return await self._table.before(conversation_id, number, limit, floor=self._erasures.floor(conversation_id))

    async def after(self, conversation_id: str, number: int, limit: int) -> list[Message]:
        return await self._table.after(conversation_id, number, limit, floor=self._erasures.floor(conversation_id))

    async def count(self, conversation_id: str, *, before: int | None = None) -> int:
        """How many messages it has, or has before a number; those in threads are left out."""
        return await self._table.count(conversation_id, before=before, floor=self._erasures.floor(conversation_id))

    async def number_at(self, conversation_id: str, index: int) -> int | None:
        """The number of the message with `index` others before it."""
        return await self._table.number_at(conversation_id, index, floor=self._erasures.floor(conversation_id))

    async def thread(self, conversation_id: str, run_id: str, *, after: int = 0, limit: int = 500) -> list[Message]:
        """The messages with a number above `after` that belong to the delegations of a run, oldest first."""
        floor = self._erasures.floor(conversation_id)
        return await self._table.thread(conversation_id, run_id, after=after, limit=limit, floor=floor)

    async def thread_counts(self, conversation_id: str, run_ids: Sequence[str]) -> Mapping[str, int]:
        """How many messages the thread of each run has; a run without a thread is left out."""
        return await self._table.thread_counts(conversation_id, run_ids, floor=self._erasures.floor(conversation_id))

    async def message(self, message_id: str) -> Message | None:
        """With the id of a conversation that shows it: where it lies, if that does. None where none does."""
        found = await self._table.message(message_id)
        if found is None:
            return None
        floors = self._erasures.floors()
        for conversation_id in await self._table.showing(found):
            if found.number > floors.get(conversation_id, 0):
                return replace(found, conversation_id=conversation_id)
        return None

    async def shown_message(self, conversation_id: str, message_id: str) -> Message | None:
        """A message that a conversation shows, be it its own or of its stem."""
        floor = self._erasures.floor(conversation_id)
        return await self._table.shown_message(conversation_id, message_id, floor=floor)

    async def typed(self, conversation_id: str) -> list[str]:
        """What people wrote in a conversation, newest first."""
        return await self._table.typed(conversation_id, floor=self._erasures.floor(conversation_id))

    async def meter(self, conversation_id: str) -> Meter:
        """Of the runs that were asked for here, not in what it grew out of."""
        await self.conversation(conversation_id)
        return await self._table.meter(conversation_id)

    async def search(self, words: str, *, conversation_id: str = "") -> Found:
        """In everything, or in what one conversation has."""
        words = words.encode("utf-8", "replace").decode()
        titled = await self.titled(words) if words.strip() and not conversation_id else []
        return Found(tuple(titled), tuple(await self.find(words, MAX_HITS, conversation_id=conversation_id)))

    async def find(self, words: str, limit: int, *, conversation_id: str = "") -> list[Hit]:
        floors = self._erasures.floors()
        return await self._table.search(words, limit=limit, floors=floors, conversation_id=conversation_id)

    async def titled(self, words: str) -> list[Conversation]:
        return [found for found in await self._table.titled(words) if not self._erasures.is_deleted(found.id)]

    async def unread(self) -> int:
        return sum(conversation.unread for conversation in await self.conversations())
