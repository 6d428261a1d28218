"""The journal's one table: how older databases come to it, and that what is asked for has an index."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine
from sqlalchemy import event as sa_event

from chainbot_desktop.core.events import UnknownEvent
from chainbot_desktop.core.events.envelope import GENESIS_HASH, Event, Severity, chain_hash, hashed_envelope
from chainbot_desktop.core.ports import ChainReport, EventQuery
from chainbot_desktop.store.chain import verify_chain
from chainbot_desktop.store.schema import JOURNAL_INDEX_CONDITIONS, JOURNAL_INDEXES
from tests.helpers.stores import open_store

EVENTS = [
    UnknownEvent(
        type=f"made_{number % 3}",
        source='a "source" \\ ä😀',
        subject=f"subject/{number}",
        requires_attention=number % 2 == 0,
        data={"number": number, "text": 'ä "quoted"\n\t\x7f', "float": number / 3, "long": 10**30, "none": None},
    )
    for number in range(1, 2_500)
]


def older(folder: Path) -> Path:
    """A database of revision 0005 with EVENTS in it, as that revision wrote them."""
    path = folder / "journal.db"
    config = Config()
    config.set_main_option("script_location", "chainbot_desktop.store:migrations")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
    engine.dispose()
    with closing(sqlite3.connect(path)) as file, file:
        file.executemany(f"INSERT INTO events VALUES ({','.join('?' * 13)})", rows())
    return path


def rows() -> list[tuple[Any, ...]]:
    made, previous = [], GENESIS_HASH
    for seq, event in enumerate(EVENTS, 1):
        own = chain_hash(previous, hashed_envelope(seq, event))
        made.append((*columns(seq, event), event.data_json(), previous, own))
        previous = own
    return made


def columns(seq: int, event: Event) -> tuple[Any, ...]:
    labels = (event.source, event.severity.value, event.subject, event.actor)
    return (seq, event.id, event.time, event.type, event.version, *labels, event.requires_attention)


async def test_events_of_an_older_version_are_the_same_and_still_a_chain(tmp_path: Path) -> None:
    path = older(tmp_path)
    async with open_store(tmp_path) as store:
        assert store.journal.head_seq == len(EVENTS)
        read = await store.journal.read(EventQuery(limit=10_000))
        assert [recorded.event for recorded in read] == EVENTS
        report = await store.journal.verify()
        assert (report.ok, report.checked) == (True, len(EVENTS))
        await store.journal.append(EVENTS[0].model_copy(update={"id": "0" * 36}))
        assert [recorded.seq for recorded in await store.journal.read(EventQuery(text="subject/1777"))] == [1777]
    assert verify_chain(path) == ChainReport(True, len(EVENTS) + 1)


@pytest.mark.parametrize(
    "damage",
    ["data = '{no json'", "data = x'ff00'", "subject = x'ff'", "actor = 5.5", "requires_attention = 'yes'", "time = ''"],
)
async def test_an_event_that_was_changed_before_is_still_a_changed_one(tmp_path: Path, damage: str) -> None:
    path = older(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE events SET {damage} WHERE seq = 1234")
    async with open_store(tmp_path) as store:
        report = await store.journal.verify()
        assert (report.ok, report.broken_at, report.fault) == (False, 1234, "changed")


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("SELECT envelope FROM events WHERE id = ?", "ix_journal_id"),
        ("SELECT seq FROM events WHERE type IN (?, 'x') AND seq > 5", "ix_journal_type_seq"),
        ("SELECT min(seq) FROM events WHERE type IN (?, 'x') AND seq > 5", "ix_journal_type_seq"),
        ("SELECT envelope FROM events WHERE subject = ? ORDER BY seq DESC LIMIT 100", "ix_journal_subject_seq"),
        ("SELECT envelope FROM events WHERE actor = ? ORDER BY seq DESC LIMIT 100", "ix_journal_actor_seq"),
        ("SELECT min(seq + 0) FROM events WHERE time >= ?", "ix_journal_time"),
        ("SELECT seq FROM events WHERE time <= ? ORDER BY time DESC, seq DESC LIMIT 1", "ix_journal_time"),
    ],
)
async def test_what_is_often_asked_has_an_index(tmp_path: Path, asked: str, index: str) -> None:
    async with open_store(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        plan = connection.execute("EXPLAIN QUERY PLAN " + asked, ("x",)).fetchall()
        assert [index in step[3] for step in plan] == [True] + [False] * (len(plan) - 1)


async def test_migrations_make_the_indexes_of_the_schema(tmp_path: Path) -> None:
    async with open_store(tmp_path):
        pass
    asked = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'journal' AND sql IS NOT NULL"
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        made = dict(connection.execute(asked).fetchall())
    assert made == {
        name: f"CREATE {'UNIQUE ' if name == 'ix_journal_id' else ''}INDEX {name} ON journal ({', '.join(terms)})"
        + (f" WHERE {JOURNAL_INDEX_CONDITIONS[name]}" if name in JOURNAL_INDEX_CONDITIONS else "")
        for name, terms in JOURNAL_INDEXES.items()
    }


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (EventQuery(severities=(Severity.ERROR, Severity.CRITICAL)), "ix_journal_severe"),
        (EventQuery(severities=(Severity.WARNING,), order="desc"), "ix_journal_severe"),
        (EventQuery(attention=True, order="desc"), "ix_journal_attention"),
        (EventQuery(actor="user:admin"), "ix_journal_actor_seq"),
        (EventQuery(severities=(Severity.INFO, Severity.ERROR)), None),
        (EventQuery(attention=False), None),
    ],
)
async def test_the_few_are_found_by_their_index(tmp_path: Path, query: EventQuery, index: str | None) -> None:
    statements: list[str] = []

    def watch(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    async with open_store(tmp_path) as store:
        for number, severity in enumerate(Severity):
            event = UnknownEvent(type="x", severity=severity, requires_attention=number == 3, actor=f"user:{severity}", data=1)
            await store.journal.append(event)
        sa_event.listen(Engine, "before_cursor_execute", watch)
        try:
            read = await store.journal.read(query)
        finally:
            sa_event.remove(Engine, "before_cursor_execute", watch)
        everything = await store.journal.read(EventQuery(order=query.order))
    assert read == [recorded for recorded in everything if suits(recorded.event, query)]
    (statement,) = [statement for statement in statements if "FROM events" in statement]
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        plan = connection.execute("EXPLAIN QUERY PLAN " + statement, ("x",) * statement.count("?")).fetchall()
    assert ("USING INDEX" in plan[0][3]) == (index is not None)
    assert index is None or index in plan[0][3]


def suits(event: Event, query: EventQuery) -> bool:
    return (
        (not query.severities or event.severity in query.severities)
        and query.attention in {None, event.requires_attention}
        and query.actor in {None, event.actor}
    )
