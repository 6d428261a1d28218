"""Follows the answers that are being written and keeps each as a message when its run has ended, whether a window is open or not.

Which runs are under way is remembered, so that after the end of the program, however it came, each of them is followed on or said to
have been interrupted: once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields, replace
from typing import Any
from weakref import WeakValueDictionary

from chainbot_desktop.chat.answer_stream import MAX_ANSWER, AnswerStream, Asked
from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.core.errors import ChainBotError, NotFound
from chainbot_desktop.core.events.envelope import SYSTEM
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.ports import AgentTalk, Preferences, TalkOutcome, TalkRun
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversations import ConversationTable

_log = logging.getLogger(__name__)

TELL_SECONDS = 0.05
"""Listeners hear of streams no more often than this, however many tokens come."""

_UNDER_WAY = "chat.under_way"
_LOOKED_BACK = 200
"""Messages that are looked through at the start for an answer that was kept just before the program was killed."""

_LET_FINISH = 0.4
"""Seconds; the house waits half a second for the chat."""

After = Callable[[AnswerStream, TalkOutcome], Awaitable[None]]


class UnderWay:
    """Use on the loop's thread, between `open` and `close`. `after` is awaited when an answer is kept, before it is done with."""

    def __init__(self, talk: AgentTalk, table: ConversationTable, preferences: Preferences, tasks: Tasks, after: After) -> None:
        self._talk = talk
        self._table = table
        self._preferences = preferences
        self._tasks = tasks
        self._after = after
        self._streams: dict[str, AnswerStream] = {}
        self._attending: dict[str, asyncio.Task[None]] = {}
        self._keeping: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._listeners: Listeners[[]] = Listeners()
        self._due: asyncio.TimerHandle | None = None
        self._stop_watching = talk.on_change(self._on_agents_changed)

    async def open(self) -> None:
        """Take up the runs that were under way when the program ended."""
        for run_id, known in dict(await self._preferences.get(_UNDER_WAY) or {}).items():
            if run_id in self._streams:
                continue
            names = ("conversation_id", "agent_id", "agent_name", "began")
            stream = self.begin(run_id, *(known[name] for name in names), asked=_asked(known.get("asked")))
            stream.saved = known.get("text", "")
            self.attend(stream)

    async def close(self) -> None:
        """What is under way goes on without us; what was heard of it so far is kept for the next start."""
        self._stop_watching()
        self._listeners.clear()
        if self._due is not None:
            self._due.cancel()
        # One that is kept and asks others now is let finish: cut off in between, it would ask them again at the next start.
        finishing = [
            self._attending[run_id] for run_id in self._attending.keys() & self._streams.keys() if self._is_kept(run_id)
        ]
        if finishing:
            await asyncio.wait(finishing, timeout=_LET_FINISH)
        attending = list(self._attending.values())
        for task in attending:
            task.cancel()
        if attending:
            await asyncio.wait(attending)
        if self._streams:
            await self.remember(with_text=True)

    def _is_kept(self, run_id: str) -> bool:
        return self._streams[run_id].state == "ended" and not self._streams[run_id].trouble

    @property
    def streams(self) -> Mapping[str, AnswerStream]:
        """By run, in the order in which they were asked for."""
        return self._streams

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when a stream or an agent is different, coalesced; returns what ends it."""
        return self._listeners.add(listener)

    async def say(self, conversation_id: str, text: str, detail: Mapping[str, Any] | None = None, *, thread: str = "") -> None:
        await self._table.post(conversation_id, text, author=SYSTEM, kind="system", detail=detail, thread=thread)

    # Following

    def begin(
        self, run_id: str, conversation_id: str, agent_id: str, agent_name: str, began: str, *, asked: Asked
    ) -> AnswerStream:
        asked.exchange = asked.exchange or run_id
        stream = AnswerStream(run_id, conversation_id, agent_id, agent_name, began, self.tell_soon, asked)
        self._streams[run_id] = stream
        return stream

    def attend(self, stream: AnswerStream, after: asyncio.Task[None] | None = None) -> None:
        """`after`: what follows another answer is kept when that one is."""
        task = self._tasks.spawn(f"chat-answer-{stream.run_id}", self._follow(stream, after))
        self._attending[stream.run_id] = task
        task.add_done_callback(lambda _: self._attending.pop(stream.run_id, None))
        self._on_agents_changed()

    async def _follow(self, stream: AnswerStream, after: asyncio.Task[None] | None) -> None:
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
            # Nothing is awaited between the end of a run and this, and the lock is fair: they are kept in the order in which they end.
            async with self._one_at_a_time(stream):
                later = self._begin_later(stream, await self._talk.following(stream.run_id))
                if after is not None:
                    await asyncio.wait({after})
                with suppress(NotFound):  # the conversation is gone
                    await self._keep(stream, outcome)
                stream.end()  # its message is there; it stays under way until what it asked for is under way too
            with suppress(NotFound):
                await self._after(stream, outcome)
        except ChainBotError as error:  # it stays in sight and under way: the next start keeps it, if the disk does then
            _log.error("the answer of %s could not be kept: %s", stream.agent_name, error)
            stream.end(trouble=f"Not kept: {error}")
            return
        del self._streams[stream.run_id]
        stream.end()
        self.tell_soon()
        # That this one is done with and that those are under way is noted at once: no start in between loses or repeats one.
        await self.remember()
        for other in later:
            if other.conversation_id != stream.conversation_id:
                text = f"{name_of(other.agent_name)} had ended its task when it was told: this is a task of its own, answered here."
                with suppress(NotFound):
                    await self.say(other.conversation_id, text)

    def _one_at_a_time(self, stream: AnswerStream) -> asyncio.Lock:
        """What an agent answers in a conversation waits for its earlier answers there, and for nobody else's."""
        key = (stream.conversation_id, stream.agent_id)
        lock = self._keeping.get(key)
        if lock is None:
            lock = self._keeping[key] = asyncio.Lock()
        return lock

    def _begin_later(self, before: AnswerStream, later: Sequence[TalkRun]) -> list[AnswerStream]:
        """What was said to a run that had just ended is a run of its own, and followed like any other: kept after `before`."""
        new = [run for run in later if run.run_id not in self._streams]
        streams = []
        for run in new:
            here = run.conversation_id == before.conversation_id
            asked = replace(before.asked, message_id="", alone=False) if here else Asked(actor=before.asked.actor)
            asked = replace(asked, task=run.task, recalled=[], heard_between=list(asked.heard_between))
            streams.append(self.begin(run.run_id, run.conversation_id, run.agent_id, before.agent_name, run.began, asked=asked))
        for stream in streams:
            self.attend(stream, after=self._attending.get(before.run_id))
        return streams

    async def _keep(self, stream: AnswerStream, outcome: TalkOutcome) -> None:
        """NotFound where the conversation is gone."""
        if await self._was_kept(stream):
            return
        text = outcome.text if outcome.state == "succeeded" else stream.text or stream.saved
        detail = {**stream.note(outcome.state, outcome.data).as_detail(), **stream.asked.as_detail()}
        body = text[:MAX_ANSWER].encode("utf-8", "replace").decode()
        if body.strip():
            author = f"agent:{stream.agent_id}"[:206]
            await self._table.post(stream.conversation_id, body, author=author, detail=detail, thread=stream.thread)
            detail = {}
        if stream.taken_back and outcome.state == "cancelled":
            line = f"{name_of(stream.agent_name)} was not asked: the task was taken back before it began."
        else:
            line = _end_line(stream.agent_name, outcome, empty=not body.strip(), cut=len(text) > MAX_ANSWER)
        if line:
            await self.say(stream.conversation_id, line, detail, thread=stream.thread)

    async def _was_kept(self, stream: AnswerStream) -> bool:
        recent = await self._table.before(stream.conversation_id, None, _LOOKED_BACK, with_threads=True)
        return any(message.detail.get("run_id") == stream.run_id for message in recent)

    async def remember(self, *, with_text: bool = False) -> None:
        def known(stream: AnswerStream) -> dict[str, Any]:
            names = ("conversation_id", "agent_id", "agent_name", "began")
            text = {"text": (stream.text or stream.saved).encode("utf-8", "replace").decode()} if with_text else {}
            return {**{name: getattr(stream, name) for name in names}, "asked": asdict(stream.asked), **text}

        await self._preferences.set(_UNDER_WAY, {run_id: known(stream) for run_id, stream in self._streams.items()})

    # Telling

    def _on_agents_changed(self) -> None:
        under_way = {agent.run_id for agent in self._talk.agents() if agent.run_id} if self._streams else set()
        for run_id in under_way & self._streams.keys():
            self._streams[run_id].begin()
        self.tell_soon()

    def tell_soon(self) -> None:
        if self._due is None and self._listeners:
            self._due = asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell)

    def _tell(self) -> None:
        self._due = None
        self._listeners.tell()


def name_of(name: str) -> str:
    """As a line of ours has it."""
    return f"**{escape_markdown(name)}**"


def _asked(known: object) -> Asked:
    """What an earlier life noted; a version that had fewer or other fields may have."""
    if not isinstance(known, dict):
        return Asked()
    names = {one.name for one in fields(Asked)}
    return Asked(**{name: value for name, value in known.items() if name in names})


def _end_line(name: str, outcome: TalkOutcome, *, empty: bool, cut: bool) -> str:
    """What is to be said of an end that the answer does not tell by itself; empty where there is nothing."""
    reason = escape_markdown(outcome.reason)
    if outcome.state == "failed":
        return f"{name_of(name)} could not finish. {reason or 'It gave no reason.'}"
    if outcome.state == "cancelled":
        return f"The answer of {name_of(name)} was interrupted. {reason}".strip()
    if empty:
        return f"{name_of(name)} has finished, without words."
    if cut:
        return f"The answer of {name_of(name)} is longer than a message may be; its first {MAX_ANSWER:,} characters are kept."
    return ""
