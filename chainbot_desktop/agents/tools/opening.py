"""Files by their real path, opened part by part so that no symbolic link is followed: what was judged is what is touched. Blocking.

Between the judgement and the deed somebody may swap a folder for a link. `openat` with O_NOFOLLOW on each part makes that fail
instead of leading elsewhere. Special files (pipes, devices) are never opened for reading or replaced.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chainbot_desktop.agents.tools.shown import path_text
from chainbot_desktop.agents.tools.tool import ToolFailed

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_SENTENCES = {
    errno.ENOENT: "{name} does not exist.",
    errno.ENOTDIR: "{name} is not there: a part of its path is a file or became a symbolic link.",
    errno.ELOOP: "{name} became a symbolic link, or its links lead in a circle.",
    errno.EISDIR: "{name} is a folder.",
    errno.EACCES: "There is no permission for {name}.",
    errno.EPERM: "There is no permission for {name}.",
    errno.ENOSPC: "The disk is full: {name} was not written, and what it held is untouched.",
    errno.EROFS: "The disk of {name} is read-only.",
    errno.ENAMETOOLONG: "The name {name} is too long for this disk.",
}


def failure(error: OSError, path: Path) -> ToolFailed:
    name = path_text(path)
    sentence = _SENTENCES.get(error.errno or 0)
    return ToolFailed(sentence.format(name=name) if sentence else f"{name}: {error.strerror or error}.")


@contextmanager
def opened_folder(path: Path, *, make: bool = False) -> Iterator[int]:
    """A descriptor of the folder at a real path, from the root down; with `make`, missing ones are made."""
    descriptor = os.open("/", _FOLDER)
    try:
        for part in path.parts[1:]:
            below = _enter(part, descriptor, make)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def read_file(path: Path, limit: int) -> bytes:
    """At most `limit` + 1 bytes of a regular file, so that the caller sees whether there are more."""
    try:
        with opened_folder(path.parent) as folder:
            descriptor = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as file:
                _require_regular(os.fstat(descriptor), path)
                return file.read(limit + 1)
    except OSError as error:
        raise failure(error, path) from None


def status(path: Path) -> os.stat_result | None:
    """Of the file at a real path itself; None where there is none."""
    try:
        with opened_folder(path.parent) as folder:
            return os.stat(path.name or ".", dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failure(error, path) from None


def write_file(path: Path, body: bytes) -> None:
    """Give `path` a new content in one step, keeping its mode; missing folders are made. What fails leaves the old one."""
    try:
        with opened_folder(path.parent, make=True) as folder:
            _replace(folder, path, body)
    except OSError as error:
        raise failure(error, path) from None


def list_folder(path: Path) -> list[tuple[str, os.stat_result]]:
    """Names and what they are (links as links)."""
    try:
        with opened_folder(path) as handle:
            descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=handle)
            try:
                found = []
                for name in os.listdir(descriptor):  # noqa: PTH208 - a Path knows no descriptor
                    with suppress(FileNotFoundError):
                        found.append((name, os.stat(name, dir_fd=descriptor, follow_symlinks=False)))
                return found
            finally:
                os.close(descriptor)
    except OSError as error:
        raise failure(error, path) from None


def _enter(part: str, above: int, make: bool) -> int:
    try:
        return os.open(part, _FOLDER, dir_fd=above)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):
        os.mkdir(part, dir_fd=above)
    return os.open(part, _FOLDER, dir_fd=above)


def _require_regular(found: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise ToolFailed(f"{path_text(path)} is a folder.")
    if not stat.S_ISREG(found.st_mode):
        raise ToolFailed(f"{path_text(path)} is a pipe, a device or the like, not a file.")


def _replace(folder: int, path: Path, body: bytes) -> None:
    mode = _mode_to_keep(folder, path)
    temporary = f".{secrets.token_hex(8)}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            if mode is not None:
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _mode_to_keep(folder: int, path: Path) -> int | None:
    try:
        found = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    _require_regular(found, path)
    if not os.access(path.name, os.W_OK, dir_fd=folder):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    return stat.S_IMODE(found.st_mode)
