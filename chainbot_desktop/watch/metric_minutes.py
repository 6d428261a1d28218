"""The newest hour of seconds in memory, minute by minute, and what of it the file does not have yet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.store.metric_file import Kept, Retention
from chainbot_desktop.store.metric_rows import MINUTE, Floats, Line, MinuteOfSeconds, Rollup, rollup_of

_LARGEST = 3e38


class Minute:
    """Sixty seconds of every figure. A second that was taken stays as it is."""

    def __init__(self) -> None:
        self.values: dict[str, Floats] = {}
        self.taken: NDArray[np.bool_] = np.zeros(MINUTE, np.bool_)
        self.saved: NDArray[np.bool_] = np.zeros(MINUTE, np.bool_)

    @property
    def unsaved(self) -> NDArray[np.bool_]:
        return self.taken & ~self.saved

    def put(self, second: int, values: Mapping[str, float | None]) -> bool:
        """False where this second was taken before."""
        if self.taken[second]:
            return False
        for name, value in values.items():
            if value is not None and abs(value) < _LARGEST:  # neither NaN nor beyond what is stored
                line = self.values.get(name)
                if line is None:
                    line = self.values[name] = np.full(MINUTE, np.nan, np.float32)
                line[second] = value
        self.taken[second] = True
        return True

    def take_up(self, values: Mapping[str, Floats]) -> None:
        """What the file has of this minute was there first."""
        there = np.zeros(MINUTE, np.bool_)
        for line in values.values():
            there |= ~np.isnan(line)
        for line in self.values.values():
            line[there] = np.nan
        for name, line in values.items():
            mine = self.values.setdefault(name, np.full(MINUTE, np.nan, np.float32))
            mine[there] = line[there]
        self.taken |= there
        self.saved |= there


class Minutes:
    """Use on one thread. Minutes are named by their start, in seconds since 1970; they are kept in the order they were begun in."""

    def __init__(self, retention: Retention) -> None:
        self._retention = retention
        self._minutes: dict[int, Minute] = {}
        self._begun: dict[int, None] = {}
        """Of a week, in order: a minute that is in here and no longer among `_minutes` is closed.

        Older ones leave when they leave the file: begun a second time before that, they would be among its oldest.
        """
        self._waiting: dict[int, Rollup] = {}
        """What left the hour before the file could take it; of a week, so that a disk that takes nothing does not fill the memory."""

    def put(self, second: int, values: Mapping[str, float | None]) -> bool:
        """False where something is known of this second already, or was and is only kept as a part of its minute."""
        start = second - second % MINUTE
        minute = self._minutes.get(start)
        if minute is None:
            if start in self._begun:
                return False
            minute = self._minutes[start] = Minute()
            self._begun[start] = None
            self._forget_oldest()
        return minute.put(second - start, values)

    def take_up(self, kept: Kept) -> None:
        """What the file has comes before what is here."""
        own, self._minutes = self._minutes, {}
        for found in kept.seconds:
            minute = own.pop(found.start) if found.start in own else Minute()
            minute.take_up(found.values)
            self._minutes[found.start] = minute
        self._minutes.update(own)
        self._begun = {**dict.fromkeys(kept.minutes), **self._begun}
        self._forget_oldest()

    def begin_anew(self) -> None:
        """The file is a new one: it has nothing of what is here."""
        for minute in self._minutes.values():
            minute.saved[:] = False

    def unsaved(
        self, but_not: int | None = None
    ) -> tuple[list[MinuteOfSeconds], dict[int, Rollup], list[tuple[Minute, NDArray[np.bool_]]]]:
        """What the file is to be given: whole minutes, what they grew by, and the marks for `mark_saved` once it has them.

        `but_not` is a minute that goes on.
        """
        seconds: list[MinuteOfSeconds] = []
        grown: dict[int, Rollup] = dict(self._waiting)
        marks: list[tuple[Minute, NDArray[np.bool_]]] = []
        for start, minute in self._minutes.items():
            unsaved = minute.unsaved
            if start != but_not and unsaved.any():
                seconds.append(MinuteOfSeconds(start, {name: line.copy() for name, line in minute.values.items()}))
                grown[start] = rollup_of(minute.values, unsaved)
                marks.append((minute, unsaved))
        return seconds, grown, marks

    def mark_saved(self, grown: Iterable[int], marks: Sequence[tuple[Minute, NDArray[np.bool_]]]) -> None:
        for start in grown:
            self._waiting.pop(start, None)
        for minute, seconds in marks:
            minute.saved |= seconds
        _shorten(self._begun, self._retention.minutes)

    def count_in(self, lines: dict[str, Line], names: Sequence[str] | None, start: int, steps: int, step: int) -> None:
        """Add what the file does not have yet to `lines`, which it was read into."""
        _, grown, _ = self.unsaved()
        for at, rollup in grown.items():
            place = (at - start) // step
            if not 0 <= place < steps:
                continue
            for name, point in rollup.items():
                if names is None and name not in lines:
                    lines[name] = Line.empty(steps)
                if name in lines:
                    lines[name].add(place, point)

    def seconds(self, names: Sequence[str] | None, start: int, steps: int) -> dict[str, Line]:
        """A value a second from `start` on."""
        values: dict[str, Floats] = {} if names is None else {name: np.full(steps, np.nan, np.float32) for name in names}
        for at, minute in self._minutes.items():
            first, last = max(start, at), min(start + steps, at + MINUTE)
            if first >= last:
                continue
            for name, line in minute.values.items():
                mine = values.get(name)
                if mine is None:
                    if names is not None:
                        continue
                    mine = values[name] = np.full(steps, np.nan, np.float32)
                mine[first - start : last - start] = line[first - at : last - at]
        return {name: Line(line, line, line, (~np.isnan(line)).astype(np.uint32)) for name, line in values.items()}

    def runs(self, start: int, end: int) -> list[tuple[int, int]]:
        """The stretches of this time that are known by the second, in order, from full minute to full minute."""
        found: list[tuple[int, int]] = []
        for minute in sorted(at for at in self._minutes if start <= at < end):
            begin = found.pop()[0] if found and found[-1][1] == minute else minute
            found.append((begin, minute + MINUTE))
        return found

    def has_seconds_of(self, start: float, end: float) -> bool:
        """Whether all that is known of this time is known by the second, and something is."""
        inside = range(int(start // MINUTE) * MINUTE, math.ceil(end), MINUTE)
        found = [minute in self._minutes for minute in inside if minute in self._begun]
        return bool(found) and all(found)

    @property
    def latest(self) -> int:
        """The minute that was begun last; 0 before there is one."""
        return next(reversed(self._begun), 0)

    def _forget_oldest(self) -> None:
        while len(self._minutes) > self._retention.seconds:
            start = next(iter(self._minutes))
            minute = self._minutes.pop(start)
            unsaved = minute.unsaved
            if unsaved.any():
                self._waiting[start] = rollup_of(minute.values, unsaved)
        _shorten(self._waiting, self._retention.minutes)


def _shorten(ledger: dict[int, Any], most: int) -> None:
    """Of the oldest."""
    while len(ledger) > most:
        ledger.pop(next(iter(ledger)))
