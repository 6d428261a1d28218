"""What the tables of conversations hold, as values that every layer above may pass around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from sqlalchemy import Row

SUMMARY_TEXT = 160
"""Characters of the last message that a summary carries."""

MARK_BEGIN, MARK_END = "\x02", "\x03"
"""What encloses a found word in `Hit.snippet`."""


TurnOrder = Literal["lead", "round_robin", "all"]
"""Who answers where a message names nobody: the lead, one after another by turns, or all at once."""


NamedBy = Literal["", "words", "model", "person"]
"""Whose words a title is: nobody's yet, the first ones that were written, a model's, a person's."""


@dataclass(frozen=True, slots=True)
class Message:
    """`number` orders all messages of the program. `kind` is "text", "command" (a person typed it), "system" (its answer) or
    "summary" (it stands for what was said up to a number).

    `conversation_id` is where it lies: branches of that show it as well. `detail` is what it has besides its text: how an answer
    came about, attachments, what was recalled.
    """

    number: int
    id: str
    conversation_id: str
    author: str
    kind: str
    text: str
    created_at: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    thread: str = ""
    """The run whose delegation it belongs to; "" for what stands in the conversation itself."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation and what a list shows of it. `title` is empty until its first message names it.

    `unread` counts to 100 and no further; `last_number` is 0 where there is no message. `lead` is the agent that
    is meant where a message names none.
    """

    id: str
    title: str
    created_at: str
    updated_at: str
    pinned: bool
    archived: bool
    draft: str
    read_through: int
    unread: int
    last_number: int
    last_author: str
    last_kind: str
    last_text: str
    lead: str = ""
    branched_from: str = ""
    branched_at: int = 0
    """It has the messages of `branched_from` up to this number."""
    cleared_through: int = 0
    named_by: NamedBy = ""
    turn_order: TurnOrder = "lead"
    members: tuple[str, ...] = ()
    """The ids of the agents that take part."""
    recall: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Meter:
    """What the runs of a conversation took, those included that they gave to other agents.

    `cost` in US dollars over those whose price is known, None where it is of none; `unpriced_runs` took tokens that have no price.
    """

    input_tokens: int
    output_tokens: int
    cost: float | None
    unpriced_runs: int


@dataclass(frozen=True, slots=True)
class Totals:
    """How many conversations there are, and unread messages in those that are not in the archive (of each, 100 at most)."""

    active: int
    archived: int
    unread: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that a search found. `snippet` holds the found words between MARK_BEGIN and MARK_END."""

    conversation_id: str
    title: str
    number: int
    message_id: str
    author: str
    created_at: str
    snippet: str


def message_of_row(row: Sequence[Any]) -> Message:
    """From number, id, conversation_id, author, kind, text, created_at, detail, thread."""
    return Message(*row)


def conversation_of_row(row: Row[Any]) -> Conversation:
    return Conversation(
        id=row.id,
        title=row.title,
        created_at=row.created_at,
        updated_at=row.updated_at,
        pinned=bool(row.pinned),
        archived=bool(row.archived),
        draft=row.draft,
        read_through=row.read_through,
        unread=row.unread,
        last_number=row.last_number or 0,
        last_author=row.last_author or "",
        last_kind=row.last_kind or "",
        last_text=row.last_text or "",
        lead=row.lead,
        branched_from=row.branched_from,
        branched_at=row.branched_at,
        cleared_through=row.cleared_through,
        named_by=row.named_by,
        turn_order=row.turn_order,
        members=tuple(_json(row.members)),
        recall=_json(row.recall),
    )


def _json(value: Any) -> Any:
    """A column of JSON, read by a statement that does not know its type."""
    return orjson.loads(value) if isinstance(value, (str, bytes)) else value
