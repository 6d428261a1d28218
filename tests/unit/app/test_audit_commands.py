"""`chainbot-desktop audit` as its users run it: a process of its own, beside a running program or without one."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chainbot_desktop.app.command_line import parse_arguments
from chainbot_desktop.core.events import UnknownEvent
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.security.secret_store import SecretStore
from chainbot_desktop.security.signing import read_or_make_signer
from tests.helpers.stores import open_store

EVENTS = 3_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    async def make() -> None:
        async with open_store(tmp_path) as store:
            secrets = SecretStore(tmp_path, "file", None)
            trail = AuditTrail(store.database, store.journal, store.preferences, tmp_path, lambda: read_or_make_signer(secrets))
            await trail.open()
            await asyncio.gather(
                *(store.journal.append(UnknownEvent(type="note", subject=f"s{n}", data={"n": n})) for n in range(EVENTS))
            )
            await trail.close()

    asyncio.run(make())
    (tmp_path / "journal.db").rename(tmp_path / "chainbot.db")
    return tmp_path


def command(data: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "chainbot_desktop", "audit", *arguments, "--data-dir", str(data)]


def environment(data: Path) -> dict[str, str]:
    return {**os.environ, "XDG_CONFIG_HOME": str(data / "config"), "CHAINBOT_SECURITY__SECRET_STORE": "file"}


def run(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(data, *arguments), env=environment(data), capture_output=True, text=True, check=False, timeout=120
    )


def test_a_whole_journal_a_changed_one_and_none(data: Path) -> None:
    whole = run(data, "verify")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert (
        whole.stdout == f"Whole: {EVENTS:,} events fit each other. Signed checkpoints vouch for all up to event {EVENTS:,}.\n"
    )
    with closing(sqlite3.connect(data / "chainbot.db")) as connection, connection:
        connection.execute("UPDATE journal SET envelope = json_set(envelope, '$.subject', 'x') WHERE seq = 1234")
    broken = run(data, "verify", "--database", str(data / "chainbot.db"))
    assert broken.returncode == 3
    assert broken.stdout == "BROKEN at event 1234 (changed): Event 1234 was changed after it was written.\n"
    with closing(sqlite3.connect(data / "chainbot.db")) as connection, connection:
        connection.execute("DELETE FROM journal WHERE seq >= 1234")
    cut = run(data, "verify")
    assert (cut.returncode, cut.stdout.split(":")[0]) == (3, "BROKEN at event 1234 (truncated)")
    none = run(data, "verify", "--database", str(data / "none.db"))
    assert (none.returncode, none.stdout) == (1, "")
    assert "no database" in none.stderr
    (data / "text.db").write_text("not a database " * 100)
    other = run(data, "verify", "--database", str(data / "text.db"))
    assert other.returncode == 1
    assert "cannot be read" in other.stderr


async def test_an_export_is_written_and_proved_while_the_program_writes(data: Path) -> None:
    (data / "chainbot.db").rename(data / "journal.db")
    async with open_store(data) as store:
        await store.journal.append(UnknownEvent(type="note", data="newer"))
        database = ("--database", str(data / "journal.db"))
        target = data / "trail.csv"
        arguments = ("export", "--format", "csv", "--from", "2,900".replace(",", ""), "--output", str(target), *database)
        exported = await asyncio.to_thread(run, data, *arguments)
        assert exported.returncode == 0, exported.stderr
        assert exported.stdout.startswith(f"102 events (2,900 to 3,001) are in {target}.\n")
        assert (await asyncio.to_thread(run, data, "verify", *database)).returncode == 0
    proved = await asyncio.to_thread(run, data, "verify", str(target))
    assert proved.returncode == 0, proved.stderr
    assert "which is the key of this installation" in proved.stdout
    content = target.read_bytes()
    target.write_bytes(content.replace(b"newer", b"older"))
    changed = await asyncio.to_thread(run, data, "verify", str(target))
    assert changed.returncode == 3
    assert "changed after it was signed" in changed.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_given_up_in_the_middle_it_leaves_nothing(data: Path, number: signal.Signals) -> None:
    out = data / "out"
    out.mkdir()
    # A pipe in place of the disk: it takes some bytes and no more, so the program is in the middle for as long as it takes.
    with closing(sqlite3.connect(data / "chainbot.db")) as connection, connection:
        connection.execute("UPDATE journal SET envelope = json_set(envelope, '$.data', hex(zeroblob(2000)))")
    process = subprocess.Popen(
        command(data, "export", "--output", str(out / "trail.jsonl")),
        env=environment(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not any(out.iterdir()):
        pass
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was done before the signal came")
    assert process.returncode == 130, told
    assert "given up" in told
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit"],
        ["audit", "export"],
        ["audit", "verify", "a", "b"],
        ["audit", "verify", "--output", "x"],
        ["run", "--output", "x"],
        ["audit", "verify", "FILE", "--database", "x"],
        ["audit", "export", "--format", "xml", "--output", "x"],
    ],
)
def test_a_wrong_command_line_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments(arguments)
    assert caught.value.code == 2


def test_a_bound_that_is_neither_place_nor_time_is_refused(data: Path) -> None:
    refused = run(data, "export", "--from", "yesterday", "--output", str(data / "x"))
    assert refused.returncode == 1
    assert "neither the number of an event nor a time" in refused.stderr
    nothing = run(data, "export", "--from", "2999-01-01", "--output", str(data / "x"))
    assert nothing.returncode == 1
    assert "no event in this stretch" in nothing.stderr
    assert not (data / "x").exists()
