"""The outbox's tables: derived from the journal, in order, and only what is public."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chainbot_desktop.core.events import PUBLIC_TYPES, WorkflowStarted
from chainbot_desktop.core.events.panel import HealthChange, HealthChanged
from chainbot_desktop.core.events.webhooks import WorkflowFact
from chainbot_desktop.core.link import DialectRow, Verdict
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.store.deliveries import DeliveryMark, DeliveryTable
from chainbot_desktop.store.dialects import DialectTable, KnownDialect
from tests.helpers.stores import Store, open_store

HERE = "http://alex-os.invalid:8000"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def table(store: Store) -> DeliveryTable:
    return DeliveryTable(store.database, store.journal)


async def append(store: Store, *subjects: str, source: str = "webhook") -> None:
    for subject in subjects:
        event = WorkflowStarted(data=WorkflowFact(workflow_id=subject), subject=subject, source=source)
        await store.journal.append(event)


async def derive(table: DeliveryTable, limit: int = 100) -> int:
    return await table.derive(HERE, PUBLIC_TYPES, ("alexos",), limit)


async def test_public_events_become_deliveries_once(store: Store, table: DeliveryTable) -> None:
    await append(store, "a", "b")
    await store.journal.append(HealthChanged(data=HealthChange(before="healthy", after="degraded")))
    await append(store, "c", source="alexos")
    assert await derive(table) == 2
    assert await derive(table) == 0
    assert [d.subject for d in await table.pending(HERE, 0, 10)] == ["a", "b"]
    assert (await table.counts(HERE)).position == 4


async def test_the_position_moves_by_slices(store: Store, table: DeliveryTable) -> None:
    await append(store, "a", "b", "c")
    assert [await derive(table, 2), await derive(table, 2), await derive(table, 2)] == [2, 1, 0]
    assert await table.behind(PUBLIC_TYPES, ("alexos",), 1, 3) == 2
    assert [d.seq for d in await table.pending(HERE, 1, 10)] == [2, 3]


async def test_each_destination_has_its_own(store: Store, table: DeliveryTable) -> None:
    await append(store, "a")
    await derive(table)
    assert await table.derive("http://other.invalid", PUBLIC_TYPES, ("alexos",), 10) == 1
    await table.mark(HERE, [DeliveryMark(1, "delivered", 0)])
    assert await table.pending(HERE, 0, 10) == []
    assert len(await table.pending("http://other.invalid", 0, 10)) == 1


async def test_marks_survive(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        table = DeliveryTable(store.database, store.journal)
        await append(store, "a", "b")
        await derive(table)
        await table.mark(
            HERE, [DeliveryMark(1, "delivered", 0, "", 200, "fine"), DeliveryMark(2, "pending", 3, "", 503, "x" * 900)]
        )
    async with open_store(tmp_path) as store:
        table = DeliveryTable(store.database, store.journal)
        (left,) = await table.pending(HERE, 0, 10)
        assert (left.seq, left.attempts) == (2, 3)
        found = await table.event(2)
        assert found is not None
        assert (found.event.subject, found.event.id) == ("b", left.event_id)


async def test_giving_up_is_journaled_with_the_row(store: Store, table: DeliveryTable) -> None:
    await append(store, "a")
    await derive(table)
    (delivery,) = await table.pending(HERE, 0, 10)
    await table.give_up(HERE, delivery, 3, 422, "answers 422: no such thing")
    counts = await table.counts(HERE)
    assert (counts.pending, counts.given_up) == (0, 1)
    (event,) = [item.event for item in await store.journal.read(EventQuery(types=("delivery_given_up",)))]
    assert (event.data.event_id, event.data.attempts, event.subject) == (delivery.event_id, 3, "a")
    assert "422" in event.data.reason
    assert event.severity == "error"


async def test_only_old_delivered_rows_are_pruned(store: Store, table: DeliveryTable) -> None:
    await append(store, "a", "b")
    await derive(table)
    await table.mark(HERE, [DeliveryMark(1, "delivered", 0)])
    assert await table.prune("2000-01-01T00:00:00.000000Z") == 0
    assert await table.prune("2999-01-01T00:00:00.000000Z") == 1
    assert [d.seq for d in await table.pending(HERE, 0, 10)] == [2]
    assert await derive(table) == 0


async def test_dialects_are_remembered_by_registry(store: Store) -> None:
    table = DialectTable(store.database)
    row = DialectRow(capability="events", path="/x", verdict=Verdict.REFUSES, status=500, detail="ill", checked_at="now")
    assert await table.load(HERE) is None
    await table.save(HERE, KnownDialect("observed", (), "2026-01-01T00:00:00.000000Z"))
    known = KnownDialect("repaired", (row,), "2026-01-02T00:00:00.000000Z")
    await table.save(HERE, known)
    assert await table.load(HERE) == known
    assert await table.load("http://other.invalid") is None
