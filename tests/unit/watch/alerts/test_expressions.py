"""Conditions: what is refused before it is used, and what is given up when it costs too much."""

from __future__ import annotations

import pytest

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.watch.alerts.expressions import Condition, bounded, context_of, filled, find

NAMES = ("cpu", "event", "labels")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cpu >", "Syntax error"),
        ("nothing > 1", "no variable nothing"),
        ("shout(cpu)", "no function shout"),
        ("event.a.all(x, event.b.all(y, x == y))", "none inside another"),
        ("event.a.map(x, x).map(x, x).map(x, x).exists(y, y)", "at most 2"),
        ("(" * 500 + "cpu" + ")" * 500, "not usable"),
    ],
)
def test_what_means_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Condition(text, NAMES)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("cpu > 90", True),
        ('event.name.matches("^a+$")', True),
        ('event.tags.exists(t, t == "b")', True),
        ('"exists(" in event.tags', False),
        ("has(event.nothing)", False),
        ("event.nothing == 1", None),
        ("cpu + 1.0", None),
    ],
)
def test_answers_are_true_false_or_none(text: str, answer: bool | None) -> None:
    context = context_of({"cpu": 95.0, "event": {"name": "aaa", "tags": ["a", "b"]}, "queue:x": 1.0})
    assert Condition(text, NAMES).holds(context) is answer


def test_a_condition_that_costs_too_much_is_given_up() -> None:
    condition = Condition("event.a.all(x, size(" + " + ".join(["event.s"] * 250) + ") > 0)", NAMES)
    context = context_of({"event": {"a": list(range(100)), "s": "x" * 4000}})
    assert [condition.holds(context) for _ in range(4)][-1] is None
    assert "not looked at any more" in condition.error


def test_what_a_condition_sees_of_an_event_is_bounded() -> None:
    deep: dict[str, object] = {}
    for _ in range(50):
        deep = {"in": deep}
    seen = bounded({"text": "x" * 100_000, "list": list(range(10_000)), "deep": deep})
    assert (len(seen["text"]), len(seen["list"])) == (4000, 100)
    assert find("deep.in.in.in", seen) == {"in": {}} or find("deep.in.in", seen) is not None
    assert find("deep" + ".in" * 10, seen) is None


def test_places_in_sentences_are_filled() -> None:
    said = filled("{a.b} of {c} {d}", {"a": {"b": 1}, "c": None}, lambda _name, value: "–" if value is None else str(value))
    assert said == "1 of – –"
