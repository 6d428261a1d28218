"""What of a long text is shown and given to a model, and how it is marked as somebody else's words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainbot_desktop.chat.recall.question import plain
from chainbot_desktop.store.text_ranking import Term

EXCERPT = 900
"""Characters."""
_MOST_PLACES = 400
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What moves a cursor or turns the direction of what follows: no text needs it here."""


def excerpt(text: str, terms: Sequence[Term], size: int = EXCERPT) -> str:
    """The whole of a short text; of a long one the part with most of the terms, between whole words."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) <= size:
        return text
    start = _best_start(text, terms, size)
    end = start + size
    if start:
        start = _next_break(text, start)
    cut = text[start:end]
    if end < len(text):
        cut = cut[: max(cut.rfind(" "), cut.rfind("\n"), size // 2)]
    return f"{'…' if start else ''}{cut.strip()}{'…' if end < len(text) else ''}"


def one_line(text: str, most: int = 120) -> str:
    line = " ".join(_CONTROLS.sub("", text).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def quoted(text: str) -> str:
    """Marked as quoted, line for line: nothing in it can end the quotation and be taken for somebody's instruction."""
    return "\n".join(f"> {line}" for line in text.splitlines())


def unquoted(text: str) -> str:
    """The text of a `quoted` one; what is not quoted stays as it is."""
    lines = text.splitlines()
    return "\n".join(line[2:] for line in lines) if lines and all(line.startswith("> ") for line in lines) else text


def _best_start(text: str, terms: Sequence[Term], size: int) -> int:
    """Where a window begins that holds most different terms; the first of those."""
    lowered = plain(text)
    if len(lowered) != len(text):  # letters that become several: places would not be the same
        lowered = text.lower() if len(text.lower()) == len(text) else text
    places = sorted((place, term[0]) for term in terms for place in _places(lowered, term[0]))
    best, start, first = 0, 0, 0
    held: dict[str, int] = {}
    for place, term in places:
        held[term] = held.get(term, 0) + 1
        while places[first][0] < place - size * 3 // 4:
            left = places[first][1]
            held[left] -= 1
            if not held[left]:
                del held[left]
            first += 1
        if len(held) > best:
            best, start = len(held), places[first][0]
    return max(0, start - size // 8)


def _places(text: str, word: str) -> list[int]:
    found: list[int] = []
    place = text.find(word)
    while place >= 0 and len(found) < _MOST_PLACES:
        found.append(place)
        place = text.find(word, place + len(word))
    return found


def _next_break(text: str, start: int) -> int:
    near = [place for place in (text.find(" ", start, start + 60), text.find("\n", start, start + 60)) if place >= 0]
    return min(near) + 1 if near else start
