"""What lies in a folder, for a tree that asks one folder at a time. Blocking."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.workspace.paths import readable
from chainbot_desktop.workspace.refusals import refusal_of

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """`name` is the file system's own (it may hold surrogates); `label` is what a person reads."""

    name: str
    label: str
    is_folder: bool
    is_link: bool


@dataclass(frozen=True, slots=True)
class FolderListing:
    """Folders first, each group as a person would sort it. `mtime_ns` is that of the folder when it was read."""

    path: Path
    entries: tuple[FolderEntry, ...]
    mtime_ns: int


def list_folder(path: Path, *, hidden: bool = False) -> FolderListing:
    """The entries of a folder; `hidden` includes names that begin with a dot. A ChainBotError says why it cannot be read."""
    try:
        mtime_ns = path.stat().st_mtime_ns
        with os.scandir(path) as found:
            entries = [_entry(item) for item in found if hidden or not item.name.startswith(".")]
    except OSError as error:
        raise refusal_of(error, path, "list") from error
    entries.sort(key=_order)
    return FolderListing(path, tuple(entries), mtime_ns)


def _entry(item: os.DirEntry[str]) -> FolderEntry:
    try:
        is_folder = item.is_dir()
    except OSError:  # a link into a place that cannot be looked at
        is_folder = False
    return FolderEntry(item.name, readable(item.name), is_folder, item.is_symlink())


def _order(entry: FolderEntry) -> tuple[bool, list[tuple[bool, int, str]], str]:
    """file2 before file10, capitals beside small letters."""
    parts = [(not part.isdigit(), int(part) if part.isdecimal() else 0, part) for part in _DIGITS.split(entry.label.casefold())]
    return not entry.is_folder, parts, entry.name
