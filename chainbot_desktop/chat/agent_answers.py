"""Asks the agents that messages address, and each other: who is meant, what each is told with it, what waits and can be changed.

An answer is memory while it is written and becomes a message when its run has ended: `under_way` follows and keeps it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Literal
from weakref import WeakValueDictionary

from chainbot_desktop.chat.addressing import Addressed, addressed, at_name, who_there_is
from chainbot_desktop.chat.answer_stream import AnswerStream, Asked
from chainbot_desktop.chat.hand_overs import HandOvers
from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.chat.turns import RecallResult, Turns, TurnSource, everybody
from chainbot_desktop.chat.under_way import UnderWay, name_of
from chainbot_desktop.chat.unheard import Hearing
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.ports import (
    AgentTalk,
    Preferences,
    TalkAgent,
    TalkAttachment,
    TalkContext,
    TalkDelivery,
    TalkOutcome,
    TalkRun,
)
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversation_rows import Conversation, Message
from chainbot_desktop.store.conversations import ConversationTable

MAX_DEPTH = 3
"""How deep agents may ask agents, where the settings say nothing."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What an agent does in a conversation now; `words` say it to a reader. `thread`: the run whose answer it stands under."""

    agent_id: str
    name: str
    state: Literal["queued", "working", "thinking", "typing", "waiting"]
    words: str
    run_id: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class QueuedTask:
    """A task that waits for its agent. `message_id` is the message that it is from; "" where an agent gave it."""

    run_id: str
    agent_id: str
    name: str
    text: str
    message_id: str = ""


