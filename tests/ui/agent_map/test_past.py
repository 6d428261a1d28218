"""The map as it was: shown, not touched, and left again for a present that went on meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from chainbot_desktop.agents.replay import MapHistory
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.replay import History
from chainbot_desktop.ui.agent_map.services import MapServices
from chainbot_desktop.ui.theme import ThemeSource
from tests.helpers.agent_events import disentangled, entangled, guest_appeared, guest_left, moved, spawned, terminated
from tests.ui.agent_map.conftest import Stage, open_stage
from tests.ui.agent_map.test_storm import shown, told


class LateHistory:
    """The journal's past, once there is a journal."""

    def __init__(self) -> None:
        self.of: MapHistory | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.of, name)


@pytest.fixture
def past(
    qapp: QApplication,
    qtbot: QtBot,
    theme_source: ThemeSource,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    tmp_path: Path,
) -> Iterator[Stage]:
    """Seven events: two agents and a guest, a link, a move, an end, and the link is gone."""
    history: Any = LateHistory()
    late: History = history
    with open_stage(qapp, qtbot, theme_source, on_loop, tmp_path, MapServices(history=late)) as stage:
        history.of = MapHistory(stage.store.journal)
        for event in (
            spawned("a", status="running"),
            spawned("b", status="needs_input"),
            guest_appeared("g"),
            entangled("e", "a", "b"),
            moved("a", 400, 300),
            guest_left("g"),
            terminated("b", status="failed"),
        ):
            stage.happen(event)
        yield stage


def go_to(stage: Stage, seq: int) -> None:
    stage.act(lambda: stage.view.present({"seq": seq}))
    stage.wait(lambda: stage.view.past.moment is not None and stage.view.past.moment.seq == seq)
    stage.settle()


def test_every_moment_is_shown_as_it_was_and_the_present_comes_back(past: Stage) -> None:
    go_to(past, 4)
    assert past.view.past.bar.isVisible()
    assert set(past.view._model.agents) == {"a", "b", "g"}
    assert past.view._model.agents["b"].state is AgentState.NEEDS_INPUT
    assert [(link.source, link.target) for link in past.view._scene.edges.links] == [("a", "b")]
    go_to(past, 2)
    assert set(past.view._scene.nodes.slot_of) == {"a", "b"}
    assert past.view._scene.edges.links == ()
    go_to(past, 5)
    assert past.place("a") == Point(400, 300)
    past.act(past.view.past.toggle)
    past.settle()
    assert not past.view.past.bar.isVisible()
    assert shown(past) == told(past)
    assert set(past.view._model.agents) == {"a", "b"}


def test_the_past_cannot_be_moved_and_the_present_goes_on_below_it(past: Stage) -> None:
    badges: list[int] = []
    past.view.badge_changed.connect(badges.append)
    go_to(past, 4)
    before, viewport = past.place("a"), past.view.canvas.viewport()
    at = past.pixel("a")

    def drag() -> None:
        QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=at)
        QTest.mouseMove(viewport, at + QPoint(40, 40))
        QTest.mouseMove(viewport, at + QPoint(80, 60))
        QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=at + QPoint(80, 60))

    past.act(drag)
    assert past.place("a") == before
    past.happen(spawned("c", status="needs_input"), disentangled("e"))
    assert "c" not in past.view._model.agents
    assert badges == [1]
    past.act(past.view.past.toggle)
    past.settle()
    assert set(past.view._model.agents) == {"a", "b", "c"}
    assert shown(past) == told(past)
    assert badges == [1]


def test_in_the_past_nothing_is_selected_for_steering_and_details_tell_of_then(past: Stage) -> None:
    go_to(past, 4)
    past.key(Qt.Key.Key_S)
    past.key(Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert not past.view.canvas.selecting
    assert past.view._scene.chosen == frozenset()
    past.act(lambda: past.view.open_details("b"))
    words = [label.text() for label in past.view.details.findChildren(QLabel) if label.isVisible()]
    assert any("Needs input" in text for text in words), words
    past.act(lambda: past.view.hands.open_menu("b", past.view.canvas.mapToGlobal(past.pixel("b"))))
    menu = past.view.hands._menu
    assert menu is not None
    assert [item.entry.label for item in menu.items] == ["Details", "To the middle"]
    assert menu.dangers == []
    past.act(menu.dismiss)


def test_the_bar_of_the_past_covers_no_button_and_the_keyboard_comes_back_to_the_map(past: Stage) -> None:
    before = past.view.foot()
    go_to(past, 4)
    bar = past.view.past.bar.geometry()
    for button in (past.view._fit, past.view.hands.select_button):
        assert not button.geometry().intersects(bar)
    assert not past.view.foot().intersects(bar)
    past.act(past.view.past.toggle)
    past.settle()
    past.wait(lambda: past.view.foot() == before)
    assert past.view.canvas.hasFocus()


def test_r_opens_the_past_and_leaves_it(past: Stage) -> None:
    past.key(Qt.Key.Key_R)
    past.wait(lambda: past.view.past.moment is not None)
    past.key(Qt.Key.Key_R)
    past.wait(lambda: past.view.past.moment is None)
    assert shown(past) == told(past)
