"""A flood of refused webhooks does not fill the disk, and does not hide those of programs that we know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chainbot_desktop.alexos import refusals as module
from chainbot_desktop.alexos.refusals import Refusals
from chainbot_desktop.alexos.webhooks import Caller, Receipts, WebhookIntake
from chainbot_desktop.core.errors import ChainBotError, Unavailable
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.received_webhooks import IncomingQuery, ReceivedWebhooks
from tests.helpers.stores import Store, open_store

CALLER = Caller("system:webhook@127.0.0.1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def received(store: Store) -> ReceivedWebhooks:
    return ReceivedWebhooks(store.database, store.journal)


def keeper(received: ReceivedWebhooks, *, rows: int = 8, bytes_: int = 1000) -> Refusals:
    return Refusals(received, Tasks(), rows=rows, bytes_=bytes_)


async def test_each_is_kept_with_its_reason_and_soon(store: Store, received: ReceivedWebhooks) -> None:
    refusals = keeper(received)
    await refusals.open()
    intake = WebhookIntake(store.journal, store.blobs, receipts=Receipts(received, refusals))
    for body, path in ((b"{", "event"), (b'{"event_type": 3}', "event"), (b"{}", "nowhere")):
        with pytest.raises(ChainBotError):
            await intake.accept(path, body, CALLER, "key")
    intake.turn_away("event", "system:webhook@10.0.0.1", 401, "This needs a token.")
    async with asyncio.timeout(10):
        while len(found := await received.page(IncomingQuery())) < 4:
            await asyncio.sleep(0.01)
    assert [one.status for one in found] == [401, 404, 422, 422]
    assert [one.has_body for one in found] == [False, True, True, True]
    assert await received.body(found[2].number) == b'{"event_type": 3}'
    assert "event_type" in found[2].reason
    assert found[2].key == "key"
    assert intake.refused == 4
    await refusals.close()


async def test_strangers_cannot_use_up_the_room_of_others(received: ReceivedWebhooks) -> None:
    refusals = keeper(received)
    await refusals.open()
    for number in range(5000):
        refusals.add(f"x{number}", "system:webhook@1.2.3.4", 401, "no token")
    refusals.add("event", CALLER.id, 422, "wrong", size=2, body=b"{}")
    await refusals.close()
    found = await received.page(IncomingQuery(limit=500))
    assert [one.path for one in found] == ["event", "x1", "x0"]
    assert refusals.not_kept == 4998


async def test_bodies_have_a_room_of_their_own(received: ReceivedWebhooks) -> None:
    refusals = keeper(received)
    await refusals.open()
    for number in range(3):
        refusals.add("event", CALLER.id, 422, f"wrong {number}", size=400, body=b"x" * 400)
    await refusals.close()
    found = await received.page(IncomingQuery())
    assert [one.has_body for one in found] == [False, True, True]
    assert [one.size for one in found] == [400, 400, 400]


async def test_a_restart_does_not_begin_the_day_anew(received: ReceivedWebhooks) -> None:
    for _ in range(3):
        refusals = keeper(received, rows=4)
        await refusals.open()
        for _ in range(3):
            refusals.add("event", CALLER.id, 422, "wrong", size=1, body=b"x")
        await refusals.close()
    assert await received.counts() == (4, 4)


async def test_the_next_day_has_room_again(received: ReceivedWebhooks, monkeypatch: pytest.MonkeyPatch) -> None:
    now = "2031-01-01T23:59:59.000000Z"
    monkeypatch.setattr(module, "utc_now", lambda: now)
    refusals = keeper(received, rows=4)
    await refusals.open()
    for _ in range(9):
        refusals.add("event", CALLER.id, 422, "wrong", body=b"")
    now = "2031-01-02T00:00:00.000000Z"
    for _ in range(9):
        refusals.add("event", CALLER.id, 422, "wrong", body=b"")
    await refusals.close()
    assert await received.counts() == (8, 8)


async def test_hostile_texts_are_kept_harmless(received: ReceivedWebhooks) -> None:
    refusals = keeper(received)
    await refusals.open()
    refusals.add("a\x00b\ud800" * 200, "system:webhook@\n", 404, "found \ud800\x1b[31m", key="\x07" * 900, body=b"\x00\xff")
    await refusals.close()
    (one,) = await received.page(IncomingQuery())
    assert len(one.path) == 200
    assert len(one.key) == 300
    assert all(character.isprintable() for character in one.path + one.caller + one.key)


async def test_a_full_disk_costs_the_row_and_nothing_else(received: ReceivedWebhooks, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_self: ReceivedWebhooks, _refused: object) -> None:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(ReceivedWebhooks, "keep_refused", full)
    refusals = keeper(received)
    await refusals.open()
    refusals.add("event", CALLER.id, 422, "wrong", body=b"x")
    await refusals.close()
    assert refusals.not_kept == 1
