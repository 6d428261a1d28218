"""Which commands a few typed letters mean. Pure: no Qt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def score(query: str, text: str) -> int | None:
    """How well `query` fits, higher is better; None when its letters do not occur in this order. Case and spaces of it are ignored.

    A letter that begins a word and letters that follow one another count most, so "oc" finds "Open Chat" before "Protocol".
    """
    wanted = "".join(query.lower().split())
    lowered = text.lower()
    places = _places(wanted, lowered, words_first=True) or _places(wanted, lowered, words_first=False)
    if places is None:
        return None
    total = 0
    for index, place in enumerate(places):
        begins = place == 0 or not lowered[place - 1].isalnum()
        follows = index > 0 and places[index - 1] == place - 1
        total += 1 + (6 if begins else 0) + (4 if follows else 0)
    phrase = " ".join(query.lower().split())
    if any(f"{before}{phrase}" in f" {lowered}" for before in " -/:("):
        total += 6 * len(phrase)  # a word as it was typed: "notes" means Notes before "Next part of the screen"
    return total * 100 - len(text)


def best(query: str, items: Iterable[tuple[str, T]]) -> list[T]:
    """The items whose text fits, best first; equal ones and an empty query keep the given order."""
    if not query.strip():
        return [item for _, item in items]
    scored = [(found, item) for text, item in items if (found := score(query, text)) is not None]
    return [item for _, item in sorted(scored, key=lambda pair: -pair[0])]


def _places(wanted: str, text: str, *, words_first: bool) -> list[int] | None:
    """Where each letter is found, or None. Preferring words' beginnings can jump past letters that are needed: then try without."""
    places: list[int] = []
    for letter in wanted:
        start = places[-1] + 1 if places else 0
        place = _next_place(letter, text, start, words_first=words_first and not (places and text.startswith(letter, start)))
        if place < 0:
            return None
        places.append(place)
    return places


def _next_place(letter: str, text: str, start: int, *, words_first: bool) -> int:
    first = place = text.find(letter, start)
    while words_first and place > 0 and text[place - 1].isalnum():
        place = text.find(letter, place + 1)
    return place if words_first and place >= 0 else first
