"""What is seen of a line is what is in it, however many values share a pixel; and the limits of the axis."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.store.metric_rows import Line
from chainbot_desktop.ui.watchtower.metric_axis import LONGEST, SHORTEST, TimeAxis
from chainbot_desktop.ui.watchtower.metric_chart import nice_above, short
from chainbot_desktop.ui.watchtower.metric_drawing import runs, visible

VALUES = st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=1, max_size=400)


def line_of(values: list[int | None]) -> Line:
    mean = np.array([math.nan if value is None else value for value in values], np.float32)
    return Line(mean - 1, mean, mean + 2, (~np.isnan(mean)).astype(np.uint32))


@given(VALUES, st.sampled_from([1, 60]), st.floats(-50, 300), st.floats(20, 500), st.integers(5, 60))
def test_a_column_holds_the_extremes_of_its_values(
    values: list[int | None], step: int, left: float, seconds: float, width: int
) -> None:
    start, left, span = 1_800_000_000, 1_800_000_000 + left * step, seconds * step
    seen = visible(line_of(values), start, step, left, span, width)
    if not seen.dense:
        for place, mean in zip(seen.places, seen.mean, strict=True):
            index = round(((place * span + left - start) / step) - 0.5)
            value = values[index]
            assert math.isnan(mean) if value is None else mean == value
        return
    expected: dict[int, list[int]] = {}
    for number, value in enumerate(values):
        column = math.floor((start + (number + 0.5) * step - left) / span * width + 1e-9)
        if value is not None and 0 <= column < width:
            expected.setdefault(column, []).append(value)
    for column in range(width):
        inside = expected.get(column)
        if inside is None:
            # A value on the border of two columns may be in either.
            neighbours = {*expected.get(column - 1, ()), *expected.get(column + 1, ())}
            assert math.isnan(seen.mean[column]) or round(float(seen.mean[column])) in neighbours
        elif not math.isnan(seen.high[column]):
            near = {*inside, *expected.get(column - 1, ()), *expected.get(column + 1, ())}
            assert min(near) - 1 <= seen.low[column] <= seen.mean[column] <= seen.high[column] <= max(near) + 2
    if expected:
        everything = [value for inside in expected.values() for value in inside]
        assert seen.bounds is not None
        low, high = seen.bounds
        assert low <= min(everything) - 1 + 1e-3 or len(everything) < 4
        assert high <= max(value for value in values if value is not None) + 2


def test_every_value_of_a_day_is_in_some_column() -> None:
    random = np.random.default_rng(5)
    mean = random.normal(50, 1, 86_400).astype(np.float32)
    spikes = random.choice(86_400, 40, replace=False)
    mean[spikes] = 1000 + np.arange(40)
    line = Line(mean, mean, mean, np.ones(86_400, np.uint32))
    seen = visible(line, 0, 1, 0.0, 86_400.0, 1256)
    assert seen.dense
    assert {round(float(seen.high[int((at + 0.5) * 1256 / 86_400)])) >= 1000 for at in spikes} == {True}
    assert seen.bounds == (float(mean.min()), float(mean.max()))


@given(VALUES)
def test_runs_are_what_lies_between_gaps(values: list[int | None]) -> None:
    found = runs(np.array([math.nan if value is None else float(value) for value in values]))
    assert [n for first, last in found for n in range(first, last)] == [n for n, v in enumerate(values) if v is not None]
    assert all(last < following for (_, last), (following, _) in itertools.pairwise(found))


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("pan"), st.floats(-1e9, 1e9)),
        st.tuples(st.just("zoom"), st.floats(1e-6, 1e6)),
        st.tuples(st.just("span"), st.floats(1, 1e9)),
        st.tuples(st.just("wait"), st.floats(0, 1e5)),
        st.tuples(st.just("follow"), st.just(0.0)),
    ),
    max_size=20,
)


@given(MOVES)
def test_the_axis_stays_between_two_years_ago_and_now(moves: list[tuple[str, float]]) -> None:
    now = [1_800_000_000.0]
    axis = TimeAxis(lambda: now[0])
    for what, by in moves:
        match what:
            case "pan":
                axis.pan(by)
            case "zoom":
                axis.zoom(by, axis.moment(0.3))
            case "span":
                axis.show_span(by)
            case "wait":
                now[0] += by
                axis.tick()
            case _:
                axis.follow()
        assert SHORTEST <= axis.span <= LONGEST
        assert axis.end <= now[0]
        assert axis.start >= now[0] - LONGEST - 1e6
        assert not axis.following or now[0] - axis.end < axis.span / 2000, "it is at the present, to half a pixel"
        assert axis.pointer is None or axis.start <= axis.pointer <= axis.end


@pytest.mark.parametrize(
    ("value", "digits", "text"), [(0, 2, "0"), (0.25, 0, "0.25"), (7, 1, "7.0"), (1234.5, 1, "1,234"), (-3.4, 0, "-3")]
)
def test_numbers_are_as_long_as_they_must_be(value: float, digits: int, text: str) -> None:
    assert short(value, digits) == text


@given(st.floats(1e-6, 1e12))
def test_the_top_of_a_scale_is_round_and_near(value: float) -> None:
    assert value * (1 - 1e-6) <= nice_above(value) <= value * 2