class AgentAnswers:
    """Use on the loop's thread, between `open` and `close`.

    `source` recalls for each turn; `floor` is the number up to which a conversation's messages do not count (it is being cleared).
    """

    def __init__(
        self,
        talk: AgentTalk,
        table: ConversationTable,
        preferences: Preferences,
        tasks: Tasks,
        *,
        source: TurnSource | None = None,
        floor: Callable[[str], int] = lambda _: 0,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        self._talk = talk
        self._table = table
        self._tasks = tasks
        self._source = source
        self._floor = floor
        self._turns = Turns(preferences)
        self._hearing = Hearing(table, self._name)
        self._under_way = UnderWay(talk, table, preferences, tasks, self._after)
        self._streams = self._under_way.streams
        self._hand_overs = HandOvers(
            table,
            talk.agents,
            self.lead,
            lambda: tuple(self._streams.values()),
            self._give,
            self.say,
            max_depth,
        )
        self._leads: dict[str, str] = {}
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._stop_watching = (talk.on_begun(self._on_begun), talk.on_child(self._on_child))

    async def open(self) -> None:
        await self._turns.open()
        await self._under_way.open()

    async def close(self) -> None:
        for stop in self._stop_watching:
            stop()
        await self._under_way.close()

    @property
    def talk(self) -> AgentTalk:
        return self._talk

    @property
    def agents(self) -> Sequence[TalkAgent]:
        return self._talk.agents()

    @property
    def addressable(self) -> Sequence[TalkAgent]:
        """Whom a message may name: the agents, and the guests whose names they have not."""
        agents = self.agents
        names = {agent.name.casefold() for agent in agents}
        return [*agents, *(guest for guest in self._talk.guests() if guest.name.casefold() not in names)]

    def of(self, conversation_id: str) -> list[AnswerStream]:
        """The answers that are being written in a conversation, in the order in which they were asked for."""
        here = [stream for stream in self._streams.values() if stream.conversation_id == conversation_id]
        return [stream for stream in here if stream.state != "ended" or stream.trouble]

    @property
    def streams(self) -> Sequence[AnswerStream]:
        """The answers that are being written anywhere, in the order in which they were asked for."""
        return tuple(stream for stream in self._streams.values() if stream.state != "ended" or stream.trouble)

    def lead(self, conversation: Conversation) -> str:
        """The agent that leads a conversation now, whenever `conversation` was read; "" is nobody."""
        return self._leads.get(conversation.id, conversation.lead)

    def activity(self, conversation_id: str) -> tuple[Activity, ...]:
        """Who types, works or waits here."""
        return tuple(_activity(stream) for stream in self.of(conversation_id) if stream.state != "ended")

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when a stream or an agent is different, coalesced; returns what ends it."""
        return self._under_way.on_change(listener)

    # Asking

    def meant(self, conversation: Conversation, text: str, to: Sequence[str] = ()) -> Addressed:
        """Whom a message means: `to` (ids), else those it names, else whose turn it is. InvalidInput where that cannot be."""
        if to:
            return self._chosen(text, to)
        meant = addressed(text, self.addressable, everybody(conversation, self.agents))
        if meant.agents or meant.unknown:
            return meant
        return Addressed(self._turns.whose(conversation, self.lead(conversation), self.agents), (), text, by_turn=True)

    def _chosen(self, text: str, to: Sequence[str]) -> Addressed:
        known = {agent.id: agent for agent in (*self._talk.guests(), *self.agents)}
        unknown = next((agent_id for agent_id in to if agent_id not in known), None)
        if unknown is not None:
            raise InvalidInput(
                f"There is no agent {unknown[:200]!r} here.", hint="GET /api/agents lists them.", code="no_such_agent"
            )
        return Addressed(tuple(known[agent_id] for agent_id in dict.fromkeys(to)), (), text)

    async def ask(
        self,
        conversation: Conversation,
        meant: Addressed,
        *,
        actor: Actor,
        delivery: TalkDelivery = "queue",
        message: Message | None = None,
        attachments: Sequence[TalkAttachment] = (),
    ) -> tuple[str, ...]:
        """Give the task to everybody who is meant; the runs that this began or reached. What cannot be is said in the conversation.

        `message` is the one that was posted with it; of a command there is none.
        """
        for name in meant.unknown:
            await self.say(
                conversation.id,
                f"There is no agent {escape_markdown(at_name(name))} here. {_hint(who_there_is(name, self.addressable))}",
            )
        async with self._one_at_a_time(conversation.id):
            fresh = await self._table.get(conversation.id)
            agents = self._turns.whose(fresh, self.lead(fresh), self.agents) if meant.by_turn else meant.agents
            asked = Asked(
                task=meant.task,
                actor=actor,
                message_id=message.id if message is not None else "",
                alone=len(agents) == 1,
                exchange=message.id if message is not None else new_id(),
            )
            runs = {
                agent: await self._ask_one(fresh, agent, replace(asked), delivery, message, attachments) for agent in agents
            }
            reached = [agent for agent, run_id in runs.items() if run_id]
            await self._note_members(fresh, [agent for agent in reached if not agent.guest])
            named = bool(meant.agents or meant.unknown) and not meant.by_turn
            await self._note_lead(fresh, [agent for agent in reached if not agent.guest], named=named)
        return tuple(run_id for run_id in runs.values() if run_id)

    async def _note_members(self, conversation: Conversation, reached: Sequence[TalkAgent]) -> None:
        """Who is addressed takes part from now on, and had its turn."""
        new = [agent.id for agent in reached if agent.id not in conversation.members]
        if new:
            await self._table.set_members(conversation.id, [*conversation.members, *new])
            self._under_way.tell_soon()
        if reached and (conversation.turn_order == "round_robin"):
            await self._turns.took(conversation.id, reached[-1].id)

    async def _note_lead(self, conversation: Conversation, leaders: Sequence[TalkAgent], *, named: bool) -> None:
        """The first that was asked leads where nobody does. A guest never: what is said to it leaves the house."""
        known = {agent.id for agent in self.agents}
        lead = self.lead(conversation)
        if leaders and lead not in known:
            await self.give_lead(conversation.id, leaders[0].id)
        elif lead and lead not in known and not named:
            await self.give_lead(conversation.id, "")
            text = "The agent that this conversation was with is not here any more, so nobody was asked."
            await self.say(conversation.id, f"{text} {_hint(who_there_is('', self.agents))}")

    async def stop(self, run_id: str, *, actor: Actor) -> None:
        """Stop an answer. That it has ended meanwhile is no error."""
        with suppress(NotFound):
            if run_id in self._streams:
                await self._talk.cancel(run_id, actor=actor)

    async def say(self, conversation_id: str, text: str) -> None:
        await self._under_way.say(conversation_id, text)

    async def give_lead(self, conversation_id: str, agent_id: str) -> None:
        """The agent is meant from now on where a message of this conversation names none."""
        self._leads[conversation_id] = agent_id
        await self._table.set_lead(conversation_id, agent_id)
        self._under_way.tell_soon()

    # What waits

    def queued(self, conversation_id: str) -> tuple[QueuedTask, ...]:
        """The tasks of a conversation that nobody has begun, in the order in which they were given."""
        return tuple(
            QueuedTask(one.run_id, one.agent_id, one.agent_name, one.asked.task, one.asked.message_id)
            for one in self.of(conversation_id)
            if one.state == "queued"
        )

    async def edit(self, run_id: str, text: str, *, actor: Actor) -> None:
        """Other words for a task that waits, and for its message if that asked nobody else. Conflict where it has begun."""
        stream = self._waiting(run_id)
        text = text.strip()
        await self._talk.edit_queued(run_id, text, actor=actor)
        before, stream.asked.task = stream.asked.task, text
        message = await self._table.message(stream.asked.message_id) if stream.asked.alone else None
        if message is not None:
            kept = message.text.rstrip()
            body = kept.removesuffix(before) + text if kept.endswith(before) else text
            await self._table.rewrite(message, body, actor=actor)
        await self._under_way.remember()
        self._under_way.tell_soon()

    async def take_back(self, run_id: str, *, actor: Actor) -> None:
        """A task that waits is not given any more. Conflict where it has begun: then it can be stopped."""
        stream = self._waiting(run_id)
        stream.taken_back = True
        try:
            await self._talk.take_back(run_id, actor=actor)
        except ChainBotError:
            stream.taken_back = False
            raise

    def _waiting(self, run_id: str) -> AnswerStream:
        stream = self._streams.get(run_id)
        if stream is None:
            raise NotFound("There is no such task any more.", hint="It was answered or taken back.")
        return stream

    # One agent

    async def _ask_one(
        self,
        conversation: Conversation,
        agent: TalkAgent,
        asked: Asked,
        delivery: TalkDelivery,
        message: Message | None,
        attachments: Sequence[TalkAttachment],
    ) -> str:
        """The run that it works on with it, "" where it was not asked. `asked` becomes complete, and is this agent's alone."""
        context = None
        if agent.guest:
            if attachments:
                line = "gets words alone, as a guest of ALEX OS: what is attached was not sent to it."
                await self.say(conversation.id, f"{name_of(agent.name)} {line}")
        elif delivery != "between" or attachments or not self._works_on(agent):
            context = await self._context(conversation, agent, asked, message, attachments)
        where = conversation.id
        try:
            run_id = await self._talk.ask(
                agent.id, asked.task, conversation_id=where, actor=asked.actor, delivery=delivery, context=context
            )
        except ChainBotError as error:
            await self.say(where, f"{name_of(agent.name)} was not asked: {escape_markdown(str(error))}")
            return ""
        known = self._streams.get(run_id)
        if known is not None and known.conversation_id != where:
            await self.say(where, f"{name_of(agent.name)} was told. It works in another conversation, and answers there.")
        elif known is not None and message is not None:
            known.asked.heard_between.append(message.number)
        if known is None:
            asked = replace(asked, heard_between=[])
            self._under_way.attend(self._under_way.begin(run_id, where, agent.id, agent.name, utc_now(), asked=asked))
        await self._under_way.remember()
        return run_id

    def _works_on(self, agent: TalkAgent) -> bool:
        return any(one.run_id for one in self.agents if one.id == agent.id)

    async def _context(
        self,
        conversation: Conversation,
        agent: TalkAgent,
        asked: Asked,
        message: Message | None,
        attachments: Sequence[TalkAttachment],
    ) -> TalkContext | None:
        """What it is to know besides the task; None where there is nothing. `asked` notes what it knows then."""
        found = await self._recall(conversation, agent, asked.task)
        told = await self._hearing.unheard(
            conversation,
            agent.id,
            before=message.number if message is not None else None,
            floor=self._floor(conversation.id),
            thread=asked.thread,
            under_way=[one.asked for one in self.of(conversation.id) if one.agent_id == agent.id and not one.asked.delegated],
            summary_through=found.summary_through,
        )
        asked.heard, asked.summary_through = told.through, found.summary_through
        asked.recalled = [asdict(one) for one in found.recalled]
        others = self._hand_overs.others(conversation, agent, asked)
        context = TalkContext(told.lines, found.summary, found.recalled, tuple(attachments), told.anew, others)
        return context if context != TalkContext() else None

    async def _recall(self, conversation: Conversation, agent: TalkAgent, task: str) -> RecallResult:
        if self._source is None:
            return RecallResult()
        try:
            return await self._source.recall(conversation, task, agent.id)
        except ChainBotError as error:
            await self.say(conversation.id, f"Nothing was recalled for {name_of(agent.name)}: {escape_markdown(str(error))}")
            return RecallResult()

    def _name(self, agent_id: str) -> str:
        return next((agent.name for agent in self.agents if agent.id == agent_id), agent_id)

    def _one_at_a_time(self, conversation_id: str) -> asyncio.Lock:
        """Two messages of a conversation reach their agents in the order in which they were written."""
        lock = self._asking.get(conversation_id)
        if lock is None:
            lock = self._asking[conversation_id] = asyncio.Lock()
        return lock

    # Agents that ask agents

    async def _after(self, stream: AnswerStream, outcome: TalkOutcome) -> None:
        await self._hand_overs.after(stream, outcome)

    async def _give(self, conversation: Conversation, agent: TalkAgent, asked: Asked) -> bool:
        async with self._one_at_a_time(conversation.id):
            return bool(await self._ask_one(conversation, agent, asked, "queue", None, ()))

    def _on_begun(self, run: TalkRun) -> None:
        if run.run_id in self._streams:
            return
        self._follow(run, run.conversation_id, Asked(task=run.task, exchange=run.run_id))

    def _on_child(self, run: TalkRun) -> None:
        """What an agent gives another with a tool stands under its own answer, with what it asked."""
        parent = self._streams.get(run.parent_run_id)
        if parent is None or run.run_id in self._streams:
            return
        asked = Asked(
            task=run.task,
            actor=f"agent:{parent.agent_id}"[:206],
            thread=parent.run_id,
            asked_by=parent.agent_id,
            delegated=True,
            depth=parent.asked.depth + 1,
            exchange=parent.asked.exchange,
        )
        said = self._tasks.spawn(f"chat-delegation-{run.run_id}", self._keep_request(parent, run))
        self._follow(run, parent.conversation_id, asked, after=said)

    def _follow(self, run: TalkRun, conversation_id: str, asked: Asked, after: asyncio.Task[None] | None = None) -> None:
        name = self._name(run.agent_id)
        stream = self._under_way.begin(run.run_id, conversation_id, run.agent_id, name, run.began, asked=asked)
        self._under_way.attend(stream, after)
        self._tasks.spawn(f"chat-remember-{run.run_id}", self._under_way.remember())

    async def _keep_request(self, parent: AnswerStream, run: TalkRun) -> None:
        to = self._name(run.agent_id)
        detail = {"name": parent.agent_name, "to": run.agent_id, "to_name": to, "delegated": True}
        with suppress(NotFound):  # the conversation is gone
            await self._table.post(
                parent.conversation_id,
                run.task,
                author=f"agent:{parent.agent_id}"[:206],
                detail=detail,
                thread=parent.run_id,
            )


def _activity(stream: AnswerStream) -> Activity:
    where = (stream.run_id, stream.thread)
    if stream.state == "waiting":
        return Activity(stream.agent_id, stream.agent_name, "waiting", stream.waiting_words, *where)
    if stream.state == "queued":
        return Activity(stream.agent_id, stream.agent_name, "queued", "waits for its turn", *where)
    if stream.doing == "typing":
        return Activity(stream.agent_id, stream.agent_name, "typing", "is writing", *where)
    if stream.doing == "thinking":
        return Activity(stream.agent_id, stream.agent_name, "thinking", "is thinking", *where)
    words = stream.steps[-1] if stream.doing == "step" and stream.steps else "is working"
    return Activity(stream.agent_id, stream.agent_name, "working", words, *where)


def _hint(text: str) -> str:
    return escape_markdown(text)
