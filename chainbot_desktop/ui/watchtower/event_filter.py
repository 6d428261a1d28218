"""The filter of the Events page: what a person types, as a question to the journal and as a test for what arrives live.

    nightly backup                      every word must occur, anywhere in the event; the last may be the beginning of one
    type:workflow_failed  type:agent*   several are alternatives
    subject:w-2291  source:alexos
    actor:user:admin  actor:agent:
    severity>=warning  severity:error
    is:attention  is:replay
    after:09:00  after:2026-11-30  after:2h  before:"2026-11-30 12:00"

`"…"` takes a colon for a colon. `actor:agent:` is every agent. Times are local; `2h` is two hours ago. Pure: no Qt.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.events import EVENT_CLASSES
from chainbot_desktop.core.events.envelope import Event, Recorded, Severity
from chainbot_desktop.core.ids import format_time
from chainbot_desktop.core.ports import EventQuery

_SEVERITIES = tuple(Severity)
_TERM = re.compile(r'(?P<key>[A-Za-z_]+)(?P<sign>>=|<=|[:=<>])(?!//)(?P<value>"[^"]*"?|\S*)|"(?P<quoted>[^"]*)"?|(?P<word>\S+)')
_EXPECTED = "type:, subject:, source:, actor:, severity>=, after:, before:, is:attention, is:replay"
KEYS = ("type:", "subject:", "source:", "actor:", "severity>=", "after:", "before:", "is:")
_AGO = re.compile(r"(\d{1,6})\s*(s|min|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_TIME_HINT = 'For example after:09:00, after:2026-11-30, after:2h, before:"2026-11-30 12:00".'


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Without any term, everything passes."""

    words: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    subject: str | None = None
    source: str | None = None
    severities: tuple[str, ...] = ()
    attention: bool | None = None
    actor: str | None = None
    """A whole actor, or a kind of them where it ends with a colon."""
    after: str | None = None
    """RFC 3339 in UTC, inclusive, as `before`."""
    before: str | None = None

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
            severities=self.severities,
            attention=self.attention,
            actor=self.actor,
            after=self.after,
            before=self.before,
            text=" ".join(self.words),
            order="desc" if newest_first else "asc",
        )

    def _is_caused(self, actor: str) -> bool:
        if self.actor is None:
            return True
        return actor.startswith(self.actor) if self.actor.endswith(":") else actor == self.actor

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
                and self._is_caused(event.actor)
                and (self.after is None or event.time >= self.after)
                and (self.before is None or event.time <= self.before)
            )
            if not terms or not patterns:
                return terms
            text = f"{event.type}\n{event.source}\n{event.subject}\n{event.data_json()}"
            return all(pattern.search(text) for pattern in patterns)

        return passes


def parse_filter(text: str, now: datetime | None = None) -> EventFilter:
    """InvalidInput, with a sentence that says what is wrong, where it is none. `now` is aware, and local."""
    now = now if now is not None else datetime.now().astimezone()
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
            found = _with_term(found, key.lower(), value, now)
    return found


def _with_term(found: EventFilter, key: str, value: str, now: datetime) -> EventFilter:
    if f"{key}:" not in KEYS:
        raise InvalidInput(
            f"“{key}:” is not a term of the filter.", hint=f"Known are {_EXPECTED}. Quote it to search for it as text."
        )
    if not value:
        raise InvalidInput(f"“{key}:” wants a value right after the colon.")
    if key == "type":
        return replace(found, types=(*found.types, *_types(value)))
    if key == "is":
        return _being(found, value)
    if key in ("after", "before"):
        return _bounded(found, key, value, now)
    if key == "subject":
        return replace(found, subject=value)
    return replace(found, source=value) if key == "source" else replace(found, actor=value)


def _being(found: EventFilter, value: str) -> EventFilter:
    if value == "attention":
        return replace(found, attention=True)
    if value == "replay":
        return replace(found, source="replay")
    raise InvalidInput(f"“is:{value}” is not known.", hint="There are is:attention and is:replay.")


def _bounded(found: EventFilter, key: str, value: str, now: datetime) -> EventFilter:
    moment = _moment(value, now, end=key == "before")
    if moment is None:
        raise InvalidInput(f"“{key}:{value}” is no time.", hint=_TIME_HINT)
    time = format_time(moment)
    bounded = replace(found, after=time) if key == "after" else replace(found, before=time)
    if bounded.after is not None and bounded.before is not None and bounded.after > bounded.before:
        raise InvalidInput("after: is later than before: no event lies between.", hint=_TIME_HINT)
    return bounded


def _moment(value: str, now: datetime, *, end: bool) -> datetime | None:
    """A date alone is its beginning, or its `end`; a time of day is today's; "2h" is so long ago."""
    ago = _AGO.fullmatch(value)
    try:
        if ago is not None:
            return now - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", value):
            hours, minutes, *rest = (int(part) for part in value.split(":"))
            return now.replace(hour=hours, minute=minutes, second=rest[0] if rest else 0, microsecond=0)
        moment = datetime.fromisoformat(value)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) and end:
            moment += timedelta(days=1) - timedelta(microseconds=1)
        return (moment if moment.tzinfo is not None else moment.astimezone()).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def suggestions(text: str, cursor: int, most: int = 8) -> list[str]:
    """How the word before `cursor` could go on: whole terms to put in its place, the keys first."""
    word = text[:cursor].rsplit(" ", 1)[-1]
    if not word or word.startswith('"'):
        return []
    lowered = word.lower()
    values = {
        "type:": sorted(EVENT_CLASSES),
        "severity>=": [severity.value for severity in _SEVERITIES],
        "is:": ["attention", "replay"],
        "source:": ["agents", "alexos", "chat", "panel", "replay", "tools", "webhook", "workspace"],
        "actor:": ["user:admin", "agent:", "device:", "system:"],
        "after:": ["1h", "24h", "7d"],
        "before:": ["1h", "24h", "7d"],
    }
    for key, known in values.items():
        if lowered.startswith(key):
            typed = lowered[len(key) :]
            begin = [value for value in known if value.startswith(typed)]
            within = [value for value in known if typed in value and value not in begin]
            return [f"{key}{value}" for value in (begin + within)[:most] if value != typed]
    keys = [key for key in KEYS if key.startswith(lowered) and key != lowered]
    types = [f"type:{name}" for name in sorted(EVENT_CLASSES) if len(lowered) >= 3 and lowered in name]
    return (keys + types)[:most]


def completed(text: str, cursor: int, term: str) -> str:
    """`text` with `term` in place of the word before `cursor`."""
    start = text[:cursor].rfind(" ") + 1
    space = "" if term in KEYS or term.endswith(":") else " "
    return f"{text[:start]}{term}{space}{text[cursor:].lstrip()}"


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
