"""Finding in one text: what a person typed becomes a pattern, its matches become spans of bytes. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex
from regex import Pattern

from chainbot_desktop.core.errors import InvalidInput

MOST = 100_000
"""Matches that are counted at most."""
_EXPRESSION_SECONDS = 0.5
"""What an expression may take: some would take years (`(a|aa)+$`), and the whole panel would wait."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Query:
    text: str
    regex: bool = False
    match_case: bool = False
    whole_word: bool = False

    def pattern(self) -> Pattern[str]:
        """InvalidInput, in the words of the expression's grammar, where it is none."""
        source = self.text if self.regex else regex.escape(self.text)
        if self.whole_word:
            source = rf"(?<!\w)(?:{source})(?!\w)"
        try:
            return regex.compile(source, regex.MULTILINE | (0 if self.match_case else regex.IGNORECASE))
        except (regex.error, OverflowError, RecursionError) as error:
            raise InvalidInput(f"This is no regular expression: {error}.", code="bad_pattern") from None


def find_all(query: Query, utf8: bytes) -> list[Span]:
    """Every match that is not empty, in order, as positions in the UTF-8 text; at most `MOST`."""
    return [span for span, _ in _matches(query, utf8)]


def replacements(query: Query, utf8: bytes, template: str) -> list[tuple[int, int, bytes]]:
    """Every match and what takes its place; in an expression `\\1` and `\\g<name>` are groups. InvalidInput for a bad template."""
    return [(*span, expand(query, match, template)) for span, match in _matches(query, utf8)]


def replacement_at(query: Query, utf8: bytes, span: Span, template: str) -> bytes | None:
    """What takes the place of the match that is exactly `span`; None if there is none."""
    for found, match in _matches(query, utf8):
        if found == span:
            return expand(query, match, template)
        if found[0] > span[0]:
            break
    return None


def expand(query: Query, match: regex.Match[str], template: str) -> bytes:
    if not query.regex:
        return template.encode()
    try:
        return match.expand(template).encode()
    except (regex.error, IndexError) as error:
        raise InvalidInput(f"The replacement names something that is not there: {error}.", code="bad_template") from None


def next_span(spans: Sequence[Span], position: int) -> Span | None:
    """The first span that begins at or after `position`, else the very first."""
    if not spans:
        return None
    place = bisect_left(spans, (position, -1))
    return spans[place % len(spans)]


def previous_span(spans: Sequence[Span], position: int) -> Span | None:
    """The last span that begins before `position`, else the very last."""
    if not spans:
        return None
    return spans[bisect_left(spans, (position, -1)) - 1]


def _matches(query: Query, utf8: bytes) -> Iterator[tuple[Span, regex.Match[str]]]:
    if not query.text:
        return
    try:
        yield from _search(query, utf8)
    except TimeoutError:
        raise InvalidInput(
            "This expression takes too long in this text.", hint="Write it simpler.", code="slow_pattern"
        ) from None


def _search(query: Query, utf8: bytes) -> Iterator[tuple[Span, regex.Match[str]]]:
    text = utf8.decode("utf-8", "replace")
    ascii_only = len(text) == len(utf8)
    seen_characters = seen_bytes = count = 0
    for match in query.pattern().finditer(text, timeout=_EXPRESSION_SECONDS if query.regex else None):
        start, end = match.span()
        if start == end:
            continue
        if ascii_only:
            first, last = start, end
        else:
            first = seen_bytes + len(text[seen_characters:start].encode())
            last = first + len(text[start:end].encode())
            seen_characters, seen_bytes = end, last
        yield (first, last), match
        count += 1
        if count == MOST:
            return
