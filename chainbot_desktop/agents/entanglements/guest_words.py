"""What a guest of ALEX OS says, as an event tells it: pure reading of `agent_response`, `agent_message` and `guest_answered`.

ALEX OS documents no form of an answer. These are the types and names that its modules use for such things, and the references that
went out with the question (`guest_addressed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ANSWER_TYPES = frozenset({"agent_response", "agent_message", "guest_answered"})

_GUEST = ("agent_id", "guest_id", "agent_uuid")
_TEXT = ("text", "message", "response", "answer", "content")
_EXPLICIT = ("in_reply_to", "reply_to")


@dataclass(frozen=True, slots=True)
class GuestWords:
    """`in_reply_to` names a question of ours, `message_id` may (or be an id of their own), `conversation_id` too."""

    guest_id: str
    text: str
    in_reply_to: str = ""
    message_id: str = ""
    conversation_id: str = ""


def guest_words(event_type: str, body: Mapping[str, Any]) -> GuestWords | None:
    """None where the event is no word of a guest: another type, nobody who says it, or nothing said."""
    if event_type not in ANSWER_TYPES:
        return None
    inner = body.get("data")
    said = {**body, **inner} if isinstance(inner, Mapping) else body
    guest, text = _first(said, _GUEST), _first(said, _TEXT)
    if not guest or not text:
        return None
    return GuestWords(guest, text, _first(said, _EXPLICIT), _first(said, ("message_id",)), _first(said, ("conversation_id",)))


def _first(said: Mapping[str, Any], names: tuple[str, ...]) -> str:
    found = (said.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value.strip()), "")
