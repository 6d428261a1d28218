"""Names conversations by what they are about, once, where a model can: until then, and where none can, by their first words.

A model is asked after the first answer of an agent, and never about a conversation that a person named. What it says is a name and
nothing more: one line, of bounded length. That it fails changes nothing.
"""

from __future__ import annotations

import asyncio
import logging

from chainbot_desktop.chat.answer_stream import note_of
from chainbot_desktop.chat.plain_words import without_markup
from chainbot_desktop.chat.reading import Reading
from chainbot_desktop.core.errors import ChainBotError, NotFound
from chainbot_desktop.core.events.envelope import SYSTEM
from chainbot_desktop.core.ports import Wording
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.store.conversations import ConversationTable

_log = logging.getLogger(__name__)

MOST_WAITING = 20
"""Conversations that may wait for their name: the others keep their first words."""

_ANSWER_WITHIN = 60.0
_LOOKED_AT = 20
"""Messages among which the first answer is."""
_EXCERPT = 2_000
_LONGEST = 60
_QUOTES = "\"'“”„«»"


class Titles:
    """Use on the loop's thread. One model is asked at a time."""

    def __init__(self, reading: Reading, table: ConversationTable, wording: Wording, tasks: Tasks) -> None:
        self._reading = reading
        self._table = table
        self._wording = wording
        self._tasks = tasks
        self._waiting: set[asyncio.Task[None]] = set()
        self._one = asyncio.Lock()
        self._closed = False

    def answered(self, conversation_id: str, message_id: str) -> None:
        """An agent has said something: perhaps the first answer."""
        if self._closed or len(self._waiting) >= MOST_WAITING:
            return
        task = self._tasks.spawn(f"chat-title-{message_id}", self._name(conversation_id, message_id))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def close(self) -> None:
        self._closed = True
        waiting = tuple(self._waiting)
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting)

    async def _name(self, conversation_id: str, message_id: str) -> None:
        async with self._one:
            try:
                exchange = await self._first_exchange(conversation_id, message_id)
                if not exchange:
                    return
                async with asyncio.timeout(_ANSWER_WITHIN):
                    said = await self._wording.title(exchange)
                title = title_in(said or "")
                if title and await self._may_name(conversation_id):
                    await self._table.rename(conversation_id, title, actor=SYSTEM, by="model")
            except NotFound:
                return  # deleted meanwhile
            except (ChainBotError, TimeoutError) as error:
                _log.info("a conversation keeps its first words as its name: %s", error or "no answer came in time")

    async def _first_exchange(self, conversation_id: str, message_id: str) -> str:
        """What was asked and answered first; empty where this message is not that answer, or where there is a name."""
        if not await self._may_name(conversation_id):
            return ""
        beginning = await self._reading.after(conversation_id, 0, _LOOKED_AT)
        answer = next((message for message in beginning if message.author.startswith("agent:")), None)
        if answer is None or answer.id != message_id or not _is_of_a_model(answer):
            return ""
        asked = [message for message in beginning if message.number < answer.number and message.kind == "text"]
        parts = [f"Question: {message.text[:_EXCERPT]}" for message in asked[-1:]]
        return "\n\n".join([*parts, f"Answer: {answer.text[:_EXCERPT]}"])

    async def _may_name(self, conversation_id: str) -> bool:
        return (await self._reading.conversation(conversation_id)).named_by == "words"


def title_in(said: str) -> str:
    """The title in what a model said; empty where there is none in it."""
    line = next((line for line in map(str.strip, said.splitlines()) if line), "")
    words = without_markup("".join(sign if sign.isprintable() else " " for sign in line)).removeprefix("Title:").split()
    title = " ".join(words).strip("#*` ").rstrip(".")
    if title[:1] in _QUOTES:
        title = title.strip(_QUOTES).rstrip(".")
    return title if len(title) <= _LONGEST else title[: _LONGEST - 1].rsplit(" ", 1)[0] + "…"


def _is_of_a_model(answer: Message) -> bool:
    """What a program or the demonstration's model answered is given to no other model for its name's sake."""
    note = note_of(answer.detail)
    return note is not None and bool(note.model) and not note.demonstration
