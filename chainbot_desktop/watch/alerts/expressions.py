"""The conditions of rules: CEL expressions, checked before they are taken and kept from costing more than they may.

CEL has no loops but its macros (`exists`, `map` …) and no way to wait, and its `matches` is linear. What is left to bound: how many
macros an expression has and how deep they stand in each other, how much of an event it is shown, and what it was seen to cost.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import cel

from chainbot_desktop.core.errors import InvalidInput

Value = Any
"""What an expression can be given: JSON's values."""

MOST_TEXT = 4000
"""Characters of a text of an event or log line that a condition sees."""
MOST_ITEMS = 100
MOST_DEPTH = 6
_MOST_MACROS = 2
_SLOW = 0.05
"""Seconds that one evaluation may take; an expression that takes longer so often is not evaluated any more."""
_SLOW_TIMES = 3

_MACRO = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_TEXT = re.compile(r"""[rRbB]*(?:'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")""", re.DOTALL)
_IDENTIFIER = re.compile(r"^[A-Za-z_]\w*$")
_FUNCTIONS = frozenset(
    [
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "int",
        "uint",
        "double",
        "string",
        "bytes",
        "timestamp",
        "duration",
        "type",
        "dyn",
        "has",
        "getFullYear",
        "getMonth",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getHours",
        "getMinutes",
        "getSeconds",
        "getMilliseconds",
    ]
)


class Condition:
    """One expression, compiled. InvalidInput (code "bad_condition") where it means nothing; `names` are the variables there are."""

    def __init__(self, text: str, names: Iterable[str]) -> None:
        self.text = text
        self.error = ""
        """Why it gives no answer: of the last evaluation while none has ever worked, or for good where it was too slow."""
        self._slow = 0
        self._worked = False
        plain = _TEXT.sub('""', text)
        macros = _MACRO.findall(plain)
        if len(macros) > _MOST_MACROS or _nested(plain):
            raise _bad(text, f"at most {_MOST_MACROS} of exists, all, map and filter, and none inside another")
        try:
            self._program = cel.compile(text)
        except ValueError as error:
            raise _bad(text, _first_words(error)) from error
        references = self._program.references()
        self.names = frozenset(references["variables"]) - set(macros)
        unknown = sorted(self.names - set(names))
        if unknown:
            raise _bad(text, f"there is no variable {unknown[0]}")
        functions = [name for name in references["functions"] if name[0] not in "_@!-" and name not in _FUNCTIONS]
        if functions:
            raise _bad(text, f"there is no function {functions[0]}")

    def holds(self, context: cel.Context) -> bool | None:
        """None where it has no answer: a variable is not known now, or a field is not there."""
        if self._slow >= _SLOW_TIMES:
            return None
        began = time.perf_counter()
        try:
            answer = self._program.execute(context)
        except (RuntimeError, TypeError, ValueError, OverflowError, KeyError) as error:
            if not self._worked:
                self.error = _first_words(error)
            return None
        finally:
            if time.perf_counter() - began > _SLOW:
                self._note_slow()
        if not isinstance(answer, bool):
            self.error = f"it gives {type(answer).__name__}, not true or false"
            return None
        if not self._worked:
            self._worked, self.error = True, ""
        return answer

    def _note_slow(self) -> None:
        self._slow += 1
        if self._slow >= _SLOW_TIMES:
            self.error = f"it took more than {_SLOW * 1000:.0f} ms {_SLOW_TIMES} times, and is not looked at any more"


def context_of(variables: Mapping[str, Value]) -> cel.Context:
    """What expressions are evaluated against. Names that are no identifiers are left out."""
    return cel.Context(variables={name: value for name, value in variables.items() if _IDENTIFIER.match(name)})


def bounded(value: Value, depth: int = MOST_DEPTH) -> Value:
    """`value` with long texts cut, long lists and maps shortened, and nothing below `depth`: what a condition may see."""
    if isinstance(value, str):
        return value if len(value) <= MOST_TEXT else value[:MOST_TEXT]
    if isinstance(value, dict):
        if depth <= 0:
            return {}
        items = value.items() if len(value) <= MOST_ITEMS else list(value.items())[:MOST_ITEMS]
        return {str(key): bounded(item, depth - 1) for key, item in items}
    if isinstance(value, list | tuple):
        return [bounded(item, depth - 1) for item in value[:MOST_ITEMS]] if depth > 0 else []
    return value


def find(path: str, variables: Mapping[str, Value]) -> Value:
    """What `event.data.state` names in `variables`; None where there is no such thing."""
    if path in variables:
        return variables[path]
    found: Value = variables
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


_PLACE = re.compile(r"\{([A-Za-z_][\w.:]*)\}")


def filled(template: str, variables: Mapping[str, Value], say: Callable[[str, Value], str]) -> str:
    """`template` with each `{name}` replaced by what `say` makes of it."""
    return _PLACE.sub(lambda match: say(match[1], find(match[1], variables)), template)


def places(template: str) -> list[str]:
    """The names that stand in braces."""
    return _PLACE.findall(template)


def _nested(plain: str) -> bool:
    depth = 0
    opened: list[int] = []
    starts = {match.end() for match in re.finditer(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(", plain)}
    for place, letter in enumerate(plain, start=1):
        if letter == "(":
            depth += 1
            if place in starts:
                if opened:
                    return True
                opened.append(depth)
        elif letter == ")":
            if opened and opened[-1] == depth:
                opened.pop()
            depth -= 1
    return False


def _bad(text: str, reason: str) -> InvalidInput:
    return InvalidInput(
        f"The condition {text[:100]!r} is not usable: {reason}.",
        hint="docs/alerts.md lists its variables.",
        code="bad_condition",
    )


def _first_words(error: Exception) -> str:
    text = " ".join(str(error).split("\n", 1)[0].split())
    return text.split(" ERROR: ", 1)[-1].removesuffix(".")[:300]
