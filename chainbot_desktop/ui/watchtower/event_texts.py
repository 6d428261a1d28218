"""What an event says, in one line of a few words, and when it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from pydantic import BaseModel

from chainbot_desktop.core.events.envelope import Event, Severity
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.ui.watchtower.json_paths import visible
from chainbot_desktop.ui.watchtower.marks import Mark

Data = Mapping[str, Any]

MARKS: dict[Severity, Mark] = {
    Severity.INFO: "info",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
    Severity.CRITICAL: "critical",
}

_LONGEST = 400
_SPEAKING = ("reason", "attention_reason", "error", "message", "text", "description")
_SILENT = frozenset({"timestamp", "time", "sha256", "hash", "event_type", "user_id"})


def mark_of(event: Event) -> Mark:
    """Of something that is not bad and wants a human, the sign for that."""
    mark = MARKS[event.severity]
    return "attention" if event.requires_attention and mark == "info" else mark


def plain_data(event: Event) -> Any:
    """`data` as JSON values, only what was set."""
    data = event.data
    return data.model_dump(mode="json", exclude_unset=True) if isinstance(data, BaseModel) else data


def describe(event: Event) -> str:
    """A line for the list."""
    data = plain_data(event)
    if not isinstance(data, Mapping):
        return visible(str(data)[:_LONGEST])
    sentence = _SENTENCES.get(event.type, _anything)(data)
    return visible(" ".join(sentence.split())[:_LONGEST])


def exact_time(text: str, zone: tzinfo | None = None) -> str:
    """The local date and time to the millisecond, with the offset."""
    try:
        moment = parse_time(text).astimezone(zone)
    except ValueError:
        return text
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} {moment:%z}"


def clock_time(text: str, zone: tzinfo | None = None) -> str:
    """The local time of day to the millisecond."""
    try:
        moment = parse_time(text).astimezone(zone)
    except ValueError:
        return text
    return f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}.{moment.microsecond // 1000:03d}"


def relative_time(text: str, now: datetime | None = None) -> str:
    """How long ago, in the largest fitting unit; by the wall clock, so it may be a little before its time."""
    try:
        seconds = ((now or datetime.now(UTC)) - parse_time(text)).total_seconds()
    except ValueError:
        return ""
    ahead, seconds = seconds < -1, abs(seconds)
    if seconds < 1:
        return "now"
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if seconds >= length:
            return f"in {int(seconds // length)} {unit}" if ahead else f"{int(seconds // length)} {unit} ago"
    return "now"


def _joined(*parts: object) -> str:
    return " · ".join(str(part) for part in parts if part not in (None, "", (), []))


def _workflow(data: Data) -> str:
    steps = f"{data['steps_completed']} of {data['total_steps']} steps" if data.get("total_steps") else ""
    duration = f"{data['duration']:g} s" if data.get("duration") is not None else ""
    return _joined(
        data.get("workflow_name") or data.get("workflow_id"), steps, duration, data.get("error") or data.get("status")
    )


def _agent(data: Data) -> str:
    name = data.get("agent_name") or data.get("name") or data.get("agent_id")
    return _joined(name, data.get("agent_type"), data.get("status"), data.get("reason") or data.get("description"))


def _entanglement(data: Data) -> str:
    return _joined(data.get("name") or data.get("entanglement_id"), " – ".join(map(str, data.get("agents", ()))))


def _module(data: Data) -> str:
    return _joined(data.get("agent_name"), data.get("status_id"), data.get("attention_reason"))


def _started(data: Data) -> str:
    return _joined(f"version {data.get('version')}", f"{data.get('host')}:{data.get('port')}", data.get("mode"))


def _message(data: Data) -> str:
    return _joined(data.get("author"), data.get("kind"), f"{data.get('size')} bytes")


def _given_up(data: Data) -> str:
    return _joined(f"{data.get('event_type')} #{data.get('seq')}", f"{data.get('attempts')} attempts", data.get("reason"))


def _verdict(data: Data) -> str:
    checked = f"{data.get('checked'):,} events" if isinstance(data.get("checked"), int) else ""
    return _joined("whole" if data.get("ok") else "broken", data.get("reason"), checked)


def _pruned(data: Data) -> str:
    return _joined(f"events {data.get('first_seq')} to {data.get('last_seq')} are gone")


def _exported(data: Data) -> str:
    return _joined(f"events {data.get('first_seq')} to {data.get('last_seq')}", data.get("format"), data.get("key_fingerprint"))


def _anything(data: Data) -> str:
    """What speaks first, then the other plain values by name."""
    spoken = [str(data[key]) for key in _SPEAKING if data.get(key)]
    others = [
        f"{key} {value}"
        for key, value in data.items()
        if key not in _SPEAKING and key not in _SILENT and isinstance(value, (str, int, float, bool)) and value != ""
    ]
    nested = [f"{key} ({len(value)})" for key, value in data.items() if isinstance(value, (list, dict)) and value]
    return _joined(*spoken, *others[:6], *nested[:3])


_SENTENCES: dict[str, Callable[[Data], str]] = {
    "workflow_started": _workflow,
    "workflow_completed": _workflow,
    "workflow_failed": _workflow,
    "agent_spawned": _agent,
    "agent_terminated": _agent,
    "agent_moved": lambda d: _joined(d.get("agent_id"), f"x {d.get('x', 0):.0f}, y {d.get('y', 0):.0f}"),
    "guest_appeared": _agent,
    "guest_changed": _agent,
    "guest_left": _agent,
    "entanglement_created": _entanglement,
    "entanglement_destroyed": _entanglement,
    "module_health_reported": _module,
    "module_status_reported": _module,
    "attention_required": lambda d: _joined(d.get("reason"), d.get("hint")),
    "health_changed": lambda d: _joined(f"{d.get('before')} → {d.get('after')}", " ".join(d.get("reasons", ()))),
    "link_changed": lambda d: _joined(d.get("state"), d.get("reason")),
    "registration_success": lambda d: _joined(d.get("registry_url"), d.get("dialect")),
    "dialect_detected": lambda d: _joined(d.get("name"), d.get("registry_url")),
    "alexos_event_received": lambda d: _joined(d.get("event_type"), _anything(d.get("payload") or {})),
    "external_event_received": lambda d: _joined(d.get("event_type"), _anything(d)),
    "panel_started": _started,
    "panel_stopped": lambda d: _joined(d.get("reason")),
    "files_changed": lambda d: ", ".join(str(f.get("path")) for f in d.get("files") or () if isinstance(f, dict)),
    "file_saved": lambda d: _joined(d.get("path"), f"{d.get('size')} bytes"),
    "message_posted": _message,
    "delivery_given_up": _given_up,
    "chain_verified": _verdict,
    "journal_pruned": _pruned,
    "audit_exported": _exported,
    "event_gap_detected": lambda d: _joined(d.get("reason")),
}
