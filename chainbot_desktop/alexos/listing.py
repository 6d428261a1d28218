"""From whatever an index of agents answers to guests: what cannot be read is counted and named, never trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chainbot_desktop.alexos.intake import one_line
from chainbot_desktop.core.events.agents import Guest
from chainbot_desktop.core.json_codec import JsonObject, canonical_json

MAX_GUESTS = 2000
_MAX_DETAILS = 16 * 1024
_KNOWN = frozenset(
    {"agent_id", "uuid", "id", "name", "agent_name", "agent_type", "type", "role", "status", "status_id", "description"}
)
_MOVING = ("_at", "_seen", "timestamp", "heartbeat", "uptime")
"""Endings of fields that change by themselves: they are shown, but a change of them alone is no news."""


@dataclass(frozen=True, slots=True)
class Listing:
    """`guests` by id; `ours`: ids in it that are of this house; `problem` in words, `usable` where it is a listing at all."""

    guests: dict[str, Guest]
    ours: frozenset[str]
    problem: str = ""
    usable: bool = True
    complete: bool = True
    """Every row was understood: who is not among them is gone."""


def read_listing(value: Any, is_ours: Callable[[str, JsonObject], bool]) -> Listing:
    rows = value.get("agents", value.get("items")) if isinstance(value, dict) else value
    if not isinstance(rows, list):
        return Listing({}, frozenset(), "the answer is not a list of agents", usable=False)
    guests: dict[str, Guest] = {}
    ours: set[str] = set()
    unreadable = twice = 0
    for row in rows:
        agent_id = _id_of(row)
        if agent_id is None:
            unreadable += 1
        elif is_ours(agent_id, row):
            ours.add(agent_id)
        elif agent_id in guests:
            twice += 1
        elif len(guests) < MAX_GUESTS:
            guests[agent_id] = _guest(agent_id, row)
    problems = []
    if unreadable:
        problems.append(f"{unreadable} of {len(rows)} listed agents have no id and are left out")
    if twice:
        problems.append(f"{twice} are listed twice")
    cut = len(rows) - unreadable - twice - len(ours) > MAX_GUESTS
    if cut:
        problems.append(f"only the first {MAX_GUESTS} of {len(rows)} are shown")
    return Listing(guests, frozenset(ours), "; ".join(problems), complete=not unreadable and not cut)


def differs(old: Guest, new: Guest) -> bool:
    """Whether a person would call it a change."""
    return _lasting(old) != _lasting(new)


def _id_of(row: Any) -> str | None:
    if not isinstance(row, dict):
        return None
    for name in ("agent_id", "uuid", "id"):
        value = row.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and len(value.strip()) > 0 and len(value) <= 200 and one_line(value) == value:
            return value
    return None


def _guest(agent_id: str, row: JsonObject) -> Guest:
    details = {name: value for name, value in row.items() if name not in _KNOWN}
    if len(canonical_json(details)) > _MAX_DETAILS:
        details = {"left_out": f"more than {_MAX_DETAILS // 1024} KiB of details"}
    return Guest(
        agent_id=agent_id,
        name=_label(row, "agent_name", "name") or agent_id,
        agent_type=_label(row, "agent_type", "type", "role"),
        status=_label(row, "status", "status_id"),
        description=_label(row, "description"),
        details=details,
    )


def _label(row: JsonObject, *names: str) -> str:
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            return one_line(value)
    return ""


def _lasting(guest: Guest) -> JsonObject:
    shown = guest.model_dump()
    shown["details"] = {name: value for name, value in guest.details.items() if not name.endswith(_MOVING)}
    return shown
