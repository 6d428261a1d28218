"""A selection that runs over the cards of a list: from a letter of one message to a letter of another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chainbot_desktop.ui.chat.message_card import MessageCard
from chainbot_desktop.ui.chat.message_text import TextPlace
from chainbot_desktop.ui.chat.time_words import exact_time


@dataclass(frozen=True, slots=True, order=True)
class ListPlace:
    """A letter in a list: the position of its card is that of the message's number."""

    number: int
    text: TextPlace


START = TextPlace(0, 0)


class MessageSelection:
    """Between `anchor`, where it was begun, and `head`, which moves. Numbers and not cards: those come and go with the pages."""

    def __init__(self) -> None:
        self.anchor: ListPlace | None = None
        self.head: ListPlace | None = None

    @property
    def exists(self) -> bool:
        return self.anchor is not None and self.head is not None and self.anchor != self.head

    @property
    def span(self) -> tuple[ListPlace, ListPlace] | None:
        if self.anchor is None or self.head is None or self.anchor == self.head:
            return None
        return min(self.anchor, self.head), max(self.anchor, self.head)

    def begin(self, place: ListPlace) -> None:
        self.anchor, self.head = place, None

    def clear(self) -> None:
        self.anchor = self.head = None

    def take(self, start: ListPlace, end: ListPlace) -> None:
        self.anchor, self.head = start, end

    def apply(self, cards: Sequence[MessageCard]) -> None:
        """Tell each card what of it is selected."""
        span = self.span
        for card in cards:
            number = card.message.number
            if span is None or not span[0].number <= number <= span[1].number:
                card.clear_selection()
                continue
            first = span[0].text if number == span[0].number else START
            last = span[1].text if number == span[1].number else card.text_end
            card.select(first, last)

    def text(self, cards: Sequence[MessageCard]) -> str:
        """What is selected as plain text; of more than one message with who said it."""
        return self._joined(cards, lambda card: card.selected_text, "{author} ({time}):\n{text}")

    def markdown(self, cards: Sequence[MessageCard]) -> str:
        return self._joined(cards, lambda card: card.selected_markdown, "**{author}** ({time}):\n\n{text}")

    def _joined(self, cards: Sequence[MessageCard], words: Callable[[MessageCard], str], form: str) -> str:
        chosen = [(card, text) for card in cards if card.has_selection and (text := words(card))]
        if len(chosen) == 1:
            return chosen[0][1]
        now = datetime.now().astimezone()
        return "\n\n".join(
            form.format(author=card.author, time=exact_time(card.message.created_at, now)[:-3], text=text)
            for card, text in chosen
        )
