"""A workspace that patches are applied to, on a real store: what the chat needs of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chainbot_desktop.chat.code_actions import CodeActions
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.workspace.changes import FileSet
from tests.helpers.stores import Store, open_store

ME = "user:test"


@dataclass
class Files:
    root: Path
    store: Store
    files: FileSet
    actions: CodeActions
    unsaved: list[Path] = field(default_factory=list)

    def tree(self) -> dict[str, tuple[bytes, int]]:
        """Every file with its bytes and mode, and every folder."""
        return {
            str(path.relative_to(self.root)): (path.read_bytes() if path.is_file() else b"", path.lstat().st_mode)
            for path in sorted(self.root.rglob("*"))
        }


@asynccontextmanager
async def open_files(folder: Path) -> AsyncIterator[Files]:
    root = folder / "work"
    root.mkdir(exist_ok=True)
    async with open_store(folder) as store:
        tasks = Tasks()
        private = lambda path: "is private." if path.name == ".env" else ""  # noqa: E731
        files = FileSet(lambda: root, store.journal, store.blobs, tasks, private)
        opened = Files(root, store, files, CodeActions(files, None, lambda: "work"))
        files.unsaved = lambda: opened.unsaved
        yield opened
        assert await tasks.cancel_all() == ()
