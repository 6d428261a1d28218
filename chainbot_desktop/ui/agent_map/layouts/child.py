"""The process that computes layouts: frames in at stdin, frames out at stdout, until stdin ends. See `worker` for the other end.

Must not import Qt, pydantic or the house: its start is what a person waits for. Of several requests that wait only the newest is
answered: the panel has no use for the others any more.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import select
import signal
import sys
from io import FileIO
from typing import BinaryIO

from chainbot_desktop.ui.agent_map.layouts import problem, solve, wire

_NICE = 10
_PR_SET_PDEATHSIG = 1


def main() -> None:
    requests, answers = os.fdopen(0, "rb", buffering=0, closefd=False), _own_stdout()
    _tie_to_parent()
    while (frame := _newest(requests)) is not None:
        body = _answer(frame)
        answers.write(wire.LENGTH.pack(len(body)) + body)
        answers.flush()


def _own_stdout() -> BinaryIO:
    """Frames alone go there: whatever a library prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _tie_to_parent() -> None:
    """stdin ends with the panel, but nobody reads it while a layout is computed."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _newest(requests: FileIO) -> bytes | None:
    """Waits for a request; None when there will be no more."""
    frame = _read(requests)
    while frame is not None and select.select([requests], [], [], 0)[0]:
        later = _read(requests)
        if later is None:
            return None
        frame = later
    return frame


def _read(requests: FileIO) -> bytes | None:
    length = _exactly(requests, wire.LENGTH.size)
    return _exactly(requests, wire.LENGTH.unpack(length)[0]) if length is not None else None


def _exactly(requests: FileIO, size: int) -> bytes | None:
    found = bytearray()
    while len(found) < size:
        part = requests.read(size - len(found))
        if not part:
            return None
        found += part
    return bytes(found)


def _answer(frame: bytes) -> bytes:
    number, asked = problem.read(frame)
    try:
        return problem.answer(number, *solve.solve(asked))
    except Exception as error:  # the border of a request
        sys.excepthook(type(error), error, error.__traceback__)
        return problem.refusal(number, f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
