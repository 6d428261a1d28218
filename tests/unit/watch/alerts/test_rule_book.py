"""The file of a person's rules: changed a rule at a time, broken, edited by hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import Conflict, NotFound, Unavailable
from chainbot_desktop.core.resources import resource_path
from chainbot_desktop.watch.alerts.records import AlertRule
from chainbot_desktop.watch.alerts.rule_book import RuleBook
from tests.helpers.alert_desks import ME, open_alarm

TEXT = """# My rules, with what I thought of them.

- name: one   # the first
  title: One
  kind: event
  event: run_finished

# What follows is about the second.
- name: two
  title: Two
  kind: threshold
  metric: cpu
  value: 50
  # a comment inside the second

# The end.
"""
THREE = AlertRule(name="three", title="Drei — «ä»", kind="log", log=r"^\d+: #x", group_by=("log.name", "log.level"))


def book(folder: Path, text: str | None = None) -> RuleBook:
    if text is not None:
        (folder / "alert-rules.yaml").write_text(text, encoding="utf-8")
    made = RuleBook(resource_path("alert-rules.yaml"), folder / "alert-rules.yaml")
    made.look()
    return made


def own(made: RuleBook) -> dict[str, AlertRule]:
    return {booked.rule.name: booked.rule for booked in made.rules if booked.origin == "own"}


def test_a_change_touches_the_lines_of_its_rule_alone(tmp_path: Path) -> None:
    made = book(tmp_path, TEXT)
    made.save(own(made)["one"].model_copy(update={"title": "Eins"}))
    text = made.path.read_text()
    assert text == TEXT.replace("- name: one   # the first\n  title: One", "- name: one\n  title: Eins")
    made.save(THREE)
    assert made.path.read_text().startswith(text)
    assert own(book(tmp_path))["three"] == THREE
    assert made.remove("two") is False
    left = made.path.read_text()
    assert "What follows is about the second." in left
    assert "# The end." in left
    assert sorted(own(made)) == ["one", "three"]


def test_a_shipped_rule_is_changed_and_goes_back(tmp_path: Path) -> None:
    made = book(tmp_path)
    shipped = next(booked.rule for booked in made.rules if booked.rule.name == "cpu-busy")
    made.save(shipped.model_copy(update={"enabled": False}))
    changed = next(booked for booked in book(tmp_path).rules if booked.rule.name == "cpu-busy")
    assert (changed.origin, changed.rule.enabled) == ("changed", False)
    assert made.remove("cpu-busy") is True
    with pytest.raises(Conflict):
        made.remove("cpu-busy")
    with pytest.raises(NotFound):
        made.remove("nothing")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- name: a\n  title: [\n", "line 3"),
        ("name: a\n", "line 1: it must be a list"),
        ("\n\n\t- x", "line 3"),
        ("- *nothing\n", "line 1"),
    ],
)
def test_a_broken_file_is_told_with_its_line_and_never_overwritten(tmp_path: Path, text: str, said: str) -> None:
    made = book(tmp_path, text)
    assert said in made.problems[0]
    assert {booked.origin for booked in made.rules} == {"shipped"}
    with pytest.raises(Conflict):
        made.save(THREE)
    assert made.path.read_text() == text


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "alert-rules.yaml").write_bytes(b"# fine\n- name: \xff\n")
    made = book(tmp_path)
    assert "line 2: it is not UTF-8" in made.problems[0]
    (tmp_path / "alert-rules.yaml").unlink()
    (tmp_path / "alert-rules.yaml").mkdir()
    assert made.look()
    assert made.problems


def test_one_bad_rule_leaves_the_others_at_work(tmp_path: Path) -> None:
    bad = TEXT.replace("  metric: cpu\n", "  metrik: cpu\n") + "- name: one\n  title: Again\n  kind: event\n  event: x\n"
    made = book(tmp_path, bad)
    assert sorted(own(made)) == ["one"]
    assert any("line 12: metrik" in problem for problem in made.problems)
    assert any("there is a rule one already" in problem for problem in made.problems)


def test_what_worked_goes_on_while_a_file_is_being_edited(tmp_path: Path) -> None:
    made = book(tmp_path, TEXT)
    made.path.write_text(TEXT + "- name: {")
    assert made.look()
    assert made.problems
    assert sorted(own(made)) == ["one", "two"]
    assert not made.look()


def test_brackets_are_left_to_their_writer(tmp_path: Path) -> None:
    text = "[{name: a, title: A, kind: event, event: run_finished}]\n"
    made = book(tmp_path, text)
    assert sorted(own(made)) == ["a"]
    with pytest.raises(Conflict, match="brackets"):
        made.save(THREE)
    assert made.path.read_text() == text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_takes_nothing_is_said(tmp_path: Path) -> None:
    made = book(tmp_path)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(Unavailable):
            made.save(THREE)
    finally:
        tmp_path.chmod(0o700)


async def test_an_edit_by_hand_is_noticed_used_and_journaled(tmp_path: Path) -> None:
    async with open_alarm(tmp_path) as alarm:
        assert alarm.desk.rules == []
        alarm.book.path.write_text(TEXT)
        rules = alarm.desk._rules
        await rules.look()
        assert [state.rule.name for state in alarm.desk.rules] == ["one", "two"]
        alarm.sample(1, cpu=60.0)
        assert [alert.rule for alert in alarm.desk.active] == ["two"]
        alarm.book.path.write_text("")
        await rules.look()
        assert alarm.desk.active == ()
        found = await alarm.events("alert_rule_changed", "alert_rule_removed")
        assert [(event.type, event.subject, event.actor) for event in found] == [
            ("alert_rule_changed", "one", "system:rule-file"),
            ("alert_rule_changed", "two", "system:rule-file"),
            ("alert_rule_removed", "one", "system:rule-file"),
            ("alert_rule_removed", "two", "system:rule-file"),
        ]
        await alarm.desk.save_rule(THREE.model_copy(update={"group_by": ()}), actor=ME)
        assert (await alarm.events("alert_rule_changed"))[-1].actor == ME
