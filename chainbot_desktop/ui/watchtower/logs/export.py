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
from pathlib import Path
from typing import IO

from chainbot_desktop.core.errors import ChainBotError, InvalidInput
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
    try:
        file = await asyncio.to_thread(_temporary, path)
    except OSError as error:
        raise _failed(path, error) from error
    done = False
    try:
        written = await _write_all(rows, first, last, file, put, progress, whole)
        await asyncio.to_thread(_finish, file, path)
        done = True
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        if not done:
            _discard(file)
    return written


async def _write_all(
    rows: Rows,
    first: int,
    last: int,
    file: IO[str],
    put: Callable[[LogRow], str],
    progress: Callable[[float], object],
    whole: Callable[[LogRow], Awaitable[LogRow]],
) -> int:
    written, number = 0, first
    while number <= last:
        part = [await whole(row) for row in rows.rows(rows.place_of(number), _CHUNK) if number <= row.number <= last]
        if not part:
            break
        await asyncio.to_thread(_write, file, part, put)
        written += len(part)
        number = part[-1].number + 1
        progress((number - first) / (last - first + 1))
    return written


def _write(file: IO[str], rows: Sequence[LogRow], put: Callable[[LogRow], str]) -> None:
    file.write("".join(f"{put(row)}\n" for row in rows))


def _temporary(path: Path) -> IO[str]:
    """Beside its place, so that it can take it in one step."""
    return tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", errors="replace", dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False
    )


def _finish(file: IO[str], path: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    Path(file.name).chmod(mode)
    Path(file.name).replace(path)


def _discard(file: IO[str]) -> None:
    with suppress(OSError):  # what a full disk did not take is not wanted any more
        file.close()
    Path(file.name).unlink(missing_ok=True)


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
