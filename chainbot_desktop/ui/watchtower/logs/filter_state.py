"""The filter of the logs as it stands in its bar and its sheet. Pure: no Qt."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.watchtower.logs.filter_text import parse_log_filter
from chainbot_desktop.watch.logs.document import Fold, LogQuery

LEVEL_CHIPS: Mapping[str, frozenset[int]] = {
    "Debug": frozenset({logging.DEBUG}),
    "Info": frozenset({0, logging.INFO}),
    "Warn": frozenset({logging.WARNING}),
    "Error": frozenset({logging.ERROR, logging.CRITICAL}),
}
"""A line that names no level goes with the ordinary ones."""

FOLDS: Mapping[Fold, tuple[str, str]] = {
    "none": ("Off", "Every line by itself"),
    "exact": ("The same", "Neighbours of the same text are one row"),
    "numbers": ("Numbers aside", "The same but for numbers"),
    "template": ("Templates", "The same but for what changes in them"),
}

_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_CLOCKS = ("%H:%M:%S", "%H:%M")


@dataclass(frozen=True, slots=True)
class FilterState:
    """`levels` are names of chips that are on. No sources or names: any. Times in seconds since the epoch."""

    text: str = ""
    regex: bool = False
    case: bool = False
    levels: frozenset[str] = frozenset(LEVEL_CHIPS)
    sources: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    after: float | None = None
    before: float | None = None
    time_label: str = ""
    fold: Fold = "none"

    def query(self, known: Mapping[str, Sequence[str]]) -> LogQuery:
        """InvalidInput where the text is none. `known`: the names that occurred."""
        levels: frozenset[int] = frozenset()
        if self.levels != frozenset(LEVEL_CHIPS):
            chosen = [LEVEL_CHIPS[name] for name in self.levels]
            levels = frozenset().union(*chosen) or frozenset({-1})
        query = LogQuery(
            levels,
            self.sources,
            self.names,
            regex=self.regex and bool(self.text),
            case=self.case,
            after=self.after,
            before=self.before,
        )
        return parse_log_filter(self.text, whole_is_regex=self.regex).narrow(query, known)

    @property
    def parts_on(self) -> int:
        """How many parts of it, text and levels aside, leave something out."""
        timed = self.after is not None or self.before is not None
        return sum((bool(self.sources), bool(self.names), timed, self.fold != "none"))

    @property
    def empty(self) -> bool:
        return not self.text and self.levels == frozenset(LEVEL_CHIPS) and not (self.parts_on - (self.fold != "none"))


def quick_ranges(now: float) -> Sequence[tuple[str, float | None]]:
    """(label, since when) of the ranges that one tap chooses."""
    today = datetime.fromtimestamp(now).astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return (
        ("Any time", None),
        ("Last 5 min", now - 300),
        ("Last hour", now - 3600),
        ("Today", today.timestamp()),
        ("Since yesterday", (today - timedelta(days=1)).timestamp()),
    )


def parse_moment(text: str, now: float) -> float | None:
    """A moment as a person types it, local time ("14:05", "2026-03-01 14:05:30"); None for nothing. InvalidInput for anything else."""
    text = text.strip()
    if not text:
        return None
    day = datetime.fromtimestamp(now).astimezone()
    for form in _CLOCKS:
        try:
            clock = datetime.strptime(text, form)  # noqa: DTZ007 (local time is meant)
        except ValueError:
            continue
        return day.replace(hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=0).timestamp()
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).timestamp()  # noqa: DTZ007 (local time is meant)
        except (ValueError, OverflowError, OSError):
            continue
    raise InvalidInput(f"“{text[:40]}” is no time.", hint="Write 14:05, 14:05:30 or 2026-03-01 14:05.")


def parse_range(first: str, last: str, now: float) -> tuple[float | None, float | None]:
    after, before = parse_moment(first, now), parse_moment(last, now)
    if after is not None and before is not None and before < after:
        raise InvalidInput("It ends before it begins.")
    return after, before
