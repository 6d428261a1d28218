"""Notices that somebody else changed an open file or an expanded folder, by looking at their stat every other second.

Looking works on every file system, network ones too, and costs a few microseconds a file. It runs on a thread of its own: a
network disk that hangs delays news about files, never the loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.workspace.limits import REFUSED_ABOVE
from chainbot_desktop.workspace.reading import Stamp, read_bytes

_log = logging.getLogger(__name__)


class Change(StrEnum):
    CHANGED = "changed"
    DELETED = "deleted"
    BACK = "back"
    """As it was again: written back, or restored after it was deleted."""


FileListener = Callable[[Path, Change], None]
FolderListener = Callable[[Path], None]


@dataclass(slots=True)
class _Followed:
    stamp: Stamp
    listener: FileListener
    told: Change = Change.BACK
    seen: tuple[int, int, int] | None = None
    """Size, time and inode that were compared last; None before the first look."""


@dataclass(slots=True)
class _FollowedFolder:
    mtime_ns: int | None
    listener: FolderListener


class DiskWatch:
    """Files are followed by key, so that two buffers may follow one path. Listeners are called on the loop's thread."""

    def __init__(self, interval: float = 2.0) -> None:
        self._interval = interval
        self._files: dict[tuple[str, Path], _Followed] = {}
        self._folders: dict[Path, _FollowedFolder] = {}
        self._executor = ThreadPoolExecutor(1, "disk-watch")
        self._looking = asyncio.Lock()

    def follow_file(self, key: str, path: Path, stamp: Stamp, listener: FileListener) -> None:
        """Tell `listener` when the file no longer holds what `stamp` saw. Following again takes the new stamp."""
        self._files[key, path] = _Followed(stamp, listener)

    def leave_file(self, key: str, path: Path) -> None:
        self._files.pop((key, path), None)

    def follow_folder(self, path: Path, mtime_ns: int | None, listener: FolderListener) -> None:
        """Tell `listener` when entries come or go; `mtime_ns` is the folder's at the last listing, None if that failed."""
        self._folders[path] = _FollowedFolder(mtime_ns, listener)

    def leave_folder(self, path: Path) -> None:
        self._folders.pop(path, None)

    @property
    def followed(self) -> int:
        return len(self._files) + len(self._folders)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            await self.look()

    async def look(self) -> None:
        """One look at everything that is followed."""
        async with self._looking:
            files, folders = dict(self._files), dict(self._folders)
            loop = asyncio.get_running_loop()
            changes, moved = await loop.run_in_executor(self._executor, _look, files, folders)
        for (key, path), followed, change in changes:
            if self._files.get((key, path)) is followed and followed.told is not change:
                followed.told = change
                followed.listener(path, change)
        for path, folder, mtime_ns in moved:
            if self._folders.get(path) is folder:
                folder.mtime_ns = mtime_ns
                folder.listener(path)

    def close(self) -> None:
        self._files.clear()
        self._folders.clear()
        self._executor.shutdown(wait=False, cancel_futures=True)


_Changes = list[tuple[tuple[str, Path], _Followed, Change]]
_Moved = list[tuple[Path, _FollowedFolder, int | None]]


def _look(files: dict[tuple[str, Path], _Followed], folders: dict[Path, _FollowedFolder]) -> tuple[_Changes, _Moved]:
    changes = [(key, followed, change) for key, followed in files.items() if (change := _change_of(key[1], followed))]
    moved: _Moved = []
    for path, folder in folders.items():
        mtime_ns = _folder_time(path)
        if mtime_ns != folder.mtime_ns:
            moved.append((path, folder, mtime_ns))
    return changes, moved


def _change_of(path: Path, followed: _Followed) -> Change | None:
    """What a file is now beside its stamp; None where nothing moved since the last look."""
    try:
        status = path.stat()
    except OSError:
        followed.seen = None
        return Change.DELETED
    now = (status.st_size, status.st_mtime_ns, status.st_ino)
    stamp = followed.stamp
    if followed.seen == now:
        return None
    followed.seen = now
    if stamp.same_stat(status):
        return Change.BACK
    if status.st_size != stamp.size or status.st_size > REFUSED_ABOVE:
        return Change.CHANGED
    try:
        return Change.BACK if read_bytes(path)[1].sha256 == stamp.sha256 else Change.CHANGED
    except ChainBotError as error:  # no longer readable, or no longer a file: certainly not what was opened
        _log.info("%s cannot be compared: %s", path, error)
        return Change.CHANGED


def _folder_time(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
