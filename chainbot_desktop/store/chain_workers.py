"""Processes that look at the hash chain side by side: hashing some hundred bytes at a time keeps Python's lock, so threads are no help.

Each has a state of the database of its own. What one of them cannot vouch for, or did not answer because it is gone, is left to
whoever asked: no answer is never taken for a good one.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from chainbot_desktop.store import chain_quick

_log = logging.getLogger(__name__)

_EVENTS_ASKED = 16 * chain_quick.EVENTS_AT_ONCE
_ASKED_AT_ONCE = 2
"""Of each: it has the next before it has answered the last."""
_LOOK_UP = 0.2
"""Seconds between two looks at whether to stop, when no answer comes."""

Answer = tuple[int, int, tuple[str, str] | None]
"""`begin`, `end`, and what `quick_look` says of them."""


class ChainWorkers:
    """To be closed. Blocks, and is for one thread."""

    def __init__(self, path: Path, count: int) -> None:
        """OSError where no process can be started."""
        self._workers: list[_Worker] = []
        self._selector = DefaultSelector()
        try:
            for _ in range(count):
                worker = _Worker(path)
                self._workers.append(worker)
                self._selector.register(worker.answers, EVENT_READ, worker)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """They are gone when this returns."""
        for worker in self._workers:
            worker.kill()
        self._selector.close()

    def ends(self) -> list[tuple[int, int]]:
        """The first and last `seq` that each of them sees. Before the first `look`."""
        seen = [worker.hear() for worker in self._workers]
        for worker, line in zip(tuple(self._workers), seen, strict=True):
            if line is None:
                self._drop(worker)
        return [(int(first), int(last)) for first, last in (line.split() for line in seen if line is not None)]

    def look(self, first: int, last: int, stop: Callable[[], bool]) -> Iterator[Answer]:
        """All events from `first` to `last`, in order; ends early if `stop` says so."""
        ranges = ((begin, min(begin + _EVENTS_ASKED - 1, last)) for begin in range(first, last + 1, _EVENTS_ASKED))
        found: dict[int, Answer] = {}
        due = first
        while due <= last and not stop():
            # What was found ahead of its turn is bounded: a slow one holds up the others.
            while len(found) < 4 * _ASKED_AT_ONCE * len(self._workers) and self._ask(ranges):
                pass
            for answer in self._answers(ranges):
                found[answer[0]] = answer
            while due in found:
                answer = found.pop(due)
                yield answer
                due = answer[1] + 1

    def _ask(self, ranges: Iterator[tuple[int, int]]) -> bool:
        """Whether somebody was asked for the next range."""
        free = min(self._workers, key=lambda worker: len(worker.asked), default=None)
        if free is None or len(free.asked) >= _ASKED_AT_ONCE:
            return False
        following = next(ranges, None)
        if following is not None:
            free.ask(following)
        return following is not None

    def _answers(self, ranges: Iterator[tuple[int, int]]) -> Iterator[Answer]:
        for key, _ in self._selector.select(_LOOK_UP):
            worker: _Worker = key.data
            line = worker.hear()
            if line is not None:
                before, _, after = line.rpartition(" ")
                yield *worker.asked.popleft(), (before, after) if after else None
                continue
            self._drop(worker)
            yield from ((*asked, None) for asked in worker.asked)
        if not self._workers:
            yield from ((*following, None) for following in ranges)

    def _drop(self, worker: _Worker) -> None:
        _log.warning("a process that helped with verifying the hash chain has ended; the others go on, more slowly")
        self._selector.unregister(worker.answers)
        self._workers.remove(worker)
        worker.kill()


class _Worker:
    def __init__(self, path: Path) -> None:
        self.asked: deque[tuple[int, int]] = deque()
        # Popen keeps its ends of the pipes from all other children, so that our end is its end.
        self._process = subprocess.Popen(  # noqa: S603 - a file of our own
            [sys.executable, "-I", "-S", chain_quick.__file__, str(path.absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self.answers = self._process.stdin, self._process.stdout

    def ask(self, events: tuple[int, int]) -> None:
        self.asked.append(events)
        with suppress(OSError):  # gone: what it was asked stays without an answer
            self._questions.write(b"%d %d\n" % events)

    def hear(self) -> str | None:
        """Waits for a line; None if there will be none."""
        line = self.answers.readline()
        return line[:-1].decode("utf-8", "surrogateescape") if line.endswith(b"\n") else None

    def kill(self) -> None:
        self._process.kill()
        with self._process:  # closes the pipes and waits for its end
            pass
