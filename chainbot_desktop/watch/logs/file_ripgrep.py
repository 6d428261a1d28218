"""ripgrep over a stretch of a file: the numbers of the lines that match, and where they begin.

It is fed through a pipe and knows no path: it looks through what we say, never crashes with a file that is cut, and ends when we do.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.file_bytes import FileBytes

_PIPE_BYTES = 1 << 20
_READ = 1 << 20
_DIGITS = 18


Numbers = NDArray[np.int64]


class Matches(NamedTuple):
    """Lines in which something is: their numbers, ascending, and the bytes before them in the file (in that of UTF-8 text)."""

    numbers: Numbers
    offsets: Numbers

    def between(self, first: int, end: int) -> Matches:
        """Those of the lines `first` to `end`."""
        low, high = np.searchsorted(self.numbers, [first, end])
        return Matches(self.numbers[low:high], self.offsets[low:high])


class RipgrepFailed(Exception):
    """It is not there, was killed, or takes no such expression."""


class Ripgrep:
    """Runs from the moment it is made. `close` ends it at once; what does not close it leaks it."""

    def __init__(self, program: str, pattern: str, codec: str, source: FileBytes, begin: int, end: int) -> None:
        arguments = [
            program,
            "--no-config",
            "--text",
            "--line-number",
            "--byte-offset",
            "--max-columns=1",
            "--color=never",
            "--no-heading",
        ]
        encoding = "none" if codec == "utf-8" else codec.replace("-le", "le").replace("-be", "be")
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell, and the expression cannot be taken for an option
                [*arguments, f"--encoding={encoding}", f"--regexp={pattern}", "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pipesize=_PIPE_BYTES,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise RipgrepFailed(str(error)) from error
        self._first = begin
        self._closing = False
        self._unread: OSError | None = None
        self._pump = threading.Thread(target=self._feed, args=(source, begin, end), name="ripgrep's input", daemon=True)
        self._pump.start()

    def matches(self) -> Iterator[Matches]:
        """As they come, numbered from 0. RipgrepFailed, or OSError where the file could not be read."""
        assert self._process.stdout is not None
        left = b""
        while block := self._process.stdout.read(_READ):
            block = left + block
            end = block.rfind(b"\n") + 1
            left = block[end:]
            if end:
                numbers, offsets = leading_numbers(block[:end])
                yield Matches(numbers - 1, offsets + self._first)
        code = self._process.wait()
        self._pump.join()
        if self._unread is not None:
            raise self._unread
        if (code not in {0, 1} or left) and not self._closing:
            raise RipgrepFailed(f"ripgrep ended with {code}")

    def kill(self) -> None:
        """From any thread."""
        self._closing = True
        self._process.kill()

    def close(self) -> None:
        self.kill()
        assert self._process.stdout is not None
        self._process.wait()
        self._pump.join()
        self._process.stdout.close()

    def _feed(self, source: FileBytes, begin: int, end: int) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            source.pump(pipe.fileno(), begin, end)
        except BrokenPipeError:
            pass  # it ended first; `matches` sees how
        except OSError as error:
            self._unread = error
        finally:
            with suppress(OSError):
                pipe.close()


def leading_numbers(block: bytes) -> tuple[Numbers, Numbers]:
    """Of lines `number:offset:anything`."""
    units = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(units == 10)
    at = np.concatenate([[0], ends[:-1] + 1])
    numbers, at = _number(units, at)
    offsets, _ = _number(units, at + 1)
    return numbers, offsets


def _number(units: NDArray[np.uint8], at: Numbers) -> tuple[Numbers, Numbers]:
    """The numbers that stand at `at`, and where they end."""
    numbers: Numbers = np.zeros(len(at), np.int64)
    ends = at.copy()
    going: NDArray[Any] = np.arange(len(at))
    for digit in range(_DIGITS):
        found = units[at[going] + digit].astype(np.int64) - 48
        is_digit = (found >= 0) & (found <= 9)
        going, found = going[is_digit], found[is_digit]
        if not len(going):
            break
        numbers[going] = numbers[going] * 10 + found
        ends[going] += 1
    return numbers, ends
