"""Asks the agents that messages address, and keeps what they answer, whether a window is open or not.

An answer is memory while it is written and becomes a message when its run has ended. Which runs are under way is remembered, so
that after the end of the program, however it came, each of them is followed on or said to have been interrupted: once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from chainbot_desktop.chat.addressing import Addressed, addressed, at_name, who_there_is
from chainbot_desktop.chat.answer_stream import MAX_ANSWER, AnswerStream
from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.core.errors import ChainBotError, NotFound
from chainbot_desktop.core.events.envelope import SYSTEM, Actor
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.ports import AgentTalk, Preferences, TalkAgent, TalkDelivery, TalkOutcome, TalkRun
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversation_rows import Conversation
from chainbot_desktop.store.conversations import ConversationTable

_log = logging.getLogger(__name__)

TELL_SECONDS = 0.05
"""Listeners hear of streams no more often than this, however many tokens come."""

_UNDER_WAY = "chat.under_way"
_LOOKED_BACK = 200
"""Messages that are looked through at the start for an answer that was kept just before the program was killed."""


class AgentAnswers:
    """Use on the loop's thread, between `open` and `close`."""

    def __init__(self, talk: AgentTalk, table: ConversationTable, preferences: Preferences, tasks: Tasks) -> None:
        self._talk = talk
        self._table = table
        self._preferences = preferences
        self._tasks = tasks
        self._streams: dict[str, AnswerStream] = {}
        self._attending: dict[str, asyncio.Task[None]] = {}
        self._leads: dict[str, str] = {}
        self._listeners: Listeners[[]] = Listeners()
        self._due: asyncio.TimerHandle | None = None
        self._stop_watching = (talk.on_change(self._on_agents_changed), talk.on_begun(self._on_begun))

    async def open(self) -> None:
        """Take up the runs that were under way when the program ended."""
        for run_id, known in dict(await self._preferences.get(_UNDER_WAY) or {}).items():
            if run_id in self._streams:
                continue
            stream = self._begin(run_id, known["conversation_id"], known["agent_id"], known["agent_name"], known["began"])
            stream.saved = known.get("text", "")
            self._attend(stream)

    async def close(self) -> None:
        """What is under way goes on without us; what was heard of it so far is kept for the next start."""
        for stop in self._stop_watching:
            stop()
        self._listeners.clear()
        if self._due is not None:
            self._due.cancel()
        attending = list(self._attending.values())
        for task in attending:
            task.cancel()
        if attending:
            await asyncio.wait(attending)
        if self._streams:
            await self._remember(with_text=True)

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
        return [stream for stream in self._streams.values() if stream.conversation_id == conversation_id]

    @property
    def streams(self) -> Sequence[AnswerStream]:
        """The answers that are being written anywhere, in the order in which they were asked for."""
        return tuple(self._streams.values())

    def lead(self, conversation: Conversation) -> str:
        """The agent that leads a conversation now, whenever `conversation` was read; "" is nobody."""
        return self._leads.get(conversation.id, conversation.lead)

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when a stream or an agent is different, coalesced; returns what ends it."""
        return self._listeners.add(listener)

    # Asking

    def addressed(self, lead: str, text: str) -> Addressed:
        """Whom a message means: those it names, else the conversation's lead. InvalidInput where it has a name and no task."""
        meant = addressed(text, self.addressable)
        if meant.agents or meant.unknown:
            return meant
        return Addressed(tuple(agent for agent in self.agents if agent.id == lead), (), text)

    async def ask(
        self, conversation: Conversation, meant: Addressed, *, actor: Actor, delivery: TalkDelivery = "queue"
    ) -> tuple[str, ...]:
        """Give the task to everybody who is meant; the runs that this began or reached. What cannot be is said in the conversation."""
        for name in meant.unknown:
            await self.say(
                conversation.id,
                f"There is no agent {escape_markdown(at_name(name))} here. {_hint(who_there_is(name, self.addressable))}",
            )
        runs = {agent: await self._ask_one(conversation.id, agent, meant.task, actor, delivery) for agent in meant.agents}
        asked = [agent for agent, run_id in runs.items() if run_id]
        known = {agent.id for agent in self.agents}
        lead = self.lead(conversation)
        leaders = [
            agent for agent in asked if not agent.guest
        ]  # a guest is asked by name alone: what is said to it leaves the house
        if leaders and lead not in known:
            await self._set_lead(conversation.id, leaders[0].id)
        elif lead and lead not in known and not meant.agents and not meant.unknown:
            await self._set_lead(conversation.id, "")
            text = "The agent that this conversation was with is not here any more, so nobody was asked."
            await self.say(conversation.id, f"{text} {_hint(who_there_is('', self.agents))}")
        return tuple(run_id for run_id in runs.values() if run_id)

    async def stop(self, run_id: str, *, actor: Actor) -> None:
        """Stop an answer. That it has ended meanwhile is no error."""
        with suppress(NotFound):
            if run_id in self._streams:
                await self._talk.cancel(run_id, actor=actor)

    async def say(self, conversation_id: str, text: str, detail: Mapping[str, Any] | None = None) -> None:
        await self._table.post(conversation_id, text, author=SYSTEM, kind="system", detail=detail)

    async def give_lead(self, conversation_id: str, agent_id: str) -> None:
        """The agent is meant from now on where a message of this conversation names none."""
        await self._set_lead(conversation_id, agent_id)

    async def _set_lead(self, conversation_id: str, agent_id: str) -> None:
        self._leads[conversation_id] = agent_id
        await self._table.set_lead(conversation_id, agent_id)
        self._tell_soon()

    async def _ask_one(self, conversation_id: str, agent: TalkAgent, task: str, actor: Actor, delivery: TalkDelivery) -> str:
        """The id of the run; "" where it was not asked."""
        try:
            run_id = await self._talk.ask(agent.id, task, conversation_id=conversation_id, actor=actor, delivery=delivery)
        except ChainBotError as error:
            await self.say(conversation_id, f"{_name(agent.name)} was not asked: {_sentence(error)}")
            return ""
        known = self._streams.get(run_id)
        if known is not None and known.conversation_id != conversation_id:
            await self.say(
                conversation_id, f"{_name(agent.name)} was told. It works in another conversation, and answers there."
            )
        if known is None:
            self._attend(self._begin(run_id, conversation_id, agent.id, agent.name, utc_now()))
            await self._remember()
        return run_id

    def _on_begun(self, run: TalkRun) -> None:
        if run.run_id in self._streams:
            return
        name = next((agent.name for agent in self.agents if agent.id == run.agent_id), run.agent_id)
        self._attend(self._begin(run.run_id, run.conversation_id, run.agent_id, name, run.began))
        self._tasks.spawn(f"chat-remember-{run.run_id}", self._remember())

    # Following

    def _begin(self, run_id: str, conversation_id: str, agent_id: str, agent_name: str, began: str) -> AnswerStream:
        stream = AnswerStream(run_id, conversation_id, agent_id, agent_name, began, self._tell_soon)
        self._streams[run_id] = stream
        return stream

    def _attend(self, stream: AnswerStream, after: asyncio.Task[None] | None = None) -> None:
        task = self._tasks.spawn(f"chat-answer-{stream.run_id}", self._follow(stream, after))
        self._attending[stream.run_id] = task
        task.add_done_callback(lambda _: self._attending.pop(stream.run_id, None))
        self._on_agents_changed()

    async def _follow(self, stream: AnswerStream, after: asyncio.Task[None] | None) -> None:
        """`after`: what follows another answer is kept when that one is."""
        end = self._talk.follow(stream.run_id, stream.hear)
        try:
            outcome = await self._talk.outcome(stream.run_id)
        except NotFound:
            outcome = TalkOutcome(stream.run_id, "failed", "", "What became of it is not known any more.")
        except ChainBotError as error:
            outcome = TalkOutcome(stream.run_id, "failed", "", str(error))
        finally:
            end()
        try:
            later = self._begin_later(stream, await self._talk.following(stream.run_id))
            if after is not None:
                await asyncio.wait({after})
            with suppress(NotFound):
                await self._keep(stream, outcome)
        except ChainBotError as error:  # it stays in sight and under way: the next start keeps it, if the disk does then
            _log.error("the answer of %s could not be kept: %s", stream.agent_name, error)
            stream.end(trouble=f"Not kept: {error}")
            return
        del self._streams[stream.run_id]
        stream.end()
        # That this one is done with and that those are under way is noted at once: no start in between loses or repeats one.
        await self._remember()
        for other in later:
            if other.conversation_id != stream.conversation_id:
                text = (
                    f"{_name(other.agent_name)} had ended its task when it was told: this is a task of its own, answered here."
                )
                with suppress(NotFound):
                    await self.say(other.conversation_id, text)

    def _begin_later(self, before: AnswerStream, later: Sequence[TalkRun]) -> list[AnswerStream]:
        """What was said to a run that had just ended is a run of its own, and followed like any other: kept after `before`."""
        new = [run for run in later if run.run_id not in self._streams]
        streams = [self._begin(run.run_id, run.conversation_id, run.agent_id, before.agent_name, run.began) for run in new]
        for stream in streams:
            self._attend(stream, after=self._attending.get(before.run_id))
        return streams

    async def _keep(self, stream: AnswerStream, outcome: TalkOutcome) -> None:
        """NotFound where the conversation is gone."""
        if await self._was_kept(stream):
            return
        text = outcome.text if outcome.state == "succeeded" else stream.text or stream.saved
        detail = stream.note(outcome.state, outcome.data).as_detail()
        body = text[:MAX_ANSWER].encode("utf-8", "replace").decode()
        if body.strip():
            await self._table.post(stream.conversation_id, body, author=f"agent:{stream.agent_id}"[:206], detail=detail)
            detail = {}
        line = _end_line(stream.agent_name, outcome, empty=not body.strip(), cut=len(text) > MAX_ANSWER)
        if line:
            await self.say(stream.conversation_id, line, detail)

    async def _was_kept(self, stream: AnswerStream) -> bool:
        recent = await self._table.before(stream.conversation_id, None, _LOOKED_BACK)
        return any(message.detail.get("run_id") == stream.run_id for message in recent)

    async def _remember(self, *, with_text: bool = False) -> None:
        def known(stream: AnswerStream) -> dict[str, str]:
            names = ("conversation_id", "agent_id", "agent_name", "began")
            text = {"text": (stream.text or stream.saved).encode("utf-8", "replace").decode()} if with_text else {}
            return {**{name: getattr(stream, name) for name in names}, **text}

        await self._preferences.set(_UNDER_WAY, {run_id: known(stream) for run_id, stream in self._streams.items()})

    # Telling

    def _on_agents_changed(self) -> None:
        under_way = {agent.run_id for agent in self.agents if agent.run_id} if self._streams else set()
        for run_id in under_way & self._streams.keys():
            self._streams[run_id].begin()
        self._tell_soon()

    def _tell_soon(self) -> None:
        if self._due is None and self._listeners:
            self._due = asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell)

    def _tell(self) -> None:
        self._due = None
        self._listeners.tell()


def _end_line(name: str, outcome: TalkOutcome, *, empty: bool, cut: bool) -> str:
    """What is to be said of an end that the answer does not tell by itself; empty where there is nothing."""
    reason = escape_markdown(outcome.reason)
    if outcome.state == "failed":
        return f"{_name(name)} could not finish. {reason or 'It gave no reason.'}"
    if outcome.state == "cancelled":
        return f"The answer of {_name(name)} was interrupted. {reason}".strip()
    if empty:
        return f"{_name(name)} has finished, without words."
    if cut:
        return f"The answer of {_name(name)} is longer than a message may be; its first {MAX_ANSWER:,} characters are kept."
    return ""


def _name(name: str) -> str:
    return f"**{escape_markdown(name)}**"


def _sentence(error: ChainBotError) -> str:
    return escape_markdown(str(error))


def _hint(text: str) -> str:
    return escape_markdown(text)
