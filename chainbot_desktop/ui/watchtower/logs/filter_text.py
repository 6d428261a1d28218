"""What a person types into the filter of the logs, as a question to a document.

    delivered 12                     words that must all occur; "…" makes one of several
    /deliver(ed|y) [0-9]+/           an expression, with words or without
    logger:house.alexos  name:cam*   who said it: `logger:` takes those beneath it too
    source:agent                     program, agent, journald, alexos, http, file
    level>=warning  level:info

Pure: no Qt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import regex

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.watch.logs.document import LEVELS, LogQuery
from chainbot_desktop.watch.logs.query import words_of

_LEVELS = {name: level for level, name in LEVELS.items()} | {"warn": 30}
_LEVEL = re.compile(r"level(>=|:|=)(\w*)$", re.IGNORECASE)
_KEYED = re.compile(r"(logger|name|source):(.*)$")
_TERM = re.compile(r'"[^"]+"|\S+')
_EXPRESSION = re.compile(r"(?:^|\s)/(.+)/(?=\s|$)")


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What was typed. `names` may hold patterns, and ends with "." those beneath; levels is None for any."""

    text: str = ""
    regex: bool = False
    names: tuple[str, ...] = ()
    sources: frozenset[str] = frozenset()
    levels: frozenset[int] | None = None

    def narrow(self, query: LogQuery, known: Mapping[str, Sequence[str]]) -> LogQuery:
        """`query` (what the chips say), and this. `known` are the names that occurred; None of them passes where nothing can."""
        levels = query.levels
        if self.levels is not None:
            levels = (levels & self.levels or _nothing_passes()) if levels else self.levels
        sources = query.sources
        if self.sources:
            sources = (sources & self.sources or frozenset({""})) if sources else self.sources
        names = query.names
        if self.names:
            meant = self._names_of({name for names_ in known.values() for name in names_})
            names = (names & meant or frozenset({""})) if names else meant
        return replace(query, text=self.text, regex=self.regex or query.regex, levels=levels, sources=sources, names=names)

    def _names_of(self, known: Iterable[str]) -> frozenset[str]:
        """A name that nobody has said anything under yet stays in, so that its first line is seen."""
        found = {name for name in known if any(_is_meant(name, wanted) for wanted in self.names)}
        return frozenset(found | {wanted.rstrip(".") for wanted in self.names})


def parse_log_filter(text: str, *, whole_is_regex: bool = False) -> LogFilter:
    """InvalidInput, with a sentence that says what is wrong, where it is none."""
    if whole_is_regex:
        return LogFilter(check_expression(text), regex=bool(text))
    pattern, rest = _cut_expression(text)
    words: list[str] = []
    made = LogFilter()
    for term in _TERM.findall(rest):
        level, keyed = _LEVEL.match(term), _KEYED.match(term)
        if level is not None:
            made = replace(made, levels=_both(made.levels, _levels(level[1], level[2])))
        elif keyed is not None:
            made = _with_key(made, keyed[1], keyed[2])
        else:
            words.append(term)
    text, is_regex = joined(" ".join(words), pattern)
    return replace(made, text=text, regex=is_regex)


def joined(words: str, pattern: str) -> tuple[str, bool]:
    """(text, is an expression) of what passes both: where there is a pattern, words become one."""
    if not pattern:
        return words, False
    ahead = "".join(f"(?=.*{re.escape(word)})" for word in words_of(words))
    return (f"^{ahead}(?=.*(?:{pattern}))" if ahead else pattern), True


def both(first: LogQuery, second: LogQuery) -> LogQuery:
    """What passes the first and holds the text of the second: a search within what a filter shows."""
    if not first.text:
        return replace(first, text=second.text, regex=second.regex, case=second.case)
    if not first.regex and not second.regex and first.case == second.case:
        return replace(first, text=f"{first.text} {second.text}")
    ahead = "".join(f"(?=.*{part})" for query in (first, second) for part in _parts(query))
    return replace(first, text=f"^{ahead}", regex=True, case=True)


def check_expression(pattern: str) -> str:
    try:
        regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError) as error:
        raise InvalidInput(f"/{pattern[:100]}/ is not a regular expression: {error}.") from None
    return pattern


def _parts(query: LogQuery) -> Sequence[str]:
    flags = "" if query.case else "i"
    parts = [query.text] if query.regex else [re.escape(word) for word in words_of(query.text)]
    return [f"(?{flags}:{part})" for part in parts]


def _is_meant(name: str, wanted: str) -> bool:
    if wanted.endswith("."):
        return name == wanted[:-1] or name.startswith(wanted)
    return fnmatchcase(name, wanted)


def _with_key(made: LogFilter, key: str, value: str) -> LogFilter:
    if not value:
        raise InvalidInput(f"“{key}:” wants a name right after the colon.")
    if key == "source":
        return replace(made, sources=made.sources | {value})
    return replace(made, names=(*made.names, f"{value}." if key == "logger" else value))


def _cut_expression(text: str) -> tuple[str, str]:
    found = _EXPRESSION.search(text)
    if found is None:
        return "", text
    return check_expression(found[1]), f"{text[: found.start()]} {text[found.end() :]}"


def _levels(sign: str, name: str) -> frozenset[int]:
    try:
        least = _LEVELS[name.lower()]
    except KeyError:
        there = ", ".join(LEVELS.values())
        raise InvalidInput(f"“{name}” is no level." if name else "level wants a value.", hint=f"There are {there}.") from None
    return frozenset(level for level in LEVELS if level >= least) if sign == ">=" else frozenset({least})


def _both(one: frozenset[int] | None, other: frozenset[int]) -> frozenset[int]:
    return other if one is None else (one & other or _nothing_passes())


def _nothing_passes() -> frozenset[int]:
    """A level that no line has: an empty set would mean any."""
    return frozenset({-1})
