"""What an agent has not heard of a conversation: it remembers its own exchanges, and is told the rest before it is asked.

With each answer that is kept stands the number of the newest message that its agent knew, so nothing is told twice and nothing that
was said meanwhile is lost, whoever answered first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chainbot_desktop.chat.answer_stream import Asked, note_of
from chainbot_desktop.core.ports import TalkLine
from chainbot_desktop.store.conversation_rows import Conversation, Message
from chainbot_desktop.store.conversations import ConversationTable

SHARE = 24_000
"""Characters of a conversation that an agent is told at most, the newest."""
_LOOKED_BACK = 1_000
"""Messages that are looked through for them."""
_PAGE = 100
_ELSEWHERE = frozenset({"delegated", "merged_from"})
"""What stands with answers that the agent gave to a tool, or in a branch: it does not remember them as its words here."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the agent knows: everything up to number `heard`, and `between`. With the summary that stands up to `summary_through`."""

    heard: int
    between: frozenset[int]
    summary_through: int


@dataclass(frozen=True, slots=True)
class Unheard:
    """`anew`: what the agent remembers does not count. `through` is the number of the newest message that it knows with this."""

    lines: tuple[TalkLine, ...]
    anew: bool
    through: int


class _Walk:
    """Back through the messages, from the newest one, until the agent knows the rest or no more fits."""

    def __init__(
        self, conversation: Conversation, agent_id: str, thread: str, summary_through: int, known: Known | None
    ) -> None:
        self._conversation = conversation
        self._agent_id = agent_id
        self._thread = thread
        self._summary_through = summary_through
        self.known = known
        self.lost = False
        """It was told of another summary: what it remembers has other gaps than ours."""
        self.lines: list[tuple[Message, TalkLine]] = []
        self._room = SHARE
        self.full = False

    def take(self, message: Message, name: Callable[[str], str]) -> bool:
        """Whether to go on."""
        if self.known is None and not self.lost and self._is_its_answer(message):
            known = _known_of(message)
            self.lost = known.summary_through != self._summary_through
            self.known = None if self.lost else known
        if self.known is not None and message.number <= self.known.heard:
            return False
        if self._is_for_it(message):
            line = _line(message, name)
            self._room -= len(line.text) + len(line.author)
            if self._room < 0 and self.lines:
                self.full = True
                return False
            self.lines.append((message, line))
        return self._room > 0

    def unheard(self) -> tuple[TalkLine, ...]:
        """Without what it remembers by itself."""
        known = self.known
        kept = [line for message, line in reversed(self.lines) if known is None or not self._remembers(message, known)]
        return tuple(kept)

    def is_lost(self, *, apart: bool, told: bool) -> bool:
        """Whether what the agent remembers does not count: it never answered here, or there is more to it than that."""
        return self.known is None and (apart or self.lost or (told and not self.full))

    def _is_for_it(self, message: Message) -> bool:
        return message.kind == "text" and message.thread in ("", self._thread) and bool(message.text.strip())

    def _is_its_answer(self, message: Message) -> bool:
        note = note_of(message.detail)
        mine = message.author == f"agent:{self._agent_id}"[:206] and message.conversation_id == self._conversation.id
        return mine and note is not None and note.state == "succeeded" and not message.detail.keys() & _ELSEWHERE

    def _remembers(self, message: Message, known: Known) -> bool:
        return message.number in known.between or self._is_its_answer(message)


class Hearing:
    """Use on the loop's thread. `name` is what an agent is called."""

    def __init__(self, table: ConversationTable, name: Callable[[str], str]) -> None:
        self._table = table
        self._name = name

    async def unheard(
        self,
        conversation: Conversation,
        agent_id: str,
        *,
        before: int | None,
        floor: int = 0,
        thread: str = "",
        under_way: Iterable[Asked] = (),
        summary_through: int = 0,
    ) -> Unheard:
        """What an agent is to be told before it gets the message `before` (None: what comes next). Up to `floor` nothing counts.

        `under_way` are the tasks that it has in this conversation already.
        """
        walk = _Walk(conversation, agent_id, thread, summary_through, _known_under_way(under_way, summary_through))
        lowest = max(floor, conversation.cleared_through, summary_through)
        number, newest = before, 0
        for _ in range(_LOOKED_BACK // _PAGE):
            page = await self._table.before(conversation.id, number, _PAGE, floor=lowest, with_threads=True)
            newest = newest or (page[-1].number if page else 0)
            if not all(walk.take(message, self._name) for message in reversed(page)) or len(page) < _PAGE:
                break
            number = page[0].number
        lines = walk.unheard()
        apart = bool(lowest or conversation.branched_from)
        return Unheard(lines, walk.is_lost(apart=apart, told=bool(lines)), before or newest)


def _known_under_way(under_way: Iterable[Asked], summary_through: int) -> Known | None:
    fitting = [asked for asked in under_way if asked.heard is not None and asked.summary_through == summary_through]
    if not fitting:
        return None
    between = frozenset(number for asked in fitting for number in asked.heard_between)
    return Known(max(asked.heard or 0 for asked in fitting), between, summary_through)


def _known_of(answer: Message) -> Known:
    """An answer of a version that counted nothing knows what was said before it."""
    detail: Mapping[str, Any] = answer.detail
    heard, between = detail.get("heard"), detail.get("heard_between")
    return Known(
        heard if isinstance(heard, int) else answer.number,
        frozenset(between) if isinstance(between, list) else frozenset(),
        int(detail.get("summary_through", 0)),
    )


def _line(message: Message, name: Callable[[str], str]) -> TalkLine:
    kind, _, who = message.author.partition(":")
    note = note_of(message.detail)
    author = note.name if note is not None else name(who) if kind == "agent" else who or kind
    text = message.text if len(message.text) <= SHARE // 2 else _cut(message.text)
    attached = message.detail.get("attachments")
    if isinstance(attached, list) and attached:
        names = ", ".join(str(one.get("name", "")) for one in attached if isinstance(one, dict))
        text = f"{text}\n(attached: {names})"
    return TalkLine(message.id, author, text, who if kind == "agent" else "")


def _cut(text: str) -> str:
    half = SHARE // 2
    return f"{text[:half]}… ({len(text) - half:,} more characters)"
