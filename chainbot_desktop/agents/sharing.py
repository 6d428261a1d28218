"""A record that was replaced shares with the one after it whatever they say alike: thousands of states of one agent stay light.

Only texts are shared: of other values some are equal and yet not the same in JSON (1 and true).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

from chainbot_desktop.agents.records import Agent

_TEXTS = tuple(field.name for field in fields(Agent) if field.type == "str")
_texts = attrgetter(*_TEXTS)

_RECORD = 240
_TEXT = 50
_POINTER = 8


def sharing(after: Agent, before: Agent) -> Agent:
    """An agent equal to `after`, made of parts of `before` where they are equal."""
    same: dict[str, Any] = {
        name: old for name, old, new in zip(_TEXTS, _texts(before), _texts(after), strict=True) if old == new and old is not new
    }
    if after.capabilities == before.capabilities:
        same["capabilities"] = before.capabilities
    if after.metadata is not before.metadata:
        same["metadata"] = _sharing_texts(after.metadata, before.metadata)
    return replace(after, **same)


def _sharing_texts(after: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any]:
    texts = {key: before.get(key) if isinstance(value, str) else None for key, value in after.items()}
    shared = {key: old if (old := texts[key]) is not None and old == value else value for key, value in after.items()}
    alike = len(before) == len(shared) and list(before) == list(shared)
    return before if alike and all(before[key] is value for key, value in shared.items()) else shared


def weight_beside(after: Agent, before: Agent | None) -> int:
    """How many bytes `after` adds to `before`, estimated."""
    if before is None:
        return _RECORD + sum(_TEXT + len(text) for text in _texts(after)) + _weight_of(after.metadata)
    own = (new for new, old in zip(_texts(after), _texts(before), strict=True) if new is not old)
    weight = _RECORD + sum(_TEXT + len(text) for text in own)
    if after.metadata is before.metadata:
        return weight
    old_values = before.metadata
    return weight + sum(
        _POINTER * 6 + (0 if old_values.get(key) is value else _weight_of(value)) for key, value in after.metadata.items()
    )


def _weight_of(value: Any) -> int:
    if isinstance(value, str):
        return _TEXT + len(value)
    if isinstance(value, Mapping):
        return 64 + sum(6 * _POINTER + _weight_of(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return 56 + sum(_POINTER + _weight_of(item) for item in value)
    return 28
