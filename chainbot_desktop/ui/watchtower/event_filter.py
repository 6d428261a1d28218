"""The filter of the Events page: what a person types, as a question to the journal and as a test for what arrives live.

    nightly backup                      every word must occur, anywhere in the event; the last may be the beginning of one
    type:workflow_failed  type:agent*   several are alternatives
    subject:w-2291  source:alexos  actor:user:admin  actor:agent:
    severity>=warning  severity:error
    is:attention

`"…"` takes a colon for a colon. Pure: no Qt.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.events import EVENT_CLASSES
from chainbot_desktop.core.events.envelope import Event, Recorded, Severity
from chainbot_desktop.core.ports import EventQuery

_SEVERITIES = tuple(Severity)
_TERM = re.compile(r'(?P<key>[A-Za-z_]+)(?P<sign>>=|<=|[:=<>])(?!//)(?P<value>"[^"]*"?|\S*)|"(?P<quoted>[^"]*)"?|(?P<word>\S+)')
_EXPECTED = "type:, subject:, source:, actor:, severity>=, is:attention"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Without any term, everything passes."""

    words: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    subject: str | None = None
    source: str | None = None
    actor: str | None = None
    severities: tuple[str, ...] = ()
    attention: bool | None = None

    @property
    def empty(self) -> bool:
        return self == EventFilter()

    def query(self, *, since: int | None, limit: int, newest_first: bool = True) -> EventQuery:
        return EventQuery(
            since=since,
            limit=limit,
            types=self.types,
            subject=self.subject,
            source=self.source,
            actor=self.actor,
            severities=self.severities,
            attention=self.attention,
            text=" ".join(self.words),
            order="desc" if newest_first else "asc",
        )

    def tester(self) -> Callable[[Recorded[Event]], bool]:
        """A test that answers for one event as the journal does for `query`."""
        patterns = _word_patterns(self.words)

        def passes(recorded: Recorded[Event]) -> bool:
            event = recorded.event
            terms = (
                (not self.types or event.type in self.types)
                and (not self.severities or event.severity.value in self.severities)
                and self.subject in (None, event.subject)
                and self.source in (None, event.source)
                and self.attention in (None, event.requires_attention)
                and (
                    self.actor in (None, event.actor)
                    or ((self.actor or "").endswith(":") and event.actor.startswith(self.actor or ""))
                )
            )
            if not terms or not patterns:
                return terms
            text = f"{event.type}\n{event.source}\n{event.subject}\n{event.data_json()}"
            return all(pattern.search(text) for pattern in patterns)

        return passes


def parse_filter(text: str) -> EventFilter:
    """InvalidInput, with a sentence that says what is wrong, where it is none."""
    found = EventFilter()
    for match in _TERM.finditer(text):
        key, sign, value = match["key"], match["sign"], (match["value"] or "").strip('"')
        if key is None:
            found = replace(found, words=(*found.words, *(match["quoted"] or match["word"] or "").split()))
        elif key.lower() == "severity":
            found = replace(found, severities=_severities(sign, value))
        elif sign != ":":
            raise InvalidInput(
                f"“{key}{sign}” is not a term of the filter.", hint=f"Known are {_EXPECTED}. Quote it to search for it as text."
            )
        else:
            found = _with_term(found, key.lower(), value)
    return found


def _with_term(found: EventFilter, key: str, value: str) -> EventFilter:
    if key not in {"type", "subject", "source", "actor", "is"}:
        raise InvalidInput(
            f"“{key}:” is not a term of the filter.", hint=f"Known are {_EXPECTED}. Quote it to search for it as text."
        )
    if not value:
        raise InvalidInput(f"“{key}:” wants a value right after the colon.")
    if key == "type":
        return replace(found, types=(*found.types, *_types(value)))
    if key == "subject":
        return replace(found, subject=value)
    if key == "actor":
        return replace(found, actor=value)
    if key == "source":
        return replace(found, source=value)
    if value != "attention":
        raise InvalidInput(f"“is:{value}” is not known.", hint="There is is:attention.")
    return replace(found, attention=True)


def _types(value: str) -> tuple[str, ...]:
    if not any(sign in value for sign in "*?["):
        return (value,)
    types = tuple(name for name in sorted(EVENT_CLASSES) if fnmatchcase(name, value))
    if not types:
        raise InvalidInput(f"No type of event is like “{value}”.", hint="For example type:workflow*, type:agent_spawned.")
    return types


def _severities(sign: str, value: str) -> tuple[str, ...]:
    names = ", ".join(_SEVERITIES)
    try:
        place = _SEVERITIES.index(Severity(value.lower()))
    except ValueError:
        raise InvalidInput(
            f"“{value}” is no severity." if value else "severity wants a value.", hint=f"There are {names}."
        ) from None
    chosen = {
        ":": _SEVERITIES[place : place + 1],
        "=": _SEVERITIES[place : place + 1],
        ">=": _SEVERITIES[place:],
        ">": _SEVERITIES[place + 1 :],
        "<=": _SEVERITIES[: place + 1],
        "<": _SEVERITIES[:place],
    }[sign]
    if not chosen:
        raise InvalidInput(f"No severity is {'above' if sign == '>' else 'below'} {value}.", hint=f"There are {names}.")
    return tuple(severity.value for severity in chosen)


def _word_patterns(words: tuple[str, ...]) -> list[re.Pattern[str]]:
    """Words as the full-text index sees them: runs of letters and digits, whole, but the last may go on."""
    patterns = []
    for number, word in enumerate(words):
        tokens = re.findall(r"\w+", word)
        if tokens:
            end = "" if number == len(words) - 1 else r"(?!\w)"
            patterns.append(re.compile(r"(?<!\w)" + r"\W+".join(map(re.escape, tokens)) + end, re.IGNORECASE))
    return patterns
