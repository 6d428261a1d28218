"""Agents that run here, as a person makes and steers them from the map."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.kind_forms import AssistantForm, CommandForm, JsonForm
from chainbot_desktop.ui.agent_map.live_section import usage_text
from chainbot_desktop.ui.agent_map.model_picker import ModelPicker
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.agent_map.text_sheet import TextSheet
from chainbot_desktop.ui.models.model_words import DEMONSTRATION as LABEL
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets import Sheet
from tests.helpers.agent_events import guest_appeared, spawned
from tests.ui.acting import act, press, tap
from tests.ui.agent_map.steering import KnownModels, Steering
from tests.ui.agent_map.touching import radial
from tests.ui.finding import focused

COUNTS = "import time; print('line 0'); print('line 2', flush=True); time.sleep(600)"


def _sheet(steering: Steering, kind: type[Sheet]) -> Any:
    return next(sheet for sheet in steering.view.findChildren(kind) if sheet.is_open)


def _words(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def _new(steering: Steering) -> Any:
    tap(steering.run, steering.view.new_button)
    steering.settle()
    return steering.sheet()


def _write(editor: QWidget, text: str) -> None:
    assert isinstance(editor, QLineEdit | QPlainTextEdit)
    editor.setFocus()
    editor.clear()
    QTest.keyClicks(editor, text)


def test_a_command_is_started_followed_and_stopped(steering: Steering) -> None:
    sheet = _new(steering)
    assert isinstance(sheet.form, CommandForm), "what needs no model comes first"
    assert focused() is sheet.templates.current, (
        "the templates are the beginning of the sheet, and an empty form the first of them"
    )
    _write(sheet.name, "Counter")
    editor: Any = sheet.form.rows["command"].editor
    editor.setText(f"{shlex.quote(sys.executable)} -c {shlex.quote(COUNTS)}")
    tap(steering.run, sheet.go)
    steering.wait(lambda: any(live.state in {"running", "idle"} for live in steering.house.service.living()))
    [live] = steering.house.service.living()
    assert (live.name, live.kind) == ("Counter", "command")
    steering.wait(lambda: steering.view._scene.selected == live.id)
    act(steering.run, lambda: steering.view.open_details(live.id))
    details = steering.view.details
    steering.wait(lambda: "line 2" in details.live.log.toPlainText())
    pid = steering.house.service.live(live.id)
    assert pid is not None
    assert f"pid {pid.pid}" in _words(details)
    steering.open_actions(live.id)
    assert "Kill" in steering.menu()
    steering.choose("Stop")
    steering.becomes(live.id, "stopped")
    steering.open_actions(live.id)
    assert {"Start", "Remove…"} <= set(steering.menu())
    assert "Stop" not in steering.menu()


@pytest.mark.parametrize(("command", "words"), [("", "Name the program"), ("make 'test", "quotation mark")])
def test_what_is_wrong_is_said_at_its_field(steering: Steering, command: str, words: str) -> None:
    sheet = _new(steering)
    _write(sheet.form.rows["command"].editor, command)
    tap(steering.run, sheet.go)
    assert words in sheet.form.rows["command"].error
    assert sheet.is_open
    assert list(steering.house.service.living()) == []


def test_a_name_that_is_taken_is_said_at_the_name(steering: Steering) -> None:
    steering.spawn("Ada")
    sheet = _new(steering)
    _write(sheet.name, "ada")
    _write(sheet.form.rows["command"].editor, "make test")
    tap(steering.run, sheet.go)
    steering.wait(lambda: bool(sheet._name_row.error))
    assert "There is an agent 'Ada' already." in sheet._name_row.error
    assert sheet.go.isEnabled()
    assert sheet.form.rows["command"].editor.text() == "make test", "nothing is lost"


def test_every_other_kind_is_written_as_json_and_its_errors_are_told(steering: Steering) -> None:
    sheet = _new(steering)
    sheet.kind.choose("scripted")
    sheet.kind.chosen.emit("scripted")
    steering.settle()
    assert isinstance(sheet.form, JsonForm)
    assert "fails_to_start" in _words(sheet)
    row = sheet.form.rows[""]
    row.editor.setPlainText('{"model": ')
    tap(steering.run, sheet.go)
    assert "not JSON" in row.error
    row.editor.setPlainText('{"modle": "x"}')
    tap(steering.run, sheet.go)
    steering.wait(lambda: "modle" in row.error)
    row.editor.setPlainText('{"model": "x"}')
    tap(steering.run, sheet.go)
    steering.wait(lambda: len(steering.house.service.living()) == 1)
    [live] = steering.house.service.living()
    assert live.name == "Scripted", "the name that was suggested"


def test_a_message_reaches_an_agent_at_work(steering: Steering) -> None:
    agent_id = steering.spawn("Ada")
    run_id = steering.give(agent_id, "wait")
    steering.becomes(agent_id, "running")
    steering.open_actions(agent_id)
    steering.choose("Message…")
    sheet = _sheet(steering, TextSheet)
    assert not sheet.send.isEnabled()
    QTest.keyClicks(sheet.field, "take the blue one")
    press(steering.run, sheet.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    steering.wait(lambda: not steering.tasks.names)
    steering.house.scripted.workers[0].release.set()
    row = steering.run(steering.house.service.wait(run_id))
    assert "take the blue one" in row.result


def test_a_task_is_run_paused_resumed_and_shown(steering: Steering) -> None:
    agent_id = steering.spawn("Ada")
    steering.open_actions(agent_id)
    steering.choose("Run a task…")
    sheet = _sheet(steering, TextSheet)
    QTest.keyClicks(sheet.field, "wait")
    tap(steering.run, sheet.send)
    steering.becomes(agent_id, "running")
    steering.wait(lambda: "at work" in _words(steering.view.details))
    steering.open_actions(agent_id)
    steering.choose("Pause")
    steering.becomes(agent_id, "paused")
    steering.open_actions(agent_id)
    assert "Pause" not in steering.menu()
    steering.choose("Resume")
    steering.becomes(agent_id, "running")
    steering.open_actions(agent_id)
    steering.choose("Cancel its task")
    steering.becomes(agent_id, "idle")
    steering.wait(lambda: "cancelled" in _words(steering.view.details))


def test_removing_asks_once(steering: Steering) -> None:
    agent_id = steering.spawn("Ada")
    steering.run(steering.house.service.stop(agent_id, actor="user:tester"))
    steering.wait(lambda: steering.view._model.agents[agent_id].ended)
    steering.open_actions(agent_id)
    steering.choose("Remove…")
    sheet = next(sheet for sheet in steering.view.findChildren(Sheet) if sheet.is_open)
    tap(steering.run, steering.button(sheet, "Remove"))
    steering.wait(lambda: agent_id not in steering.view._model.agents)
    assert steering.state(agent_id) == "gone"


def test_a_hot_swap_keeps_the_identity(steering: Steering) -> None:
    agent_id = steering.spawn("Ada", model="old")
    steering.open_actions(agent_id)
    steering.choose("Change model, kind or name…")
    sheet = steering.sheet()
    assert sheet.name.text() == "Ada"
    _write(sheet.name, "Grace")
    sheet.form.rows[""].editor.setPlainText('{"model": "new"}')  # type: ignore[union-attr]  # it has a form
    tap(steering.run, sheet.go)
    steering.wait(lambda: steering.view._model.agents[agent_id].name == "Grace")
    assert steering.house.service.definition(agent_id).config["model"] == "new"
    assert steering.view._model.agents[agent_id].metadata["model"] == "new"


def test_guests_and_agents_of_webhooks_say_why_they_are_steered_elsewhere_and_offer_the_rest(steering: Steering) -> None:
    async def happen() -> None:
        await steering.house.store.journal.append(guest_appeared("g", name="fleet", status="online"))
        await steering.house.store.journal.append(spawned("w", agent_name="Outside", status="running"))

    steering.run(happen())
    steering.wait(lambda: {"g", "w"} <= set(steering.view._model.agents))
    for agent_id, why in (("g", "ALEX OS runs it"), ("w", "Another program runs it")):
        act(steering.run, partial(steering.view.open_details, agent_id))
        assert why in _words(steering.view.details)
        assert not steering.view.details.live.isVisible()
        tap(steering.run, steering.view.details.actions_button)
        told = ["Message…"] if agent_id == "g" else []
        assert steering.menu() == [*told, "Open its events", "Entangle…"]
        act(steering.run, steering._menu().dismiss)


def test_whoever_asks_needs_input(steering: Steering) -> None:
    agent_id = steering.spawn("Ada")
    badges: list[int] = []
    steering.view.badge_changed.connect(badges.append)
    steering.view.set_asking({agent_id: "Run a command"})
    steering.wait(lambda: steering.view._model.agents[agent_id].state is AgentState.NEEDS_INPUT)
    assert badges == [1]
    assert steering.view._model.agents[agent_id].attention == "Run a command"
    steering.view.set_asking({})
    steering.wait(lambda: steering.view._model.agents[agent_id].state is AgentState.IDLE)
    assert badges == [1, 0]


def test_the_log_is_plain_bounded_and_stays_where_it_was_scrolled(steering: Steering) -> None:
    agent_id = steering.spawn("Ada")
    log = steering.house.service.log(agent_id)
    act(steering.run, lambda: steering.view.open_details(agent_id))
    tail = steering.view.details.live.log
    log.add("out", "\x1b[31mred\x1b[0m <b>bold</b> \u202egnp.exe\x1b[2K")
    steering.wait(lambda: "red <b>bold</b> \\u202egnp.exe\\x1b[2K" in tail.toPlainText())
    for number in range(1_500):
        log.add("out", f"line {number}")
    steering.wait(lambda: "line 1499" in tail.toPlainText())
    assert tail.document().blockCount() <= 500
    bar = tail.verticalScrollBar()
    assert bar.value() == bar.maximum()
    bar.setValue(10)
    log.add("out", "one more")
    steering.wait(lambda: "one more" in tail.toPlainText())
    assert bar.value() < bar.maximum() - 10


def test_the_demonstration_model_is_called_what_it_is_and_better_ones_are_offered(
    steering: Steering, theme_source: ThemeSource, qtbot: QtBot
) -> None:
    asked: list[QWidget] = []
    parts = RuntimeParts(steering.house.service, KnownModels(), tuple, str, lambda origin, changed: asked.append(origin))
    picker = ModelPicker(theme_source, parts, "")
    qtbot.addWidget(picker)
    picker.show()
    assert LABEL in _words(picker)
    picker.better.click()
    assert asked == [picker]
    assert any(LABEL in label for _, label in picker.picker._choices)
    assert any("unreachable" in label for _, label in picker.picker._choices)


def test_an_assistant_is_asked_for_its_persona_and_model(steering: Steering) -> None:
    fields: dict[str, Any] = {"properties": {"persona": {}, "model": {}, "workspace": {}}}
    form = AssistantForm(steering.view._themes, steering.view.control.parts, fields, {})  # type: ignore[union-attr]  # it has one
    assert form.config() == {"persona": "general_assistant", "workspace": None}
    form._model.picker.choose("local/smollm2-135m")
    assert form.config()["model"] == "local/smollm2-135m"
    form.deleteLater()


@pytest.mark.parametrize(
    ("used", "words"),
    [((0, 0, 0.0), ""), ((1200, 30, None), "no price known"), ((5, 5, 0.0), "no cost"), ((5, 5, 0.0123), "$0.0123")],
)
def test_usage_in_words(used: tuple[int, int, float | None], words: str) -> None:
    assert words in usage_text(*used)
    assert bool(usage_text(*used)) is bool(words)


def test_a_right_click_on_a_node_offers_what_its_state_allows(steering: Steering) -> None:
    agent_id = steering.spawn("Ada")
    canvas = steering.view.canvas
    place = steering.view._model.places.get(agent_id)
    assert place is not None
    at = canvas.mapFromScene(QPointF(*place))
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, canvas.viewport().mapToGlobal(at))
    act(steering.run, lambda: QApplication.sendEvent(canvas.viewport(), event))
    menu = radial(steering)
    labels = {item.entry.label for item in menu.items}
    assert {"Details", "Message…", "Pause", "Stop"} <= labels
    assert "Resume" not in labels
    (kill,) = menu.dangers
    tap(steering.run, kill)
    tap(steering.run, kill)
    steering.becomes(agent_id, "stopped")
    steering.wait(lambda: steering.view._model.agents[agent_id].state is AgentState.DONE)


def test_what_is_refused_is_said_and_nothing_is_lost(steering: Steering) -> None:
    agent_id = steering.spawn("Ada")
    assert steering.view.control is not None
    steering.run(steering.house.service.stop(agent_id, actor="user:tester"))
    act(steering.run, lambda: steering.view.control.run("pause", agent_id))  # type: ignore[union-attr]  # looked at above
    steering.wait(lambda: bool(steering.messages))
    assert steering.messages[0].text == "Ada is stopped: it cannot be paused."
    assert steering.messages[0].severity == "error"
