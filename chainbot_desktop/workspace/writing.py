"""Saving so that the old content is there until the new one is safely on the disk. Blocking.

The new content goes to a temporary file in the same folder, is flushed to the disk, gets the old file's owner, mode and
extended attributes where the system allows, and takes its name in one step. Whatever fails leaves the old file as it was.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from hashlib import sha256
from pathlib import Path

from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.workspace.limits import REFUSED_ABOVE
from chainbot_desktop.workspace.paths import readable
from chainbot_desktop.workspace.reading import Stamp, read_bytes
from chainbot_desktop.workspace.refusals import AlreadyThere, ChangedOnDisk, NoPermission, refusal_of

_DEFAULT_MODE = 0o666


def save_bytes(path: Path, body: bytes, *, expected: Stamp | None, overwrite: bool = False) -> Stamp:
    """Write `body` to `path` (through symbolic links) and return its stamp.

    `expected` is the stamp of what was opened, None for a new name. ChangedOnDisk or AlreadyThere, unless `overwrite`, where
    the disk holds something else. A file that was deleted meanwhile is written anew.
    """
    try:
        target = Path(os.path.realpath(path))
        if not overwrite:
            _refuse_surprises(path, target, expected)
        _refuse_without_permission(path, target)
        return _replace(target, body)
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise NotFound(
                f"The folder {readable(path.parent)} does not exist any more.", hint="Save the file in another folder."
            ) from error
        raise refusal_of(error, path, "save") from error


def same_on_disk(target: Path, expected: Stamp) -> bool:
    """Whether the file holds what `expected` saw. Hashed each time: a write within one clock tick leaves no other trace."""
    status = target.stat()
    if status.st_size != expected.size or status.st_size > REFUSED_ABOVE:
        return False
    return read_bytes(target)[1].sha256 == expected.sha256


def _refuse_surprises(path: Path, target: Path, expected: Stamp | None) -> None:
    if not os.path.lexists(target):
        return
    if expected is None:
        raise AlreadyThere(f"{readable(path)} exists already.", hint="Replace it or choose another name.")
    if not same_on_disk(target, expected):
        raise ChangedOnDisk(
            f"{readable(path.name)} was changed by somebody else since you opened it.",
            hint="Overwrite it, reload it, or save yours under another name.",
        )


def _refuse_without_permission(path: Path, target: Path) -> None:
    """A rename would replace a write-protected file without asking; and needs the folder, which deserves its own sentence."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if target.exists() and not os.access(target, os.W_OK, effective_ids=True):
        raise NoPermission(f"{readable(path)} is write-protected.", hint="Save it under another name.")
    if target.parent.is_dir() and not os.access(target.parent, os.W_OK | os.X_OK, effective_ids=True):
        raise NoPermission(
            f"You may not write in the folder {readable(target.parent)}, so {readable(path.name)} cannot be saved safely.",
            hint="Save it in another folder.",
        )


def _replace(target: Path, body: bytes) -> Stamp:
    # A name of its own length, not the target's: that may already be as long as the disk allows.
    temporary = target.parent / f".saving-{secrets.token_hex(8)}.tmp"
    old = _status(target)
    mode = _DEFAULT_MODE if old is None else 0o600
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        try:
            _write_all(handle, body)
            if old is not None:
                _take_over(handle, target, old)
            os.fsync(handle)
            status = os.fstat(handle)
        finally:
            os.close(handle)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _flush_folder(target.parent)
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino, sha256(body).hexdigest())


def _status(target: Path) -> os.stat_result | None:
    try:
        return target.stat()
    except FileNotFoundError:
        return None


def _write_all(handle: int, body: bytes) -> None:
    rest = memoryview(body)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _take_over(handle: int, target: Path, old: os.stat_result) -> None:
    """Owner, mode, attributes: each where the disk and our rights allow it (a FAT stick knows none of them)."""
    with contextlib.suppress(OSError):
        os.fchown(handle, old.st_uid, old.st_gid)
    with contextlib.suppress(OSError):
        os.fchmod(handle, old.st_mode & 0o7777)
    with contextlib.suppress(OSError):
        for name in os.listxattr(target):
            with contextlib.suppress(OSError):
                os.setxattr(handle, name, os.getxattr(target, name))


def _flush_folder(folder: Path) -> None:
    """The new name is durable once its folder is; some file systems cannot flush a folder, and have renamed all the same."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
