"""Measured figures as they lie in `metrics.db`: sums over a minute or an hour, and the sixty seconds of a minute. Little-endian."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MINUTE = 60
HOUR = 3600

_ROW = np.dtype([("name", "<u4"), ("count", "<u4"), ("low", "<f4"), ("mean", "<f4"), ("high", "<f4")])
_ID = np.dtype("<u4")
_VALUE = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class Point:
    """Of `count` values, which is at least 1."""

    low: float
    mean: float
    high: float
    count: int


Rollup = Mapping[str, Point]
"""By figure; what was not measured is not in it."""


@dataclass(frozen=True, slots=True)
class MinuteOfSeconds:
    """The values of a minute by figure, 60 each, NaN where there is none. `start` in seconds since 1970."""

    start: int
    values: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure over time: a value a step, NaN (and a count of 0) where nothing was measured."""

    low: Floats
    mean: Floats
    high: Floats
    count: NDArray[np.uint32]

    @classmethod
    def empty(cls, steps: int) -> Line:
        low, mean, high = (np.full(steps, np.nan, np.float32) for _ in range(3))
        return cls(low, mean, high, np.zeros(steps, np.uint32))

    def add(self, step: int, point: Point) -> None:
        """Count `point` in."""
        count = int(self.count[step])
        if count:
            point = merged(Point(float(self.low[step]), float(self.mean[step]), float(self.high[step]), count), point)
        self.low[step], self.mean[step], self.high[step] = point.low, point.mean, point.high
        self.count[step] = point.count


def merged(one: Point, other: Point) -> Point:
    count = one.count + other.count
    mean = one.mean + (other.mean - one.mean) * (other.count / count)
    return Point(min(one.low, other.low), mean, max(one.high, other.high), count)


def rollup_of(values: Mapping[str, Floats], seconds: NDArray[np.bool_]) -> dict[str, Point]:
    """Over those of the 60 `seconds` that are true."""
    if not values or not seconds.any():
        return {}
    table = np.stack(list(values.values()))[:, seconds].astype(np.float64)
    counts = np.count_nonzero(~np.isnan(table), axis=1)
    # fmin and fmax take the number where the other one is NaN, without a warning where both are.
    lows, highs = np.fmin.reduce(table, axis=1), np.fmax.reduce(table, axis=1)
    means = np.nansum(table, axis=1) / np.maximum(counts, 1)
    rows = zip(values, lows.tolist(), means.tolist(), highs.tolist(), counts.tolist(), strict=True)
    return {name: Point(low, mean, high, count) for name, low, mean, high, count in rows if count}


def pack_rollup(rollup: Rollup, ids: Mapping[str, int]) -> bytes:
    rows = [(ids[name], point.count, point.low, point.mean, point.high) for name, point in rollup.items()]
    return np.array(rows, _ROW).tobytes()


def unpack_rollup(packed: bytes, names: Mapping[int, str]) -> dict[str, Point]:
    rows = np.frombuffer(packed, _ROW)
    return {names[name]: Point(low, mean, high, count) for name, count, low, mean, high in rows.tolist()}


def pack_seconds(values: Mapping[str, Floats], ids: Mapping[str, int]) -> bytes:
    numbers = np.array([ids[name] for name in values], _ID)
    return numbers.tobytes() + b"".join(line.astype(_VALUE).tobytes() for line in values.values())


def unpack_seconds(packed: bytes, names: Mapping[int, str]) -> dict[str, Floats]:
    count = len(packed) // (_ID.itemsize + MINUTE * _VALUE.itemsize)
    numbers = np.frombuffer(packed, _ID, count)
    table = np.frombuffer(packed, _VALUE, offset=count * _ID.itemsize).reshape(count, MINUTE)
    return {names[number]: table[row].astype(np.float32) for row, number in enumerate(numbers.tolist())}


def lines_of(
    rows: Sequence[tuple[int, bytes]], wanted: Mapping[str, int | None], start: int, steps: int, step: int
) -> dict[str, Line]:
    """The packed rollups of `rows` (start, bytes) as a line for each of `wanted` (name and number), from `start` on."""
    if not rows or not wanted:
        return {name: Line.empty(steps) for name in wanted}
    table = np.frombuffer(b"".join(packed for _, packed in rows), _ROW)
    lengths = [len(packed) // _ROW.itemsize for _, packed in rows]
    places = np.repeat(np.array([(at - start) // step for at, _ in rows], np.int64), lengths)
    numbers = [number for number in wanted.values() if number is not None]
    turn = np.full(max([int(table["name"].max()), *numbers]) + 1, -1, np.int64)
    for turned, number in enumerate(wanted.values()):
        if number is not None:
            turn[number] = turned
    turns = turn[table["name"]]
    if (turns < 0).any():
        mine = turns >= 0
        table, places, turns = table[mine], places[mine], turns[mine]
    flat = turns * steps + places
    low, mean, high = (np.full((len(wanted), steps), np.nan, np.float32) for _ in range(3))
    count = np.zeros((len(wanted), steps), np.uint32)
    for grid, column in ((low, "low"), (mean, "mean"), (high, "high"), (count, "count")):
        grid.reshape(-1)[flat] = table[column]
    return {name: Line(low[n], mean[n], high[n], count[n]) for n, name in enumerate(wanted)}


def names_in(rows: Iterable[tuple[int, bytes]]) -> list[int]:
    """The numbers of the figures that occur."""
    packed = b"".join(data for _, data in rows)
    return [int(number) for number in np.unique(np.frombuffer(packed, _ROW)["name"])]
