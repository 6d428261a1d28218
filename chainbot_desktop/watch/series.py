"""An hour of one measured value, a second apart, in 40 KB: what the charts draw from."""

from __future__ import annotations

from array import array
from math import isnan, nan

CAPACITY = 3600
"""Seconds kept."""
BUCKET = 10
"""Seconds that one step of the rollup covers."""


class Series:
    """Values by slot (whole seconds since the sampler's start). A slot that was not measured is NaN and shows as a gap."""

    def __init__(self, unit: str = "", capacity: int = CAPACITY) -> None:
        self.unit = unit
        self._capacity = capacity
        self._values = array("d", [nan]) * capacity
        self._buckets = capacity // BUCKET
        self._lows = array("d", [nan]) * self._buckets
        self._highs = array("d", [nan]) * self._buckets
        self._newest = -1

    @property
    def newest_slot(self) -> int:
        """-1 before the first value."""
        return self._newest

    def put(self, slot: int, value: float | None) -> None:
        """Set the value of `slot`, which is not before an earlier one; None where it could not be measured."""
        measured = nan if value is None else float(value)
        self._open_up_to(slot)
        self._values[slot % self._capacity] = measured
        if not isnan(measured):
            self._roll_up(slot, measured)

    def window(self, seconds: int, newest: int) -> array[float]:
        """The values of the `seconds` slots that end with `newest`, oldest first, NaN where there is none."""
        return self._cut(self._values, self._capacity, newest, min(seconds, self._capacity), self._newest)

    def extremes(self, seconds: int, newest: int) -> tuple[array[float], array[float]]:
        """Lowest and highest of each 10 s of the `seconds` that end with `newest`, oldest first, NaN where there is none."""
        count = min(seconds // BUCKET, self._buckets)
        last, newest_bucket = newest // BUCKET, self._newest // BUCKET if self._newest >= 0 else -1
        return (
            self._cut(self._lows, self._buckets, last, count, newest_bucket),
            self._cut(self._highs, self._buckets, last, count, newest_bucket),
        )

    def at(self, slot: int) -> float | None:
        """The value of one slot; None where it was not measured or is no longer kept."""
        if slot < 0 or slot > self._newest or slot <= self._newest - self._capacity:
            return None
        value = self._values[slot % self._capacity]
        return None if isnan(value) else value

    @property
    def latest(self) -> float | None:
        return self.at(self._newest)

    def _open_up_to(self, slot: int) -> None:
        """Empty what lies between the newest slot and `slot`: it still holds values of an hour ago."""
        for missed in range(max(self._newest + 1, slot - self._capacity + 1), slot + 1):
            self._values[missed % self._capacity] = nan
        newest_bucket = self._newest // BUCKET if self._newest >= 0 else -1
        for missed in range(max(newest_bucket + 1, slot // BUCKET - self._buckets + 1), slot // BUCKET + 1):
            self._lows[missed % self._buckets] = nan
            self._highs[missed % self._buckets] = nan
        self._newest = max(self._newest, slot)

    def _roll_up(self, slot: int, value: float) -> None:
        bucket = slot // BUCKET % self._buckets
        low, high = self._lows[bucket], self._highs[bucket]
        self._lows[bucket] = value if isnan(low) else min(low, value)
        self._highs[bucket] = value if isnan(high) else max(high, value)

    @staticmethod
    def _cut(ring: array[float], capacity: int, newest: int, count: int, known: int) -> array[float]:
        """`count` entries of `ring` that end with index `newest`; what lies after `known` or before the ring is NaN."""
        first = newest - count + 1
        start, stop = max(first, known - capacity + 1, 0), min(newest, known) + 1
        if start >= stop:
            return array("d", [nan]) * count
        begin, end = start % capacity, (stop - 1) % capacity + 1
        part = ring[begin:end] if begin < end else ring[begin:] + ring[:end]
        return array("d", [nan]) * (start - first) + part + array("d", [nan]) * (newest + 1 - stop)
