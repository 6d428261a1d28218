"""Whatever JSON a stranger sends: it is taken, or refused in words; nothing else ever comes out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainbot_desktop.alexos.intake import RemoteEvents
from chainbot_desktop.alexos.listing import read_listing
from chainbot_desktop.alexos.webhooks import KINDS, Caller, WebhookIntake
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.ports import ChainReport, EventQuery, IdempotencyKey

names = st.sampled_from(
    [
        "workflow_id",
        "agent_id",
        "agents",
        "event_type",
        "event_id",
        "uuid",
        "id",
        "name",
        "status",
        "severity",
        "data",
        "payload",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=400)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=5), inner, max_size=6),
    max_leaves=12,
)
objects = st.dictionaries(names, values, max_size=8)


class FakeJournal:
    """Keeps events in memory, as they would be written."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def append(self, event: Any, key: IdempotencyKey | None = None) -> Recorded[Any]:
        event.data_json().encode()
        self.events.append(event)
        return Recorded(len(self.events), event, "", "")

    async def read(self, query: EventQuery) -> list[Recorded[Event]]:
        return []

    async def get(self, event_id: str) -> Recorded[Event] | None:
        return None

    async def verify(self, progress: Any = None, heads: Any = ()) -> ChainReport:
        return ChainReport(True, 0)

    @property
    def head_seq(self) -> int:
        return len(self.events)


class FakeBlobs:
    async def put(self, body: bytes) -> str:
        return "0" * 64

    async def get(self, sha256: str) -> bytes | None:
        return None


@settings(deadline=None)
@given(kind=st.sampled_from(list(KINDS)), body=objects, key=st.none() | st.text(max_size=5), alexos=st.booleans())
@example(kind="event", body={"event_type": "x" * 200, "event_id": 10**30}, key=None, alexos=True)
@example(kind="workflow/started", body={"workflow_id": "x", "pad": "y" * 20_000}, key="k", alexos=False)
def test_webhooks(kind: str, body: dict[str, Any], key: str | None, alexos: bool) -> None:
    journal = FakeJournal()
    intake = WebhookIntake(journal, FakeBlobs())
    content = json.dumps(body).encode()
    try:
        recorded = asyncio.run(intake.accept(kind, content, Caller("system:webhook@x", alexos), key))
    except ChainBotError as error:
        assert 400 <= error.http_status < 500
        assert error.message
        assert intake.refused == 1
        assert journal.events == []
    else:
        assert recorded.event.type == KINDS[kind].event.model_fields["type"].default
        assert journal.events == [recorded.event]


@settings(deadline=None)
@given(body=st.binary(max_size=60))
def test_bytes_that_are_no_json(body: bytes) -> None:
    intake = WebhookIntake(FakeJournal(), FakeBlobs())
    try:
        asyncio.run(intake.accept("event", body, Caller("system:webhook@x"), None))
    except ChainBotError:
        assert intake.refused == 1


@settings(deadline=None)
@given(value=values | st.lists(objects, max_size=5))
def test_listings(value: Any) -> None:
    listing = read_listing(value, lambda _agent_id, _row: False)
    assert listing.usable or listing.problem
    assert set(listing.guests) == {guest.agent_id for guest in listing.guests.values()}


@settings(deadline=None)
@given(frames=st.lists(objects | values, max_size=5))
@example(frames=[{"event_type": "a\x00\ud7ff" * 200, "data": {"agent_id": "\x7f"}, "event_id": True, "timestamp": 1e300}])
def test_events_of_alexos(frames: list[Any]) -> None:
    journal = FakeJournal()
    events = RemoteEvents(journal, FakeBlobs(), "chainbot", "uuid")
    news = asyncio.run(both(events, frames))
    assert news == len(journal.events)
    assert all(event.source == "alexos" for event in journal.events)


async def both(events: RemoteEvents, frames: list[Any]) -> int:
    return await events.take_envelopes(frames) + await events.take_rows(frames)
