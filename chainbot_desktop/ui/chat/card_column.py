"""Where the cards of a list stand, one under another, with what is written between them. Geometry alone: no widget, no painting."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.ui.chat.message_card import STREAMING_FROM, WIDEST, MessageCard
from chainbot_desktop.ui.theme import Theme

MARGIN = 12
LINE = 32
"""Height of a line between cards: a day, or where what is new begins."""

INDENT = 24


@dataclass(frozen=True, slots=True)
class Separator:
    """What stands above a card: the day where it changes, where a branch begins, and the mark of the first unread message."""

    day: date | None = None
    new_since: str | None = None
    """When the last message before the new ones was written."""
    branched: bool = False
    """Above it are messages of the conversation that this one branched from."""

    @property
    def lines(self) -> int:
        return (self.day is not None) + (self.new_since is not None) + self.branched


@dataclass(frozen=True, slots=True)
class Place:
    """A point of the content that stays where it is on the screen: a block of a card, and how far its top is from the view's."""

    number: int
    block: int
    distance: int


NOTHING = Separator()


class CardColumn:
    """`arrange` after the cards, their heights or the width changed. Pixels are from the top of what is loaded."""

    def __init__(self) -> None:
        self.cards: list[MessageCard] = []
        self.separators: list[Separator] = []
        self.height = 0
        self.width = 0
        self._margin = 0
        self._indent = 0
        self._widest = 0
        self._tops: list[int] = []
        self._indices: dict[int, int] = {}

    def set_cards(self, cards: Sequence[MessageCard], new_after: int, *, begins: bool) -> None:
        """`new_after`: the number of the last message that was read when the list was opened; 0 for no mark.

        `begins`: the first card is the first of the conversation.
        """
        self.cards = list(cards)
        self._indices = {card.message.number: index for index, card in enumerate(self.cards)}
        self.separators = _separators(self.cards, new_after, begins=begins)

    def arrange(self, width: int, theme: Theme) -> None:
        self.width, self._margin, self._indent = width, theme.px(MARGIN), theme.px(INDENT)
        self._widest = theme.px(WIDEST)
        y = self._margin
        line = theme.px(LINE)
        tops = []
        for card, separator in zip(self.cards, self.separators, strict=True):
            tops.append(y)
            if separator is not NOTHING:
                y += separator.lines * line
            card.top = y
            y += card.height_for(self.width_of(card) if card.indent else width, theme)
        self._tops = tops
        self.height = y

    def width_of(self, card: MessageCard) -> int:
        """A card that is indented ends where the others do."""
        return min(self.width, self._widest) - self._indent * card.indent if card.indent else self.width

    def left_of(self, card: MessageCard) -> int:
        return self._margin + self._indent * card.indent

    def index_at(self, y: float) -> int:
        """The card at a height, or the nearest one; -1 where there are none."""
        return max(0, bisect_right(self._tops, y) - 1) if self._tops else -1

    def between(self, top: float, bottom: float) -> range:
        """The cards of which something is between two heights, their separators included."""
        if not self._tops:
            return range(0)
        return range(self.index_at(top), bisect_right(self._tops, bottom))

    def index_of(self, number: int) -> int:
        """The card of a message; -1 where it is not loaded."""
        return self._indices.get(number, -1)

    # Places

    def place_at(self, top: int) -> Place | None:
        """What is first in sight where the view begins at `top`."""
        index = self.index_at(top)
        if index < 0:
            return None
        card = self.cards[index]
        best = Place(card.message.number, -1, card.top - top)
        for block, inside in enumerate(card.box_tops()):
            if card.top + inside <= top:
                best = Place(card.message.number, block, card.top + inside - top)
        return best

    def top_for(self, place: Place) -> int | None:
        """Where the view must begin so that `place` is where it was; None where all of it is gone."""
        index = self.index_of(place.number)
        if index < 0:
            index = next((i for i, c in enumerate(self.cards) if c.message.number >= place.number), -1)
            return self.cards[index].top - place.distance if index >= 0 else None
        card = self.cards[index]
        tops = card.box_tops()
        inside = tops[place.block] if 0 <= place.block < len(tops) else 0
        return card.top + inside - place.distance


def _separators(cards: Sequence[MessageCard], new_after: int, *, begins: bool) -> list[Separator]:
    made = []
    before: MessageCard | None = None
    for card in cards:
        if card.indent:
            made.append(NOTHING)
            continue
        day = _day(card)
        is_new_day = _day(before) != day if before is not None else begins
        is_new = new_after and not card.is_mine and new_after < card.message.number < STREAMING_FROM
        is_first = before is not None and before.message.number <= new_after
        new = before.message.created_at if is_new and is_first and before is not None else None
        branched = before is not None and before.message.conversation_id != card.message.conversation_id
        separator = Separator(day if is_new_day else None, new, branched)
        made.append(separator if separator.lines else NOTHING)
        before = card
    return made


def _day(card: MessageCard) -> date:
    return parse_time(card.message.created_at).astimezone().date()
