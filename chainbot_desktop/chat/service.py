"""Conversations as people and other programs use them: every window, the API and the slash commands go through here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from chainbot_desktop.chat.addressing import Addressed
from chainbot_desktop.chat.agent_answers import MAX_DEPTH, AgentAnswers
from chainbot_desktop.chat.agent_commands import AgentCommands
from chainbot_desktop.chat.attachments import AttachmentService
from chainbot_desktop.chat.branches import Branches
from chainbot_desktop.chat.builtin_commands import BuiltinCommands, StatusProbes
from chainbot_desktop.chat.changes import Change, Changes
from chainbot_desktop.chat.commands import Answer, CommandRegistry, Place, Undoable, is_command
from chainbot_desktop.chat.erasures import Erasures
from chainbot_desktop.chat.export import Export, save
from chainbot_desktop.chat.offered_commands import OfferedCommands
from chainbot_desktop.chat.posted import Posted
from chainbot_desktop.chat.reading import Found, Reading
from chainbot_desktop.chat.titles import Titles
from chainbot_desktop.chat.turns import TurnSource
from chainbot_desktop.chat.written import (
    MAX_MESSAGE_BYTES,
    MAX_TITLE,
    attachment_details,
    body_of,
    checked_text,
    checked_title,
    title_of,
)
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.errors import InvalidInput, NotFound, TooLarge
from chainbot_desktop.core.events.envelope import SYSTEM, Actor
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.core.ports import (
    AgentTalk,
    IdempotencyKey,
    Journal,
    Preferences,
    TalkAgent,
    TalkAttachment,
    TalkDelivery,
    Wording,
)
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversation_rows import Conversation, Message, TurnOrder
from chainbot_desktop.store.conversations import ConversationTable

__all__ = ["MAX_MESSAGE_BYTES", "MAX_TITLE", "Change", "ChatService", "Found", "Posted", "Surroundings"]

_log = logging.getLogger(__name__)

MAX_MEMBERS = 50
UNDO_SECONDS = 10.0
_LAST_OPEN = "chat.open_conversation"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is reached outside of the conversations. `workspace` is the folder that the Code Agent window has open.

    With `talk`, agents answer the messages that address them. With `wording`, a model names conversations.
    """

    status: StatusProbes
    export_folder: Path
    workspace: Callable[[], Path | None]
    talk: AgentTalk | None = None
    attachments: AttachmentService | None = None
    turns: TurnSource | None = None
    """Recalls for each turn, where something does."""
    max_depth: int = MAX_DEPTH
    """How deep agents may ask agents."""
    wording: Wording | None = None


