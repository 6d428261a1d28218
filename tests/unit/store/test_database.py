"""Opening, refusing and migrating the one file."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.store.conversation_rows import Meter
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.database import SCHEMA_REVISION, Database, StoreError
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.schema import metadata
from tests.helpers.stores import open_store


async def refused(path: Path) -> StoreError:
    database = Database(path)
    with pytest.raises(StoreError) as caught:
        await database.open()
    return caught.value


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index ix_journal_")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index 'ix_journal_")
async def test_migrations_make_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, _: kind != "table" or not is_text_index(str(name))}
        )
        return list(compare_metadata(context, metadata))

    def is_text_index(name: str) -> bool:
        return name.startswith(("events_text", "memories_text", "messages_text"))

    async with open_store(tmp_path) as store:
        assert await store.database.read(differences) == []


def test_the_named_revision_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "chainbot_desktop.store:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_REVISION


async def test_only_the_owner_can_read_the_database(tmp_path: Path) -> None:
    async with open_store(tmp_path / "data"):
        assert stat.S_IMODE((tmp_path / "data" / "journal.db").stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


async def test_a_second_program_is_told_who_has_the_data(tmp_path: Path) -> None:
    async with open_store(tmp_path):
        error = await refused(tmp_path / "journal.db")
        assert str(os.getpid()) in error.message
        assert "--data-dir" in error.hint
    async with open_store(tmp_path):
        pass


async def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"a diary, not a database" * 100)
    assert "not a database" in (await refused(path)).message
    assert path.read_bytes().startswith(b"a diary")


async def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE agents (id INTEGER)")
    connection.close()
    assert "another program" in (await refused(path)).message


async def test_the_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    async with open_store(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    assert "newer version" in (await refused(tmp_path / "journal.db")).message


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    error = await refused(tmp_path / "file" / "journal.db")
    assert str(tmp_path / "file") in error.message


def test_a_start_with_an_up_to_date_database_does_not_import_alembic(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys, pathlib\n"
        "from chainbot_desktop.store.database import Database\n"
        "async def main():\n"
        "    database = Database(pathlib.Path(sys.argv[1]))\n"
        "    await database.open(); await database.close()\n"
        "asyncio.run(main())\n"
        "print('alembic' in sys.modules)\n"
    )
    program = [sys.executable, "-c", script, str(tmp_path / "journal.db")]
    runs = [subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)]
    assert runs == ["True", "False"]


async def test_a_first_start_that_is_cut_off_leaves_no_half_of_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr("alembic.op.execute", cut_off)
        with pytest.raises(RuntimeError, match="the power went"):
            await Database(tmp_path / "journal.db").open()
    async with open_store(tmp_path) as store:
        assert store.journal.head_seq == 0


async def test_a_journal_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.database.write(lambda c: c.execute(text("DROP TABLE journal_marks")).rowcount)
    database = Database(tmp_path / "journal.db")
    await database.open()
    try:
        with pytest.raises(Unavailable, match="journal_marks"):
            await SqliteJournal(database, EventBus()).open()
    finally:
        await database.close()


def made_at(path: Path, revision: str) -> sqlite3.Connection:
    """A database as a version of the program left it that knew no more than `revision`."""
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", "chainbot_desktop.store:migrations")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()
    return sqlite3.connect(path)


async def test_conversations_of_the_version_before_branches_are_kept_as_they_were(tmp_path: Path) -> None:
    old = made_at(tmp_path / "journal.db", "0003")
    now = "2026-01-02T03:04:05.000000Z"
    conversation = "INSERT INTO conversations (id, title, created_at, updated_at, pinned, archived, draft, read_through, lead)"
    old.execute(f"{conversation} VALUES ('c1', 'Garden', ?, ?, 1, 0, 'half a tho', 2, 'a')", (now, now))
    old.execute(f"{conversation} VALUES ('c2', '', ?, ?, 0, 1, '', 0, '')", (now, now))
    message = "INSERT INTO messages (id, conversation_id, author, kind, text, created_at, detail)"
    for number in range(1, 4):
        values = (f"m{number}", f"moist {number}", now, '{"run_id": "r"}' if number == 2 else "{}")
        old.execute(f"{message} VALUES (?, 'c1', 'user:admin', 'text', ?, ?, ?)", values)
    old.commit()
    old.close()
    async with open_store(tmp_path) as store:
        table = ConversationTable(store.database, store.journal)
        (garden,) = await table.listed()
        assert (garden.title, garden.named_by, garden.draft, garden.lead) == ("Garden", "person", "half a tho", "a")
        assert (garden.pinned, garden.unread, garden.last_text, garden.members) == (True, 1, "moist 3", ())
        assert [(c.id, c.named_by) for c in await table.listed(archived=True)] == [("c2", "")]
        said = await table.before("c1", None, 10)
        assert [(m.number, m.text, m.thread) for m in said] == [(n, f"moist {n}", "") for n in range(1, 4)]
        assert said[1].detail == {"run_id": "r"}
        assert [hit.number for hit in await table.search("moist")] == [3, 2, 1]
        branch = await table.branch(garden, said[1], title="Garden (2)", floor=0, actor="user:admin")
        await table.post(branch.id, "another way", author="user:admin")
        await table.delete("c1", actor="user:admin")
        assert [m.text for m in await table.before(branch.id, None, 10)] == ["moist 1", "moist 2", "another way"]
        assert await table.meter(branch.id) == Meter(0, 0, None, 0)
