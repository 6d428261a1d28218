"""The older part of a long conversation, in a model's words: a marked message that stands for it in later turns, and can be undone.

Nothing is deleted by it. Where the model fails, or somebody stops it, all is as it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chainbot_desktop.chat.recall.ranking import tokens_of
from chainbot_desktop.chat.summary_parts import joined, parts_of
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound, Unavailable
from chainbot_desktop.core.events.envelope import SYSTEM, Actor
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.ports import Wording
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.store.recall import RecallTable

_log = logging.getLogger(__name__)

KEPT_MESSAGES = 4
"""The newest ones are never summarised: they are what is being talked about."""
_LEAST_MESSAGES = 4
_KEPT_SHARE = 0.25
_AUTOMATIC_PARTS = 20
"""Parts that are summarised without being asked: each is a request to a model, and may cost."""
_AGAIN_SECONDS = 600.0
_PAGE = 200
_MOST_KEPT = 20
_ROUNDS = 6


class SummarisedConversations(Protocol):
    """What of the conversations is needed: what is visible in them, and two things that change them."""

    async def after(self, conversation_id: str, number: int, limit: int) -> list[Message]: ...

    async def before(self, conversation_id: str, number: int | None, limit: int) -> list[Message]: ...

    async def message(self, message_id: str) -> Message | None: ...


@dataclass(frozen=True, slots=True)
class SummaryPorts:
    """`post` keeps a message of a kind with its detail, `set_detail` gives another one to a message, `name_of` tells the name of an
    author, `redact` takes secrets out of a text, `context_tokens` is what the model of an agent takes in (None: nobody knows)."""

    post: Callable[[str, str, Actor, str, Mapping[str, Any]], Awaitable[Message]]
    set_detail: Callable[[str, Mapping[str, Any]], Awaitable[None]]
    name_of: Callable[[str], str]
    redact: Callable[[str], str]
    context_tokens: Callable[[str], Awaitable[int | None]]


@dataclass(frozen=True, slots=True)
class SummaryLimits:
    """`above` is the share of a model's context from which on the older part is summarised by itself (0: never); `assumed` is the
    context of a model that does not tell."""

    above: float = 0.7
    assumed: int = 32_768


@dataclass(slots=True)
class Progress:
    """Parts that are read, of how many."""

    done: int = 0
    total: int = 0
    scope: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))


@dataclass(frozen=True, slots=True)
class _Older:
    lines: Sequence[str]
    through: int
    messages: int


class Summaries:
    """Use on the loop's thread. `changed` is told of the conversation whose progress is another. Without `wording` none is made."""

    def __init__(
        self,
        table: RecallTable,
        conversations: SummarisedConversations,
        wording: Wording | None,
        ports: SummaryPorts,
        tasks: Tasks,
        limits: SummaryLimits,
    ) -> None:
        self._table = table
        self._conversations = conversations
        self._wording = wording
        self._ports = ports
        self._tasks = tasks
        self._limits = limits
        self._under_way: dict[str, Progress] = {}
        self._failed_at: dict[str, float] = {}
        self.changed: Listeners[[str]] = Listeners()

    async def standing(self, conversation_id: str) -> Message | None:
        """The newest summary that is active; for a branch also one of its stem, from before it branched."""
        for owner, through in (await self._table.lineage(conversation_id)).items():
            for message_id in reversed((await self._table.recall_of(owner)).get("summaries", ())):
                message = await self._conversations.message(message_id)
                if message is not None and message.detail.get("active") is True and message.number <= through:
                    return message
        return None

    def progress(self, conversation_id: str) -> Progress | None:
        """None where none is under way."""
        return self._under_way.get(conversation_id)

    async def summarise(self, conversation_id: str, *, context: int | None = None) -> Message:
        """The summary, as it now stands in the conversation. Conflict where one is under way, InvalidInput where there is too little
        to summarise, Unavailable where the model failed or it was stopped: then nothing is different."""
        if self._wording is None:
            raise Unavailable("No model can be asked for a summary here.", code="no_model")
        if conversation_id in self._under_way:
            raise Conflict("This conversation is being summarised already.", hint="/summarise stop ends it.", code="under_way")
        progress = self._under_way[conversation_id] = Progress()
        try:
            async with progress.scope:
                return await self._made(conversation_id, context or self._limits.assumed, progress, None)
        except TimeoutError:
            raise Unavailable("The summary was stopped; nothing was changed.", code="stopped") from None
        finally:
            del self._under_way[conversation_id]
            self.changed.tell(conversation_id)

    def stop(self, conversation_id: str) -> bool:
        """Whether one was under way."""
        progress = self._under_way.get(conversation_id)
        if progress is not None:
            progress.scope.reschedule(asyncio.get_running_loop().time())
        return progress is not None

    async def undo(self, message_id: str, *, active: bool = False) -> None:
        """The summary stands for nothing any more: turns get the messages themselves again (with `active`: it does again)."""
        message = await self._conversations.message(message_id)
        if message is None or message.kind != "summary":
            raise NotFound("This summary does not exist any more.", code="no_such_summary")
        await self._ports.set_detail(message_id, {**message.detail, "active": active})

    def look_later(self, conversation_id: str, agent_id: str) -> None:
        """In the background: summarise the older part if the next turn of the agent would come near to its model's limit."""
        if self._wording is None or not self._limits.above or conversation_id in self._under_way:
            return
        failed = self._failed_at.get(conversation_id)
        if failed is None or asyncio.get_running_loop().time() - failed > _AGAIN_SECONDS:
            self._tasks.spawn(f"chat-summary-{conversation_id}", self._look(conversation_id, agent_id))

    async def _look(self, conversation_id: str, agent_id: str) -> None:
        try:
            context = await self._ports.context_tokens(agent_id) or self._limits.assumed
            if await self.is_near(conversation_id, int(context * self._limits.above)):
                await self._automatic(conversation_id, context)
        except ChainBotError as error:
            self._failed_at[conversation_id] = asyncio.get_running_loop().time()
            _log.warning("the conversation %s was not summarised: %s", conversation_id, error)

    async def is_near(self, conversation_id: str, tokens: int) -> bool:
        """Whether what a turn would have to hear of the conversation comes to so many tokens. Reads no further back than that."""
        standing = await self.standing(conversation_id)
        floor = int(standing.detail["through"]) if standing is not None else 0
        sum_of = tokens_of(standing.text) if standing is not None else 0
        number: int | None = None
        while page := await self._conversations.before(conversation_id, number, _PAGE):
            said = [message for message in page if message.number > floor and message.kind == "text" and not message.thread]
            sum_of += sum(tokens_of(message.text) for message in said)
            number = page[0].number
            if sum_of >= tokens:
                return True
            if number <= floor:
                break
        return False

    async def _automatic(self, conversation_id: str, context: int) -> None:
        if conversation_id in self._under_way:
            return
        progress = self._under_way[conversation_id] = Progress()
        try:
            async with progress.scope:
                await self._made(conversation_id, context, progress, _AUTOMATIC_PARTS)
        except TimeoutError:
            self._failed_at[conversation_id] = asyncio.get_running_loop().time()  # a person stopped it
        finally:
            del self._under_way[conversation_id]
            self.changed.tell(conversation_id)

    async def _made(self, conversation_id: str, context: int, progress: Progress, most_parts: int | None) -> Message:
        standing = await self.standing(conversation_id)
        older = await self._older(conversation_id, standing, int(context * _KEPT_SHARE))
        size = max(300, min(6000, context // 2))
        text = await asyncio.to_thread(self._ports.redact, "\n\n".join(older.lines))
        parts = await asyncio.to_thread(parts_of, text, size)
        if most_parts is not None and len(parts) > most_parts:
            raise TooMuch(f"It would take {len(parts)} requests to a model.", hint="/summarise does it all the same.")
        words = await self._words(conversation_id, parts, size, max(100, min(800, context // 8)), progress)
        before = int(standing.detail.get("messages", 0)) if standing is not None else 0
        detail = {"through": older.through, "active": True, "messages": before + older.messages}
        # From here on it is kept whole: a stop that comes now comes too late.
        progress.scope.reschedule(None)
        return await asyncio.shield(self._kept(conversation_id, words, detail))

    async def _kept(self, conversation_id: str, words: str, detail: Mapping[str, Any]) -> Message:
        made = await self._ports.post(conversation_id, words, SYSTEM, "summary", detail)

        def add(recall: dict[str, Any]) -> dict[str, Any]:
            return {**recall, "summaries": [*recall.get("summaries", ()), made.id][-_MOST_KEPT:]}

        await self._table.change_recall(conversation_id, add)
        return made

    async def _older(self, conversation_id: str, standing: Message | None, kept_tokens: int) -> _Older:
        """What is to be summarised: all but the newest messages. The summary that stands by now comes first."""
        lines = [standing.text] if standing is not None else []
        floor = int(standing.detail["through"]) if standing is not None else 0
        last = await self._first_kept(conversation_id, floor, kept_tokens)
        count, through = 0, floor
        async for message in self._said(conversation_id, floor):
            if message.number >= last:
                break
            lines.append(f"{self._ports.name_of(message.author)}: {message.text}")
            count += 1
            through = message.number
        if count < _LEAST_MESSAGES:
            raise InvalidInput("There is too little here to summarise: the newest messages are always kept as they are.")
        return _Older(lines, through, count)

    async def _first_kept(self, conversation_id: str, floor: int, kept_tokens: int) -> int:
        """The number of the oldest message that stays as it is: as many as fit into `kept_tokens`, and a few in any case."""
        number: int | None = None
        first, kept, tokens = 2**62, 0, 0
        while page := await self._conversations.before(conversation_id, number, _PAGE):
            for message in reversed(page):
                if message.kind != "text" or message.thread:
                    continue
                tokens += tokens_of(message.text)
                if message.number <= floor:
                    return await self._middle(conversation_id, floor, kept)
                if kept >= KEPT_MESSAGES and tokens > kept_tokens:
                    return first
                first, kept = message.number, kept + 1
            number = page[0].number
        return await self._middle(conversation_id, floor, kept)

    async def _middle(self, conversation_id: str, floor: int, count: int) -> int:
        """All of it could stay, but somebody asked for a summary: the newer half stays, and no fewer than a few."""
        stay = max(KEPT_MESSAGES, count // 2)
        place = 0
        async for message in self._said(conversation_id, floor):
            if place >= count - stay:
                return message.number
            place += 1
        return 0

    async def _said(self, conversation_id: str, floor: int) -> AsyncIterator[Message]:
        """What people and agents said after number `floor`, oldest first."""
        while page := await self._conversations.after(conversation_id, floor, _PAGE):
            for message in page:
                if message.kind == "text" and not message.thread:
                    yield message
            floor = page[-1].number

    async def _words(self, conversation_id: str, parts: Sequence[str], size: int, most: int, progress: Progress) -> str:
        """Part by part, then the summaries of the parts together, until one is left."""
        assert self._wording is not None
        progress.total = len(parts)
        for _ in range(_ROUNDS):
            done: list[str] = []
            for part in parts:
                self.changed.tell(conversation_id)
                words = (await self._wording.summarise(part, most)).strip()
                if not words:
                    raise Unavailable("The model gave no words for a summary; nothing was changed.", code="no_summary")
                done.append(words)
                progress.done += 1
            if len(done) == 1:
                return done[0]
            parts = await asyncio.to_thread(parts_of, joined(done), size)
            progress.total += len(parts)
        raise Unavailable("The model's summaries do not become shorter; nothing was changed.", code="no_summary")


class TooMuch(ChainBotError):
    """More than is done without being asked."""

    code = "too_much"
