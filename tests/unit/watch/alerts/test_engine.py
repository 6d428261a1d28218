"""Rules against recorded series, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chainbot_desktop.core.events import AlertFired, AttentionRequired, ExternalEventReceived
from chainbot_desktop.core.events.alerts import Firing
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.events.panel import Attention
from chainbot_desktop.core.events.webhooks import ExternalFact
from chainbot_desktop.watch.alerts.engine import Engine
from chainbot_desktop.watch.alerts.records import AlertRule
from chainbot_desktop.watch.alerts.tracks import CALM, MOST_CHANGES, Signal
from chainbot_desktop.watch.alerts.watches import COMPARISONS, MOST_GROUPS, OTHERS
from chainbot_desktop.watch.logs.document import LogRow

FIGURES = {"cpu": "%", "memory": "%", "queue:journal": ""}


class Bench:
    """An engine, its clock, and what it told."""

    def __init__(self, *rules: AlertRule) -> None:
        self.signals: list[Signal] = []
        self.engine = Engine(self.signals.append, FIGURES)
        assert self.engine.set_rules(rules) == {}
        self.now = 500.0

    def sample(self, value: float | None = None, *, step: float = 1.0, **figures: float | None) -> None:
        self.now += step
        self.engine.feed_sample({"cpu": value, **figures}, self.now, 0.0)
        self.engine.tick(self.now)

    def samples(self, values: Sequence[float | None]) -> None:
        for value in values:
            self.sample(value)

    def event(self, event_type: str, **data: Any) -> None:
        event = ExternalEventReceived(data=ExternalFact(event_type=event_type, **data))
        self.engine.feed_event(Recorded(1, event, "", ""), self.now)

    def line(self, text: str, level: int = 40, name: str = "app") -> None:
        self.engine.feed_logs([LogRow(1, 5.0, level, "program", name, text)], self.now, 5.0)

    def tick(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            self.engine.tick(self.now)

    @property
    def words(self) -> list[str]:
        return [signal.word for signal in self.signals]

    @property
    def firing(self) -> int:
        return len(list(self.engine.firing()))


def rule(kind: Any, **values: Any) -> AlertRule:
    return AlertRule(name="r", title="R", kind=kind, **values)


def naive(values: Sequence[float | None], compare: Any, value: float, clear: float | None, seconds: int) -> list[bool]:
    """Whether it fires after each sample, by the definition: no state but what the samples so far say."""
    takes = COMPARISONS[compare]
    fires, held = [], False
    run = -1  # seconds for which it has held; a missing figure stops the count
    for sample in values:
        if sample is not None:
            if held:
                held = takes(sample, value if clear is None else clear)
                run = -1
            elif takes(sample, value):
                run += 1
                held = run >= seconds
            else:
                run = -1
        fires.append(held)
    return fires


figures = st.lists(st.sampled_from([10.0, 50.0, 79.0, 80.0, 85.0, 90.0, 91.0, 100.0]), max_size=60)


@settings(max_examples=150, deadline=None)
@given(
    values=figures,
    compare=st.sampled_from(["above", "at_least", "below", "at_most"]),
    band=st.sampled_from([None, 0.0, 10.0]),
    seconds=st.integers(0, 5),
)
def test_a_threshold_fires_exactly_when_its_definition_says(
    values: list[float], compare: Any, band: float | None, seconds: int
) -> None:
    clear = None if band is None else 90.0 - band if compare in ("above", "at_least") else 90.0 + band
    bench = Bench(rule("threshold", metric="cpu", compare=compare, value=90.0, clear=clear, seconds=seconds))
    expected = naive(values, compare, 90.0, clear, seconds)
    changes = sum(1 for before, after in zip([False, *expected], expected, strict=False) if before != after)
    if changes > 6:
        return  # that is flapping, which is another law
    found = []
    for value in values:
        bench.sample(value)
        found.append(bench.firing == 1)
    assert found == expected


def test_missing_figures_neither_fire_nor_resolve_at_once() -> None:
    bench = Bench(rule("threshold", metric="cpu", value=90, seconds=5))
    bench.samples([95.0, 95.0, 95.0, *[None] * 30])
    assert bench.words == ["pending"]
    bench.samples([95.0] * 4)
    assert bench.words == ["pending", "firing"]
    bench.samples([None] * 200)
    assert bench.firing == 1
    bench.samples([None] * 120)
    assert bench.signals[-1].word == "resolved"
    assert bench.signals[-1].reason == "It is not measured any more."


def test_a_machine_that_slept_fires_nothing_for_the_time_asleep() -> None:
    silent = rule("absence", event="*", within=100).model_copy(update={"name": "silent"})
    bench = Bench(rule("threshold", metric="cpu", value=90, seconds=60), silent)
    bench.samples([95.0] * 10)
    bench.sample(95.0, step=8 * 3600)
    bench.samples([95.0] * 10)
    assert "firing" not in bench.words
    bench.samples([95.0] * 60)
    assert [(s.rule.name, s.word) for s in bench.signals if s.word == "firing"] == [("r", "firing")]


def test_a_clock_that_goes_backwards_is_no_time() -> None:
    bench = Bench(rule("threshold", metric="cpu", value=90, seconds=5))
    bench.samples([95.0] * 3)
    bench.sample(95.0, step=-1000)
    assert "firing" not in bench.words
    bench.now += 1000
    bench.samples([95.0] * 6)
    assert bench.words[-1] == "firing"


def test_what_comes_and_goes_is_told_once_and_ends_after_a_calm() -> None:
    bench = Bench(rule("threshold", metric="cpu", value=90))
    for _ in range(50):
        bench.samples([95.0, 10.0])
    assert bench.words.count("firing") == 4
    assert bench.signals[-1].flapping
    assert bench.firing == 1
    bench.samples([10.0] * int(CALM - 1))
    assert bench.firing == 1
    bench.samples([10.0] * 2)
    assert bench.words[-1] == "resolved"
    assert bench.firing == 0


def test_a_rate_counts_for_each_label_and_ends_by_time() -> None:
    bench = Bench(rule("rate", event="external_*", value=2, within=10, group_by=("event.data.event_type",)))
    for _ in range(2):
        bench.event("a")
        bench.event("b")
    assert bench.words == []
    bench.tick(5)
    bench.event("a")
    assert [(s.word, s.labels, s.value) for s in bench.signals] == [("firing", {"event_type": "a"}, 3.0)]
    bench.tick(5)
    assert bench.firing == 1
    bench.tick(1)
    assert bench.words == ["firing", "resolved"]


@settings(max_examples=100, deadline=None)
@given(gaps=st.lists(st.integers(0, 6), max_size=40), most=st.integers(0, 4), within=st.integers(1, 10))
def test_a_rate_is_what_counting_says(gaps: list[int], most: int, within: int) -> None:
    bench = Bench(rule("rate", event="*", value=most, within=within))
    times: list[float] = []
    bench.tick(1)
    for gap in gaps:
        bench.tick(gap)
        bench.event("x")
        times.append(bench.now)
        counted = sum(1 for moment in times if bench.now - moment <= within)
        if len(bench.signals) > MOST_CHANGES:
            return  # that is flapping, which is another law; it may have come and gone between two events too
        assert (bench.firing == 1) == (counted > most)


def test_the_rise_of_a_figure_is_seen_within_its_window() -> None:
    bench = Bench(rule("rate", metric="memory", value=20, within=60))
    for value in range(100):
        bench.sample(memory=value / 10)
    assert bench.words == []
    for value in range(30):
        bench.sample(memory=10.0 + value)
    assert bench.words == ["firing"]
    for _ in range(70):
        bench.sample(memory=39.0)
    assert bench.words == ["firing", "resolved"]


def test_absence_fires_when_nothing_came_and_ends_with_the_next() -> None:
    bench = Bench(rule("absence", event="external_event_received", condition='event.data.event_type == "beat"', within=30))
    bench.tick(20)
    bench.event("beat")
    bench.tick(25)
    bench.event("other")
    assert bench.words == []
    bench.tick(6)
    assert bench.words == ["firing"]
    bench.event("beat")
    assert bench.words == ["firing", "resolved"]
    # It came last ten hours before the engine began.
    late = Bench(rule("absence", event="*", within=3600))
    for _, seed in late.engine.absences():
        seed(36_000.0)
    late.tick(1)
    assert late.words == ["firing"]
    assert late.signals[0].age >= 36_000


def test_a_line_fires_with_what_it_named() -> None:
    bench = Bench(
        rule(
            "log",
            log=r"^card (?P<card>\w+) broke",
            level="error",
            group_by=("match.card",),
            summary="{match.card}!",
            resolve_after=60,
        )
    )
    bench.line("card x broke", level=30)
    bench.line("the card x broke")
    bench.line("card x broke", name="chainbot_desktop.watch.alerts.desk")
    assert bench.words == []
    bench.line("card x broke\nTraceback")
    bench.line("card x broke")
    bench.line("card y broke")
    assert [(s.labels, s.summary) for s in bench.signals] == [({"card": "x"}, "x!"), ({"card": "y"}, "y!")]
    bench.tick(61)
    assert sorted(bench.words) == ["firing", "firing", "resolved", "resolved"]


def test_what_alerts_do_never_feeds_a_rule() -> None:
    bench = Bench(rule("event", event="*"))
    own = [
        AlertFired(source="alerts", data=Firing(alert_id="a", rule="r", title="R", severity="info")),
        AttentionRequired(source="alerts", data=Attention(reason="x")),
    ]
    for event in own:
        recorded: Recorded[Event] = Recorded(1, event, "", "")
        bench.engine.feed_event(recorded, bench.now)
    assert bench.words == []
    bench.event("x")
    assert bench.words == ["firing"]


def test_labels_without_end_become_one_alert_more() -> None:
    bench = Bench(rule("event", event="*", group_by=("event.data.event_type",)))
    for number in range(MOST_GROUPS * 3):
        bench.event(f"type-{number}")
    assert bench.firing == MOST_GROUPS + 1
    assert bench.signals[-1].labels == {"event_type": OTHERS}


def test_a_condition_looks_at_figures_and_says_why_it_cannot() -> None:
    bench = Bench(rule("condition", condition='cpu > 80 && figures["queue:journal"] > 10', seconds=3))
    for _ in range(3):
        bench.sample(90.0, **{"queue:journal": 11.0})
    bench.sample(None, **{"queue:journal": 11.0})
    assert bench.words == ["pending"]
    bench.sample(90.0, **{"queue:journal": 11.0})
    bench.sample(90.0, **{"queue:journal": 11.0})
    assert bench.words == ["pending", "firing"]
    bench.sample(90.0, **{"queue:journal": 3.0})
    assert bench.words[-1] == "resolved"
    typo = Bench(rule("event", event="*", condition='event.data.nothing_here == "x"'))
    typo.event("x")
    assert "nothing_here" in typo.engine.errors["r"]


def test_rules_that_change_end_what_they_do_not_say_any_more() -> None:
    bench = Bench(rule("threshold", metric="cpu", value=90))
    bench.sample(95.0)
    bench.engine.set_rules([rule("threshold", metric="cpu", value=80)])
    bench.sample(85.0)
    assert bench.words == ["firing"]  # it was true, and is by the new words
    bench.engine.set_rules([rule("threshold", metric="cpu", value=99)])
    bench.sample(85.0)
    assert bench.words == ["firing", "resolved"]
    bench.sample(100.0)
    bench.engine.set_rules([rule("event", event="*")])
    assert bench.words[-2:] == ["firing", "resolved"]
    bench.event("x")
    bench.engine.set_rules([])
    assert bench.signals[-1].reason == "The rule is gone or switched off."
