"""Cuts a long text into parts that a model can take in at once, at the ends of paragraphs where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chainbot_desktop.chat.recall.ranking import tokens_of


def parts_of(text: str, tokens: int) -> list[str]:
    """Each of at most `tokens`; all of the text, in order."""
    parts: list[str] = []
    current: list[str] = []
    size = 0
    for piece in _pieces(text, tokens):
        cost = tokens_of(piece) + 1
        if current and size + cost > tokens:
            parts.append("\n\n".join(current))
            current, size = [], 0
        current.append(piece)
        size += cost
    return [*parts, "\n\n".join(current)] if current else parts


def joined(summaries: Sequence[str]) -> str:
    return "\n\n".join(summaries)


def _pieces(text: str, tokens: int) -> Iterator[str]:
    """Paragraphs; those that are too long in themselves, in slices."""
    for paragraph in text.split("\n\n"):
        if tokens_of(paragraph) + 1 > tokens:
            yield from _slices(paragraph.encode("utf-8", "replace"), max(4, 3 * (tokens - 2)))
        elif paragraph.strip():
            yield paragraph


def _slices(body: bytes, size: int) -> Iterator[str]:
    """At most `size` bytes each, no character in two of them."""
    start = 0
    while start < len(body):
        end = min(len(body), start + size)
        while end < len(body) and body[end] & 0xC0 == 0x80:
            end -= 1
        yield body[start:end].decode()
        start = end
