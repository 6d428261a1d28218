"""What counts as the words of a guest, whatever an event holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.agents.entanglements.guest_words import ANSWER_TYPES, GuestWords, guest_words

_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
_NAMES = st.sampled_from(["agent_id", "text", "message", "data", "in_reply_to", "message_id", "conversation_id", "other"])


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"agent_id": "g", "text": "yes", "in_reply_to": "m"}, GuestWords("g", "yes", in_reply_to="m")),
        ({"guest_id": "g", "response": "yes", "reply_to": "m"}, GuestWords("g", "yes", in_reply_to="m")),
        ({"data": {"agent_uuid": "g", "message": "yes", "message_id": "m"}}, GuestWords("g", "yes", message_id="m")),
        ({"agent_id": "g", "content": "yes", "conversation_id": "c"}, GuestWords("g", "yes", conversation_id="c")),
        ({"agent_id": "g", "text": " "}, None),
        ({"agent_id": 7, "text": "yes"}, None),
        ({"text": "yes", "in_reply_to": "m"}, None),
    ],
)
def test_who_said_what_to_which_question(body: dict[str, Any], found: GuestWords | None) -> None:
    for event_type in ANSWER_TYPES:
        assert guest_words(event_type, body) == found
    assert guest_words("log_update", body) is None


@given(st.dictionaries(_NAMES, _ANY))
def test_any_body_is_read_without_harm(body: dict[str, Any]) -> None:
    found = guest_words("agent_response", body)
    assert found is None or (found.guest_id.strip() and found.text.strip())
