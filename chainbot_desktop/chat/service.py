"""Conversations as people and other programs use them: every window, the API and the slash commands go through here.

Clearing and deleting take effect at once for everybody and are carried out when the time for undoing them is up, or when the
program ends. What was not carried out by then (it was killed, or there was much to erase) stays hidden, and is at the next start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from chainbot_desktop.chat.addressing import Addressed
from chainbot_desktop.chat.agent_answers import AgentAnswers
from chainbot_desktop.chat.agent_commands import AgentCommands
from chainbot_desktop.chat.builtin_commands import BuiltinCommands, StatusProbes
from chainbot_desktop.chat.commands import Answer, CommandRegistry, Place, Undoable, is_command
from chainbot_desktop.chat.export import ExportFile
from chainbot_desktop.chat.offered_commands import OfferedCommands
from chainbot_desktop.chat.plain_words import without_markup
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.errors import InvalidInput, NotFound, TooLarge
from chainbot_desktop.core.events import (
    ConversationCleared,
    ConversationCreated,
    ConversationDeleted,
    ConversationRenamed,
    MessagePosted,
    Recorded,
)
from chainbot_desktop.core.events.envelope import SYSTEM, Actor
from chainbot_desktop.core.ports import AgentTalk, Journal, Preferences, TalkDelivery
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversation_rows import Conversation, Hit, Message
from chainbot_desktop.store.conversations import ConversationTable

_log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 1024 * 1024
MAX_TITLE = 200
UNDO_SECONDS = 10.0
_EVERYTHING = 2**62
_EXPORT_PAGE = 500
_LAST_OPEN = "chat.open_conversation"
_TO_ERASE = "chat.to_erase"

ChatEvent = ConversationCleared | ConversationCreated | ConversationDeleted | ConversationRenamed | MessagePosted


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is reached outside of the conversations. `workspace` is the folder that the Code Agent window has open.

    With `talk`, agents answer the messages that address them.
    """

    status: StatusProbes
    export_folder: Path
    workspace: Callable[[], Path | None]
    talk: AgentTalk | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of a line: the conversation it went to, and the command's answer where it was a command."""

    conversation_id: str
    message: Message | None
    answer: Answer


