"""The Agent Map as a person finds it: what it shows of what happens, and what its buttons, chips and panels do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.records import DirectoryChange
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.events import AgentMoved, Recorded
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map import painting
from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, Point
from chainbot_desktop.ui.agent_map.history import Move
from chainbot_desktop.ui.agent_map.model import MapDelta
from chainbot_desktop.ui.agent_map.times import now_utc
from chainbot_desktop.ui.agent_map.view import AgentMapView
from chainbot_desktop.ui.theme import CODE_FAMILY, ThemeSource
from tests.helpers.agent_events import (
    disentangled,
    entangled,
    guest_appeared,
    guest_left,
    health_reported,
    moved,
    spawned,
    terminated,
)
from tests.ui.agent_map.conftest import SNIPPET, Stage


def overlapping(stage: Stage) -> list[tuple[str, str]]:
    places = sorted(stage.view._model.places)
    return [
        (first, second)
        for number, (first, here) in enumerate(places)
        for second, there in places[number + 1 :]
        if abs(here.x - there.x) < CARD_WIDTH and abs(here.y - there.y) < CARD_HEIGHT
    ]


def colours(stage: Stage, agent_id: str) -> set[str]:
    """The colours around a node's shape, as painted."""
    image: QImage = stage.view.canvas.viewport().grab().toImage()
    at = stage.pixel(agent_id)
    reach = [(x, y) for x in range(-92, 0) for y in range(-34, 34)]
    pixels = [at + QPoint(x, y) for x, y in reach]
    return {image.pixelColor(pixel).name() for pixel in pixels if image.rect().contains(pixel)}


def chip_texts(stage: Stage) -> list[str]:
    return [chip.text() for chip in stage.view.filters._chips.values() if chip.isVisible()]


def test_the_empty_map_tells_how_to_get_an_agent_and_goes_with_the_first(stage: Stage) -> None:
    empty = stage.view._empty
    assert empty.isVisible()
    assert any(SNIPPET in label.text() for label in empty.findChildren(QLabel))
    copy = next(button for button in empty.findChildren(QPushButton) if button.text() == "Copy")
    stage.act(copy.click)
    assert QGuiApplication.clipboard().text() == SNIPPET
    stage.happen(spawned("a"))
    assert not empty.isVisible()
    assert stage.view.canvas.isVisible()
    stage.happen(guest_appeared("g"), guest_left("g"))
    assert stage.view.canvas.isVisible()


def test_agents_come_change_and_go_as_it_happens(stage: Stage, theme_source: ThemeSource) -> None:
    stage.happen(spawned("a", status="running"), spawned("b", status="idle"), guest_appeared("g", status="online"))
    stage.view.canvas.full_size()
    assert theme_source.current.color("working").name() in colours(stage, "a")
    stage.happen(terminated("a", status="failed"), guest_left("g"))
    assert theme_source.current.color("working").name() not in colours(stage, "a")
    assert "g" not in stage.view._model.places
    assert chip_texts(stage) == ["All 2", "Failed 1", "Idle 1"]


def test_links_come_and_go(stage: Stage, theme_source: ThemeSource) -> None:
    stage.happen(spawned("a"), spawned("b"), entangled("e", "a", "b"))
    middle = (stage.pixel("a") + stage.pixel("b")) / 2

    def drawn() -> bool:
        image = stage.view.canvas.viewport().grab().toImage()
        column = {image.pixelColor(middle.x(), middle.y() + dy).name() for dy in range(-20, 20)}
        return theme_source.current.color("faint").name() in column

    assert drawn()
    stage.happen(disentangled("e"))
    assert not drawn()
    stage.happen(entangled("f", "b", "a"))
    assert drawn()
    stage.happen(terminated("a"))
    assert not drawn()


def test_the_badge_counts_who_needs_input_even_while_the_map_is_hidden(stage: Stage) -> None:
    badges: list[int] = []
    stage.view.badge_changed.connect(badges.append)
    stage.view.hide()

    async def append() -> None:
        await stage.store.journal.append(spawned("a", status="needs_input"))
        await stage.store.journal.append(health_reported("a", status_id="degraded", requires_attention=True))
        await stage.store.journal.append(spawned("b", requires_attention=True))
        await stage.store.journal.append(terminated("a"))

    stage.run(append())
    assert badges == [1, 2, 1]
    assert stage.view._model.agents == {}
    stage.view.show()
    stage.settle()
    assert set(stage.view._model.agents) == {"a", "b"}


