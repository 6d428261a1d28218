"""The index of a workspace on a real folder: what is in it, what never is, and what becomes of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import pytest

from chainbot_desktop.agents.tools.secret_files import belongs_to_git, holds_secrets
from chainbot_desktop.chat.recall import files, workspace_index
from chainbot_desktop.chat.recall.question import terms_of
from chainbot_desktop.chat.recall.workspace_index import IndexPlaces, WorkspaceIndex
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.workspace_text import Piece


@dataclass
class Desk:
    """A folder, and the index that follows it."""

    folder: Path
    database: Path
    root: Path
    private: set[Path] = field(default_factory=set)
    busy: bool = False
    index: WorkspaceIndex = field(init=False)

    def __post_init__(self) -> None:
        places = IndexPlaces(self.database, lambda: self.root, self.may_read, lambda: self.busy)
        self.index = WorkspaceIndex(places, look_seconds=3600, root_seconds=0.02)

    def may_read(self, name: str, path: Path) -> bool:
        return not holds_secrets(PurePath(name)) and not belongs_to_git(PurePath(name)) and path not in self.private

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    async def finds(self, words: str) -> list[tuple[str, int]]:
        found, _ = await self.index.best(terms_of(words), 10)
        return [(piece.path, piece.line) for piece in found]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.005)

    async def ready(self) -> None:
        await self.until(lambda: self.index.state.word == "ready" and self.index.state.root == str(self.root))

    async def looks_again(self) -> None:
        before = self.index.state
        self.index.look_again()
        await self.until(lambda: self.index.state is not before)
        await self.ready()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    root = tmp_path / "project"
    root.mkdir()
    return Desk(tmp_path, tmp_path / "cache" / "workspace.db", root)


def git(desk: Desk, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(desk.root), *arguments], check=True)


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[None]:
    failures: list[str] = []
    tasks = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
    tasks.spawn("index", desk.index.run())
    try:
        yield
    finally:
        assert await tasks.cancel_all() == ()
        await desk.index.close()
    assert not failures


async def test_a_file_is_found_by_its_words_with_its_line(desk: Desk) -> None:
    lines = [f"line {number} says little" for number in range(1, 200)]
    lines[149] = "the capacitor of the pump was worn"
    desk.write("notes/repairs.md", "\n".join(lines))
    async with running(desk):
        await desk.ready()
        [(path, line)] = await desk.finds("why was the capacitor worn?")
        assert path == "notes/repairs.md"
        assert 150 - 40 <= line <= 150
        assert desk.index.state.files == 1
        assert desk.index.state.sentence == "Searched in project: 1 file."


async def test_a_file_is_found_by_its_name(desk: Desk) -> None:
    desk.write("house/greenhouse.py", "def water() -> None: ...\n")
    async with running(desk):
        await desk.ready()
        assert await desk.finds("the greenhouse") == [("house/greenhouse.py", 1)]


@pytest.mark.parametrize("lister", ["ripgrep", "git"])
async def test_what_gitignore_names_is_not_indexed(desk: Desk, monkeypatch: pytest.MonkeyPatch, lister: str) -> None:
    if lister == "git":
        git(desk, "init", "-q")
        monkeypatch.setattr(files, "_by_ripgrep", lambda root, stopped: None)
    desk.write(".gitignore", "build/\n*.log\n")
    desk.write("build/out.txt", "swordfish")
    desk.write("run.log", "swordfish")
    desk.write("kept.txt", "swordfish")
    async with running(desk):
        await desk.ready()
        assert await desk.finds("swordfish") == [("kept.txt", 1)]


async def test_a_folder_where_everything_is_ignored_has_nothing(desk: Desk) -> None:
    desk.write(".gitignore", "*\n")
    desk.write("secret-plan.txt", "swordfish")
    async with running(desk):
        await desk.ready()
        assert await desk.finds("swordfish") == []


async def test_a_repository_cannot_make_git_run_a_program(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_by_ripgrep", lambda root, stopped: None)
    git(desk, "init", "-q")
    touched = desk.folder / "touched"
    hook = desk.write("hook", f"#!/bin/sh\ntouch {touched}\n")
    hook.chmod(0o700)
    git(desk, "config", "core.fsmonitor", str(hook))
    desk.write("kept.txt", "swordfish")
    async with running(desk):
        await desk.ready()
        assert ("kept.txt", 1) in await desk.finds("swordfish")
    assert not touched.exists()


async def test_secrets_and_private_places_are_never_indexed(desk: Desk) -> None:
    for name in (".env", "id_rsa", "server.key", "conf/credentials.json", ".ssh/config", "config/.git/config"):
        desk.write(name, "swordfish")
    desk.private.add(desk.write("diary.txt", "swordfish"))
    desk.write("open.txt", "swordfish")
    async with running(desk):
        await desk.ready()
        assert await desk.finds("swordfish") == [("open.txt", 1)]
    assert desk.database.stat().st_mode & 0o777 == 0o600
    body = desk.database.read_bytes()
    assert body.count(b"swordfish") <= 2 * 2, "nothing but the one file is in the database"


async def test_what_became_private_is_not_told_though_it_was_indexed(desk: Desk) -> None:
    path = desk.write("diary.txt", "swordfish")
    async with running(desk):
        await desk.ready()
        assert await desk.finds("swordfish")
        desk.private.add(path)
        assert await desk.finds("swordfish") == []


async def test_links_and_what_is_no_file_are_passed_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = desk.folder / "outside.txt"
    outside.write_text("swordfish")
    monkeypatch.setattr(files, "_by_ripgrep", lambda root, stopped: None)
    monkeypatch.setattr(files, "_by_git", lambda root, stopped: None)
    (desk.root / "link.txt").symlink_to(outside)
    (desk.root / "folder").symlink_to(desk.folder)
    os.mkfifo(desk.root / "pipe.txt")
    desk.write("kept.txt", "swordfish")
    async with running(desk):
        await desk.ready()
        assert await desk.finds("swordfish") == [("kept.txt", 1)]


async def test_binary_huge_and_odd_files_harm_nothing(desk: Desk) -> None:
    desk.write("program.bin", b"\x7fELF\0swordfish\0" * 100)
    desk.write("huge.txt", "swordfish " * 100_000)
    desk.write("empty.txt", "")
    desk.write("latin.txt", "Gr\xfc\xdfe swordfish".encode("latin-1"))
    desk.write("wide.txt", "swordfish".encode("utf-16"))
    desk.write("one-line.js", "x=1;" * 100_000 + "swordfish")
    closed = desk.write("closed.txt", "swordfish")
    closed.chmod(0)
    async with running(desk):
        await desk.ready()
        found = {path for path, _ in await desk.finds("swordfish")}
        assert {"latin.txt", "wide.txt"} <= found
        assert not found & {"program.bin", "huge.txt", "empty.txt", "one-line.js"}


async def test_changes_are_taken_in_and_nothing_else_is_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    really = files.pieces_of

    def reads(root: Path, name: str) -> list[Piece]:
        read.append(name)
        return really(root, name)

    monkeypatch.setattr(workspace_index, "pieces_of", reads)
    for name in ("a.txt", "b.txt", "c.txt"):
        desk.write(name, f"{name} swordfish")
    async with running(desk):
        await desk.ready()
        assert sorted(read) == ["a.txt", "b.txt", "c.txt"]
        desk.write("a.txt", "a.txt holds a pumpkin now")
        (desk.root / "b.txt").unlink()
        await desk.looks_again()
        assert read[3:] == ["a.txt"]
        assert [path for path, _ in await desk.finds("swordfish")] == ["c.txt"]
        assert [path for path, _ in await desk.finds("pumpkin")] == ["a.txt"]


async def test_it_is_kept_over_a_restart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write("a.txt", "swordfish")
    async with running(desk):
        await desk.ready()
    again = Desk(desk.folder, desk.database, desk.root)
    monkeypatch.setattr(workspace_index, "pieces_of", lambda root, name: pytest.fail(f"{name} was read again"))
    async with running(again):
        await again.ready()
        assert await again.finds("swordfish") == [("a.txt", 1)]


async def test_it_follows_the_folder_that_is_opened(desk: Desk) -> None:
    desk.write("a.txt", "swordfish")
    first = desk.root
    async with running(desk):
        await desk.ready()
        desk.root = desk.folder / "another"
        desk.write("b.txt", "swordfish")
        await desk.ready()
        assert await desk.finds("swordfish") == [("b.txt", 1)]
        desk.root = first
        await desk.ready()
        assert await desk.finds("swordfish") == [("a.txt", 1)]


async def test_a_home_folder_is_not_indexed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(desk.root))
    desk.write("a.txt", "swordfish")
    async with running(desk):
        await desk.until(lambda: desk.index.state.note)
        assert "home folder" in desk.index.state.note
        assert await desk.finds("swordfish") == []


@pytest.mark.parametrize("harm", ["garbage", "middle", "table"])
async def test_a_broken_database_is_made_anew(desk: Desk, harm: str) -> None:
    for number in range(50):
        desk.write(f"{number}.txt", f"swordfish number {number} " + "word " * 200)
    async with running(desk):
        await desk.ready()
    if harm == "garbage":
        desk.database.write_bytes(b"this is no database at all, and never was one" * 100)
    elif harm == "middle":
        body = bytearray(desk.database.read_bytes())
        body[4096 : len(body) : 1] = b"\xff" * (len(body) - 4096)
        desk.database.write_bytes(body)
    else:
        import sqlite3

        connection = sqlite3.connect(desk.database)
        connection.execute("DROP TABLE pieces_text")
        connection.commit()
        connection.close()
    again = Desk(desk.folder, desk.database, desk.root)
    async with running(again):
        await again.ready()
        await again.until(lambda: again.index.state.files == 50)
        if harm == "table":  # it looks whole until it is read or written: whoever finds out has it made anew
            again.write("51.txt", "swordfish too")
            again.index.look_again()
        async with asyncio.timeout(20):
            while len(await again.finds("swordfish")) < 10:
                await asyncio.sleep(0.01)


async def test_a_database_that_cannot_be_written_is_told_and_tried_again(desk: Desk) -> None:
    desk.database.parent.mkdir()
    desk.database.mkdir()
    desk.write("a.txt", "swordfish")
    async with running(desk):
        await desk.until(lambda: desk.index.state.word == "failed")
        assert desk.index.state.note
        assert await desk.finds("swordfish") == []
        desk.database.rmdir()
        await desk.ready()
        assert await desk.finds("swordfish") == [("a.txt", 1)]


async def test_it_waits_while_the_machine_has_better_things_to_do(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_index, "_BUSY_SECONDS", 0.01)
    desk.busy = True
    desk.write("a.txt", "swordfish")
    async with running(desk):
        await desk.until(lambda: desk.index.state.word == "waiting")
        assert await desk.finds("swordfish") == []
        desk.busy = False
        await desk.ready()
        assert await desk.finds("swordfish")


async def test_it_can_be_ended_in_the_middle_and_goes_on_from_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_index, "_STEP_SECONDS", 0.0)
    for number in range(30):
        desk.write(f"{number}.txt", f"swordfish {number}")
    async with running(desk):
        await desk.until(lambda: 0 < desk.index.state.to_read < 30)
    again = Desk(desk.folder, desk.database, desk.root)
    async with running(again):
        await again.ready()
        assert len(await again.finds("swordfish")) == 10


async def test_a_listing_that_takes_long_does_not_hold_up_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = desk.folder / "rg"
    began = desk.folder / "began"
    slow.write_text(f"#!/bin/sh\ntouch {began}\nexec sleep 50\n")
    slow.chmod(0o700)
    monkeypatch.setattr("chainbot_desktop.chat.recall.files.shutil.which", lambda name: str(slow))
    async with asyncio.timeout(10), running(desk):
        await desk.until(began.exists)


async def test_too_many_files_are_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (files, workspace_index):
        monkeypatch.setattr(module, "MAX_FILES", 3)
    for number in range(5):
        desk.write(f"{number}.txt", "swordfish")
    async with running(desk):
        await desk.ready()
        assert desk.index.state.files == 3
        assert "first 3 files" in desk.index.state.note