@dataclass(frozen=True, slots=True)
class Found:
    """What a search over everything found."""

    conversations: tuple[Conversation, ...]
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Something about a conversation is different. `message_id` where a message was posted."""

    conversation_id: str
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class _Pending:
    """A clearing up to number `through`, or a deletion (`whole`), that can still be undone."""

    through: int
    whole: bool
    actor: Actor


class ChatService:
    """Use on the loop's thread, between `open` and `close`. `me` is who sits at the panel.

    `answers` is None where no agents can run.
    """

    def __init__(
        self,
        table: ConversationTable,
        journal: Journal,
        bus: EventBus,
        tasks: Tasks,
        preferences: Preferences,
        around: Surroundings,
        *,
        me: Actor = "user:admin",
        undo_seconds: float = UNDO_SECONDS,
    ) -> None:
        self._table = table
        self._bus = bus
        self._tasks = tasks
        self._preferences = preferences
        self._export_folder = around.export_folder
        self._undo_seconds = undo_seconds
        self._pending: dict[str, _Pending] = {}
        self._listeners: list[Callable[[Change], None]] = []
        self.me = me
        self.commands = CommandRegistry()
        self.answers = AgentAnswers(around.talk, table, preferences, tasks) if around.talk is not None else None
        self.offered = OfferedCommands(
            lambda: self.answers.agents if self.answers else (),
            self.commands.__contains__,
            around.talk.prepare if around.talk is not None else lambda agent_id: None,
        )
        BuiltinCommands(self, journal, around.status, around.workspace).register_in(self.commands, self.offered)
        if self.answers is not None:
            AgentCommands(self.answers, self.conversation).register_in(self.commands)
        self._subscription = bus.subscribe(
            self._on_event, ConversationCleared, ConversationCreated, ConversationDeleted, ConversationRenamed, MessagePosted
        )

    async def open(self) -> None:
        """Hide and carry out what an earlier run of the program left to be erased."""
        for conversation_id, (through, whole, actor) in (await self._preferences.get(_TO_ERASE) or {}).items():
            self._pending[conversation_id] = _Pending(through, whole, actor)
            self._tasks.spawn(f"chat-erase-{conversation_id}", self._carry_out(conversation_id))
        if self.answers is not None:
            await self.answers.open()

    async def close(self) -> None:
        """Carry out what waits for its undo time. Call before the journal closes."""
        self._subscription.cancel()
        if self.answers is not None:
            await self.answers.close()
        for conversation_id in list(self._pending):
            await self._carry_out(conversation_id)

    def on_change(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` on the loop's thread at every change; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    # What is there

    async def conversations(self, *, archived: bool = False) -> list[Conversation]:
        """Pinned ones first, then by the newest message."""
        shown = []
        for conversation in await self._table.listed(archived=archived):
            pending = self._pending.get(conversation.id)
            if pending is None:
                shown.append(conversation)
            elif not pending.whole:
                shown.append(await self._table.get(conversation.id, floor=pending.through))
        return shown

    async def conversation(self, conversation_id: str) -> Conversation:
        """NotFound where there is none, or none any more."""
        return await self._table.get(conversation_id, floor=self._visible_floor(conversation_id))

    async def before(self, conversation_id: str, number: int | None, limit: int) -> list[Message]:
        """The `limit` messages before `number` (the newest ones for None), oldest first."""
        return await self._table.before(conversation_id, number, limit, floor=self._visible_floor(conversation_id))

    async def after(self, conversation_id: str, number: int, limit: int) -> list[Message]:
        return await self._table.after(conversation_id, number, limit, floor=self._visible_floor(conversation_id))

    async def count(self, conversation_id: str, *, before: int | None = None) -> int:
        """How many messages it has, or has before a number."""
        return await self._table.places.count(conversation_id, before=before, floor=self._visible_floor(conversation_id))

    async def number_at(self, conversation_id: str, index: int) -> int | None:
        """The number of the message with `index` others before it."""
        return await self._table.places.number_at(conversation_id, index, floor=self._visible_floor(conversation_id))

    async def message(self, message_id: str) -> Message | None:
        found = await self._table.message(message_id)
        if found is None:
            return None
        pending = self._pending.get(found.conversation_id)
        return None if pending is not None and found.number <= pending.through else found

    async def typed(self, conversation_id: str) -> list[str]:
        """What people wrote in a conversation, newest first."""
        return await self._table.typed(conversation_id)

    async def search(self, words: str) -> Found:
        words = words.encode("utf-8", "replace").decode()
        titled = await self.titled(words) if words.strip() else []
        return Found(tuple(titled), tuple(await self.find(words, 100)))

    async def find(self, words: str, limit: int) -> list[Hit]:
        floors = {conversation_id: pending.through for conversation_id, pending in self._pending.items()}
        return await self._table.search(words, limit=limit, floors=floors)

    async def titled(self, words: str) -> list[Conversation]:
        return [c for c in await self._table.titled(words) if c.id not in self._pending or not self._pending[c.id].whole]

    async def unread(self) -> int:
        return sum(conversation.unread for conversation in await self.conversations())

    async def last_open(self) -> str:
        """The conversation that was shown last, also before a restart; may be gone."""
        return str(await self._preferences.get(_LAST_OPEN) or "")

    # What can be done

    async def begin(self, title: str = "", *, actor: Actor | None = None) -> Conversation:
        return await self._table.create(_checked_title(title) if title else "", actor=actor or self.me)

    async def with_agent(self, agent_id: str) -> Conversation:
        """The newest conversation that this agent leads, else a new one that it leads. NotFound where it does not run here."""
        answers = self.answers
        if answers is None or not any(agent.id == agent_id for agent in answers.agents):
            raise NotFound("This agent does not run here: nobody would answer.", hint="@name asks those that do.")
        for conversation in await self.conversations():
            if answers.lead(conversation) == agent_id:
                return conversation
        begun = await self.begin()
        await answers.give_lead(begun.id, agent_id)
        return begun

    async def rename(self, conversation_id: str, title: str, *, actor: Actor | None = None) -> None:
        self._visible_floor(conversation_id)
        await self._table.rename(conversation_id, _checked_title(title), actor=actor or self.me)

    async def pin(self, conversation_id: str, pinned: bool) -> None:
        await self._table.set_pinned(conversation_id, pinned)
        self._tell(Change(conversation_id))

    async def archive(self, conversation_id: str, archived: bool) -> None:
        await self._table.set_archived(conversation_id, archived)
        self._tell(Change(conversation_id))

    async def save_draft(self, conversation_id: str, draft: str) -> None:
        """Keep what is half written; of a conversation that is gone, nothing."""
        try:
            await self._table.save_draft(conversation_id, draft[:MAX_MESSAGE_BYTES].encode("utf-8", "replace").decode())
        except NotFound:
            _log.debug("a draft of a deleted conversation was dropped")

    async def mark_read(self, conversation_id: str, number: int) -> None:
        await self._table.mark_read(conversation_id, number)
        self._tell(Change(conversation_id))

    async def remember_open(self, conversation_id: str) -> None:
        await self._preferences.set(_LAST_OPEN, conversation_id)

    async def post(
        self, conversation_id: str, text: str, *, actor: Actor | None = None, delivery: TalkDelivery = "queue"
    ) -> Posted:
        """Keep what was written and, if it is a command, what that answers. `//` at the start is a slash that is no command.

        What a person writes is given to the agents it addresses; `delivery` is for those that work already.
        """
        author = actor or self.me
        text = _checked_text(text)
        conversation = await self.conversation(conversation_id)
        # An agent that writes asks nobody by that: how deep agents may call agents is the runtime's to count.
        asks = not author.startswith("agent:")
        meant = self.meant(text, self.answers.lead(conversation)) if self.answers is not None and asks else None
        if meant is None and is_command(text):
            return await self._run(conversation_id, text, author)
        body = _body(text)
        title = _title_of(meant.task if meant is not None and meant.agents else body)
        message = await self._table.post(conversation_id, body, author=author, title=title, read=author == self.me)
        if self.answers is not None and meant is not None:
            await self.answers.ask(conversation, meant, actor=author, delivery=delivery)
        return Posted(conversation_id, message, Answer())

    def meant(self, text: str, lead: str) -> Addressed | None:
        """Whom of the agents a line is for where `lead` leads; None for a command of the panel's own, or where no agents can run.

        InvalidInput where that cannot be said, or where there is nothing to do for them.
        """
        if self.answers is None:
            return None
        offered = self.offered.addressed(text, lead)
        if offered is not None or is_command(text):
            return offered
        return self.answers.addressed(lead, _body(text))

    async def _run(self, conversation_id: str, text: str, author: Actor) -> Posted:
        # A command that cannot be run leaves nothing in the conversation: its error goes to who typed it.
        invocation = self.commands.parse(text)
        answer = await self.commands.run(invocation, Place(conversation_id, author))
        if not answer.text:
            return Posted(conversation_id, None, answer)
        mine = author == self.me
        typed = await self._table.post(conversation_id, text, author=author, kind="command", read=mine)
        await self._table.post(conversation_id, answer.text, author=SYSTEM, kind="system", read=mine)
        if answer.after is not None:
            await answer.after()
        return Posted(conversation_id, typed, answer)

    async def clear(self, conversation_id: str, *, actor: Actor | None = None) -> Undoable:
        newest = await self.before(conversation_id, None, 1)
        if not newest:
            raise InvalidInput("There is nothing to clear here: the conversation is empty.")
        await self._carry_out(conversation_id)
        await self._set_aside(conversation_id, _Pending(newest[0].number, False, actor or self.me))
        return self._undoable(conversation_id, "The conversation was cleared.")

    async def delete(self, conversation_id: str, *, actor: Actor | None = None) -> Undoable:
        gone = await self.conversation(conversation_id)
        await self._carry_out(conversation_id)
        await self._set_aside(conversation_id, _Pending(_EVERYTHING, True, actor or self.me))
        return self._undoable(conversation_id, f"“{gone.title or 'New conversation'}” was deleted.")

    async def export(self, conversation_id: str, form: str = "markdown", path: str = "") -> Path:
        """Save a conversation as a file; its path. ExportFailed or Conflict where the file cannot be."""
        conversation = await self.conversation(conversation_id)
        file = await asyncio.to_thread(ExportFile, conversation, form, path, self._export_folder)
        try:
            number = 0
            while page := await self.after(conversation_id, number, _EXPORT_PAGE):
                page = [message for message in page if message.number <= conversation.last_number]
                await asyncio.to_thread(file.add, page)
                number = page[-1].number if page else conversation.last_number
                if number >= conversation.last_number:
                    break
            return await asyncio.to_thread(file.finish)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(file.abandon))
            raise

    # Clearing and deleting, in two steps

    def _visible_floor(self, conversation_id: str) -> int:
        pending = self._pending.get(conversation_id)
        if pending is not None and pending.whole:
            raise NotFound("This conversation was deleted.", hint="Undo it within a few seconds, or begin a new one.")
        return pending.through if pending is not None else 0

    async def _set_aside(self, conversation_id: str, pending: _Pending) -> None:
        self._pending[conversation_id] = pending
        await self._save_pending()
        self._tasks.spawn(f"chat-erase-{conversation_id}", self._carry_out_later(conversation_id, pending))
        self._tell(Change(conversation_id))

    def _undoable(self, conversation_id: str, text: str) -> Undoable:
        pending = self._pending[conversation_id]

        async def undo() -> None:
            if self._pending.get(conversation_id) is not pending:
                raise NotFound("It is too late to undo this.")
            del self._pending[conversation_id]
            await self._save_pending()
            self._tell(Change(conversation_id))

        return Undoable(text, undo, self._undo_seconds)

    async def _carry_out_later(self, conversation_id: str, pending: _Pending) -> None:
        await asyncio.sleep(self._undo_seconds)
        if self._pending.get(conversation_id) is pending:
            await self._carry_out(conversation_id)

    async def _carry_out(self, conversation_id: str) -> None:
        pending = self._pending.get(conversation_id)
        if pending is None:
            return
        # From here on it cannot be undone, and stays hidden until it is gone.
        self._pending[conversation_id] = replace(pending)
        if pending.whole:
            await self._table.delete(conversation_id, actor=pending.actor)
        else:
            await self._table.clear(conversation_id, pending.through, actor=pending.actor)
        self._pending.pop(conversation_id, None)
        await self._save_pending()
        self._tell(Change(conversation_id))

    async def _save_pending(self) -> None:
        await self._preferences.set(_TO_ERASE, {key: (p.through, p.whole, p.actor) for key, p in self._pending.items()})

    def _on_event(self, recorded: Recorded[ChatEvent]) -> None:
        data = recorded.event.data
        self._tell(Change(data.conversation_id, getattr(data, "message_id", "")))

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)


def _checked_title(title: str) -> str:
    title = " ".join(title.split())
    if not title:
        raise InvalidInput("A conversation needs a name.", code="empty_title")
    if len(title) > MAX_TITLE:
        raise InvalidInput(f"A name may have {MAX_TITLE} characters; this one has {len(title)}.", code="title_too_long")
    return _encodable(title)


def _checked_text(text: str) -> str:
    text = _encodable(text)
    if not text.strip():
        raise InvalidInput("There is nothing to send yet.", code="empty_message")
    if len(text.encode()) > MAX_MESSAGE_BYTES:
        raise TooLarge("A message may have 1 MiB; this one is larger.", hint="Save it as a file and name the file instead.")
    return text


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput("The text has half of a character in it and cannot be kept.", code="bad_text") from None
    return text


def _body(text: str) -> str:
    """What is kept of a line: `//` at its start is a slash that is no command."""
    return text[1:] if text.startswith("//") else text


def _title_of(text: str) -> str:
    """The first words of a message, as the name of a conversation that has none."""
    line = without_markup(text.split("\n", 1)[0]).strip("#*> ") or "New conversation"
    return line if len(line) <= 48 else line[:47].rsplit(" ", 1)[0] + "…"
