"""What a rule would have done with what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainbot_desktop.core.events import ExternalEventReceived
from chainbot_desktop.core.events.envelope import Recorded
from chainbot_desktop.core.events.webhooks import ExternalFact
from chainbot_desktop.core.ids import format_time
from chainbot_desktop.store.metric_file import Retention
from chainbot_desktop.store.metric_rows import Line
from chainbot_desktop.watch.alerts.records import AlertRule, Look, Trial
from chainbot_desktop.watch.alerts.scopes import Figures
from chainbot_desktop.watch.alerts.trial import figures_of, try_rule
from chainbot_desktop.watch.alerts.trial_figures import Shown
from chainbot_desktop.watch.alerts.watches import COMPARISONS
from chainbot_desktop.watch.logs.document import LogRow
from chainbot_desktop.watch.metric_minutes import Minutes
from chainbot_desktop.watch.metric_store import MetricWindow
from tests.helpers.alert_desks import FIGURES, WrittenPast, seconds_of
from tests.helpers.processes import until

BEGAN = 1_800_000_000.0
NOW = BEGAN + 3 * 86_400


def rule(kind: Any, **values: Any) -> AlertRule:
    return AlertRule(name="r", title="R", kind=kind, **values)


def event(seconds: float, event_type: str = "x") -> Recorded[Any]:
    time = format_time(datetime.fromtimestamp(BEGAN, UTC) + timedelta(seconds=seconds))
    return Recorded(1, ExternalEventReceived(time=time, data=ExternalFact(event_type=event_type)), "", "")


async def test_a_threshold_over_an_hour_of_samples_with_a_gap() -> None:
    values = [50.0] * 100 + [95.0] * 100 + [50.0] * 100 + [95.0] * 20
    samples: list[tuple[float, Figures]] = [(BEGAN + second, {"cpu": value}) for second, value in enumerate(values)]
    samples += [(BEGAN + 30_000 + second, {"cpu": 95.0}) for second in range(20)]
    trial = await try_rule(rule("threshold", metric="cpu", value=90, seconds=30), WrittenPast(samples), FIGURES, now=NOW)
    # The machine slept between the last two stretches: twenty seconds and twenty more are thirty at the tenth.
    assert trial.fired[0] == BEGAN + 130
    assert [round(moment - BEGAN) for moment in trial.fired[1:]] == [30_011]
    assert trial.since == BEGAN


async def test_events_days_apart_fire_each_time() -> None:
    day = 86_400.0
    past = WrittenPast(recorded=[event(0), event(5), event(day), event(2 * day, "other")])
    found = await try_rule(
        rule("event", event="external_event_received", condition='event.data.event_type == "x"'), past, FIGURES, now=NOW
    )
    assert [moment - BEGAN for moment in found.fired] == [0.0, day]
    rate = await try_rule(rule("rate", event="external_event_received", value=1, within=60), past, FIGURES, now=NOW)
    assert [moment - BEGAN for moment in rate.fired] == [5.0]
    absence = await try_rule(rule("absence", event="external_event_received", within=3600), past, FIGURES, now=NOW)
    # Also since the last one; and to the second, though nobody looked every second.
    assert [round(moment - BEGAN, 1) for moment in absence.fired] == [3605.0, day + 3600, 2 * day + 3600]
    wanted = rule("absence", event="external_event_received", within=3600, seconds=60)
    early = WrittenPast(recorded=[event(0), event(5)])
    assert (await try_rule(wanted, early, FIGURES, now=BEGAN + 3660)).fired == ()
    lasting = await try_rule(wanted, early, FIGURES, now=BEGAN + day)
    assert [moment - BEGAN for moment in lasting.fired] == [pytest.approx(3667, abs=2.5)]
    assert lasting.looks == [Look(BEGAN, BEGAN + day, 0)]


async def test_lines_and_nothing_at_all() -> None:
    rows = [LogRow(n, BEGAN + n, 40, "program", "app", f"line {n}") for n in range(10)]
    trial = await try_rule(rule("log", log=r"line [37]$", resolve_after=1), WrittenPast(rows=rows), FIGURES, now=NOW)
    assert [moment - BEGAN for moment in trial.fired] == [3.0, 7.0]
    empty = await try_rule(rule("log", log="line"), WrittenPast(), FIGURES, now=NOW)
    assert (empty.fired, empty.note) == ((), "Nothing is kept yet of what it looks at.")


async def test_an_event_is_judged_by_the_figures_of_its_time() -> None:
    samples: list[tuple[float, Figures]] = [(BEGAN + second, {"cpu": 95.0 if second > 60 else 5.0}) for second in range(120)]
    past = WrittenPast(samples, recorded=[event(30), event(90)])
    trial = await try_rule(
        rule("event", event="external_event_received", condition="cpu > 90.0", resolve_after=1), past, FIGURES, now=NOW
    )
    assert [moment - BEGAN for moment in trial.fired] == [90.0]


# Minutes, where the seconds are gone.


def minutes_of(values: Sequence[float | None], name: str = "cpu") -> MetricWindow:
    """As the store has them of these seconds."""
    minutes = Minutes(Retention(seconds=1))
    for second, value in enumerate(values):
        minutes.put(int(BEGAN) + second, {name: value, "queue:journal": 0.0})
    lines: dict[str, Line] = {}
    count = -(-len(values) // 60)
    minutes.count_in(lines, None, int(BEGAN), count, 60)
    return MetricWindow(int(BEGAN), 60, count, lines)


async def tried(wanted: AlertRule, *windows: MetricWindow) -> Trial:
    return await try_rule(wanted, WrittenPast(windows=list(windows)), FIGURES, now=NOW)


async def test_a_peak_of_a_second_is_seen_in_its_minute_and_a_minute_counts_where_every_second_of_it_was_so() -> None:
    peak = [50.0] * 90 + [99.0] + [50.0] * 89
    once = await tried(rule("threshold", metric="cpu", value=90), minutes_of(peak))
    assert once.fired == (BEGAN + 60,)
    assert "any second of it" in once.note
    assert (await tried(rule("threshold", metric="cpu", value=90, seconds=30), minutes_of(peak))).fired == ()
    long = [50.0] * 70 + [99.0] * 230 + [50.0] * 60
    held = await tried(rule("threshold", metric="cpu", value=90, seconds=30), minutes_of(long))
    assert [moment - BEGAN for moment in held.fired] == [152.0], "the first whole minute begins at 120"
    assert "“for: 30 s” cannot be judged to the second" in held.note
    assert held.looks == [Look(BEGAN, BEGAN + 360, 60)]
    assert (await tried(rule("threshold", metric="cpu", value=90, seconds=185), minutes_of(long))).fired == ()
    low = await tried(
        rule("threshold", metric="cpu", compare="below", value=60), minutes_of([80.0] * 150 + [10.0] + [80.0] * 29)
    )
    assert low.fired == (BEGAN + 120,)


comparisons = st.sampled_from(["above", "at_least", "below", "at_most", "equal", "not_equal"])


@given(
    parts=st.lists(st.tuples(st.sampled_from([1.0, 2.0, 3.0]), st.integers(1, 150)), min_size=1, max_size=8),
    compare=comparisons,
    lasting=st.sampled_from([0, 5, 30, 60, 100]),
)
@settings(max_examples=60, deadline=None)
def test_minutes_never_say_that_something_fired_which_did_not(
    parts: list[tuple[float, int]], compare: Any, lasting: int
) -> None:
    values = [value for value, length in parts for _ in range(length)]
    so = [COMPARISONS[compare](value, 2.0) for value in values]
    trial = asyncio.run(tried(rule("threshold", metric="cpu", compare=compare, value=2.0, seconds=lasting), minutes_of(values)))
    for moment in trial.fired:
        at = int(moment - BEGAN)
        if lasting:
            assert all(so[at - lasting : at + 1])
        else:
            assert any(so[at : at + 60])
    if all(so) and len(values) > lasting + 4 and compare != "not_equal":  # of that a minute does not tell all
        assert len(trial.fired) == 1


async def test_minutes_between_which_the_machine_slept_are_no_time_that_it_lasted() -> None:
    first = minutes_of([99.0] * 120)
    later = MetricWindow(first.start + 40_000 * 60, 60, 2, first.lines)
    wanted = rule("threshold", metric="cpu", value=90, seconds=150)
    trial = await tried(wanted, first, later)
    assert [moment - later.start for moment in trial.fired] == [pytest.approx(32, abs=6)]
    begun, still_so = minutes_of([1.0] * 60 + [None] * 120), minutes_of([None] * 400)
    later = MetricWindow(begun.start + 40_000 * 60, 60, still_so.steps, still_so.lines)
    away = await tried(rule("absence", metric="cpu", within=300), begun, later)
    assert [moment - later.start for moment in away.fired] == [pytest.approx(175, abs=6)]


async def test_a_rise_an_absence_and_an_expression_are_tried_on_minutes_as_far_as_they_tell() -> None:
    rising = [10.0] * 120 + [40.0] * 120
    rise = await tried(rule("rate", metric="cpu", value=20, within=300), minutes_of(rising))
    assert (rise.fired, "mean of each minute" in rise.note) == ((BEGAN + 120,), True)
    quick = await tried(rule("rate", metric="cpu", value=20, within=60), minutes_of(rising), *seconds_of(still(400)))
    assert quick.fired == ()
    assert "within 60 s cannot be seen in them: they were left out" not in quick.note
    assert "a change within 60 s cannot be seen: they were left out." in quick.note
    assert [look.step for look in quick.looks] == [1]
    away = await tried(rule("absence", metric="cpu", within=90), minutes_of([1.0] * 60 + [None] * 300 + [1.0] * 60))
    assert [moment - BEGAN for moment in away.fired] == [pytest.approx(150, abs=4)]
    assert "no second of it" in away.note
    mean = await tried(rule("condition", condition="cpu > 30.0", seconds=45), minutes_of(rising))
    assert [moment - BEGAN for moment in mean.fired] == [pytest.approx(165, abs=4)]
    assert "“for: 45 s” cannot be judged" in mean.note


def still(begin: int) -> list[tuple[float, Figures]]:
    return [(BEGAN + begin + second, {"cpu": 40.0}) for second in range(60)]


async def test_minutes_are_followed_by_seconds_without_a_seam() -> None:
    before = minutes_of([99.0] * 120)
    trial = await tried(rule("threshold", metric="cpu", value=90, seconds=150), before, *seconds_of(hot(120)))
    assert [moment - BEGAN for moment in trial.fired] == [150.0]
    assert trial.looks == [Look(BEGAN, BEGAN + 120, 60), Look(BEGAN + 120, BEGAN + 180, 1)]


def hot(begin: int) -> list[tuple[float, Figures]]:
    return [(BEGAN + begin + second, {"cpu": 99.0}) for second in range(60)]


async def test_hours_tell_of_what_takes_days() -> None:
    values = np.linspace(0, 50, 48, dtype=np.float32)
    hours = MetricWindow(int(BEGAN), 3600, 48, {"cpu": Line(values, values, values, np.full(48, 3600, np.uint32))})
    trial = await tried(rule("rate", metric="cpu", value=40, within=172_800), hours)
    assert len(trial.fired) == 1
    assert "by the hour only" in trial.note
    assert (await tried(rule("threshold", metric="cpu", value=1), hours)).note == "Nothing is kept yet of what it looks at."


# What it may cost.


class Endless:
    """Samples without end, in place of those that are kept."""

    begun = False

    def __call__(self, *_: object) -> Iterator[Shown]:
        for second in count():
            self.begun = True
            yield Shown(BEGAN + second, float(second), {"cpu": 10.0})


async def test_a_trial_that_nobody_wants_any_more_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = Endless()
    monkeypatch.setattr("chainbot_desktop.watch.alerts.trial.shown", endless)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    past = WrittenPast(windows=[minutes_of([1.0])])
    endlessly = try_rule(rule("threshold", metric="cpu", value=90), past, FIGURES, now=NOW, longest=1e9)
    trying = asyncio.ensure_future(endlessly)
    await until(lambda: endless.begun)
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    assert trying.cancelled()
    async with asyncio.timeout(60):
        await asyncio.to_thread(int)  # the one thread is free again


async def test_a_trial_ends_when_who_asked_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = Endless()
    monkeypatch.setattr("chainbot_desktop.watch.alerts.trial.shown", endless)
    past = WrittenPast(windows=[minutes_of([1.0])])
    wanted = rule("threshold", metric="cpu", value=90)
    async with asyncio.timeout(60):
        await try_rule(wanted, past, FIGURES, now=NOW, longest=1e9, gone=lambda: endless.begun)


async def test_a_trial_that_takes_too_long_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainbot_desktop.watch.alerts.trial.shown", Endless())
    past = WrittenPast(windows=[minutes_of([1.0])])
    trial = await try_rule(rule("threshold", metric="cpu", value=90), past, FIGURES, now=NOW, longest=0.01)
    assert "After 0.01 s it was ended: what came after 2027-01-15 " in trial.note


def test_the_figures_that_a_rule_looks_at() -> None:
    assert figures_of(rule("threshold", metric="cpu", condition="memory > 1.0"), FIGURES) == ["cpu", "memory"]
    assert figures_of(rule("event", event="x", condition='event.data.state == "cpu"'), FIGURES) == []
    assert figures_of(rule("condition", condition='figures["queue:journal"] > 1.0'), FIGURES) == sorted(FIGURES)
