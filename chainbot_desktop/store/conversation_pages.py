"""Which conversations come next for whoever reads the list page by page.

A page goes on from the last row that was seen, not from a count of rows: nothing comes twice, whatever is posted meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chainbot_desktop.store.conversation_rows import Conversation

Order = Literal["recent", "created"]

_KEYS = {"recent": ("pinned", "updated_at", "id"), "created": ("created_at", "id")}


@dataclass(frozen=True, slots=True)
class PageQuery:
    """`after` is the `position` of the last conversation of the page before. `pinned` None is both."""

    order: Order = "recent"
    archived: bool = False
    pinned: bool | None = None
    after: tuple[Any, ...] | None = None
    limit: int = 50


def position(conversation: Conversation, order: Order) -> tuple[Any, ...]:
    """Where a conversation stands in this order; what `PageQuery.after` takes."""
    return tuple(getattr(conversation, key) for key in _KEYS[order])


def is_position(found: object, order: Order) -> bool:
    """Whether a stranger's value could be a position in this order."""
    kinds = {"recent": (bool, str, str), "created": (str, str)}[order]
    return isinstance(found, (list, tuple)) and len(found) == len(kinds) and all(map(isinstance, found, kinds))


def page_condition(query: PageQuery) -> tuple[str, dict[str, Any]]:
    """The WHERE and ORDER BY over `conversations c`, and its values. The rows are chosen before anything is counted in them."""
    keys = _KEYS[query.order]
    values: dict[str, Any] = {"archived": query.archived, "limit": query.limit}
    condition = "p.archived = :archived"
    if query.pinned is not None:
        condition += " AND p.pinned = :pinned"
        values["pinned"] = query.pinned
    if query.after is not None:
        names = [f"after{index}" for index in range(len(keys))]
        condition += f" AND ({', '.join(f'p.{key}' for key in keys)}) < ({', '.join(f':{name}' for name in names)})"
        values |= dict(zip(names, query.after, strict=True))
    order = ", ".join(f"{{row}}.{key} DESC" for key in keys)
    # What is put in are the names of columns above.
    chosen = f"SELECT p.id FROM conversations p WHERE {condition} ORDER BY {order.format(row='p')} LIMIT :limit"  # noqa: S608
    return f" WHERE c.id IN ({chosen}) ORDER BY {order.format(row='c')}", values
