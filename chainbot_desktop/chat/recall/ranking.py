"""One order out of two: by words and by meaning, with reciprocal rank fusion; and from it what is worth its place in a context.

A share of words and a similarity are no figures of one kind, and neither are FTS5's scores of different indexes: places can be
compared. Source of the formula: Cormack, Clarke and Büttcher, "Reciprocal rank fusion", SIGIR 2009.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chainbot_desktop.core.ports import TalkRecall

_K = 5
"""Their 60 is for lists of thousands. Here the first few places are what counts: with 5, three more of the thirty questions of
`tests/bench/recall_questions.py` have their answer among the first five than with 60."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that may be recalled. `text` is an excerpt; `covers` (0 to 1) the share of the question's words that it has,
    `similar` (-1 to 1) how alike the meanings are, None where nobody can say."""

    ref: str
    title: str
    text: str
    covers: float
    similar: float | None = None

    def recalled(self) -> TalkRecall:
        return TalkRecall(self.ref, self.title, self.text)


def fused(rankings: Sequence[Sequence[str]]) -> list[str]:
    """The refs of all rankings in one order. Among equals, the one that a ranking named first."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, ref in enumerate(ranking, 1):
            scores[ref] = scores.get(ref, 0.0) + 1.0 / (_K + place)
    return sorted(scores, key=lambda ref: -scores[ref])


def fits(found: Found) -> bool:
    """Whether it is about what was asked: it has enough of the words, or some of them and a meaning that is alike."""
    if found.similar is None:
        return found.covers >= _COVERS
    return found.similar >= _ALIKE or found.covers + found.similar >= _COVERS_AND_ALIKE


_COVERS = 0.3
_ALIKE = 0.36
_COVERS_AND_ALIKE = 0.6
"""Measured on the same questions: what is below shares a word by accident. Nothing of 100,000 messages was more alike than 0.34 to one
of the questions there that nothing answers."""


def tokens_of(text: str) -> int:
    """About how many tokens a model makes of a text: one for three bytes of UTF-8, and never fewer than one.

    English prose has four characters a token, code three, Chinese one of three bytes: the estimate is high rather than low, so that
    what is counted by it fits.
    """
    return max(1, (len(text.encode("utf-8", "replace")) + 2) // 3)


def within(found: Sequence[Found], tokens: int, most: int) -> list[Found]:
    """The first that fit into `tokens`, titles included; one that is too long is passed over, the very first is cut."""
    chosen: list[Found] = []
    for each in found:
        cost = tokens_of(each.title) + tokens_of(each.text)
        if not chosen and cost > tokens:
            room = 3 * (tokens - tokens_of(each.title)) - 3
            if room < _LEAST:
                continue
            cut = each.text.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") + "…"
            each = replace(each, text=cut)  # noqa: PLW2901
            cost = tokens
        if cost <= tokens:
            chosen.append(each)
            tokens -= cost
        if len(chosen) == most:
            break
    return chosen


_LEAST = 120
"""Bytes below which a cut text says nothing."""
