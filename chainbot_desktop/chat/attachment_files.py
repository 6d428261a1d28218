"""Reads a file that is to be attached: never waits for a device or a pipe, and says in a sentence what cannot be."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound, TooLarge, Unavailable

_PART = 256 * 1024
_ATTEMPTS = 3
_MEBIBYTE = 1024 * 1024


class NoPermission(ChainBotError):
    code = "no_permission"
    http_status = 403


class FileReading:
    """`read` blocks: on a thread. `stop` ends it from any other."""

    def __init__(self, path: Path, limit: int, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """`progress` is called with the bytes that were read and those of the file, on the thread that reads."""
        self._path = path
        self._limit = limit
        self._progress = progress
        self._stopped = False
        self.name = readable_name(path.name)

    def stop(self) -> None:
        self._stopped = True

    def read(self) -> bytes:
        """The whole file as it was at one moment. A ChainBotError says what is wrong with it."""
        for _ in range(_ATTEMPTS):
            body = self._attempt()
            if body is not None:
                return body
        hint = "Attach it again when it rests."
        raise Conflict(f"{self.name} was changed while it was read.", hint=hint, code="changed_while_read")

    def _attempt(self) -> bytes | None:
        """None where somebody wrote to it meanwhile."""
        try:
            self._require_file(self._path.stat())  # before it is opened: some devices act on that
            handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            try:
                return self._read(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise self._refusal(error) from error
        except ValueError:  # a null byte in the path
            raise InvalidInput("This is not the name of a file.", code="bad_name") from None

    def _read(self, handle: int) -> bytes | None:
        before = os.fstat(handle)
        self._require_file(before)
        require_size(before.st_size, self.name, self._limit)
        parts, done = [], 0
        while part := os.read(handle, _PART):
            if self._stopped:
                raise Unavailable(f"{self.name} was not attached: reading it was stopped.", code="stopped")
            parts.append(part)
            done += len(part)
            if 0 < before.st_size < done:
                return None
            require_size(done, self.name, self._limit)
            self._progress(done, max(done, before.st_size))
        after = os.fstat(handle)
        # Files of /proc have no size until they are read.
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size) or 0 < before.st_size != done:
            return None
        if not done:
            raise empty(self.name)
        return b"".join(parts)

    def _require_file(self, status: os.stat_result) -> None:
        mode = status.st_mode
        if stat.S_ISREG(mode):
            return
        if stat.S_ISDIR(mode):
            hint = "Attach the files in it, or name its path in the message."
            raise InvalidInput(f"{self.name} is a folder, not a file.", hint=hint, code="is_folder")
        kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a disk device"}
        kind = kinds.get(stat.S_IFMT(mode), "something that is no file")
        raise InvalidInput(f"{self.name} is {kind}: it has no content to attach.", code="special_file")

    def _refusal(self, error: OSError) -> ChainBotError:
        name = self.name
        match error.errno:
            case errno.ENOENT | errno.ENOTDIR:
                return NotFound(f"{name} is not there.", hint="It may have been moved or deleted.")
            case errno.EACCES | errno.EPERM:
                return NoPermission(f"You have no permission to read {name}.", hint="Ask its owner for it.")
            case errno.ELOOP:
                return InvalidInput(f"{name} is a symbolic link that leads back to itself.", code="link_loop")
            case errno.ENXIO:
                return InvalidInput(f"{name} is a socket: it has no content to attach.", code="special_file")
            case _:
                reason = os.strerror(error.errno) if error.errno else str(error)
                return Unavailable(f"{name} cannot be read: {reason}.", code="file_error")


def require_size(size: int, name: str, limit: int) -> None:
    """TooLarge above `limit`."""
    if size > limit:
        raise TooLarge(
            f"{name} is too large: an attachment may have {spoken_size(limit)}.",
            hint="Attach a part of it, or name its path in the message.",
        )


def empty(name: str) -> InvalidInput:
    return InvalidInput(f"{name} is empty: there is nothing to attach.", code="empty_attachment")


def readable_name(name: str) -> str:
    """A file's name as people read it: on Linux it is bytes, and may hold what no screen should show."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def spoken_size(size: int) -> str:
    """`size` bytes as a person says it."""
    if size < 1024:
        return f"{size} byte" if size == 1 else f"{size} bytes"
    if size < _MEBIBYTE:
        return f"{size / 1024:.0f} KB"
    return f"{size / _MEBIBYTE:.1f} MB".replace(".0 MB", " MB")
