"""Where an export is: a file, the folder that it was unpacked to, or the ZIP as it came. Nothing is unpacked to the disk."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from chainbot_desktop.core.errors import InvalidInput, NotFound, TooLarge

_PART = re.compile(r"conversations(-\d+)?\.json", re.IGNORECASE)
_FILE_ID = re.compile(r"file[-_][0-9A-Za-z]+")

MAX_UNPACKED = 16 * 1024**3
"""Bytes that the conversations of a ZIP may have when unpacked."""
_BOMB_RATIO = 200
_BOMB_SIZE = 64 * 1024**2
"""JSON of people and models becomes 3 to 20 times smaller; what becomes 200 times smaller, and is large, is no export."""
_MOST_NEIGHBOURS = 100_000


@dataclass(frozen=True, slots=True)
class Part:
    """A file of conversations; `size` in bytes, unpacked."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """An image or a document that came with the conversations."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


class ExportSource:
    """`parts` in their order. `file` finds what a conversation only names. Use on one thread; `close` it."""

    def __init__(self, parts: Iterable[Part], files: Iterable[ExportedFile], archive: zipfile.ZipFile | None = None) -> None:
        self.parts = tuple(sorted(parts, key=lambda part: part.name))
        self._archive = archive
        self._files: dict[str, ExportedFile] = {}
        for file in files:
            found = _FILE_ID.match(Path(file.name).name)
            if found is not None:
                self._files.setdefault(found.group(), file)

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    def file(self, file_id: str) -> ExportedFile | None:
        return self._files.get(file_id)

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()


def open_source(path: Path) -> ExportSource:
    """NotFound, InvalidInput or TooLarge where there is nothing to import."""
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise InvalidInput(f"{path.name} is no file.")
        with path.open("rb") as file:
            start = file.read(4)
        if not start:
            raise InvalidInput(f"{path.name} is empty.", hint="Was it copied to its end?", code="import_empty")
        if start.startswith(b"PK"):
            return _of_zip(path)
        parts = [Part(path.name, path.stat().st_size, lambda: path.open("rb"))]
        return ExportSource(parts, _files_in(path.parent))
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.") from None
    except PermissionError:
        raise InvalidInput(f"{path.name} may not be read.", hint="Give yourself the permission, or copy it.") from None
    except OSError as error:
        raise InvalidInput(f"{path.name} cannot be read: {error.strerror or error}.") from error


def _of_folder(path: Path) -> ExportSource:
    parts = [Part(entry.name, entry.stat().st_size, _opener(entry)) for entry in path.iterdir() if _PART.fullmatch(entry.name)]
    if not parts:
        raise _no_conversations(path.name)
    return ExportSource(parts, _files_in(path))


def _files_in(folder: Path) -> list[ExportedFile]:
    """Those that lie beside the conversations, as they do in an unpacked export."""
    found: list[ExportedFile] = []
    for place in (folder, folder / "dalle-generations"):
        if not place.is_dir():
            continue
        for count, entry in enumerate(place.iterdir()):
            if count >= _MOST_NEIGHBOURS:
                break
            if _FILE_ID.match(entry.name) and entry.is_file() and not entry.is_symlink():
                found.append(ExportedFile(entry.name, entry.stat().st_size, _opener(entry)))
    return found


def _of_zip(path: Path) -> ExportSource:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        hint = "Download it again: it may not have come to its end."
        raise InvalidInput(f"{path.name} is a damaged ZIP.", hint=hint, code="import_damaged") from None
    try:
        members = [member for member in archive.infolist() if not member.is_dir()]
        chosen = [member for member in members if _PART.fullmatch(Path(member.filename).name)]
        _check(path.name, chosen)
        parts = [Part(member.filename, member.file_size, _member_opener(archive, member)) for member in chosen]
        files = [ExportedFile(m.filename, m.file_size, _member_opener(archive, m)) for m in members if not m.flag_bits & 1]
        return ExportSource(parts, files, archive)
    except BaseException:
        archive.close()
        raise


def _check(name: str, members: list[zipfile.ZipInfo]) -> None:
    if not members:
        raise _no_conversations(name)
    if any(member.flag_bits & 1 for member in members):
        raise InvalidInput(f"{name} is encrypted.", hint="Unpack it, and choose conversations.json.")
    size = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if size > MAX_UNPACKED or (size > _BOMB_SIZE and size > _BOMB_RATIO * max(1, packed)):
        raise TooLarge(
            f"{name} would be {size / 1e9:,.1f} GB when unpacked, out of {packed / 1e6:,.1f} MB: that is no export.",
            code="import_bomb",
        )


def _no_conversations(name: str) -> InvalidInput:
    return InvalidInput(
        f"There is no conversations.json in {name}.",
        hint="ChatGPT sends a ZIP with one in it: Settings, Data controls, Export data.",
        code="import_no_conversations",
    )


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    return lambda: path.open("rb")


def _member_opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(member)
