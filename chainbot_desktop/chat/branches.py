"""Conversations that grow out of others: branch, fork, edit and resend, and an answer that comes back to the stem."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Protocol

from chainbot_desktop.chat.erasures import Erasures
from chainbot_desktop.chat.posted import Posted
from chainbot_desktop.chat.reading import Reading
from chainbot_desktop.chat.written import MAX_TITLE
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ports import TalkAttachment
from chainbot_desktop.store.conversation_rows import Conversation, Message
from chainbot_desktop.store.conversations import ConversationTable

_NUMBERED = re.compile(r" \(\d{1,6}\)$")


class Posting(Protocol):
    async def __call__(
        self, conversation_id: str, text: str, *, actor: Actor, attachments: Sequence[TalkAttachment], to: Sequence[str]
    ) -> Posted: ...


class Branches:
    """Use on the loop's thread."""

    def __init__(self, reading: Reading, table: ConversationTable, erasures: Erasures, post: Posting) -> None:
        self._reading = reading
        self._table = table
        self._erasures = erasures
        self._post = post

    async def at(self, conversation_id: str, message_id: str, *, actor: Actor) -> Conversation:
        source = await self._reading.conversation(conversation_id)
        message = await self._reading.shown_message(conversation_id, message_id)
        if message is None or message.thread:
            raise NotFound("This message is not in the conversation.", hint="Choose another one to branch at.")
        return await self._grow(source, message, actor)

    async def at_end(self, conversation_id: str, *, actor: Actor) -> Conversation:
        source = await self._reading.conversation(conversation_id)
        newest = await self._reading.before(conversation_id, None, 1)
        if not newest:
            raise InvalidInput("There is nothing here to go on from: the conversation is empty.", code="empty_conversation")
        return await self._grow(source, newest[0], actor)

    async def instead_of(
        self,
        message_id: str,
        text: str,
        *,
        conversation_id: str,
        attachments: Sequence[TalkAttachment],
        to: Sequence[str],
        actor: Actor,
    ) -> Posted:
        edited = await self._edited(message_id, conversation_id)
        source = await self._reading.conversation(conversation_id or edited.conversation_id)
        before = await self._reading.before(source.id, edited.number, 1)
        branch = await self._grow(source, before[0] if before else None, actor)
        try:
            return await self._post(branch.id, text, actor=actor, attachments=attachments, to=to)
        except BaseException:
            # What was written cannot be sent as it is: nothing of it stays, and the editor still has it.
            await asyncio.shield(self._table.delete(branch.id, actor=actor))
            raise

    async def merge_back(self, message_id: str, *, read: bool, actor: Actor) -> Message:
        answer = await self._table.message(message_id)
        if answer is None:
            raise NotFound("This message does not exist any more.")
        branch = await self._reading.conversation(answer.conversation_id)
        if not branch.branched_from:
            raise InvalidInput("This conversation grew out of no other.", code="not_a_branch")
        if answer.kind != "text" or answer.thread:
            raise InvalidInput("Only what was said in a branch can come back from it.", code="not_an_answer")
        stem = await self._reading.conversation(branch.branched_from)
        if await self._is_merged(answer):
            raise Conflict(f"This answer is in “{stem.title}” already.", code="merged_already")
        merged_from = {"conversation_id": branch.id, "message_id": answer.id}
        # What it asked of agents was asked in the branch.
        kept = {name: value for name, value in answer.detail.items() if name != "runs"}
        detail = {**kept, "merged_from": merged_from}
        merged = await self._table.post(stem.id, answer.text, author=answer.author, detail=detail, read=read)
        merged_into = {"conversation_id": stem.id, "message_id": merged.id}
        await self._table.set_detail(answer, {**answer.detail, "merged_into": merged_into}, actor=actor)
        return merged

    async def _edited(self, message_id: str, conversation_id: str) -> Message:
        if conversation_id:
            found = await self._reading.shown_message(conversation_id, message_id)
        else:
            found = await self._reading.message(message_id)
        if found is None:
            raise NotFound("This message does not exist any more.")
        if found.author.startswith(("agent:", "system:")) or found.kind not in ("text", "command") or found.thread:
            raise InvalidInput("Only what a person wrote can be edited and sent again.", code="not_editable")
        return found

    async def _is_merged(self, answer: Message) -> bool:
        into = answer.detail.get("merged_into")
        return isinstance(into, dict) and await self._reading.message(str(into.get("message_id", ""))) is not None

    async def _grow(self, source: Conversation, at: Message | None, actor: Actor) -> Conversation:
        # Where nothing is shared its own first words name it.
        title = await self._free_title(source.title) if at is not None and source.title else ""
        floor = self._erasures.floor(source.id)
        return await self._table.branch(source, at, title=title, floor=floor, actor=actor)

    async def _free_title(self, title: str) -> str:
        """The title of the stem with the first number that no other conversation has there."""
        base = _NUMBERED.sub("", title)[: MAX_TITLE - 9]
        taken = {found.title for found in await self._table.titled(f"{base} (", limit=1000)}
        return next(name for number in range(2, len(taken) + 3) if (name := f"{base} ({number})") not in taken)
