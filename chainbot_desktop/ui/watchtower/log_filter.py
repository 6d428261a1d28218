"""The filter of the Logs page: words that must all occur, `logger:alexos`, `level>=warning`, and `/regular expression/`. Pure: no Qt."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

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
_REPEATED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*[+*}](?:[^()\\]|\\.)*\)[+*{]")
"""A repeated group that repeats inside takes time beyond any measure on a line that almost fits: it would stop the panel."""
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

    def tester(self, levels: frozenset[int]) -> Callable[[LogLine], bool]:
        """A test for one line; of standard levels only `levels` pass."""
        expression = re.compile(self.pattern, re.IGNORECASE) if self.pattern else None
        words = tuple(word.lower() for word in self.words)
        prefix = f"{self.logger}."

        def passes(line: LogLine) -> bool:
            if line.level < self.least or (self.exact is not None and line.level != self.exact):
                return False
            if standard_level(line.level) not in levels:
                return False
            if self.logger and line.logger != self.logger and not line.logger.startswith(prefix):
                return False
            if not words and expression is None:
                return True
            text = f"{line.logger} {line.text[:_SEARCHED]}\n{line.exception[:_SEARCHED]}"
            if words and not all(word in text.lower() for word in words):
                return False
            return expression is None or expression.search(text) is not None

        return passes


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
        re.compile(pattern)
    except re.error as error:
        raise InvalidInput(f"/{pattern}/ is not a regular expression: {error}.") from None
    if _REPEATED_REPEAT.search(pattern):
        raise InvalidInput(
            f"/{pattern}/ repeats what already repeats and might never end.", hint="Write it without the inner repetition."
        )
    return pattern, f"{text[: found.start()]} {text[found.end() :]}"


def _level(name: str) -> int:
    try:
        return LEVELS[name.lower()]
    except KeyError:
        raise InvalidInput(
            f"“{name}” is no level." if name else "level wants a value.", hint=f"There are {', '.join(LEVELS)}."
        ) from None