def test_what_happened_before_the_map_was_made_is_there(
    stage: Stage, qapp: QApplication, theme_source: ThemeSource, on_loop: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    stage.happen(spawned("a", requires_attention=True), spawned("b"), entangled("e", "a", "b"))
    late = AgentDirectory(stage.store.journal, stage.store.bus, stage.store.snapshots)
    view = AgentMapView(late, theme_source, Tasks())
    badges: list[int] = []
    view.badge_changed.connect(badges.append)
    on_loop(late.open())
    assert badges == [1]
    view.show()
    view._on_frame()
    assert len(view._model.links) == 1
    view.close()
    view.deleteLater()
    qapp.sendPostedEvents(view, QEvent.Type.DeferredDelete)
    assert not late._listeners
    on_loop(late.close())


def test_many_events_make_one_update_and_nothing_makes_none(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.happen(*(spawned(f"a{n}") for n in range(5)))
    frames: list[int] = []
    refresh, draw = stage.view._model.refresh, stage.view._scene.painter.draw_nodes

    def counted_refresh(change: DirectoryChange) -> MapDelta:
        frames.append(len(change.agents))
        return refresh(change)

    monkeypatch.setattr(stage.view._model, "refresh", counted_refresh)
    stage.happen(*(spawned(f"a{n}", status=f"word {m}") for n in range(5) for m in range(40)))
    assert sum(frames) <= 15
    assert len(frames) <= 3
    painted: list[float] = []

    def counted_draw(painter: QPainter, ground: QRectF, exposed: QRegion) -> None:
        painted.append(ground.width())
        draw(painter, ground, exposed)

    monkeypatch.setattr(stage.view._scene.painter, "draw_nodes", counted_draw)

    async def wait() -> None:
        await stage.store.journal.append(moved("stranger", 1, 1))
        await asyncio.sleep(0.1)

    stage.run(wait())
    assert not painted
    stage.happen(spawned("a3", status="running"))
    stage.act(lambda: None)
    assert painted
    assert max(painted) < 4 * CARD_WIDTH


def test_no_card_lies_on_another_and_what_stands_stays(stage: Stage) -> None:
    stage.happen(*(spawned(f"a{n}") for n in range(12)), entangled("e", "a0", "a1", "a2"), entangled("f", "a3", "a0"))
    stage.run(stage.directory.move("a5", 133.0, 57.0, "user:ann"))
    stage.settle()
    before = {id_: point for id_, point in stage.view._model.places if id_ != "a5"}
    stage.happen(*(spawned(f"b{n}") for n in range(20)), entangled("g", "a5", "b0"), entangled("h", "b1", "b2"))
    assert {id_: stage.place(id_) for id_ in before} == before
    assert stage.place("a5") == Point(133, 57)
    newcomers = [pair for pair in overlapping(stage) if "b" in pair[0][0] + pair[1][0]]
    assert newcomers == []


def test_a_place_given_elsewhere_is_followed(stage: Stage) -> None:
    stage.happen(moved("later", 500, 300), spawned("a"))
    stage.happen(moved("a", -40, 70), spawned("later"))
    assert stage.place("a") == Point(-40, 70)
    assert stage.place("later") == Point(500, 300)


def test_a_move_that_the_journal_refuses_goes_back_with_a_message(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.happen(spawned("a"))
    before = stage.place("a")

    async def refuse(*_: object) -> Recorded[AgentMoved]:
        raise Unavailable("The disk is full.", hint="Free some space.")

    monkeypatch.setattr(stage.directory, "move", refuse)
    stage.act(lambda: stage.view.canvas.dropped.emit((Move("a", before, Point(400, 400)),)))
    stage.settle()
    assert stage.place("a") == before
    (message,) = stage.messages
    assert (message.severity, "The disk is full." in message.text, message.hint) == ("error", True, "Free some space.")


def test_moves_are_undone_and_redone_in_order(stage: Stage) -> None:
    stage.happen(spawned("a"), spawned("b"))
    view, first, other = stage.view, stage.place("a"), stage.place("b")
    assert not view.undo_button.isEnabled()
    for agent_id, before, after in (
        ("a", first, Point(300, 300)),
        ("b", other, Point(-300, 0)),
        ("a", Point(300, 300), Point(9, 9)),
    ):
        stage.act(partial(view.canvas.dropped.emit, (Move(agent_id, before, after),)))
        stage.settle()
    stage.act(lambda: QTest.mouseClick(view.undo_button, Qt.MouseButton.LeftButton))
    stage.settle()
    assert (stage.place("a"), stage.place("b")) == (Point(300, 300), Point(-300, 0))
    stage.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    stage.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    stage.settle()
    assert (stage.place("a"), stage.place("b")) == (first, other)
    assert not view.undo_button.isEnabled()
    stage.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    stage.settle()
    assert stage.place("a") == Point(300, 300)
    agent = stage.directory.get("a")
    assert agent is not None
    assert agent.place is not None
    assert agent.place.x == 300


def test_a_move_of_an_agent_that_left_cannot_be_undone(stage: Stage) -> None:
    stage.happen(guest_appeared("g"), spawned("a"))
    stage.act(lambda: stage.view.canvas.dropped.emit((Move("g", stage.place("g"), Point(400, 0)),)))
    stage.settle()
    stage.happen(guest_left("g"))
    assert not stage.view.undo_button.isEnabled()


def test_the_chips_count_and_let_one_state_stand_out(stage: Stage, theme_source: ThemeSource) -> None:
    stage.happen(spawned("a", status="running"), spawned("b", status="running"), spawned("c", requires_attention=True))
    assert chip_texts(stage) == ["All 3", "Needs input 1", "Working 2"]
    stage.view.canvas.full_size()
    chip = stage.view.filters.chip(AgentState.NEEDS_INPUT)
    stage.act(lambda: QTest.mouseClick(chip, Qt.MouseButton.LeftButton))
    assert theme_source.current.color("working").name() not in colours(stage, "a")
    assert theme_source.current.color("needs_input").name() in colours(stage, "c")
    stage.happen(spawned("c", status="running"))
    assert chip_texts(stage) == ["All 3", "Needs input 0", "Working 3"]
    stage.act(lambda: stage.view.filters.choose(None))
    assert theme_source.current.color("working").name() in colours(stage, "a")
    assert chip_texts(stage) == ["All 3", "Working 3"]


def test_search_finds_and_enter_goes_from_hit_to_hit(stage: Stage) -> None:
    names = ("Coder one", "Planner", "Coder two")
    stage.happen(*(spawned(f"a{n}", agent_name=name) for n, name in enumerate(names)))
    stage.key(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    field = stage.view.search.field
    assert field.hasFocus()
    stage.act(lambda: QTest.keyClicks(field, "coder"), lambda: QTest.keyClick(field, Qt.Key.Key_Return))
    assert stage.view._scene.hits == {"a0", "a2"}
    assert stage.view.search._count.text() == "2 found"
    walk = [stage.selection()]
    for _ in range(2):
        stage.act(lambda: QTest.keyClick(field, Qt.Key.Key_Return))
        walk.append(stage.selection())
    assert walk == ["a0", "a2", "a0"]
    stage.happen(spawned("a3", agent_name="Coder three"))
    assert stage.view.search._count.text() == "3 found"
    stage.act(lambda: QTest.keyClick(field, Qt.Key.Key_Escape), lambda: QTest.keyClick(field, Qt.Key.Key_Escape))
    assert not stage.view.search.isVisible()
    assert not stage.view._scene.hits
    assert stage.view.canvas.hasFocus()


def test_the_details_tell_everything_and_follow_the_agent(stage: Stage) -> None:
    first = spawned(
        "a",
        agent_name="Coder",
        agent_type="assistant",
        status="running",
        task="editing",
        capabilities=["edit"],
        budget={"left": 5},
    )
    stage.happen(first, spawned("b", agent_name="Tests"), entangled("e", "a", "b", name="feeds"))
    stage.act(lambda: stage.view.open_details("a"))
    details = stage.view.details

    def text() -> str:
        shown = [label.text() for label in details.findChildren(QLabel) if label.isVisibleTo(details)]
        return "\n".join(
            [*shown, *(button.text() for button in details.findChildren(QPushButton) if button.isVisibleTo(details))]
        )

    for part in ("Coder", "assistant", "Working (“running”)", "editing", "edit", "just now", "feeds to Tests"):
        assert part in text()
    tree = details._metadata
    assert {tree.topLevelItem(n).text(0) for n in range(tree.topLevelItemCount())} == {"budget", "capabilities", "task"}  # type: ignore[union-attr]
    appeared = details._fields["Appeared"]
    stage.act(lambda: QTest.mouseClick(appeared, Qt.MouseButton.LeftButton))
    assert first.time[:4] in appeared.accessibleName()
    stage.happen(terminated("a", status="failed", reason="out of memory"))
    assert "out of memory" in text()
    assert "feeds" not in text()


def test_the_details_lead_to_the_events_and_to_the_other_end(stage: Stage) -> None:
    stage.happen(spawned("a"), spawned("b", agent_name="Tests"), entangled("e", "a", "b"))
    requests: list[tuple[str, object]] = []
    stage.view.open_requested.connect(lambda key, content: requests.append((key, content)))
    stage.act(lambda: stage.view.open_details("a"))
    details = stage.view.details
    events = next(button for button in details.findChildren(QPushButton) if "Events" in button.text())
    stage.act(lambda: QTest.mouseClick(events, Qt.MouseButton.LeftButton))
    assert requests == [("watchtower", {"subject": "a"})]
    row = next(button for button in details.findChildren(QPushButton) if "Tests" in button.text())
    stage.act(row.click)
    assert (details.agent_id, stage.selection()) == ("b", "b")


def test_an_agent_that_leaves_takes_its_selection_and_details_along(stage: Stage) -> None:
    stage.happen(guest_appeared("g"), spawned("a"))
    stage.act(lambda: stage.view.open_details("g"))
    stage.happen(guest_left("g"))
    assert stage.selection() is None
    assert not stage.view.details.isVisible()


def test_present_selects_and_centres_even_one_that_is_yet_to_come(stage: Stage) -> None:
    stage.happen(*(spawned(f"a{n}") for n in range(30)))
    middle = stage.view.canvas.viewport().rect().center()
    stage.act(lambda: stage.view.present({"agent_id": "a17"}))
    assert stage.selection() == "a17"
    assert (stage.pixel("a17") - middle).manhattanLength() <= 4
    assert stage.view.canvas.zoom >= 1
    stage.act(lambda: stage.view.present({"agent_id": "late"}), lambda: stage.view.present({"other": 1}))
    stage.happen(spawned("late"))
    assert stage.selection() == "late"
    assert (stage.pixel("late") - middle).manhattanLength() <= 4


def test_the_theme_and_the_text_size_are_followed(stage: Stage, theme_source: ThemeSource) -> None:
    stage.happen(spawned("a", status="running"))
    theme_source.select("light")
    try:
        assert theme_source.current.color("working").name() in colours(stage, "a")
        assert theme_source.current.color("surface1").name() in colours(stage, "a")
        theme_source.set_text_size("largest")
        stage.settle()
        assert stage.view.canvas.transform().m11() == pytest.approx(stage.view.canvas.zoom * stage.view._scene.unit)
        assert stage.view._scene.unit > 1.2
    finally:
        theme_source.set_text_size("normal")
        theme_source.select("auto")


def test_ages_are_brought_up_to_date_where_they_changed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.happen(spawned("a"), spawned("b"))
    stage.view.canvas.viewport().grab()
    touched: list[str] = []
    monkeypatch.setattr(stage.view._scene, "touch", lambda *ids: touched.extend(ids))
    stage.view._on_ages()
    assert touched == []
    later = now_utc() + timedelta(minutes=12)
    monkeypatch.setattr(painting, "now_utc", lambda: later)
    stage.view._on_ages()
    assert sorted(touched) == ["a", "b"]


def test_every_command_works_without_agents(stage: Stage, tmp_path: Path) -> None:
    for command in stage.view.commands():
        stage.act(command.run)
    stage.happen(spawned("a"))
    for command in stage.view.commands():
        stage.act(command.run)
    stage.settle()
    assert len({command.id for command in stage.view.commands()}) == len(stage.view.commands())


def test_the_line_that_reports_an_agent_can_be_read_whole_on_a_small_screen(stage: Stage) -> None:
    line = next(label for label in stage.view.findChildren(QLabel) if label.text() == SNIPPET)
    assert line.isVisible()
    assert line.height() >= line.heightForWidth(line.width())
    assert line.visibleRegion().boundingRect().height() == line.height()
    assert line.font().family() == CODE_FAMILY


def test_showing_all_leaves_the_foot_to_the_buttons(stage: Stage) -> None:
    stage.happen(*(spawned(f"a{n}") for n in range(9)))
    stage.act(stage.view.canvas.fit)
    lowest = max(stage.pixel(f"a{n}").y() for n in range(9))
    assert lowest + 20 < stage.view.canvas.viewport().height() - 64
