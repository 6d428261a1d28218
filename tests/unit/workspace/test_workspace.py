"""The door of the package: files and facts, drafts, and what others do to the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import ChainBotError, NotFound, Unavailable
from chainbot_desktop.core.events import FileSaved
from chainbot_desktop.core.ids import new_id
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.workspace import Change, Draft, TextFormat, Unencodable, Workspace
from tests.helpers.stores import open_store


async def test_a_save_becomes_an_event(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    async with open_store(tmp_path) as store:
        workspace = Workspace(root, store.journal, tmp_path / "drafts")
        saved = await workspace.save_file(root / "a.txt", "ü\n".encode(), TextFormat("utf-16-le", b"\xff\xfe"), expected=None)
        await workspace.save_file(tmp_path / "outside", b"x", TextFormat(), expected=None)
        inside, outside = await store.journal.read(EventQuery(types=("file_saved",)))
        assert isinstance(inside.event, FileSaved)
        assert inside.event.data.path == "a.txt"
        assert (inside.event.data.size, inside.event.data.sha256) == (6, saved.stamp.sha256)
        assert outside.event.data.path == str(tmp_path / "outside")
        assert saved.unrecorded is None
        await workspace.close()


async def test_odd_and_long_names_reach_the_journal(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        workspace = Workspace(tmp_path, store.journal, tmp_path / "drafts")
        deep = tmp_path / ("d" * 200) / ("e" * 200)
        deep.mkdir(parents=True)
        for path in (tmp_path / os.fsdecode(b"caf\xe9\n"), deep / "file"):
            assert (await workspace.save_file(path, b"x", TextFormat(), expected=None)).unrecorded is None
        assert len(await store.journal.read(EventQuery(types=("file_saved",)))) == 2
        await workspace.close()


async def test_a_journal_that_refuses_does_not_unsave_the_file(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.journal.close()
        workspace = Workspace(tmp_path, store.journal, tmp_path / "drafts")
        saved = await workspace.save_file(tmp_path / "a", b"x", TextFormat(), expected=None)
        assert (tmp_path / "a").read_bytes() == b"x"
        assert isinstance(saved.unrecorded, Unavailable)
        await workspace.close()


async def test_a_failed_save_changes_neither_file_nor_journal(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        workspace = Workspace(tmp_path, store.journal, tmp_path / "drafts")
        (tmp_path / "old").write_bytes(b"caf\xe9")
        opened = await workspace.open_file(tmp_path / "old")
        with pytest.raises(Unencodable):
            await workspace.save_file(opened.path, "€".encode(), opened.form, expected=opened.stamp)
        assert (tmp_path / "old").read_bytes() == b"caf\xe9"
        assert await store.journal.read(EventQuery(types=("file_saved",))) == []
        await workspace.close()


async def test_the_root_changes_only_to_a_folder(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        workspace = Workspace(tmp_path, store.journal, tmp_path / "drafts")
        (tmp_path / "file").write_text("")
        with pytest.raises(ChainBotError, match="not a folder"):
            await workspace.change_root(tmp_path / "file")
        with pytest.raises(NotFound):
            await workspace.change_root(tmp_path / "missing")
        assert workspace.root == tmp_path
        await workspace.close()


async def test_drafts_outlive_the_program(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        first = Workspace(tmp_path, store.journal, tmp_path / "drafts")
        older, newer = Draft(id=new_id(), name="a", saved_at="1"), Draft(id=new_id(), name="ü", saved_at="2", codec="latin-1")
        for draft in (older, newer):
            await first.keep_draft(draft, b"first\nline\n")
        await first.keep_draft(older, b"second\nversion")
        await first.close()
        again = Workspace(tmp_path, store.journal, tmp_path / "drafts")
        assert await again.drafts() == (newer, older)
        assert await again.draft_text(older.id) == b"second\nversion"
        assert (tmp_path / "drafts" / f"{older.id}.draft").stat().st_mode & 0o077 == 0
        await again.drop_draft(older.id)
        await again.drop_draft(older.id)
        assert await again.drafts() == (newer,)
        await again.close()


async def test_a_damaged_draft_is_set_aside_not_deleted(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        workspace = Workspace(tmp_path, store.journal, tmp_path / "drafts")
        (tmp_path / "drafts").mkdir()
        (tmp_path / "drafts" / "x.draft").write_bytes(b"\x00not json\nprecious")
        assert await workspace.drafts() == ()
        assert (tmp_path / "drafts" / "x.unreadable").read_bytes().endswith(b"precious")
        await workspace.close()


async def test_others_are_noticed(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        workspace = Workspace(tmp_path, store.journal, tmp_path / "drafts")
        path = tmp_path / "shared"
        path.write_text("one")
        stamp = (await workspace.open_file(path)).stamp
        news: list[Change] = []
        workspace.watch.follow_file("me", path, stamp, lambda _, change: news.append(change))
        await workspace.watch.look()
        assert news == []
        path.write_text("two")
        await workspace.watch.look()
        await workspace.watch.look()
        assert news == [Change.CHANGED]
        path.write_text("one")
        await workspace.watch.look()
        assert news[1:] == [Change.BACK]
        path.unlink()
        await workspace.watch.look()
        assert news[2:] == [Change.DELETED]
        workspace.watch.leave_file("me", path)
        path.write_text("three")
        await workspace.watch.look()
        assert len(news) == 3
        await workspace.close()


async def test_a_touch_alone_is_no_news(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        workspace = Workspace(tmp_path, store.journal, tmp_path / "drafts")
        path = tmp_path / "touched"
        path.write_text("same")
        news: list[Change] = []
        workspace.watch.follow_file("me", path, (await workspace.open_file(path)).stamp, lambda _, change: news.append(change))
        os.utime(path, (1, 1))
        await workspace.watch.look()
        assert news == []
        await workspace.close()


async def test_new_entries_of_a_folder_are_noticed(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        workspace = Workspace(tmp_path, store.journal, tmp_path / "drafts")
        folder = tmp_path / "folder"
        folder.mkdir()
        listing = await workspace.list_folder(folder)
        news: list[Path] = []
        workspace.watch.follow_folder(folder, listing.mtime_ns, news.append)
        await workspace.watch.look()
        assert news == []
        (folder / "fresh").write_text("")
        await workspace.watch.look()
        assert news == [folder]
        (folder / "fresh").unlink()
        folder.rmdir()
        await workspace.watch.look()
        assert news == [folder, folder]
        await workspace.close()
