"""Agents made from templates and copies, within limits; several steered at once; links released and tasks shared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from chainbot_desktop.agents.kinds.data_processor.config import DataProcessorConfig
from chainbot_desktop.core.events import GuestAddressed
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.ui.agent_map.control import AgentControl
from chainbot_desktop.ui.agent_map.coordinate_sheet import CoordinateSheet
from chainbot_desktop.ui.agent_map.data_form import DataForm
from chainbot_desktop.ui.agent_map.form_rows import FieldError
from chainbot_desktop.ui.agent_map.release_sheet import ReleaseSheet
from chainbot_desktop.ui.agent_map.spawn_sheet import SpawnSheet
from chainbot_desktop.ui.agent_map.template_row import TemplateCard
from chainbot_desktop.ui.agent_map.template_sheet import TemplateSheet
from chainbot_desktop.ui.agent_map.text_sheet import TextSheet
from chainbot_desktop.ui.code_agent.chooser import PathChooser
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets import Sheet
from tests.helpers.agent_events import guest_appeared
from tests.ui.acting import act, press, tap
from tests.ui.agent_map.steering import Steering, open_steering


@pytest.fixture
def steering(
    qapp: QApplication,
    qtbot: QtBot,
    theme_source: ThemeSource,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    tmp_path: Path,
) -> Iterator[Steering]:
    theme_source.apply_to(qapp)
    opening = open_steering(tmp_path, theme_source, on_loop)
    steering = on_loop(opening.__aenter__())
    qtbot.waitExposed(steering.view)
    steering.view.activateWindow()
    yield steering
    on_loop(opening.__aexit__(None, None, None))
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    theme_source.select("auto")


def _sheet(steering: Steering, kind: type[Any]) -> Any:
    return next(sheet for sheet in steering.view.findChildren(kind) if sheet.is_open)


def _titled(steering: Steering, title: str) -> Sheet:
    return next(sheet for sheet in steering.view.findChildren(Sheet) if sheet.is_open and sheet.accessibleName() == title)


def _words(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def _control(steering: Steering) -> AgentControl:
    assert steering.view.control is not None
    return steering.view.control


def _new(steering: Steering) -> SpawnSheet:
    tap(steering.run, steering.view.new_button)
    steering.settle()
    return steering.sheet()


def _card(sheet: SpawnSheet, title: str) -> TemplateCard:
    return next(card for card in sheet.templates.cards if card.accessibleName() == title)


def _write(line: QLineEdit, text: str) -> None:
    line.setFocus()
    line.clear()
    QTest.keyClicks(line, text)


def _do(steering: Steering, agent_id: str, label: str) -> None:
    steering.open_actions(agent_id)
    steering.choose(label)
    steering.settle()


# The sheet


def test_an_agent_of_a_template_runs(steering: Steering) -> None:
    (Path(steering.view.control.parts.folder()) / "test_it.py").write_text("def test_it():\n    assert 1\n")  # type: ignore[union-attr]  # it has one
    sheet = _new(steering)
    tap(steering.run, _card(sheet, "Test watcher"))
    assert sheet.name.placeholderText() == "Tests"
    assert "watch_tests" in sheet.form.rows["command"].editor.text()  # type: ignore[union-attr]  # it has a form
    tap(steering.run, sheet.go)
    steering.wait(lambda: len(steering.house.service.living()) == 1)
    [live] = steering.house.service.living()
    log = steering.house.service.log(live.id)
    steering.wait(lambda: any(line.text.startswith("tests ") for line in log.since(0)[0]))
    assert live.name == "Tests"


def test_what_was_written_comes_back_with_its_template_and_is_not_thrown_away_unasked(steering: Steering) -> None:
    sheet = _new(steering)
    editor: Any = sheet.form.rows["command"].editor  # type: ignore[union-attr]  # it has a form
    _write(editor, "make mine")
    tap(steering.run, _card(sheet, "HTTP watcher"))
    assert "watch_address" in sheet.form.rows["command"].editor.text()  # type: ignore[union-attr]
    tap(steering.run, _card(sheet, "Empty form"))
    assert sheet.form.rows["command"].editor.text() == "make mine"  # type: ignore[union-attr]
    press(steering.run, sheet, Qt.Key.Key_Escape)
    asked = _titled(steering, "Throw away what you typed?")
    assert sheet.is_open
    tap(steering.run, steering.button(asked, "Go on writing"))
    assert sheet.is_open
    assert editor.text() == "make mine"
    tap(steering.run, steering.button(sheet, "Cancel"))
    tap(steering.run, steering.button(_titled(steering, "Throw away what you typed?"), "Throw away"))
    assert [each for each in steering.view.findChildren(SpawnSheet) if each.is_open] == []


def test_nothing_typed_is_closed_at_once_and_enter_submits(steering: Steering) -> None:
    sheet = _new(steering)
    tap(steering.run, _card(sheet, "HTTP watcher"))
    press(steering.run, sheet, Qt.Key.Key_Escape)
    assert not sheet.is_open
    sheet = _new(steering)
    editor: Any = sheet.form.rows["command"].editor  # type: ignore[union-attr]  # it has a form
    _write(editor, f"{sys.executable} -c 'import time; time.sleep(600)'")
    press(steering.run, editor, Qt.Key.Key_Return)
    steering.wait(lambda: len(steering.house.service.living()) == 1)
    steering.wait(lambda: not [each for each in steering.view.findChildren(SpawnSheet) if each.is_open])


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("wall_seconds", "20000", "a week"),
        ("run_tokens", "2.5", "whole number"),
        ("day_cost", "-1", "More than nothing"),
        ("run_cost", "nan", "More than nothing"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_said_at_its_field(steering: Steering, field: str, text: str, words: str) -> None:
    sheet = _new(steering)
    assert sheet.limits is not None
    _write(sheet.form.rows["command"].editor, "make")  # type: ignore[union-attr]
    tap(steering.run, sheet.limits.fold)
    sheet.limits.rows[field].editor.setText(text)
    tap(steering.run, sheet.go)
    assert words in sheet.limits.rows[field].error
    assert sheet.limits.rows[field].editor.text() == text
    assert list(steering.house.service.living()) == []


def test_limits_and_restart_are_kept_with_their_units_and_changed_later(steering: Steering) -> None:
    agent_id = steering.spawn("Ada", limits={"memory_mb": 64, "wall_seconds": 90})
    _do(steering, agent_id, "Change model, kind or name…")
    sheet = steering.sheet()
    assert sheet.limits is not None
    assert "1.5 min a task" in sheet.limits.fold.text()
    tap(steering.run, sheet.limits.fold)
    for field, text in (("wall_seconds", "10"), ("run_tokens", "50,000"), ("day_cost", "$2.5")):
        sheet.limits.rows[field].editor.setText(text)
    assert sheet.limits.restart is not None
    sheet.limits.restart.choose("always")
    tap(steering.run, sheet.go)
    steering.wait(lambda: not steering.tasks.names)
    config = steering.house.service.definition(agent_id).config
    assert config["limits"] == {"memory_mb": 64, "wall_seconds": 600, "run_tokens": 50_000, "day_cost": 2.5}
    assert config["restart"] == "always"


def test_a_folder_is_chosen_inside_the_window(steering: Steering) -> None:
    inside = Path(_control(steering).parts.folder()) / "project"
    inside.mkdir()
    sheet = _new(steering)
    field: Any = sheet.form.rows["workspace"].editor  # type: ignore[union-attr]  # it has a form
    field.line.setText(str(inside))
    act(steering.run, field.browse.click)
    steering.wait(lambda: any(chooser.is_open for chooser in steering.view.findChildren(PathChooser)))
    chooser = _sheet(steering, PathChooser)
    tap(steering.run, steering.button(chooser, "Open this folder"))
    steering.wait(lambda: field.text() == str(inside))
    assert sheet.is_open


def test_a_copy_has_the_configuration_and_a_free_name(steering: Steering) -> None:
    agent_id = steering.spawn("Ada", model="m-9")
    _do(steering, agent_id, "Copy…")
    sheet = steering.sheet()
    assert not sheet.templates.isVisible()
    assert sheet.name.placeholderText() == "Ada 2"
    tap(steering.run, sheet.go)
    steering.wait(lambda: len(steering.house.service.living()) == 2)
    copy = next(live for live in steering.house.service.living() if live.id != agent_id)
    assert (copy.name, steering.house.service.definition(copy.id).config["model"]) == ("Ada 2", "m-9")


def test_an_agent_becomes_a_template_that_can_be_used_and_deleted(steering: Steering) -> None:
    agent_id = steering.spawn("Ada", model="m-9")
    _do(steering, agent_id, "Save as template…")
    sheet = _sheet(steering, TemplateSheet)
    _write(sheet.title, "Test watcher")
    tap(steering.run, sheet.go)
    steering.wait(lambda: "already" in sheet.error)
    _write(sheet.title, "Like Ada")
    press(steering.run, sheet.title, Qt.Key.Key_Return)
    steering.wait(lambda: bool(steering.messages))
    assert steering.messages[-1].text == "Like Ada is a template now."
    new = _new(steering)
    tap(steering.run, _card(new, "Like Ada"))
    assert new.kind.value == "scripted"
    assert '"m-9"' in new.form.rows[""].editor.toPlainText()  # type: ignore[union-attr]  # it has a form
    tap(steering.run, steering.button(new, "Delete this template"))
    tap(steering.run, steering.button(_titled(steering, "Delete the template Like Ada?"), "Delete"))
    steering.wait(lambda: not any(template.own for template in steering.templates.list()))
    assert "Like Ada" not in [card.accessibleName() for card in new.templates.cards]


def test_a_data_processor_is_asked_for_its_places(steering: Steering) -> None:
    schema = DataProcessorConfig.model_json_schema()
    parts = _control(steering).parts
    before = {"source": {"path": "a.db", "table": "t"}, "transform": {"cel": "record"}, "on_error": "stop"}
    form = DataForm(steering.view._themes, parts, schema, before)
    assert DataProcessorConfig.model_validate(form.config()) == DataProcessorConfig.model_validate(
        {**before, "workspace": None}
    )
    form._source.setText('{"path": ')
    with pytest.raises(FieldError):
        form.config()
    form._source.setText("orders.csv")
    form._destination.setText("out.json")
    assert {"source": "orders.csv", "destination": "out.json"}.items() <= form.config().items()
    form._expression.clear()
    with pytest.raises(FieldError):
        form.config()
    form.deleteLater()


def test_a_refusal_that_comes_after_the_sheet_was_closed_is_told(steering: Steering) -> None:
    steering.spawn("Ada")
    sheet = _new(steering)
    _write(sheet.name, "Ada")
    _write(sheet.form.rows["command"].editor, "make")  # type: ignore[union-attr]  # it has a form
    act(steering.run, sheet.go.click, sheet.dismiss)
    steering.wait(lambda: bool(steering.messages))
    assert "There is an agent 'Ada' already." in steering.messages[0].text


# Actions


def test_windows_are_asked_for_an_agents_conversation_events_and_work(steering: Steering, tmp_path: Path) -> None:
    agent_id = steering.spawn("Ada")
    for label in ("Open conversation", "Open logs", "Open its events", "Open its work"):
        _do(steering, agent_id, label)
    assert steering.opened == [
        ("chat", {"agent_id": agent_id}),
        ("watchtower", {"page": "logs", "source": "agent", "name": "Ada", "text": ""}),
        ("watchtower", {"subject": agent_id}),
        ("code-agent", {"folder": str(tmp_path)}),
    ]
    begun: list[str] = []
    _control(steering).entangle_requested.connect(begun.append)
    _do(steering, agent_id, "Entangle…")
    assert begun == [agent_id]


def test_links_are_released_one_or_all(steering: Steering) -> None:
    ada, bea, cem = (steering.spawn(name) for name in ("Ada", "Bea", "Cem"))
    assert "Release…" not in [action.label for action in _control(steering).actions_of(ada)]
    for other, name in ((bea, "Pair"), (cem, "Team"), (bea, "Third")):
        steering.run(steering.links.create(name, "data", [ada, other], actor="user:tester"))
    _do(steering, ada, "Release…")
    sheet = _sheet(steering, ReleaseSheet)
    assert "with Cem" in _words(sheet)
    team = next(button for button in sheet.findChildren(QWidget) if button.accessibleName().startswith("Release Team"))
    tap(steering.run, team)
    steering.wait(lambda: sorted(link.name for link in steering.links.list()) == ["Pair", "Third"])
    _do(steering, ada, "Release…")
    tap(steering.run, steering.button(_sheet(steering, ReleaseSheet), "Release all 2"))
    steering.wait(lambda: list(steering.links.list()) == [])


def test_a_shared_task_shows_what_comes_as_it_comes(steering: Steering) -> None:
    ada, bea = steering.spawn("Ada"), steering.spawn("Bea")
    act(steering.run, partial(_control(steering).run_all, "coordinate", [ada, bea]))
    sheet = _sheet(steering, CoordinateSheet)
    assert not sheet.go.isEnabled()
    QTest.keyClicks(sheet.field, "wait")
    tap(steering.run, sheet.go)
    steering.wait(lambda: _words(sheet).count("at work") == 3)
    steering.house.scripted.workers[0].release.set()
    steering.wait(lambda: "Ada: done" in _words(sheet))
    assert "released" in _words(sheet), "what came so far is shown"
    assert "Bea: at work" in _words(sheet)
    steering.house.scripted.workers[1].release.set()
    steering.wait(lambda: "Their answers" in _words(sheet))
    assert _words(sheet).count("released") == 2
    assert "stand one after the other" in _words(sheet)
    assert not sheet.cancel.isVisible()


def test_a_shared_task_is_stopped_and_one_that_nobody_can_take_is_refused(steering: Steering) -> None:
    ada, bea = steering.spawn("Ada"), steering.spawn("Bea")
    steering.run(steering.links.create("Pair", "data", [ada, bea], actor="user:tester"))
    _do(steering, ada, "Coordinate…")
    sheet = _sheet(steering, CoordinateSheet)
    assert sheet.who.text() == "Pair: Ada, Bea"
    QTest.keyClicks(sheet.field, "wait")
    press(steering.run, sheet.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    steering.wait(lambda: _words(sheet).count("at work") == 3)
    tap(steering.run, sheet.cancel)
    steering.wait(lambda: "Cancelled" in _words(sheet))
    act(steering.run, sheet.dismiss)
    for agent_id in (ada, bea):
        steering.run(steering.house.service.stop(agent_id, actor="user:tester"))
    act(steering.run, partial(_control(steering).run_all, "coordinate", [ada, bea]))
    sheet = _sheet(steering, CoordinateSheet)
    QTest.keyClicks(sheet.field, "say x")
    tap(steering.run, sheet.go)
    steering.wait(lambda: "It is stopped" in _words(sheet))
    assert sheet.go.isEnabled()


def test_a_guest_is_told_something(steering: Steering) -> None:
    steering.run(steering.house.store.journal.append(guest_appeared("g", name="fleet", status="online")))
    steering.wait(lambda: "g" in steering.view._model.agents)
    _do(steering, "g", "Message…")
    sheet = _sheet(steering, TextSheet)
    QTest.keyClicks(sheet.field, "hello fleet")
    tap(steering.run, sheet.send)
    steering.wait(lambda: not steering.tasks.names)
    recorded = steering.run(steering.house.store.journal.read(EventQuery(subject="g")))
    assert [each.event.data.text for each in recorded if isinstance(each.event, GuestAddressed)] == ["hello fleet"]


# Several at once


def test_several_are_stopped_and_one_message_says_how_it_went(steering: Steering) -> None:
    ids = [steering.spawn(name) for name in ("Ada", "Bea", "Cem")]
    steering.run(steering.house.service.stop(ids[2], actor="user:tester"))
    act(steering.run, partial(_control(steering).run_all, "stop", ids))
    steering.wait(lambda: bool(steering.messages))
    assert [message.text for message in steering.messages] == ["2 stopped, 1 could not: Cem is stopped already."]
    act(steering.run, partial(_control(steering).run_all, "restart", ids))
    steering.wait(lambda: len(steering.messages) == 2)
    assert steering.messages[1].text == "3 restarted."
    for agent_id in ids:
        steering.becomes(agent_id, "idle")
    offered = [action.id for action in _control(steering).actions_of_all(ids)]
    assert offered == ["message", "coordinate", "pause", "restart", "stop", "kill"]


def test_several_are_told_paused_resumed_and_removed_after_a_question_that_names_them(steering: Steering) -> None:
    ids = [steering.spawn(name) for name in ("Ada", "Bea")]
    control = _control(steering)
    act(steering.run, partial(control.run_all, "message", ids))
    sheet = _sheet(steering, TextSheet)
    QTest.keyClicks(sheet.field, "say hi")
    tap(steering.run, sheet.send)
    steering.wait(lambda: bool(steering.messages))
    for action, words in (("pause", "2 paused."), ("resume", "2 resumed.")):
        act(steering.run, partial(control.run_all, action, ids))
        steering.wait(lambda words=words: steering.messages[-1].text == words)  # type: ignore[misc]  # a default binds it
    assert steering.messages[0].text == "2 told."
    act(steering.run, partial(control.run_all, "kill", ids))
    asked = _titled(steering, "Kill 2 agents?")
    assert "Ada, Bea" in _words(asked)
    tap(steering.run, steering.button(asked, "Keep them"))
    assert [steering.state(agent_id) for agent_id in ids] == ["idle", "idle"]
    act(steering.run, partial(control.run_all, "remove", ids))
    tap(steering.run, steering.button(_titled(steering, "Remove 2 agents?"), "Remove 2"))
    steering.wait(lambda: list(steering.house.service.living()) == [])
    assert steering.messages[-1].text == "2 removed."
