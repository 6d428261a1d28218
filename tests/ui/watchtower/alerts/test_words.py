"""Durations, YAML and sentences: what is written must be read back as the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.watchtower.alerts.durations import parse_duration, say_briefly, say_duration
from chainbot_desktop.ui.watchtower.alerts.lines import AlertLine, GroupLine, alerts_of, lines_of
from chainbot_desktop.ui.watchtower.alerts.rule_check import rule_of
from chainbot_desktop.ui.watchtower.alerts.rule_form import slug
from chainbot_desktop.ui.watchtower.alerts.rule_yaml import from_yaml, to_yaml
from chainbot_desktop.ui.watchtower.alerts.words import number, rule_sentence, until_tomorrow
from chainbot_desktop.watch.alerts.records import Alert, AlertRule
from tests.ui.watchtower.alerts.desk import rule

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60)
NAMES = st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+){0,3}", fullmatch=True).filter(lambda name: len(name) <= 100)


@st.composite
def rules(draw: st.DrawFn) -> AlertRule:
    kind = draw(st.sampled_from(["threshold", "rate", "absence", "log", "event", "condition"]))
    some = TEXT.filter(bool)
    values: dict[str, Any] = {
        "name": draw(NAMES),
        "title": draw(some),
        "kind": kind,
        "severity": draw(st.sampled_from(["info", "warning", "critical"])),
        "enabled": draw(st.booleans()),
        "value": draw(st.floats(allow_nan=False, allow_infinity=False)),
        "clear": draw(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
        "for": draw(st.floats(0, 604_800)),
        "within": draw(st.floats(1, 31_536_000)),
        "summary": draw(TEXT),
        "runbook": draw(TEXT),
        "condition": draw(TEXT),
        "group_by": draw(st.lists(NAMES, max_size=5)),
        "notify": draw(st.none() | st.lists(NAMES, max_size=3)),
    }
    needed = {"threshold": "metric", "log": "log", "event": "event", "condition": "condition"}.get(kind, "event")
    values[needed] = draw(some)
    if kind in ("log", "event"):
        values["until"] = draw(TEXT)
    return AlertRule.model_validate(values)


@given(st.integers(0, 40_000_000))
def test_a_duration_is_read_as_it_is_said(seconds: int) -> None:
    assert parse_duration(say_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5 min", 300), ("90", 90), ("1h30m", 5400), ("2 days", 172_800), ("1,5 h", 5400), ("0.5 s", 0.5), (" 1 H ", 3600)],
)
def test_durations_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "-5 min", "5 parsecs", "5 min 3 min", "1 h 30", "1" * 200, "5 min!", "inf", "nan"]
)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidInput, match="such as 30 s, 5 min"):
        parse_duration(text)


def test_a_list_has_room_for_two_units() -> None:
    assert say_briefly(90_061.7) == "1 d 1 h"
    assert say_briefly(2 * 86_400 + 3.2) == "2 d"
    assert say_briefly(61) == "1 min 1 s"
    assert say_briefly(0.4) == "0 s"


@given(rules())
def test_yaml_comes_back_as_the_same_rule(one: AlertRule) -> None:
    assert from_yaml(to_yaml(one)) == one


def test_yaml_says_only_what_differs() -> None:
    text = to_yaml(rule())
    assert text.splitlines() == [
        "name: cpu-busy",
        "title: The processor is busy",
        "kind: threshold",
        "severity: warning",
        "metric: cpu",
        "value: 90.0",
        "for: 60.0",
        "runbook: Stop an agent, or look at Metrics for what is busy.",
    ]
    assert from_yaml("- " + text.replace("\n", "\n  ")) == rule(), "as it stands in a file of several"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "A rule is a list of names and values"),
        ("just words", "A rule is a list of names and values"),
        ("- a: 1\n- b: 2", "A rule is a list of names and values"),
        ("name: [", "This is not YAML \\(line 1, column 8\\)"),
        ("name: x\nname: {", "This is not YAML"),
        ("a: 1\x00", "This is not YAML"),
        ("!!python/object/apply:os.system ['ls']", "This is not YAML"),
        ("name: x\ntitle: y\nkind: threshold", "metric: Choose the figure"),
        ("name: x\ntitle: y\nkind: rate", "source: Choose the events"),
        ("name: X Y\ntitle: y\nkind: event\nevent: a", "name: Give it a name: small letters"),
        ("name: x\ntitle: y\nkind: sometimes", "kind: One of"),
        ("name: x\ntitle: y\nkind: event\nevent: a\nwhenever: 3", "whenever: There is no such field."),
        ("name: x\ntitle: y\nkind: event\nevent: a\nfor: -1", "for: It must be greater than or equal to 0."),
        ("name: x\ntitle: " + "y" * 201 + "\nkind: event\nevent: a", "title: At most 200 characters."),
        ("name: " + "x" * 30_000, "longer than a rule may be"),
    ],
)
def test_wrong_yaml_is_told_where_it_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        from_yaml(text)


@given(
    st.dictionaries(
        st.sampled_from([*AlertRule.model_fields, "for", "other"]), st.none() | st.text() | st.floats() | st.booleans()
    )
)
def test_whatever_stands_in_the_fields_ends_in_a_rule_or_in_sentences(values: dict[str, Any]) -> None:
    made, wrong = rule_of(values)
    assert (made is None) == bool(wrong)
    assert all(words and words[-1] in ".:" for words in wrong.values())


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(97.24, "%", "97.2 %"), (3.0, "", "3"), (0.12345, "s", "0.123 s"), (1234567.0, "B", "1,234,567 B"), (12345.6, "", "12,346"),
     (float("inf"), "s", "inf s"), (-4.26, "°C", "-4.26 °C")],
)  # fmt: skip
def test_numbers_have_the_digits_that_a_reader_needs(value: float, unit: str, text: str) -> None:
    assert number(value, unit) == text


def test_a_rule_says_what_it_watches_for() -> None:
    def unit(name: str) -> str:
        return "%" if name == "cpu" else ""

    assert rule_sentence(rule(), unit) == "cpu above 90 % for 1 min"
    absent = AlertRule.model_validate({"name": "a", "title": "a", "kind": "absence", "event": "backup_made", "within": 86_400})
    assert rule_sentence(absent, unit) == "nothing of backup_made for 1 d"
    often = absent.model_copy(update={"kind": "rate", "value": 5.0, "condition": "room == 'hall'"})
    assert rule_sentence(often, unit) == "more than 5 of backup_made within 1 d, if room == 'hall'"


def test_tomorrow_is_in_the_morning() -> None:
    evening = datetime(2026, 5, 4, 22, 30, tzinfo=UTC)
    seconds = until_tomorrow(evening)
    until = datetime.fromtimestamp(evening.timestamp() + seconds, UTC).astimezone()
    assert (until.hour, until.minute) == (8, 0)
    assert 0 < seconds <= 34 * 3600


def test_names_out_of_titles() -> None:
    assert slug("Disk > 90 % on /data!") == "disk-90-on-data"
    assert slug("Ünïcode…") == "n-code"
    assert slug("!!!") == ""


def _alert(number: int, rule_name: str) -> Alert:
    return Alert(str(number), rule_name, rule_name, "warning", "firing", "", {}, None, f"2026-01-01T00:00:{number % 60:02d}Z")


@given(st.lists(st.sampled_from("abcdef"), max_size=60), st.sets(st.sampled_from("abcdef")))
def test_no_alert_is_lost_in_a_group(names: list[str], opened: set[str]) -> None:
    alerts = [_alert(number, name) for number, name in enumerate(names)]
    lines = lines_of(alerts, opened)
    shown = [alert.id for line in lines if not (isinstance(line, AlertLine) and line.inside) for alert in alerts_of(line)]
    assert sorted(shown) == sorted(alert.id for alert in alerts)
    for line in lines:
        if isinstance(line, GroupLine):
            inside = [each.alert.id for each in lines if isinstance(each, AlertLine) and each.alert.rule == line.rule]
            assert len(inside) == (len(line.alerts) if line.rule in opened else 0)


def test_half_a_rule_is_none() -> None:
    with pytest.raises(ValidationError):
        AlertRule.model_validate({"name": "x", "title": "x", "kind": "log"})
