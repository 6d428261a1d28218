"""The window law: a bucket holds what was counted in its second, and what is 60 seconds old is gone."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from chainbot_desktop.agents.vitals.buckets import SECONDS, Buckets

KEYS = ("a", "b", "c")

_steps = st.one_of(
    st.tuples(st.just("wait"), st.one_of(st.floats(0, 3), st.integers(0, SECONDS + 1), st.floats(0, 150))),
    st.tuples(st.just("add"), st.sampled_from(KEYS), st.integers(1, 70_000)),
    st.tuples(st.just("forget"), st.sampled_from(KEYS)),
)


class FakeClock:
    def __init__(self, at: float = 1_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


@example(begin=0.0, steps=[("add", "a", 1), ("wait", SECONDS)])
@example(begin=0.0, steps=[("add", "a", 1), *([("wait", 1)] * SECONDS)])
@given(begin=st.floats(0, 1e6), steps=st.lists(_steps, max_size=40))
def test_each_bucket_is_the_sum_of_its_second(begin: float, steps: list[tuple[object, ...]]) -> None:
    clock = FakeClock(begin)
    buckets = Buckets(clock)
    counted: dict[str, Counter[int]] = {}
    for step in steps:
        if step[0] == "wait":
            clock.at += float(str(step[1]))
        elif step[0] == "add":
            key, count = str(step[1]), int(str(step[2]))
            buckets.add(key, count)
            counted.setdefault(key, Counter())[int(clock.at)] += count
        else:
            buckets.forget(str(step[1]))
            counted.pop(str(step[1]), None)
    now = int(clock.at)
    for key in KEYS:
        expected = [min(65_535, counted.get(key, Counter())[now - SECONDS + 1 + place]) for place in range(SECONDS)]
        assert buckets.of(key) == tuple(expected)
        assert buckets.total(key) == sum(expected)
        assert (key in buckets.moving()) == any(expected)
    levels = buckets.levels(KEYS)
    assert levels.dtype == np.uint16
    assert [tuple(row) for row in levels.tolist()] == [buckets.of(key) for key in KEYS]
    assert buckets.totals(KEYS) == [buckets.total(key) for key in KEYS]


def test_thousands_of_keys_keep_apart_as_the_table_grows() -> None:
    clock = FakeClock()
    buckets = Buckets(clock)
    keys = [f"agent-{number}" for number in range(5_000)]
    for number, key in enumerate(keys):
        clock.at = 1_000.0 + number / 1_000
        buckets.add(key, number + 1)
    assert buckets.totals(keys) == list(range(1, 5_001))
    assert [int(row.argmax()) for row in buckets.levels(keys)] == [SECONDS - 5 + number // 1_000 for number in range(5_000)]


def test_a_forgotten_key_leaves_nothing_to_the_next() -> None:
    buckets = Buckets(FakeClock())
    buckets.add("old", 9)
    buckets.forget("old")
    buckets.forget("old")
    buckets.add("new")
    assert buckets.of("old") == (0,) * SECONDS
    assert buckets.total("new") == 1


def test_nothing_is_asked_of_nobody() -> None:
    buckets = Buckets(FakeClock())
    assert buckets.levels(()).shape == (0, SECONDS)
    assert buckets.totals(()) == []
    assert buckets.moving() == set()
