"""What other programs post becomes an event, once, or a clear refusal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chainbot_desktop.alexos.remote_ids import remote_key
from chainbot_desktop.alexos.webhooks import KINDS, MAX_INLINE_BODY, Caller, WebhookIntake
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import AlexOsEventReceived
from chainbot_desktop.core.events.alexos import ReceivedEvent
from chainbot_desktop.core.ports import EventQuery
from tests.helpers.stores import Store, open_store

CALLER = Caller("system:webhook@127.0.0.1")
OTHER = Caller("system:webhook@10.0.0.7")
ALEXOS = Caller("system:alexos", is_alexos=True)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def intake(store: Store) -> WebhookIntake:
    return WebhookIntake(store.journal, store.blobs)


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


async def count(store: Store) -> int:
    return len(await store.journal.read(EventQuery()))


@pytest.mark.parametrize(
    ("kind", "fields", "event_type", "subject", "severity"),
    [
        ("workflow/started", {"workflow_id": "w1"}, "workflow_started", "w1", "info"),
        ("workflow/completed", {"workflow_id": "w1", "duration": 2}, "workflow_completed", "w1", "info"),
        ("workflow/failed", {"workflow_id": "w1", "error": "no disk"}, "workflow_failed", "w1", "error"),
        ("agent/spawned", {"agent_id": "a1"}, "agent_spawned", "a1", "info"),
        ("agent/terminated", {"agent_id": "a1", "reason": "done"}, "agent_terminated", "a1", "info"),
        ("entanglement/created", {"entanglement_id": "e1", "agents": ["a1", "a2"]}, "entanglement_created", "e1", "info"),
        ("entanglement/destroyed", {"entanglement_id": "e1"}, "entanglement_destroyed", "e1", "info"),
        ("health", {"agent_name": "m", "status_id": "unhealthy"}, "module_health_reported", "m", "error"),
        ("status", {"agent_name": "m", "status_id": "degraded"}, "module_status_reported", "m", "warning"),
        ("event", {"event_type": "door_opened", "severity": "critical"}, "external_event_received", "door_opened", "critical"),
    ],
)
async def test_each_documented_path(
    intake: WebhookIntake, store: Store, kind: str, fields: dict[str, Any], event_type: str, subject: str, severity: str
) -> None:
    recorded = await intake.accept(kind, body(**fields, colour="red"), CALLER)
    kept = await store.journal.get(recorded.event.id)
    assert kept is not None
    event = kept.event
    assert (event.type, event.subject, event.severity, event.source) == (event_type, subject, severity, "webhook")
    assert event.actor == CALLER.id
    assert json.loads(event.data_json()) == {**fields, "colour": "red"}
    assert KINDS[kind].message


async def test_attention_raises_severity(intake: WebhookIntake) -> None:
    recorded = await intake.accept("health", body(agent_name="m", status_id="healthy", requires_attention=True), CALLER)
    assert recorded.event.requires_attention
    assert recorded.event.severity == "warning"


async def test_what_alex_os_posts_is_marked_as_coming_from_it(intake: WebhookIntake) -> None:
    recorded = await intake.accept("workflow/started", body(workflow_id="w"), ALEXOS)
    assert recorded.event.source == "alexos"


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("workflow/started", b"nonsense", "not JSON"),
        ("workflow/started", b"\xff\xfe", "not JSON"),
        ("workflow/started", b'["workflow_id"]', "not an array"),
        ("workflow/started", b"{}", "workflow_id is missing"),
        ("workflow/started", b'{"workflow_id": 5}', "workflow_id: found 5, expected text"),
        ("workflow/started", b'{"workflow_id": ""}', "workflow_id: found '', expected text that is not empty"),
        ("workflow/started", b'{"workflow_id": "a\\nb"}', "one line of text"),
        ("workflow/completed", b'{"workflow_id": "w", "duration": "long"}', "duration: found 'long', expected a number"),
        ("workflow/completed", b'{"workflow_id": "w", "duration": -1}', "duration: found -1"),
        ("workflow/completed", b'{"workflow_id": "w", "total_steps": true}', "total_steps: found a boolean"),
        ("entanglement/created", b'{"entanglement_id": "e", "agents": "a1"}', "agents: found 'a1', expected an array"),
        ("entanglement/created", b'{"entanglement_id": "e", "agents": [1]}', "agents.0: found 1"),
        ("health", b'{"requires_attention": "yes"}', "requires_attention: found 'yes', expected true or false"),
        ("event", b'{"event_type": "a\\u0007"}', "event_type"),
        ("event", b'{"event_type": "a", "event_id": ["x"]}', "event_id: found an array"),
        ("event", b"[" * 100 + b"]" * 100, "nested deeper"),
    ],
)
async def test_a_wrong_body_is_named_and_nothing_is_kept(
    intake: WebhookIntake, store: Store, kind: str, content: bytes, words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await intake.accept(kind, content, CALLER)
    assert words in str(caught.value)
    assert intake.refused == 1
    assert await count(store) == 0


async def test_an_unknown_path(intake: WebhookIntake) -> None:
    with pytest.raises(NotFound):
        await intake.accept("workflow/paused", b"{}", CALLER)
    assert intake.refused == 1


@pytest.mark.parametrize("with_header", [True, False])
async def test_a_repeated_delivery_answers_as_the_first_time(intake: WebhookIntake, store: Store, with_header: bool) -> None:
    content = body(workflow_id="w") if with_header else body(workflow_id="w", event_id="d-1")
    key = "d-1" if with_header else None
    first, second = await asyncio.gather(*(intake.accept("workflow/started", content, CALLER, key) for _ in range(2)))
    third = await intake.accept("workflow/started", content, CALLER, key)
    assert {(r.seq, r.event.id) for r in (first, second, third)} == {(first.seq, first.event.id)}
    assert await count(store) == 1
    assert intake.refused == 0


async def test_the_same_id_with_another_body_or_path_is_refused(intake: WebhookIntake, store: Store) -> None:
    await intake.accept("workflow/started", body(workflow_id="w"), CALLER, "d-1")
    for kind, content in (("workflow/started", body(workflow_id="x")), ("workflow/completed", body(workflow_id="w"))):
        with pytest.raises(Conflict) as caught:
            await intake.accept(kind, content, CALLER, "d-1")
        assert caught.value.http_status == 422
    assert await count(store) == 1
    assert intake.refused == 2


async def test_ids_belong_to_their_caller(intake: WebhookIntake, store: Store) -> None:
    await intake.accept("workflow/started", body(workflow_id="w"), CALLER, "d-1")
    await intake.accept("workflow/started", body(workflow_id="x"), OTHER, "d-1")
    assert await count(store) == 2


@pytest.mark.parametrize("key", ["", "k" * 301, "\udcff"])
async def test_an_id_that_cannot_be_one(intake: WebhookIntake, key: str) -> None:
    with pytest.raises(InvalidInput):
        await intake.accept("workflow/started", body(workflow_id="w"), CALLER, key)


async def test_a_large_body_is_kept_whole_beside_the_journal(intake: WebhookIntake, store: Store) -> None:
    content = body(workflow_id="w", error="e" * 5000, duration=1.5, log="x" * MAX_INLINE_BODY)
    recorded = await intake.accept("workflow/failed", content, CALLER)
    kept = json.loads(recorded.event.data_json())
    assert (kept["workflow_id"], kept["duration"], len(kept["error"])) == ("w", 1.5, 1001)
    assert "log" not in kept
    assert kept["body"]["size"] == len(content)
    assert await store.blobs.get(kept["body"]["sha256"]) == content


async def test_an_event_of_alex_os_that_comes_over_the_bus_too_is_one(intake: WebhookIntake, store: Store) -> None:
    over_bus = AlexOsEventReceived(data=ReceivedEvent(event_type="workflow_started", remote_id="ev-1"), source="alexos")
    first = await store.journal.append(over_bus, remote_key("ev-1"))
    second = await intake.accept("workflow/started", body(workflow_id="w", event_id="ev-1"), ALEXOS)
    assert (second.seq, second.event.id) == (first.seq, first.event.id)
    assert await count(store) == 1


async def test_alex_os_contradicting_itself_is_refused(intake: WebhookIntake, store: Store) -> None:
    first = await intake.accept("workflow/started", body(workflow_id="w", event_id="ev-1"), ALEXOS)
    again = await intake.accept("workflow/started", body(workflow_id="w", event_id="ev-1"), ALEXOS)
    assert again.seq == first.seq
    with pytest.raises(ChainBotError) as caught:
        await intake.accept("workflow/started", body(workflow_id="x", event_id="ev-1"), ALEXOS)
    assert caught.value.http_status == 422
    assert await count(store) == 1


@pytest.mark.parametrize("source", ["alexos", "alex_os", "alex-os", "ALEX_OS"])
async def test_who_says_that_it_is_alex_os_is_believed_for_the_way_back_alone(
    intake: WebhookIntake, store: Store, source: str
) -> None:
    claimed = await intake.accept("event", body(event_type="door_opened", source=source, event_id="ev-1"), CALLER)
    assert (claimed.event.source, claimed.event.actor) == ("alexos", CALLER.id)
    real = AlexOsEventReceived(data=ReceivedEvent(event_type="other", remote_id="ev-1"), source="alexos")
    assert (await store.journal.append(real, remote_key("ev-1"))).event is real


@pytest.mark.parametrize("source", ["chainbot", "module", 7, None, ["alexos"]])
async def test_any_other_source_is_a_program_of_the_house(intake: WebhookIntake, source: object) -> None:
    recorded = await intake.accept("event", body(event_type="door_opened", source=source, event_id="ev-1"), CALLER)
    assert recorded.event.source == "webhook"


async def test_an_event_of_ours_that_comes_home_is_not_news(intake: WebhookIntake, store: Store) -> None:
    ours = await intake.accept("workflow/started", body(workflow_id="w"), CALLER)
    echo = body(event_type="workflow_started", source="chainbot", event_id=ours.event.id, data={"workflow_id": "w"})
    for caller in (CALLER, ALEXOS):
        assert (await intake.accept("event", echo, caller)).seq == ours.seq
    stranger = body(event_type="workflow_started", source="module", event_id=ours.event.id)
    await intake.accept("event", stranger, CALLER)
    assert await count(store) == 2