class ChatService(Reading):
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
        self._changes = Changes(bus)
        self._tell = self._changes.tell
        self._erasures = Erasures(
            table, preferences, tasks, lambda id_: self._tell(Change(id_)), undo_seconds, around.attachments
        )
        super().__init__(table, self._erasures)
        self._tasks = tasks
        self._preferences = preferences
        self.attachments = around.attachments
        self.export_folder = around.export_folder
        self._drafts: dict[str, str] = {}
        self.me = me
        self.commands = CommandRegistry()
        self.answers = self._make_answers(around)
        self.offered = OfferedCommands(
            lambda: self.answers.agents if self.answers else (),
            self.commands.__contains__,
            around.talk.prepare if around.talk is not None else lambda agent_id: None,
        )
        self._titles = Titles(self, table, around.wording, tasks) if around.wording is not None else None
        self._branches = Branches(self, table, self._erasures, self.post)
        BuiltinCommands(self, journal, around.status, around.workspace).register_in(self.commands, self.offered)
        if self.answers is not None:
            AgentCommands(self.answers, self.conversation).register_in(self.commands)
        if self._titles is not None:
            self._changes.on_answer = self._titles.answered

    def _make_answers(self, around: Surroundings) -> AgentAnswers | None:
        if around.talk is None:
            return None
        return AgentAnswers(
            around.talk,
            self._table,
            self._preferences,
            self._tasks,
            source=around.turns,
            floor=lambda conversation_id: self._erasures.floors().get(conversation_id, 0),
            max_depth=around.max_depth,
        )

    async def open(self) -> None:
        """Carry out what an earlier run of the program left to be erased, and take up the answers that were under way."""
        if self.attachments is not None:
            await self.attachments.open()
            self._tasks.spawn("chat-attachments", self.attachments.clean())
        await self._erasures.open()
        if self.answers is not None:
            await self.answers.open()

    async def close(self) -> None:
        """Carry out what waits for its undo time. Call before the journal closes."""
        self._changes.close()
        if self._titles is not None:
            await self._titles.close()
        if self.answers is not None:
            await self.answers.close()
        await self._erasures.close()

    def on_change(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` on the loop's thread at every change; returns what ends it."""
        return self._changes.add(listener)

    async def last_open(self) -> str:
        """The conversation that was shown last, also before a restart; may be gone."""
        return str(await self._preferences.get(_LAST_OPEN) or "")

    async def remember_open(self, conversation_id: str) -> None:
        await self._preferences.set(_LAST_OPEN, conversation_id)

    # Conversations

    async def begin(
        self,
        title: str = "",
        *,
        lead: str = "",
        turn_order: TurnOrder = "lead",
        members: Sequence[str] = (),
        actor: Actor | None = None,
        key: IdempotencyKey | None = None,
    ) -> Conversation:
        """InvalidInput, and none is begun, for an agent that is not here."""
        if lead:
            self._require_agents([lead])
        return await self._table.create(
            checked_title(title) if title else "",
            lead=lead,
            turn_order=turn_order,
            members=self._checked_members(members),
            actor=actor or self.me,
            key=key,
        )

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
        self._erasures.floor(conversation_id)
        await self._table.rename(conversation_id, checked_title(title), actor=actor or self.me)

    async def pin(self, conversation_id: str, pinned: bool) -> None:
        await self.update(conversation_id, pinned=pinned)

    async def archive(self, conversation_id: str, archived: bool) -> None:
        await self.update(conversation_id, archived=archived)

    async def update(
        self,
        conversation_id: str,
        *,
        title: str | None = None,
        pinned: bool | None = None,
        archived: bool | None = None,
        lead: str | None = None,
        members: Sequence[str] | None = None,
        turn_order: TurnOrder | None = None,
        actor: Actor | None = None,
    ) -> Conversation:
        """Change what is given, as it is afterwards. A `lead` of "" is nobody.

        InvalidInput, and nothing is changed, for an agent that is not here.
        """
        await self.conversation(conversation_id)
        checked = checked_title(title) if title is not None else None
        given = {"pinned": pinned, "archived": archived, "turn_order": _checked_order(turn_order)}
        values: dict[str, object] = {name: value for name, value in given.items() if value is not None}
        if members is not None:
            values["members"] = self._checked_members(members)
        if lead:
            self._require_agents([lead])
        if checked is not None:
            await self._table.rename(conversation_id, checked, actor=actor or self.me)
        if values:
            await self._table.change(conversation_id, values, actor=actor or self.me)
        if lead is not None:
            await self._set_lead(conversation_id, lead, actor or self.me)
        return await self.conversation(conversation_id)

    async def conversation(self, conversation_id: str) -> Conversation:
        """NotFound where there is none, or none any more. Its draft is the newest, also while that is still being written down."""
        before = self._drafts.get(conversation_id)
        found = await super().conversation(conversation_id)
        draft = self._drafts.get(conversation_id, before)
        return found if draft is None else replace(found, draft=draft)

    async def save_draft(self, conversation_id: str, draft: str) -> None:
        """Keep what is half written; of a conversation that is gone, nothing."""
        draft = draft[:MAX_MESSAGE_BYTES].encode("utf-8", "replace").decode()
        self._drafts[conversation_id] = draft
        try:
            await self._table.save_draft(conversation_id, draft)
        except NotFound:
            _log.debug("a draft of a deleted conversation was dropped")
        finally:
            if self._drafts.get(conversation_id) is draft:
                del self._drafts[conversation_id]

    async def mark_read(self, conversation_id: str, number: int) -> None:
        await self._table.mark_read(conversation_id, number)
        self._tell(Change(conversation_id))

    async def clear(self, conversation_id: str, *, actor: Actor | None = None) -> Undoable:
        await self._erasures.carry_out(conversation_id)
        newest = await self.before(conversation_id, None, 1)
        if not newest:
            raise InvalidInput("There is nothing to clear here: the conversation is empty.")
        return await self._erasures.clear(conversation_id, newest[0].number, actor=actor or self.me)

    async def delete(self, conversation_id: str, *, actor: Actor | None = None) -> Undoable:
        """Branches of it keep what they share with it."""
        gone = await self.conversation(conversation_id)
        return await self._erasures.delete(conversation_id, gone.title, actor=actor or self.me)

    # Branches

    async def branch(self, conversation_id: str, message_id: str, *, actor: Actor | None = None) -> Conversation:
        """A new conversation that shares all up to a message, this included, and goes on by itself."""
        return await self._branches.at(conversation_id, message_id, actor=actor or self.me)

    async def fork(self, conversation_id: str, *, actor: Actor | None = None) -> Conversation:
        """A branch at the newest message. InvalidInput where there is none."""
        return await self._branches.at_end(conversation_id, actor=actor or self.me)

    async def edit_and_resend(
        self,
        message_id: str,
        text: str,
        *,
        conversation_id: str = "",
        attachments: Sequence[TalkAttachment] = (),
        to: Sequence[str] = (),
        actor: Actor | None = None,
    ) -> Posted:
        """Post `text` instead of a message that somebody wrote, in a branch that shares what was before it.

        `conversation_id` is the branch in which it was edited, where that is another one than the message's own.
        """
        return await self._branches.instead_of(
            message_id, text, conversation_id=conversation_id, attachments=attachments, to=to, actor=actor or self.me
        )

    async def merge_back(self, message_id: str, *, actor: Actor | None = None) -> Message:
        """Post an answer of a branch in the conversation that it grew out of. Conflict where it was done before."""
        author = actor or self.me
        return await self._branches.merge_back(message_id, read=author == self.me, actor=author)

    # Messages

    async def post(
        self,
        conversation_id: str,
        text: str,
        *,
        actor: Actor | None = None,
        delivery: TalkDelivery = "queue",
        attachments: Sequence[TalkAttachment] = (),
        to: Sequence[str] = (),
        key: IdempotencyKey | None = None,
    ) -> Posted:
        """Keep what was written and, if it is a command, what that answers. `//` at the start is a slash that is no command.

        What a person writes is given to the agents it addresses, or to those of `to` (ids); `delivery` is for those that work already.
        With attachments it needs no words.
        """
        author = actor or self.me
        text = checked_text(text, attachments)
        given = await self.attachments.checked(attachments) if self.attachments is not None else tuple(attachments)
        details = attachment_details(given)
        conversation = await self.conversation(conversation_id)
        # An agent that writes asks nobody by that: how deep agents may call agents is the runtime's to count.
        asks = not author.startswith("agent:")
        meant = self.meant(text, conversation, to) if self.answers is not None and asks else None
        if meant is None and is_command(text):
            if given:
                raise InvalidInput("A command takes no attachments.", hint="Remove them, or send them with words.")
            return await self._run(conversation_id, text, author, key)
        body = body_of(text)
        if meant is not None and not meant.task.strip():
            meant = replace(meant, task=f"Look at what is attached: {', '.join(each.name for each in given)}.")
        title = title_of((meant.task if meant is not None and meant.agents else body).strip() or given[0].name)
        message = await self._table.post(
            conversation_id,
            body,
            author=author,
            title=title,
            read=author == self.me,
            detail={"attachments": details} if details else {},
            key=key,
        )
        runs: tuple[str, ...] = ()
        if self.answers is not None and meant is not None:
            runs = await self.answers.ask(
                conversation, meant, actor=author, delivery=delivery, message=message, attachments=given
            )
        if runs:
            message = await self._table.note_runs(message, runs)
        return Posted(conversation_id, message, Answer(), runs)

    def meant(self, text: str, conversation: Conversation, to: Sequence[str] = ()) -> Addressed | None:
        """Whom of the agents a line is for here; None for a command of the panel's own, or where no agents can run.

        InvalidInput where that cannot be said, or where there is nothing to do for them.
        """
        if self.answers is None:
            return None
        offered = self.offered.addressed(text, self.answers.lead(conversation)) if not to else None
        if offered is not None or (is_command(text) and not to):
            return offered
        return self.answers.meant(conversation, body_of(text), to)

    async def set_detail(self, message_id: str, detail: Mapping[str, Any], *, actor: Actor | None = None) -> None:
        """What a message has besides its text, as a whole. NotFound where there is no such message."""
        message = await self._table.message(message_id)
        if message is None:
            raise NotFound("This message does not exist any more.")
        try:
            size = len(canonical_json(dict(detail)))
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"The detail of a message is JSON: {error}.", code="bad_detail") from None
        if size > MAX_MESSAGE_BYTES:
            raise TooLarge("The detail of a message may have 1 MiB.")
        await self._table.set_detail(message, detail, actor=actor or self.me)
        for conversation_id in await self._table.showing(message):
            if conversation_id != message.conversation_id:
                self._tell(Change(conversation_id, changed_id=message_id))

    async def _run(self, conversation_id: str, text: str, author: Actor, key: IdempotencyKey | None) -> Posted:
        # A command that cannot be run leaves nothing in the conversation: its error goes to who typed it.
        invocation = self.commands.parse(text)
        answer = await self.commands.run(invocation, Place(conversation_id, author))
        if not answer.text:
            return Posted(conversation_id, None, answer)
        mine = author == self.me
        typed = await self._table.post(conversation_id, text, author=author, kind="command", read=mine, key=key)
        said = {"answers": typed.id}
        await self._table.post(conversation_id, answer.text, author=SYSTEM, kind="system", read=mine, detail=said)
        runs = (await answer.after() or ()) if answer.after is not None else ()
        if runs:
            typed = await self._table.note_runs(typed, runs)
        return Posted(conversation_id, typed, answer, runs)

    # Export

    async def export(self, conversation_id: str, form: str = "markdown", path: str = "") -> Path:
        """Save a conversation as a file; its path. ExportFailed or Conflict where the file cannot be."""
        return await save(await Export.read(self, conversation_id, form), path, self.export_folder)

    async def export_as(self, conversation_id: str, form: str = "markdown") -> Export:
        """For a caller that wants its name and media type before its bytes. NotFound, or InvalidInput for no such form."""
        return await Export.read(self, conversation_id, form)

    # Agents

    def _require_agents(self, agent_ids: Sequence[str]) -> list[TalkAgent]:
        known = {agent.id: agent for agent in self.answers.addressable} if self.answers is not None else {}
        for agent_id in agent_ids:
            if agent_id not in known:
                raise InvalidInput(
                    f"There is no agent {agent_id[:200]!r} here.", hint="/agents lists them.", code="no_such_agent"
                )
        return [known[agent_id] for agent_id in dict.fromkeys(agent_ids)]

    def _checked_members(self, members: Sequence[str]) -> list[str]:
        if len(members) > MAX_MEMBERS:
            raise InvalidInput(f"{MAX_MEMBERS} agents at most can take part.", code="too_many_members")
        return [agent.id for agent in self._require_agents(members)]

    async def _set_lead(self, conversation_id: str, agent_id: str, actor: Actor) -> None:
        if self.answers is not None:
            await self.answers.give_lead(conversation_id, agent_id)
        else:
            await self._table.change(conversation_id, {"lead": agent_id}, actor=actor)


def _checked_order(turn_order: str | None) -> str | None:
    if turn_order not in (None, *get_args(TurnOrder)):
        raise InvalidInput(f"There is no turn order {turn_order!r}.", hint=f"It may be {', '.join(get_args(TurnOrder))}.")
    return turn_order
