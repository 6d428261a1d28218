"""The folder a person works in, and what can be done with its files: the one door of this package.

Every method that touches the disk does so on a thread; call them on the loop's thread. Text is UTF-8 bytes, as in the editor.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from chainbot_desktop.core.events import Actor, FileSaved
from chainbot_desktop.core.events.panel import SavedFile
from chainbot_desktop.core.ports import Journal
from chainbot_desktop.workspace.drafts import Draft, DraftFolder
from chainbot_desktop.workspace.encodings import TextFormat, encode
from chainbot_desktop.workspace.folders import FolderListing, list_folder
from chainbot_desktop.workspace.paths import absolute, readable
from chainbot_desktop.workspace.reading import OpenedFile, Stamp, open_text, read_bytes
from chainbot_desktop.workspace.watching import DiskWatch
from chainbot_desktop.workspace.writing import save_bytes

T = TypeVar("T")

OPERATOR: Actor = "user:operator"
_LABEL_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that is on the disk. `unrecorded` is why the journal does not know of it; None when it does."""

    stamp: Stamp
    unrecorded: ChainBotError | None = None


class Workspace:
    """`root` is the folder shown in the tree; files anywhere may be opened. `drafts_dir` is made when it is first needed."""

    def __init__(self, root: Path, journal: Journal, drafts_dir: Path) -> None:
        self.watch = DiskWatch()
        self._root = absolute(root)
        self._journal = journal
        self._drafts = DraftFolder(drafts_dir)
        self._executor = ThreadPoolExecutor(2, "workspace")
        # Drafts have a thread of their own, in order: a slow disk of the user's does not hold up the safety copy.
        self._draft_executor = ThreadPoolExecutor(1, "drafts")

    @property
    def root(self) -> Path:
        return self._root

    async def change_root(self, folder: Path) -> None:
        """Show another folder. A ChainBotError if it is none, or may not be looked into."""
        folder = absolute(folder)
        await self._run(partial(_require_folder, folder))
        self._root = folder

    async def list_folder(self, path: Path, *, hidden: bool = False) -> FolderListing:
        return await self._run(partial(list_folder, path, hidden=hidden))

    async def open_file(self, path: Path) -> OpenedFile:
        return await self._run(partial(open_text, absolute(path)))

    async def save_file(
        self,
        path: Path,
        utf8: bytes,
        form: TextFormat,
        *,
        expected: Stamp | None,
        overwrite: bool = False,
        actor: Actor = OPERATOR,
    ) -> Saved:
        """Write a text to its file and the fact to the journal.

        `expected` is the stamp of what was opened, None for a new name. Raises ChangedOnDisk, AlreadyThere, Unencodable,
        NoPermission and others, and then the file is what it was.
        """
        path = absolute(path)

        def work() -> Stamp:
            return save_bytes(path, encode(utf8, form), expected=expected, overwrite=overwrite)

        stamp = await self._run(work)
        try:
            await self._journal.append(self._saved_event(path, stamp, actor))
        except ChainBotError as error:
            return Saved(stamp, error)
        return Saved(stamp)

    async def stamp_of(self, path: Path) -> Stamp:
        """What the file is now."""
        return await self._run(lambda: read_bytes(absolute(path))[1])

    def relative(self, path: Path) -> str:
        """`path` for people: relative to the root where it lies inside."""
        try:
            return readable(path.relative_to(self._root))
        except ValueError:
            return readable(path)

    async def keep_draft(self, draft: Draft, utf8: bytes) -> None:
        await self._run_draft(partial(self._drafts.keep, draft, utf8))

    async def drop_draft(self, draft_id: str) -> None:
        await self._run_draft(partial(self._drafts.drop, draft_id))

    async def drafts(self) -> tuple[Draft, ...]:
        """What an earlier run left unsaved, the newest first."""
        return await self._run_draft(self._drafts.found)

    async def draft_text(self, draft_id: str) -> bytes:
        return await self._run_draft(partial(self._drafts.text, draft_id))

    async def close(self) -> None:
        """Drafts and saves under way are finished first."""
        self.watch.close()
        loop = asyncio.get_running_loop()
        for executor in (self._draft_executor, self._executor):
            await loop.run_in_executor(None, executor.shutdown)

    def _saved_event(self, path: Path, stamp: Stamp, actor: Actor) -> FileSaved:
        shown = self.relative(path)
        return FileSaved(
            source="workspace",
            subject=shown[-_LABEL_LIMIT:],
            actor=actor,
            data=SavedFile(path=shown, size=stamp.size, sha256=stamp.sha256),
        )

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def _run_draft(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._draft_executor, work)


def _require_folder(folder: Path) -> None:
    if not folder.exists():
        raise NotFound(f"{readable(folder)} does not exist.")
    if not folder.is_dir():
        raise InvalidInput(f"{readable(folder)} is not a folder.")
    if not os.access(folder, os.R_OK | os.X_OK, effective_ids=True):
        list_folder(folder)  # raises the sentence that fits
