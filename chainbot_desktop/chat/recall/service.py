"""Recall as turns, commands and windows use it: what fits a question, what a conversation wants of it, and how much there may be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from chainbot_desktop.chat.commands import OpenWindow, Undoable
from chainbot_desktop.chat.recall.candidates import Gatherer
from chainbot_desktop.chat.recall.embeddings import Similarity
from chainbot_desktop.chat.recall.excerpts import quoted
from chainbot_desktop.chat.recall.ranking import Found, fits, fused, within
from chainbot_desktop.chat.turns import RecallResult
from chainbot_desktop.core.errors import InvalidInput, Unavailable
from chainbot_desktop.core.ports import TalkRecall
from chainbot_desktop.store.conversation_rows import Conversation, Message
from chainbot_desktop.store.recall import RecallTable

MOST_RECALLED = 8
MOST_DROPPED = 1000
UNDO_SECONDS = 10.0
_SECONDS = 3.0
"""A turn waits no longer for what is recalled: it begins without."""


@dataclass(frozen=True, slots=True)
class RecallLimits:
    """`share` of a model's context may be recalled, and never more than `tokens`; `on` where a conversation does not say."""

    share: float = 0.2
    tokens: int = 2000
    on: bool = True


class Standing(Protocol):
    """The summary that stands for the older part of a conversation."""

    async def standing(self, conversation_id: str) -> Message | None: ...

    def look_later(self, conversation_id: str, agent_id: str) -> None:
        """A turn begins: the next one may come near to the model's limit."""
        ...


@dataclass(frozen=True, slots=True)
class RecallPorts:
    """`message` gives a message that is still to be seen, `redact` takes secrets out of a text, `context_tokens` is what the model
    of an agent takes in (None where nobody knows). `open_file` is what shows a file of the workspace at a line."""

    message: Callable[[str], Awaitable[Message | None]]
    redact: Callable[[str], str]
    context_tokens: Callable[[str], Awaitable[int | None]]
    open_file: Callable[[str, int], OpenWindow]


