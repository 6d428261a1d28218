"""Lengths of time as people write and read them: "5 min", "1 h 30 min". Pure: no Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chainbot_desktop.core.errors import InvalidInput

_UNITS: Mapping[str, int] = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("h", "hour", "hours", "hr"), "h"),
    **dict.fromkeys(("m", "min", "minute", "minutes", "mins"), "min"),
    **dict.fromkeys(("s", "sec", "second", "seconds", "secs"), "s"),
}
_PART = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*([a-z]*)\s*", re.ASCII)
_EXAMPLES = "Write a length of time such as 30 s, 5 min or 1 h 30 min."


def say_duration(seconds: float) -> str:
    """All units that it has: "1 d 2 h", "90 s" is "1 min 30 s"; parts of a second are kept."""
    whole = int(seconds)
    rest = seconds - whole
    parts = []
    for unit, length in _UNITS.items():
        count, whole = divmod(whole, length)
        if unit == "s" and rest:
            parts.append(f"{count + rest:.15g} s")
        elif count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def say_briefly(seconds: float) -> str:
    """The largest unit and the next smaller one: what a list has room for."""
    whole = max(0, int(seconds))
    lengths = list(_UNITS.values())
    largest = next((at for at, length in enumerate(lengths) if whole >= length), len(lengths) - 1)
    finest = lengths[min(largest + 1, len(lengths) - 1)]
    return say_duration(whole - whole % finest)


def parse_duration(text: str) -> float:
    """Seconds. A number alone is seconds. InvalidInput with examples for anything else."""
    rest, total, seen = text.strip().lower(), 0.0, set[str]()
    if not rest or len(rest) > 100:
        raise InvalidInput(_EXAMPLES)
    at = 0
    while at < len(rest):
        found = _PART.match(rest, at)
        if found is None:
            raise InvalidInput(_EXAMPLES)
        name = found[2] or ("s" if not seen and found.end() == len(rest) else "")
        unit = _NAMES.get(name, "")
        if not unit or unit in seen:
            raise InvalidInput(_EXAMPLES)
        seen.add(unit)
        total += float(found[1].replace(",", ".")) * _UNITS[unit]
        at = found.end()
    return total
