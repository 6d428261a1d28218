"""The two lists of the Deliveries page: where their rows come from, how they are told apart and what they can be narrowed to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from chainbot_desktop.store.deliveries import DeliveryQuery, DeliveryRow, DeliveryState
from chainbot_desktop.store.received_webhooks import IncomingQuery, IncomingState, ReceivedWebhook
from chainbot_desktop.ui.watchtower.delivery_texts import incoming_text, outgoing_text
from chainbot_desktop.ui.watchtower.parts import DeliveryParts
from chainbot_desktop.ui.watchtower.two_line_rows import RowText

T = TypeVar("T")
PAGE = 200


@dataclass(frozen=True, slots=True)
class DeliveryList(Generic[T]):
    """`states` by the word for each; `empty` is a title and a sentence for a list without a row."""

    title: str
    states: Mapping[str, str]
    empty: tuple[str, str]
    number: Callable[[T], int]
    text: Callable[[T], RowText]
    read: Callable[[int | None, str, Sequence[str]], Any]
    """(before which number, state or "", words): a coroutine of at most `PAGE` rows, the newest first."""


def outgoing_list(parts: DeliveryParts) -> DeliveryList[DeliveryRow]:
    def read(before: int | None, state: str, words: Sequence[str]) -> Any:
        chosen = cast(DeliveryState, state) if state else None
        return parts.desk.page(DeliveryQuery(before, None, PAGE, chosen, (), tuple(words)))

    return DeliveryList(
        "Outgoing",
        {"": "All", "pending": "Waiting", "given_up": "Given up", "delivered": "Delivered"},
        ("Nothing went out yet", "Events that ALEX OS is told of are listed here once it can be reached."),
        lambda row: row.seq,
        outgoing_text,
        read,
    )


def incoming_list(parts: DeliveryParts) -> DeliveryList[ReceivedWebhook]:
    def read(before: int | None, state: str, words: Sequence[str]) -> Any:
        chosen = cast(IncomingState, state) if state else None
        return parts.received.page(IncomingQuery(before, None, PAGE, chosen, tuple(words)))

    return DeliveryList(
        "Incoming",
        {"": "All", "accepted": "Accepted", "refused": "Refused", "replayed": "Replayed"},
        (
            "No webhook came in yet",
            "What other programs post to /api/webhooks/chainbot/… is listed here, with its body and its event.",
        ),
        lambda one: one.number,
        incoming_text,
        read,
    )