class RecallService:
    """Use on the loop's thread. Implements what a turn asks: `recall`."""

    def __init__(
        self,
        table: RecallTable,
        gatherer: Gatherer,
        similarity: Similarity,
        summaries: Standing,
        ports: RecallPorts,
        limits: RecallLimits,
    ) -> None:
        self._table = table
        self._gatherer = gatherer
        self._similarity = similarity
        self._summaries = summaries
        self._ports = ports
        self._limits = limits

    @property
    def by_meaning(self) -> bool:
        """Whether texts are compared by their meaning too, and not by their words alone."""
        return self._similarity.available

    async def recall(
        self, conversation: Conversation, task: str, agent_id: str, *, known_from: int | None = None
    ) -> RecallResult:
        """For a turn of an agent. Messages of the conversation from number `known_from` on are not recalled: the agent has them.

        Without it that is all that the summary does not stand for. ChainBotError says why nothing could be found.
        """
        self._summaries.look_later(conversation.id, agent_id)
        summary = await self._summaries.standing(conversation.id)
        through = int(summary.detail["through"]) if summary is not None else 0
        text = await asyncio.to_thread(self._ports.redact, summary.text) if summary is not None else ""
        result = RecallResult((), text, through)
        if not await self.is_on(conversation.id):
            return result
        before = through + 1 if known_from is None else known_from
        try:
            async with asyncio.timeout(_SECONDS):
                recalled = await self._recalled(conversation.id, task, agent_id, before)
        except TimeoutError:
            raise Unavailable(f"Nothing was recalled: it took more than {_SECONDS:.0f} s.", code="recall_slow") from None
        return replace(result, recalled=recalled)

    async def find(self, question: str, *, conversation_id: str = "", limit: int = MOST_RECALLED) -> list[TalkRecall]:
        """What would be recalled for a question, for people to see: whatever a conversation dropped, and not quoted."""
        found = await self._found(question, conversation_id, before=2**62)
        visible = await self._visible(found, frozenset(), limit)
        return [each.recalled() for each in visible]

    # What a conversation wants

    async def is_on(self, conversation_id: str) -> bool:
        return bool((await self._table.recall_of(conversation_id)).get("on", self._limits.on))

    async def set_on(self, conversation_id: str, on: bool) -> None:
        await self._table.change_recall(conversation_id, lambda recall: {**recall, "on": on})

    async def dropped(self, conversation_id: str) -> frozenset[str]:
        return frozenset((await self._table.recall_of(conversation_id)).get("dropped", ()))

    async def drop(self, conversation_id: str, ref: str) -> Undoable:
        """It is not recalled in this conversation any more, until it is restored."""
        _check_ref(ref)

        def change(recall: dict[str, Any]) -> dict[str, Any]:
            kept = [other for other in recall.get("dropped", ()) if other != ref]
            return {**recall, "dropped": [*kept, ref][-MOST_DROPPED:]}

        await self._table.change_recall(conversation_id, change)
        return Undoable("This will not be recalled here any more.", lambda: self.restore(conversation_id, ref), UNDO_SECONDS)

    async def restore(self, conversation_id: str, ref: str) -> None:
        def change(recall: dict[str, Any]) -> dict[str, Any]:
            return {**recall, "dropped": [other for other in recall.get("dropped", ()) if other != ref]}

        await self._table.change_recall(conversation_id, change)

    async def place_of(self, ref: str) -> OpenWindow | None:
        """Where what a ref means can be seen; None for a note (it has no window of its own), and where it is gone."""
        kind, value = _check_ref(ref)
        if kind == "file":
            path, _, line = value.rpartition("#")
            return self._ports.open_file(path, int(line))
        message = await self._ports.message(value) if kind == "message" else None
        if message is None:
            return None
        return OpenWindow("chat", {"conversation_id": message.conversation_id, "message_id": message.id})

    # Finding

    async def _recalled(self, conversation_id: str, task: str, agent_id: str, before: int) -> tuple[TalkRecall, ...]:
        context = await self._ports.context_tokens(agent_id)
        tokens = self._limits.tokens if context is None else min(self._limits.tokens, int(context * self._limits.share))
        found = await self._found(task, conversation_id, before)
        if not found:
            return ()
        visible = await self._visible(found, await self.dropped(conversation_id), 2 * MOST_RECALLED)
        marked = await asyncio.to_thread(self._marked, visible)
        return tuple(each.recalled() for each in within(marked, tokens, MOST_RECALLED))

    async def _found(self, question: str, conversation_id: str, before: int) -> list[Found]:
        """What fits, the best first."""
        found = await self._gatherer.gather(question, conversation_id=conversation_id, before=before)
        similar = await self._similarity.to(question, [each.text for each in found])
        if similar is not None:
            found = [replace(each, similar=value) for each, value in zip(found, similar, strict=True)]
        # Sorting keeps the order of equals: FTS5's rank decides where as many words are there.
        rankings = [[each.ref for each in sorted(found, key=lambda each: -each.covers)]]
        if similar is not None:
            rankings.append([each.ref for each in sorted(found, key=lambda each: -(each.similar or 0.0))])
        known = {each.ref: each for each in found}
        return [known[ref] for ref in fused(rankings) if fits(known[ref])]

    async def _visible(self, found: Sequence[Found], without: frozenset[str], most: int) -> list[Found]:
        """Not what was dropped or deleted, and nothing twice (a branch has what its stem has)."""
        kept: list[Found] = []
        texts: set[str] = set()
        for each in found:
            kind, _, value = each.ref.partition(":")
            if each.ref in without or each.text in texts:
                continue
            if kind == "message" and await self._ports.message(value) is None:
                continue
            texts.add(each.text)
            kept.append(each)
            if len(kept) == most:
                break
        return kept

    def _marked(self, found: Sequence[Found]) -> list[Found]:
        """As a model may see it: without secrets, and as a quotation. Blocking."""
        redact = self._ports.redact
        return [replace(each, title=redact(each.title), text=quoted(redact(each.text))) for each in found]


def _check_ref(ref: str) -> tuple[str, str]:
    kind, _, value = ref.partition(":")
    is_file = kind == "file" and value.rpartition("#")[2].isdecimal()
    if not value or not (is_file or kind in ("message", "note")):
        raise InvalidInput(f"{ref[:100]!r} is nothing that can be recalled.", code="bad_ref")
    return kind, value
