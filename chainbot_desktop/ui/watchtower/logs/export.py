"""Lines into a file: all of them or none. What is written half goes away again. No Qt.

Rows are read on the loop, a few at a time, and put into words and written in a thread.
"""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

from chainbot_desktop.core.errors import ChainBotError, InvalidInput
from chainbot_desktop.core.threads import to_its_end
from chainbot_desktop.ui.watchtower.logs.row_texts import row_as_json, row_as_text
from chainbot_desktop.ui.watchtower.logs.rows import Rows
from chainbot_desktop.watch.logs.document import LogRow

_CHUNK = 500
_JSON = frozenset({".jsonl", ".ndjson", ".json"})


class ExportFailed(ChainBotError):
    code = "export_failed"


async def export_rows(
    rows: Rows,
    first: int,
    last: int,
    path: Path,
    progress: Callable[[float], object],
    whole: Callable[[LogRow], Awaitable[LogRow]],
) -> int:
    """Write the rows of the lines `first` to `last` to `path`, as JSON Lines if its name says so; how many there were.

    `whole` gives a row all of its text, where it holds but the beginning.

    What was at `path` is replaced at the very end. ExportFailed where the disk refuses. Cancelled, nothing is left behind.
    """
    if await asyncio.to_thread(path.is_dir):
        raise InvalidInput(f"{path.name} is a folder.", hint="Type the name of a file in it.")
    put = row_as_json if path.suffix.lower() in _JSON else row_as_text
    part = _PartFile(path)
    try:
        await to_its_end(part.open)
        written = await _write_all(rows, first, last, partial(part.write, put), progress, whole)
        await to_its_end(part.seal)
        part.take_its_place()  # not in a thread: until here it can be cancelled, from here on it is done
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        part.discard()
    return written


async def _write_all(
    rows: Rows,
    first: int,
    last: int,
    write: Callable[[Sequence[LogRow]], None],
    progress: Callable[[float], object],
    whole: Callable[[LogRow], Awaitable[LogRow]],
) -> int:
    written, number = 0, first
    while number <= last:
        part = [await whole(row) for row in rows.rows(rows.place_of(number), _CHUNK) if number <= row.number <= last]
        if not part:
            break
        await to_its_end(partial(write, part))
        written += len(part)
        number = part[-1].number + 1
        progress((number - first) / (last - first + 1))
    return written


class _PartFile:
    """What is written beside its place, and takes it in one step. All but `take_its_place` and `discard` belong into a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def open(self) -> None:
        self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - open over several calls
            "w",
            encoding="utf-8",
            errors="replace",
            dir=self._path.parent,
            prefix=f".{self._path.name}.",
            suffix=".part",
            delete=False,
        )

    def write(self, put: Callable[[LogRow], str], rows: Sequence[LogRow]) -> None:
        self._opened.write("".join(f"{put(row)}\n" for row in rows))

    def seal(self) -> None:
        """All of it is on the disk."""
        file = self._opened
        file.flush()
        os.fsync(file.fileno())
        file.close()
        mode = self._path.stat().st_mode & 0o777 if self._path.exists() else 0o666 & ~_umask()
        Path(file.name).chmod(mode)

    def take_its_place(self) -> None:
        Path(self._opened.name).replace(self._path)
        self._file = None

    def discard(self) -> None:
        """Unless it took its place."""
        if self._file is not None:
            with suppress(OSError):  # what a full disk did not take is not wanted any more
                self._file.close()
            Path(self._file.name).unlink(missing_ok=True)

    @property
    def _opened(self) -> IO[str]:
        assert self._file is not None
        return self._file


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _failed(path: Path, error: OSError) -> ExportFailed:
    hints = {
        errno.ENOSPC: "The disk is full: choose another place, or export less.",
        errno.EACCES: "You may not write there: choose another folder.",
        errno.EROFS: "That disk is read-only: choose another folder.",
        errno.ENOENT: "There is no such folder.",
    }
    return ExportFailed(
        f"{path.name} was not written: {error.strerror or error}.", hint=hints.get(error.errno or 0, "Choose another place.")
    )
