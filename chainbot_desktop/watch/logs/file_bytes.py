"""The bytes of a log file, read where they are wanted: never mapped into memory, where a file that is cut would end the program."""

from __future__ import annotations

import errno
import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound, Unavailable

_PUMPED = 1 << 20


class FileBytes:
    """An open regular file; use from any thread. OSError from what reads; after `close` too (EBADF)."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._users = 0
        self._closing = False

    @classmethod
    def open(cls, path: Path) -> FileBytes:
        """ChainBotError where it cannot be read as a file."""
        try:
            # Without O_NONBLOCK a named pipe would wait for somebody who writes.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError) as error:
            raise refusal(path, error) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            os.close(descriptor)
            raise InvalidInput(
                f"{path} is a folder." if folder else f"{path} is a device or a pipe, not a file.",
                hint="Choose a file in it." if folder else "Choose a file.",
            )
        return cls(descriptor)

    def status(self) -> os.stat_result:
        descriptor = self._enter()
        try:
            return os.fstat(descriptor)
        finally:
            self._leave()

    def read(self, offset: int, size: int) -> bytes:
        """Less only where the file ends."""
        descriptor = self._enter()
        try:
            found = os.pread(descriptor, size, offset)
            if len(found) == size or not found:
                return found
            parts = [found]
            got = len(found)
            while got < size and (found := os.pread(descriptor, size - got, offset + got)):
                parts.append(found)
                got += len(found)
            return b"".join(parts)
        finally:
            self._leave()

    def read_into(self, buffer: bytearray, offset: int) -> int:
        """How many bytes came; the rest of the buffer is as it was."""
        descriptor = self._enter()
        try:
            return os.preadv(descriptor, [buffer], offset)
        finally:
            self._leave()

    def pump(self, pipe: int, begin: int, end: int) -> None:
        """Write these bytes into a pipe, less where the file ends. BrokenPipeError where nobody reads any more."""
        descriptor = self._enter()
        try:
            while begin < end:
                sent = os.splice(descriptor, pipe, min(_PUMPED, end - begin), offset_src=begin)
                if sent == 0:
                    return
                begin += sent
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self._copy(pipe, begin, end)  # a file system that cannot hand its pages over
        finally:
            self._leave()

    def _copy(self, pipe: int, begin: int, end: int) -> None:
        while begin < end:
            block = self.read(begin, min(_PUMPED, end - begin))
            if not block:
                return
            begin += len(block)
            view = memoryview(block)
            while view:
                view = view[os.write(pipe, view) :]

    def close(self) -> None:
        """At once, or when those who read just now are done: a number that is free again may soon be another file's."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            unused = self._is_unused()
        if unused:
            self._release()

    def _enter(self) -> int:
        with self._lock:
            if self._closing:
                raise OSError(errno.EBADF, "The file is closed")
            self._users += 1
            return self._descriptor

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            unused = self._is_unused()
        if unused:
            self._release()

    def _is_unused(self) -> bool:
        return self._closing and self._users == 0

    def _release(self) -> None:
        with suppress(OSError):  # a network file system may tell late what no longer matters
            os.close(self._descriptor)


def refusal(path: Path, error: OSError | ValueError) -> ChainBotError:
    """What a person is told when a file cannot be opened or read."""
    if isinstance(error, FileNotFoundError):
        return NotFound(f"There is no file {path}.", hint="It may have been moved or deleted.")
    if isinstance(error, PermissionError):
        return InvalidInput(
            f"{path} may not be read by this program.", hint="Give it the right to, for instance through a group."
        )
    if isinstance(error, ValueError):
        return InvalidInput("This is no name of a file.")
    return Unavailable(f"{path} cannot be read: {error.strerror}.", hint="See whether the disk is all right and still there.")
