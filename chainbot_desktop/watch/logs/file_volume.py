"""How many lines of a file, or of what was found in it, were written when. Answers at once, whatever the size of the file.

Some lines were sampled while the file was indexed, evenly over its bytes: their time, and the levels of the lines around them. How many
of the wanted lines lie between two samples is exact; inside such a piece they count as spread evenly over its time, and the levels
of a whole file, or of several levels, as those of the sampled lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.document import LogQuery, Volume

_PIECES = 600
Rank = Callable[[int], int]
"""How many of the wanted lines are before that line."""


@dataclass(frozen=True, slots=True)
class Sample:
    """`levels`: how many of the lines there have which."""

    line: int
    time: float
    levels: Mapping[int, int] = field(default_factory=dict)


def volume_of(samples: Sequence[Sample], lines: int, rank: Rank, query: LogQuery, buckets: int) -> Volume | None:
    """None where there are no lines."""
    if not lines:
        return None
    if len(samples) < 2:
        edges = np.linspace(0, lines, buckets + 1)
        counts = np.diff([rank(round(edge)) for edge in edges])
        return Volume(0.0, float(lines), timed=False, counts={_only_level(query): counts.tolist()})
    chosen = [samples[int(at)] for at in np.unique(np.linspace(0, len(samples) - 1, _PIECES).astype(int))]
    times = np.array([sample.time for sample in chosen])
    start, end = float(times.min()), float(times.max())
    if query.after is not None or query.before is not None:
        start = max(start, query.after if query.after is not None else start)
        end = max(start, min(end, query.before if query.before is not None else end))
    ranks = np.array([0, *(rank(sample.line) for sample in chosen[1:]), rank(lines)])
    edges = np.linspace(start, end, buckets + 1)
    found: dict[int, list[int]] = {}
    amounts = np.diff(ranks)
    for level, shares in _shares(chosen, query).items():
        found[level] = _spread(times, amounts * shares, edges)
    return Volume(start, end, timed=True, counts=found)


def _only_level(query: LogQuery) -> int:
    return next(iter(query.levels)) if len(query.levels) == 1 else 0


def _shares(samples: Sequence[Sample], query: LogQuery) -> dict[int, NDArray[np.float64]]:
    """Of each piece, which part has which level."""
    if len(query.levels) == 1 or query.text:
        return {_only_level(query): np.ones(len(samples))}
    wanted = query.levels or frozenset(level for sample in samples for level in sample.levels) or frozenset({0})
    counts = np.array([[sample.levels.get(level, 0) for sample in samples] for level in sorted(wanted)], np.float64)
    sums = counts.sum(axis=0)
    counts[0, sums == 0] = 1.0
    counts /= counts.sum(axis=0)
    return dict(zip(sorted(wanted), counts, strict=True))


def _spread(times: NDArray[np.float64], amounts: NDArray[np.float64], edges: NDArray[np.float64]) -> list[int]:
    """Each amount evenly from its time to the next one (at its time where that is earlier)."""
    lengths = np.maximum(np.append(np.diff(times), 0.0), 1e-9)
    passed = np.clip((edges[:, None] - times[None, :]) / lengths[None, :], 0.0, 1.0)
    passed[-1, times <= edges[-1]] = 1.0  # the last edge belongs to the last bucket
    passed[0, times >= edges[0]] = 0.0
    totals = np.rint(passed @ amounts).astype(np.int64)
    return [int(count) for count in np.diff(totals)]
