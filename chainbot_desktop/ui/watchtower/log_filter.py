"""The filter of the Logs page: words that must all occur, `logger:alexos`, `level>=warning`, and `/regular expression/`. Pure: no Qt."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import regex

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.watch.log_ring import LogLine

LEVELS: dict[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}
_LEVEL = re.compile(r"level(>=|:|=)(\w*)$", re.IGNORECASE)
_EXPRESSION_SECONDS = 0.5
"""What an expression may take for the lines of one look: some would take years (`(a|aa)+$`), and the whole panel would wait."""
_SEARCHED = 2_000
"""Characters of a line (and as many of its traceback) that are searched."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """`pattern` is the text between the slashes; `logger` the name of a logger or of its parents."""

    words: tuple[str, ...] = ()
    pattern: str = ""
    logger: str = ""
    least: int = 0
    exact: int | None = None

    @property
    def empty(self) -> bool:
        return self == LogFilter()

    def selector(self, levels: frozenset[int]) -> Callable[[Iterable[LogLine]], list[LogLine]]:
        """Picks the lines that pass; of standard levels only `levels` do. It raises InvalidInput where the expression takes too long."""
        passes = self._tester(levels)
        if not self.pattern:
            return lambda lines: [line for line in lines if passes(line)]
        expression = regex.compile(self.pattern, regex.IGNORECASE)

        def select(lines: Iterable[LogLine]) -> list[LogLine]:
            end = time.monotonic() + _EXPRESSION_SECONDS
            try:
                return [line for line in lines if passes(line) and _found(expression, line, end)]
            except TimeoutError:
                raise InvalidInput(f"/{self.pattern}/ takes too long.", hint="Write it simpler.", code="slow_pattern") from None

        return select

    def _tester(self, levels: frozenset[int]) -> Callable[[LogLine], bool]:
        words = tuple(word.lower() for word in self.words)
        prefix = f"{self.logger}."

        def passes(line: LogLine) -> bool:
            if line.level < self.least or (self.exact is not None and line.level != self.exact):
                return False
            if standard_level(line.level) not in levels:
                return False
            if self.logger and line.logger != self.logger and not line.logger.startswith(prefix):
                return False
            text = _searched(line).lower() if words else ""
            return all(word in text for word in words)

        return passes


def _found(expression: regex.Pattern[str], line: LogLine, end: float) -> bool:
    return expression.search(_searched(line), timeout=max(0.001, end - time.monotonic())) is not None


def _searched(line: LogLine) -> str:
    return f"{line.logger} {line.text[:_SEARCHED]}\n{line.exception[:_SEARCHED]}"


def standard_level(level: int) -> int:
    """The level of the four chips that a record's own level counts as."""
    return max(logging.DEBUG, min(logging.ERROR, level // 10 * 10))


def parse_log_filter(text: str) -> LogFilter:
    """InvalidInput, with a sentence that says what is wrong, where it is none."""
    pattern, rest = _cut_pattern(text)
    words: list[str] = []
    logger, least, exact = "", 0, None
    for term in rest.split():
        level = _LEVEL.match(term)
        if level is not None:
            value = _level(level[2])
            least, exact = (value, exact) if level[1] == ">=" else (least, value)
        elif term.startswith("logger:"):
            logger = term.removeprefix("logger:")
            if not logger:
                raise InvalidInput("“logger:” wants a name right after the colon.")
        else:
            words.append(term)
    return LogFilter(tuple(words), pattern, logger, least, exact)


def _cut_pattern(text: str) -> tuple[str, str]:
    found = re.search(r"(?:^|\s)/(.+)/(?=\s|$)", text)
    if found is None:
        return "", text
    pattern = found[1]
    try:
        regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError) as error:
        raise InvalidInput(f"/{pattern}/ is not a regular expression: {error}.") from None
    return pattern, f"{text[: found.start()]} {text[found.end() :]}"


def _level(name: str) -> int:
    try:
        return LEVELS[name.lower()]
    except KeyError:
        raise InvalidInput(
            f"“{name}” is no level." if name else "level wants a value.", hint=f"There are {', '.join(LEVELS)}."
        ) from None
