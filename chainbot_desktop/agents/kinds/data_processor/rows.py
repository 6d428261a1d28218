"""Rows on their way, and what goes wrong with them or with the files that hold them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound, Unavailable

BATCH_ROWS = 200
BATCH_BYTES = 4 << 20


class RowError(Exception):
    """This row cannot be read or written; the reason is for people."""


class ProcessingFailed(ChainBotError):
    """The whole of it came to nothing; the destination is as it was."""

    code = "processing_failed"
    http_status = 422


@dataclass(frozen=True, slots=True)
class Row:
    """`number` counts the source's records from 1. `error` says why there is no value; `size` is about its bytes."""

    number: int
    value: Any = None
    error: str = ""
    size: int = 100


def take_batch(rows: Iterator[Row]) -> list[Row]:
    """The next rows, few where they are large; none at the end. Reads files: call it on a thread."""
    batch: list[Row] = []
    size = 0
    for row in islice(rows, BATCH_ROWS):
        batch.append(row)
        size += row.size
        if size >= BATCH_BYTES:
            break
    return batch


def file_problem(path: Path, error: OSError, doing: str) -> ChainBotError:
    """`doing` is "read" or "written"."""
    if error.errno == errno.ENOENT:
        return NotFound(f"There is no {path}.", hint="Look at its path.", code="no_file")
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Unavailable(
            f"There is no room for {path.name} in {path.parent}.", hint="Make some, and try again.", code="disk_full"
        )
    return InvalidInput(
        f"{path} cannot be {doing}: {error.strerror or error}.", hint="Look at its permissions.", code="no_access"
    )
