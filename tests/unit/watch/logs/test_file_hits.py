"""Numbers of lines in little memory are what a plain list is."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.watch.logs.file_hits import LineNumbers

_STEPS = st.lists(st.one_of(st.integers(1, 3), st.sampled_from([1, 1, 1, 65_535, 65_536, 70_000, 1_000_000])), max_size=60)
_RUN = st.integers(0, 9000)


@given(steps=_STEPS, run=_RUN, cut=st.floats(0, 1), parts=st.integers(1, 5))
def test_they_are_a_sorted_list(steps: list[int], run: int, cut: float, parts: int) -> None:
    numbers = np.cumsum([*steps, *([1] * run), *steps]).astype(np.int64)
    known = LineNumbers()
    for part in np.array_split(numbers, parts):
        known.append(part)
    expected = numbers.tolist()
    check(known, expected)
    if expected:
        line = int(expected[-1] * cut)
        known.cut(line)
        expected = expected[: bisect_left(expected, line)]
        check(known, expected)
        known.append(np.array([line, line + 70_000]))
        check(known, [*expected, line, line + 70_000])


def check(known: LineNumbers, expected: list[int]) -> None:
    assert len(known) == len(expected)
    assert known.take(0, len(expected) + 5).tolist() == expected
    middle = len(expected) // 2
    assert known.take(middle, 3).tolist() == expected[middle : middle + 3]
    for line in {0, *expected[:3], *expected[middle : middle + 2], *expected[-2:], (expected or [0])[-1] + 1}:
        assert known.rank(line) == bisect_left(expected, line)
        assert known.rank(line + 1) == bisect_left(expected, line + 1)


def test_many_take_little_memory() -> None:
    every = LineNumbers()
    every.append_range(0, 10_000_000)
    assert len(every) == 10_000_000
    assert every.memory < 10_000_000 / 7
    some = LineNumbers()
    some.append(np.arange(0, 10_000_000, 1000, dtype=np.int64))
    assert some.memory == 20_000
