"""Opening a file without ever waiting for one: devices, pipes and sockets are refused before they are touched. Blocking."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from chainbot_desktop.core.errors import InvalidInput, TooLarge, Unavailable
from chainbot_desktop.workspace.encodings import TextFormat, decode
from chainbot_desktop.workspace.limits import REFUSED_ABOVE, spoken_size
from chainbot_desktop.workspace.paths import readable
from chainbot_desktop.workspace.refusals import refusal_of

_ATTEMPTS = 3
_SLICE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file was when it was read or written: enough to know later whether somebody else wrote it."""

    size: int
    mtime_ns: int
    inode: int
    sha256: str

    def same_stat(self, status: os.stat_result) -> bool:
        return (self.size, self.mtime_ns, self.inode) == (status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """`path` as it was asked for (a link stays a link); `utf8` is the text; `notes` are sentences a person should read."""

    path: Path
    utf8: bytes
    form: TextFormat
    stamp: Stamp
    writable: bool
    notes: tuple[str, ...]


def open_text(path: Path, limit: int = REFUSED_ABOVE) -> OpenedFile:
    """Read a text file; a ChainBotError with a sentence for whatever cannot be opened as one."""
    body, stamp = read_bytes(path, limit)
    utf8, form = decode(body, readable(path.name))
    writable = os.access(path, os.W_OK, effective_ids=True)
    return OpenedFile(path, utf8, form, stamp, writable, _notes(form, writable))


def read_bytes(path: Path, limit: int = REFUSED_ABOVE) -> tuple[bytes, Stamp]:
    """The bytes of a regular file and their stamp; read again if it was written meanwhile."""
    for _ in range(_ATTEMPTS):
        try:
            _require_regular(path.stat(), path)
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            try:
                before = os.fstat(handle)
                _require_regular(before, path)
                _require_small(before.st_size, path, limit)
                body = _read_all(handle, path, limit)
                after = os.fstat(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise refusal_of(error, path, "open") from error
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size):
            # The size is that of stat, so that files of /proc (0 bytes by their stat) compare as unchanged.
            stamp = Stamp(after.st_size, after.st_mtime_ns, after.st_ino, sha256(body).hexdigest())
            return body, stamp
    raise Unavailable(f"{readable(path)} is being written all the time.", hint="Try again when it rests.", code="busy_file")


def _read_all(handle: int, path: Path, limit: int) -> bytes:
    parts = []
    total = 0
    while part := os.read(handle, _SLICE):
        total += len(part)
        _require_small(total, path, limit)
        parts.append(part)
    return b"".join(parts)


def _require_small(size: int, path: Path, limit: int) -> None:
    if size > limit:
        raise TooLarge(
            f"{readable(path)} is larger than {spoken_size(limit)}, too large for the editor"
            + (f" ({spoken_size(size)})." if size > limit + _SLICE else "."),
            hint="Split it, or look at it with a pager.",
        )


def _require_regular(status: os.stat_result, path: Path) -> None:
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise InvalidInput(f"{readable(path)} is a folder, not a file.", hint="Open it as a folder.", code="is_folder")
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a disk device"}
    kind = kinds.get(stat.S_IFMT(mode), "something that is no file")
    raise InvalidInput(f"{readable(path)} is {kind}, not a file with text.", code="special_file")


def _notes(form: TextFormat, writable: bool) -> tuple[str, ...]:
    notes = []
    if form.codec == "latin-1":
        notes.append("This file is not UTF-8. It is shown and saved as Latin-1, which may be the wrong guess for some letters.")
    if form.mixed_eol:
        notes.append(f"Its lines end in different ways; new lines end with {form.eol.label}.")
    if not writable:
        notes.append("It is read-only for you: save changes under another name.")
    return tuple(notes)
