"""Where an event leads: to the agent, the run, the conversation, the file, the body that it speaks of. Pure: no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainbot_desktop.core.events.envelope import Event
from chainbot_desktop.ui.watchtower.event_texts import plain_data
from chainbot_desktop.ui.watchtower.json_paths import visible

_MOST_LOOKED_AT = 2_000
_SHOWN = 60
_MOST_FILES = 5


@dataclass(frozen=True, slots=True)
class Jump:
    """`window` and `content` as `open_requested` takes them."""

    label: str
    icon: str
    window: str
    content: Mapping[str, object]


def jumps_of(event: Event) -> list[Jump]:
    data = plain_data(event)
    facts: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    found = []
    if agent := _text(facts, "agent_id"):
        name = _text(facts, "agent_name") or agent
        found.append(Jump(f"Agent {_short(name)} on the map", "agent", "agent-map", {"agent_id": agent}))
    if run := _text(facts, "run_id"):
        found.append(Jump("The run", "play", "watchtower", {"page": "runs", "run_id": run}))
    if above := _text(facts, "parent_run_id"):
        found.append(Jump("The run above it", "play", "watchtower", {"page": "runs", "run_id": above}))
    if conversation := _text(facts, "conversation_id"):
        place = {"conversation_id": conversation, "message_id": _text(facts, "message_id")}
        found.append(Jump("The conversation", "chat", "chat", place))
    found += [Jump(f"File {_short(path)}", "code", "code-agent", {"path": path}) for path in _files(facts)]
    if alert := _text(facts, "alert_id"):
        found.append(Jump("The alert", "bell", "watchtower", {"page": "alerts", "alert_id": alert}))
    return found


def body_digest(event: Event) -> str:
    """The digest of the first body reference (an object of `sha256` and `size` alone) in its data."""
    waiting: list[Any] = [plain_data(event)]
    for _ in range(_MOST_LOOKED_AT):
        if not waiting:
            break
        value = waiting.pop()
        if isinstance(value, Mapping):
            if set(value) == {"sha256", "size"} and isinstance(value["sha256"], str):
                return value["sha256"]
            waiting += list(value.values())[:_MOST_LOOKED_AT]
        elif isinstance(value, (list, tuple)):
            waiting += value[:_MOST_LOOKED_AT]
    return ""


def _files(facts: Mapping[str, Any]) -> list[str]:
    listed = facts.get("files")
    rows = listed if isinstance(listed, (list, tuple)) else ()
    paths = [facts.get("path"), *(row.get("path") for row in rows if isinstance(row, Mapping))]
    return [path for path in paths if isinstance(path, str) and path][:_MOST_FILES]


def _text(facts: Mapping[str, Any], key: str) -> str:
    found = facts.get(key)
    return found if isinstance(found, str) else ""


def _short(text: str) -> str:
    text = visible(text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
