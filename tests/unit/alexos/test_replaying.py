"""What came in is taken again, marked, and only where somebody wants it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chainbot_desktop.alexos.backlog import NOT_TOLD
from chainbot_desktop.alexos.refusals import Refusals
from chainbot_desktop.alexos.replaying import WebhookReplay
from chainbot_desktop.alexos.webhooks import KINDS, MAX_INLINE_BODY, Caller, Receipts, WebhookIntake
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import PUBLIC_TYPES
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.deliveries import DeliveryTable
from chainbot_desktop.store.received_webhooks import IncomingQuery, ReceivedWebhooks
from tests.helpers.deliveries import HERE
from tests.helpers.stores import Store, open_store

CALLER = Caller("system:webhook@127.0.0.1")
ME = "user:admin"
BODIES: dict[str, dict[str, Any]] = {
    "workflow/started": {"workflow_id": "w1"},
    "workflow/completed": {"workflow_id": "w1", "duration": 2.5},
    "workflow/failed": {"workflow_id": "w1", "error": "no disk"},
    "agent/spawned": {"agent_id": "a1"},
    "agent/terminated": {"agent_id": "a1", "reason": "done"},
    "entanglement/created": {"entanglement_id": "e1", "agents": ["a1", "a2"]},
    "entanglement/destroyed": {"entanglement_id": "e1"},
    "health": {"agent_name": "m", "status_id": "unhealthy", "requires_attention": True},
    "status": {"agent_name": "m", "status_id": "degraded"},
    "event": {"event_type": "door_opened", "severity": "critical"},
}


@dataclass
class Parts:
    store: Store
    received: ReceivedWebhooks
    refusals: Refusals
    intake: WebhookIntake
    replay: WebhookReplay

    async def refused(self, path: str, body: bytes) -> int:
        with pytest.raises(ChainBotError):
            await self.intake.accept(path, body, CALLER)
        await self.refusals.close()
        return (await self.received.page(IncomingQuery(limit=1)))[0].number


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    async with open_store(tmp_path) as store:
        received = ReceivedWebhooks(store.database, store.journal)
        refusals = Refusals(received, Tasks(), rows=100, bytes_=1_000_000)
        intake = WebhookIntake(store.journal, store.blobs, receipts=Receipts(received, refusals))
        yield Parts(store, received, refusals, intake, WebhookReplay(intake, received, store.journal, store.blobs))
        await refusals.close()


def test_every_kind_is_played_here() -> None:
    assert set(BODIES) == set(KINDS)


@pytest.mark.parametrize("path", list(KINDS))
@pytest.mark.parametrize("large", [False, True])
async def test_each_kind_becomes_the_same_event_marked(parts: Parts, path: str, large: bool) -> None:
    more = {"pad": "x" * MAX_INLINE_BODY} if large else {"colour": "red"}
    body = json.dumps({**BODIES[path], **more, "event_id": "once"}, indent=1).encode()
    first = await parts.intake.accept(path, body, CALLER, "key")
    preview = await parts.replay.preview(1, ME)
    assert preview.same
    assert preview.body == body
    assert parts.store.journal.head_seq == 1, "a preview changes nothing"
    again = await parts.replay.replay(1, ME)
    event = again.event
    assert again.seq == 2
    assert (event.type, event.subject, event.severity) == (first.event.type, first.event.subject, first.event.severity)
    assert (event.source, event.actor, event.requires_attention) == ("replay", ME, False)
    marked = json.loads(event.data_json())
    assert marked.pop("replay_of") == {"delivery": 1, "event_id": first.event.id}
    assert marked == json.loads(first.event.data_json())
    kept = await parts.store.journal.get(event.id)
    assert kept is not None
    assert kept.event.data_json() == event.data_json()


async def test_it_can_be_played_as_often_as_wanted_and_a_replay_too(parts: Parts) -> None:
    await parts.intake.accept("event", b'{"event_type": "door", "event_id": "once"}', CALLER)
    seqs = [(await parts.replay.replay(number, ME)).seq for number in (1, 1, 2)]
    assert seqs == [2, 3, 4]
    states = [(row.state, row.replay_of, row.caller) for row in await parts.received.page(IncomingQuery())]
    assert states == [("replayed", 2, ME), ("replayed", 1, ME), ("replayed", 1, ME), ("accepted", None, CALLER.id)]


async def test_alex_os_is_not_told_of_it(parts: Parts) -> None:
    await parts.intake.accept("workflow/failed", b'{"workflow_id": "w"}', CALLER)
    await parts.replay.replay(1, ME)
    table = DeliveryTable(parts.store.database, parts.store.journal)
    assert await table.behind(PUBLIC_TYPES, NOT_TOLD, 0, 2) == 1
    await table.begin(HERE, 100)
    assert await table.derive(HERE, PUBLIC_TYPES, NOT_TOLD, 100) == 1


async def test_what_is_refused_is_refused_again_in_words(parts: Parts) -> None:
    number = await parts.refused("event", b'{"event_type": 7}')
    preview = await parts.replay.preview(number, ME)
    assert preview.event is None
    assert "event_type" in preview.problem
    with pytest.raises(InvalidInput):
        await parts.replay.replay(number, ME)
    assert parts.store.journal.head_seq == 0


async def test_what_was_refused_and_would_be_taken_now_is_taken(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as then:
        then.setattr(WebhookIntake, "_validate", _refuse)
        number = await parts.refused("event", b'{"event_type": "door"}')
    preview = await parts.replay.preview(number, ME)
    assert (preview.event is not None, preview.was, preview.same) == (True, None, False)
    recorded = await parts.replay.replay(number, ME)
    assert recorded.event.data.model_dump()["replay_of"] == {"delivery": number, "event_id": ""}


def _refuse(_self: WebhookIntake, _path: str, _found: object) -> Any:
    raise InvalidInput("An older program did not know it.")


async def test_without_its_body_it_cannot_be_played(parts: Parts) -> None:
    parts.intake.turn_away("event", "system:webhook@1.2.3.4", 401, "This needs a token.")
    await parts.refusals.close()
    with pytest.raises(Conflict, match="not kept"):
        await parts.replay.replay(1, ME)
    with pytest.raises(NotFound):
        await parts.replay.preview(2, ME)


async def test_an_event_of_ours_that_came_home_is_not_made_new_by_playing_it(parts: Parts) -> None:
    ours = await parts.intake.accept("workflow/started", b'{"workflow_id": "w"}', CALLER)
    body = json.dumps({"workflow_id": "w", "event_id": ours.event.id, "source": "chainbot"}).encode()
    assert (await parts.intake.accept("workflow/started", body, CALLER)).seq == 1
    await parts.refusals.close()
    (home, _) = await parts.received.page(IncomingQuery())
    assert (home.status, home.seq) == (200, None)
    assert "came home" in home.reason
    preview = await parts.replay.preview(home.number, ME)
    assert "came home" in preview.problem
