"""An expression over a block of lines by ripgrep, where it is installed: in a process of its own, many times quicker than here.

Python's interpreter is one for all threads: an expression that is matched line by line in a thread and the loop take it from each other
thousands of times a second. What ripgrep finds comes back in one piece.
"""

from __future__ import annotations

import logging
import shutil
import subprocess

import numpy as np

from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.file_expression import expressions_of
from chainbot_desktop.watch.logs.file_ripgrep import leading_numbers
from chainbot_desktop.watch.logs.query import Mask, TextMatcher, only_lines

_log = logging.getLogger(__name__)

WORTH_A_PROCESS = 16 * 1024
"""Bytes; a process costs some three milliseconds of another core."""
_SECONDS = 5.0
_FEW = 4
_OPTIONS = ("--no-config", "--text", "--encoding=none", "--line-number", "--byte-offset", "--max-columns=1", "--color=never")


class RipgrepMatcher:
    """`matcher` says what a hit is. On lines of ASCII the two agree (`file_expression`); the others are left to it."""

    def __init__(self, query: LogQuery, matcher: TextMatcher) -> None:
        expressions = expressions_of(query)
        self._pattern = expressions[0].pattern if expressions else ""
        self._matcher = matcher
        self._program = shutil.which("rg") if self._pattern else None

    def found(self, block: bytes, count: int) -> Mask | None:
        """In which of the `count` lines of `block` it is; None where ripgrep is no help. InvalidInput as the matcher."""
        if self._program is None or len(block) < WORTH_A_PROCESS:
            return None
        odd = _odd_lines(block)
        many = 0 if odd is None else int(np.count_nonzero(odd))
        if many > count // _FEW:
            return None
        try:
            listed = self._ask(self._program, block)
        except (OSError, subprocess.SubprocessError) as error:
            _log.warning("searching the timeline goes on without ripgrep: %s", error)
            self._program = None
            return None
        found = np.zeros(count, np.bool_)
        if listed:
            found[leading_numbers(listed)[0] - 1] = True
        if odd is not None:
            found[odd] = self._matcher.found(only_lines(block, odd), many)[0]
        return found

    def _ask(self, program: str, block: bytes) -> bytes:
        done = subprocess.run(  # noqa: S603 - no shell, and the expression cannot be taken for an option
            [program, *_OPTIONS, f"--regexp={self._pattern}", "-"],
            input=block,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode not in {0, 1}:  # 1: nothing is found
            raise subprocess.CalledProcessError(done.returncode, program)
        return done.stdout


def _odd_lines(block: bytes) -> Mask | None:
    """Those in which something is that ripgrep may see with other eyes; None where there are none."""
    if block.isascii() and b"\r" not in block:
        return None
    letters = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(letters == ord("\n"))
    odd = np.concatenate([[0], np.cumsum((letters >= 0x80) | (letters == ord("\r")))[ends]])
    return np.diff(odd) > 0
