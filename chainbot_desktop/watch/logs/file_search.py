"""The thread that looks for what passes a query in a file: by ripgrep where it can, else by itself; then in what is appended.

The file is taken in stretches, so that the first results are there long before the last, and progress and cancelling are exact.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.watch.logs.document import Fold, LogQuery
from chainbot_desktop.watch.logs.file_folding import FoldedLines
from chainbot_desktop.watch.logs.file_following import Following
from chainbot_desktop.watch.logs.file_hits import LineNumbers
from chainbot_desktop.watch.logs.file_index import BLOCK, FileChanged
from chainbot_desktop.watch.logs.file_ripgrep import Matches, Ripgrep, RipgrepFailed
from chainbot_desktop.watch.logs.file_sieve import NOTHING_PASSED, Passed, Sieve

_log = logging.getLogger(__name__)

_WINDOW = 16
"""Blocks that are looked at together: a megabyte."""
_FIRST_STRETCH = 128
_STRETCH = 4096
"""Blocks of a stretch: 8 MiB at first, 256 MiB in the end."""
_NOT_WORTH_A_PROCESS = 32


class _Stopped(Exception):
    """Nobody wants the results any more, or the file is another one."""


@dataclass
class _Stretch:
    first: int
    end: int
    line: int
    runs: list[Ripgrep] | None


class FileSearch:
    """`lines` and `hits` (numbers in `content`) belong to `lock`; `content` is what was searched last."""

    def __init__(self, following: Following, query: LogQuery, fold: Fold, told: Callable[[], None]) -> None:
        """InvalidInput for an expression that is none."""
        self.query = query
        self.lock = threading.Lock()
        self.content = following.content
        self.lines = LineNumbers()
        self.hits = LineNumbers()
        self.error: InvalidInput | None = None
        self.searched = 0
        """Bytes."""
        self._following = following
        self._told = told
        self._sieve = Sieve(query, self.content.format, fold)
        self.folded = FoldedLines(self.lines) if fold != "none" else None
        self._ripgrep = shutil.which("rg")
        self._done = 0
        self._provisional = False
        """Whether the last results are of blocks that may change."""
        self._closed = False
        self._news = threading.Event()
        self._runs: set[Ripgrep] = set()
        self._thread = threading.Thread(target=self._run, name="log file search", daemon=True)
        self._thread.start()

    @property
    def uses_ripgrep(self) -> bool:
        return self._ripgrep is not None and self._sieve.expressions is not None and self.content.layout.unit < 4

    def wake(self) -> None:
        self._news.set()

    def stop(self) -> None:
        """At once; what runs is killed."""
        self._closed = True
        self._news.set()
        for run in tuple(self._runs):
            run.kill()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        while not self._closed:
            self._news.clear()
            try:
                self._catch_up()
                self._news.wait()
            except _Stopped:
                self._begin_anew()
            except InvalidInput as error:
                self._end_with(error)
                return
            except (FileChanged, OSError):
                # The following thread finds out what befell the file, and wakes us.
                self._news.wait(1.0)
            except Exception:  # the border of the thread
                _log.exception("searching %s failed", self.content.name)
                self._end_with(InvalidInput("The search failed: see the program's own log."))
                return

    def _end_with(self, error: InvalidInput) -> None:
        self.error = error
        self._told()

    def _begin_anew(self) -> None:
        content = self._following.content
        if self._closed or content is self.content:
            return
        sieve = Sieve(self.query, content.format, self._sieve.fold)
        with self.lock:
            self.content, self._sieve = content, sieve
            self.lines, self.hits = LineNumbers(), LineNumbers()
            self.folded = FoldedLines(self.lines) if self.folded is not None else None
            self.searched = self._done = 0
            self._provisional = False
        self._told()

    def _check(self) -> None:
        if self._closed or self._following.content is not self.content:
            raise _Stopped

    def _catch_up(self) -> None:
        """Search all that is indexed. A stretch is searched while ripgrep already looks for the next one."""
        ahead: _Stretch | None = None
        try:
            while True:
                self._check()
                stretch = ahead or self._next(self._done)
                ahead = None
                if stretch is None:
                    break
                ahead = self._next(stretch.end)
                self._search(stretch)
            self._search_end()
        finally:
            for run in tuple(self._runs):
                self._forget(run)

    def _next(self, first: int) -> _Stretch | None:
        """Blocks whose neighbours are whole, so that they never change."""
        content = self.content
        length = min(_STRETCH, max(_FIRST_STRETCH, first))
        end = min(first + length, content.index.blocks - 1)
        if end <= first or (end < first + length and not content.indexed):
            return None  # more of it will be indexed in a moment
        return self._begun(first, end)

    def _begun(self, first: int, end: int) -> _Stretch:
        content, index = self.content, self.content.index
        expressions = self._sieve.expressions
        if not self.uses_ripgrep or expressions is None or end - first < _NOT_WORTH_A_PROCESS:
            return _Stretch(first, end, 0, None)
        if self._sieve.none(content, first, end):
            return _Stretch(first, end, 0, None)
        assert self._ripgrep is not None
        line, _ = index.owned(max(0, first - 1), first)
        _, stop = index.owned(first, end + 1)
        if content.layout.separator != 10 or line >= stop:
            return _Stretch(first, end, line, None)
        bounds = [int(index.bounds(at, at, content.source.read)[0]) for at in (line, stop)]
        runs: list[Ripgrep] = []
        try:
            for expression in expressions:
                runs.append(Ripgrep(self._ripgrep, expression.pattern, content.layout.codec, content.source, *bounds))
                self._runs.add(runs[-1])
        except RipgrepFailed as error:
            self._without_ripgrep(error)
            return _Stretch(first, end, line, None)
        self._check()  # `stop` may have come before they were known
        return _Stretch(first, end, line, runs)

    def _search(self, stretch: _Stretch) -> None:
        found = self._results(stretch)
        for first in range(stretch.first, stretch.end, _WINDOW):
            self._check()
            end = min(first + _WINDOW, stretch.end)
            passed = self._look(first, end, found)
            with self.lock:
                self._take_back(self.content.index.owned(first, end)[0])
                self._add(passed)
                self._done = end
            if found is None or end == stretch.end:
                self.searched = end * BLOCK
                self._told()

    def _take_back(self, line: int) -> None:
        """What was found from `line` on when its blocks were the last ones."""
        if self._provisional:
            self._provisional = False
            self.hits.cut(line)
            if self.folded is not None:
                self.folded.take_back()
            else:
                self.lines.cut(line)

    def _add(self, passed: Passed) -> None:
        if self.folded is None:
            self.lines.append(passed.lines)
        elif passed.records is not None:
            self.folded.add(passed.records)
        self.hits.append(passed.hits)

    def _results(self, stretch: _Stretch) -> list[Matches] | None:
        """What ripgrep found, if it was asked and answers."""
        if stretch.runs is None:
            return None
        try:
            return [self._matches(run, stretch.line) for run in stretch.runs]
        except RipgrepFailed as error:
            self._without_ripgrep(error)
            return None
        finally:
            for run in stretch.runs:
                self._forget(run)

    def _matches(self, run: Ripgrep, first_line: int) -> Matches:
        parts = [Matches(np.zeros(0, np.int64), np.zeros(0, np.int64))]
        for matches in run.matches():
            self._check()
            parts.append(matches)
        numbers, offsets = zip(*parts, strict=True)
        return Matches(np.concatenate(numbers) + first_line, np.concatenate(offsets))

    def _forget(self, run: Ripgrep) -> None:
        run.close()
        self._runs.discard(run)

    def _without_ripgrep(self, error: RipgrepFailed) -> None:
        if not self._closed:
            _log.warning("searching %s goes on without ripgrep: %s", self.content.name, error)
            self._ripgrep = None

    def _look(self, first: int, end: int, found: Sequence[Matches] | None) -> Passed:
        sieve, content = self._sieve, self.content
        if sieve.none(content, first, end) or (found is not None and not self._worth_a_look(first, end, found)):
            return NOTHING_PASSED
        if sieve.whole(content, first, end):
            lines = np.arange(*content.index.owned(first, end), dtype=np.int64)
            return Passed(lines, lines)
        return sieve.look(content, first, end, found)

    def _worth_a_look(self, first: int, end: int, found: Sequence[Matches]) -> bool:
        index = self.content.index
        if not all(expression.wide for expression in self._sieve.expressions or ()) and not index.plain(first - 1, end + 1):
            return True
        begin, _ = index.owned(max(0, first - 1), first)
        _, stop = index.owned(first, end + 1)
        return all(np.searchsorted(matches.numbers, begin) < np.searchsorted(matches.numbers, stop) for matches in found)

    def _search_end(self) -> None:
        """The last blocks change with what is appended: what is found there is found anew each time."""
        content, index = self.content, self.content.index
        if not content.indexed:
            return
        size = index.extent.size
        passed = self._look(self._done, index.blocks + 1, None)
        self._check()
        first, _ = index.owned(self._done, self._done + 1)
        with self.lock:
            self._take_back(first)
            if self.folded is not None:
                self.folded.keep()
            self._provisional = True
            self._add(passed)
        self.searched = size
        self._told()
