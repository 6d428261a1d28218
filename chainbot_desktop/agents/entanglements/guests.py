"""What guests of ALEX OS are asked, and what comes back: an answer finds the question that it is for, or stays an event.

A question waits until an answer came that names it. One without a reference is taken for the answer where exactly one question to its
guest waits; nothing is guessed beyond that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from chainbot_desktop.agents.entanglements.coordinator import Coordinator
from chainbot_desktop.agents.entanglements.guest_words import ANSWER_TYPES, GuestWords, guest_words
from chainbot_desktop.agents.entanglements.messages import MAX_TEXT, Messages
from chainbot_desktop.agents.entanglements.people import Members
from chainbot_desktop.agents.records import Agent
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from chainbot_desktop.core.events import (
    AlexOsEventReceived,
    ConversationCleared,
    ConversationDeleted,
    ExternalEventReceived,
    Recorded,
)
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ids import format_time, parse_time, utc_now
from chainbot_desktop.core.json_codec import parse_object
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.ports import Blobs, EventQuery, Journal
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import AgentMessage, RunRow
from chainbot_desktop.store.agents import AgentMessageTable

_log = logging.getLogger(__name__)

WAITING = timedelta(days=1)
"""So old may a question be that an answer without a reference is taken for its answer."""
_LOOKED_BACK = 500
"""Events that a start looks through for answers that came just before the program ended."""


class Guests:
    """Use on the loop's thread, between `open` and `close`."""

    def __init__(
        self,
        members: Members,
        messages: Messages,
        coordinator: Coordinator,
        table: AgentMessageTable,
        journal: Journal,
        bus: EventBus,
        blobs: Blobs,
        tasks: Tasks,
    ) -> None:
        self._members = members
        self._messages = messages
        self._coordinator = coordinator
        self._table = table
        self._journal = journal
        self._bus = bus
        self._blobs = blobs
        self._tasks = tasks
        self._waiting: dict[str, asyncio.Future[AgentMessage | None]] = {}
        self._matching = asyncio.Lock()
        self._stop: list[Callable[[], None]] = []
        self.begun: Listeners[[RunRow]] = Listeners()
        """Told of a run that an answer began, which has a conversation."""

    def open(self) -> None:
        self._stop = [
            self._bus.subscribe(self._on_event, AlexOsEventReceived, ExternalEventReceived).cancel,
            self._bus.subscribe(self._on_conversation, ConversationCleared, ConversationDeleted).cancel,
        ]

    def close(self) -> None:
        for stop in self._stop:
            stop()

    async def take_up(self) -> None:
        """Take the answers that name their question and came just before the program ended."""
        types = ("alexos_event_received", "external_event_received")
        found = await self._journal.read(EventQuery(types=types, order="desc", limit=_LOOKED_BACK))
        for recorded in reversed(found):
            await self._take(recorded, by_reference_only=True)

    # Asking

    def all(self) -> Sequence[Agent]:
        return [agent for agent in self._members.directory.agents if agent.guest]

    async def ask(self, guest_id: str, text: str, *, conversation_id: str, actor: Actor) -> str:
        """Tell a guest something, out of a conversation if there is one; the id of the question, which is on its way then."""
        guest = self._members.agent(guest_id)
        if not guest.guest:
            raise InvalidInput(f"{guest.name} is no guest.", code="no_guest")
        return await self._messages.ask_guest(guest, text, conversation_id=conversation_id, actor=actor)

    async def answer(self, question_id: str) -> AgentMessage | None:
        """Returns when the answer is there; None where it was given up. NotFound where the question is gone."""
        future = self._waiting.setdefault(question_id, asyncio.get_running_loop().create_future())
        answers = await self._table.answers_to([question_id])
        if not future.done():
            if answers:
                future.set_result(answers[0])
            elif await self._table.get(question_id) is None:
                future.set_exception(NotFound("There is no such question."))
        try:
            return await asyncio.shield(future)
        finally:
            if future.done():
                self._waiting.pop(question_id, None)

    def give_up(self, question_id: str) -> None:
        """Nobody waits for its answer any more."""
        future = self._waiting.get(question_id)
        if future is not None and not future.done():
            future.set_result(None)

    async def unanswered(self, messages: Sequence[AgentMessage]) -> frozenset[str]:
        """Of these messages the ids of those that a guest was sent and has not answered."""
        guests = {agent.id for agent in self.all()}
        sent = [message.id for message in messages if message.recipient in guests and message.kind != "note"]
        return frozenset(sent) - {answer.in_reply_to for answer in await self._table.answers_to(sent)}

    # Answers

    def _on_event(self, recorded: Recorded[AlexOsEventReceived | ExternalEventReceived]) -> None:
        if recorded.event.data.event_type in ANSWER_TYPES:
            self._tasks.spawn(f"words of a guest {recorded.seq}", self._take(recorded))

    async def _take(self, recorded: Recorded[Any], *, by_reference_only: bool = False) -> None:
        event = recorded.event
        if not isinstance(event, (AlexOsEventReceived, ExternalEventReceived)):
            return
        try:
            words = guest_words(event.data.event_type, await self._body(event))
            if words is None:
                return
            async with self._matching:  # of two at once, the second sees that the first has answered
                question = await self._question(words, by_reference_only)
                if question is not None:
                    await self._deliver(question, words, event.id)
        except ChainBotError as error:
            _log.warning("the words of a guest could not be passed on: %s", error)

    async def _body(self, event: AlexOsEventReceived | ExternalEventReceived) -> Mapping[str, Any]:
        body: Mapping[str, Any]
        body = event.data.payload if isinstance(event, AlexOsEventReceived) else event.data.model_extra or {}
        kept = body.get("body")  # a long one lies beside the journal
        if isinstance(kept, Mapping) and isinstance(kept.get("sha256"), str):
            whole = await self._blobs.get(kept["sha256"])
            if whole is not None:
                return parse_object(whole)
        return body

    async def _question(self, words: GuestWords, by_reference_only: bool) -> AgentMessage | None:
        if words.in_reply_to:
            return await self._named(words.in_reply_to, words.guest_id)
        found = await self._named(words.message_id, words.guest_id) if words.message_id else None
        if found is not None or by_reference_only:
            return found
        since = format_time(parse_time(utc_now()) - WAITING)
        waiting = await self._table.waiting_for(words.guest_id, since)
        if words.conversation_id:
            waiting = [question for question in waiting if question.conversation_id == words.conversation_id]
        return waiting[0] if len(waiting) == 1 else None

    async def _named(self, message_id: str, guest_id: str) -> AgentMessage | None:
        """The question with this id, if it was this guest's and waits."""
        found = await self._table.get(message_id)
        if found is None or found.recipient != guest_id or await self._table.answers_to([found.id]):
            return None
        return found

    async def _deliver(self, question: AgentMessage, words: GuestWords, event_id: str) -> None:
        text = words.text if len(words.text) <= MAX_TEXT else f"{words.text[:MAX_TEXT]}\n(… {len(words.text) - MAX_TEXT} more)"
        answer = await self._messages.keep_answer(question, text, event_id)
        await self._coordinator.guest_answered(question.id, answer.text)
        future = self._waiting.get(question.id)
        if future is not None and not future.done():
            future.set_result(answer)
        if self._members.live(question.sender) is not None:
            await self._to_asker(question, answer)

    async def _to_asker(self, question: AgentMessage, answer: AgentMessage) -> None:
        asker, runtime = question.sender, self._members.runtime
        reason = self._members.why_no_task(asker)
        if reason:
            _log.warning("the answer of a guest stays among the messages: %s cannot be told. %s", asker, reason)
            return
        name = self._members.name(answer.sender)
        reached = await runtime.message(
            asker,
            f"{name} answers you:\n\n{answer.text}",
            actor=f"agent:{answer.sender}"[:206],
            conversation_id=question.conversation_id,
        )
        run = await runtime.run(reached)
        if run.conversation_id:
            self.begun.tell(run)

    def _on_conversation(self, recorded: Recorded[ConversationCleared | ConversationDeleted]) -> None:
        event = recorded.event
        gone = isinstance(event, ConversationDeleted)
        work = self._table.forget_conversation(event.data.conversation_id, questions_too=gone)
        self._tasks.spawn(f"words of a conversation {recorded.seq}: forget", work)
