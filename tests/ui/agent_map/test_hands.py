"""Many selected, links drawn and released, the menu around a finger, a task carried to another agent: with real events."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.events import AgentMoved
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.ui.agent_map.coordinate_sheet import CoordinateSheet
from chainbot_desktop.ui.agent_map.radial_menu import RadialMenu
from chainbot_desktop.ui.theme import TEXT_SIZES, ThemeSource
from chainbot_desktop.ui.widgets import Sheet
from tests.helpers.agent_events import guest_appeared
from tests.ui.acting import act, press, tap
from tests.ui.agent_map.steering import Steering
from tests.ui.agent_map.touching import Hand, key, link_sheet, radial, right_click

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(scope="module")
def touch_screen(qapp: QApplication) -> QPointingDevice:
    return QTest.createTouchDevice()


@pytest.fixture(params=["mouse", "finger"])
def hand(request: pytest.FixtureRequest, steering: Steering, touch_screen: QPointingDevice) -> Iterator[Hand]:
    hand = Hand(steering, touch_screen if request.param == "finger" else None)
    yield hand
    hand.lift()


@pytest.fixture
def mouse(steering: Steering) -> Hand:
    return Hand(steering, None)


@pytest.fixture
def three(steering: Steering) -> list[str]:
    """Ada, Bob and Cleo stand side by side."""
    ids = [steering.spawn(name) for name in ("Ada", "Bob", "Cleo")]
    for number, id_ in enumerate(ids):
        steering.run(steering.house.directory.move(id_, number * 300.0, 0.0, "user:tester"))
    steering.settle()
    act(steering.run, steering.view.canvas.fit)
    return ids


def chosen(steering: Steering) -> set[str]:
    return set(steering.view._scene.chosen)


def places(steering: Steering) -> dict[str, tuple[float, float]]:
    return {id_: (point.x, point.y) for id_, point in steering.view._model.places}


def kept(steering: Steering) -> dict[str, tuple[float, float]]:
    agents = steering.house.directory.agents
    return {agent.id: (agent.place.x, agent.place.y) for agent in agents if agent.place is not None}


def links(steering: Steering) -> list[tuple[str, str, tuple[str, ...]]]:
    return sorted((link.kind, link.name, link.agents) for link in steering.house.directory.entanglements)


def bar_button(steering: Steering, text: str) -> Any:
    return next(button for button in steering.view.hands.bar.buttons if button.text() == text)


# Many.


def test_in_select_mode_taps_toggle_and_the_bar_counts(steering: Steering, three: list[str], hand: Hand) -> None:
    button = steering.view.hands.select_button
    assert steering.view.childAt(button.geometry().center()) is button, "nothing lies over it"
    tap(steering.run, button)
    hand.tap(hand.node(three[0]))
    hand.tap(hand.node(three[1]))
    assert chosen(steering) == set(three[:2])
    assert steering.view.hands.bar.words == "2 selected"
    hand.tap(hand.node(three[0]))
    assert chosen(steering) == {three[1]}
    hand.tap(hand.ground())
    assert chosen(steering) == {three[1]}, "a finger that misses costs nothing"
    key(steering, Qt.Key.Key_Escape)
    assert chosen(steering) == set()
    assert not steering.view.hands.bar.isVisible()
    assert not steering.view.hands.select_button.isChecked()


def test_a_rubber_band_adds_and_the_ground_does_not_pan(steering: Steering, three: list[str], hand: Hand) -> None:
    ground = steering.view.canvas.view_ground()
    key(steering, Qt.Key.Key_S)
    first, second = hand.node(three[0]), hand.node(three[1])
    hand.drag(QPoint(first.x() - 4, 20), second + QPoint(10, 60))
    assert chosen(steering) == set(three[:2])
    hand.drag(QPoint(hand.node(three[2]).x() - 10, 20), hand.node(three[2]) + QPoint(10, 60))
    assert chosen(steering) == set(three)
    assert steering.view.canvas.view_ground() == ground


@pytest.mark.parametrize("held", [CONTROL, SHIFT])
def test_a_click_with_control_or_shift_adds(
    steering: Steering, three: list[str], mouse: Hand, held: Qt.KeyboardModifier
) -> None:
    mouse.tap(mouse.node(three[0]))
    mouse.tap(mouse.node(three[2]), held)
    assert chosen(steering) == {three[0], three[2]}
    mouse.tap(mouse.node(three[1]))
    assert chosen(steering) == {three[1]}


def test_dragging_one_of_many_moves_all_in_one_step(steering: Steering, three: list[str], hand: Hand) -> None:
    before = places(steering)
    key(steering, Qt.Key.Key_S)
    for id_ in three[:2]:
        hand.tap(hand.node(id_))
    hand.drag(hand.node(three[0]), hand.node(three[0]) + QPoint(0, -50))
    steering.settle()
    moved = {id_ for id_, point in places(steering).items() if point != before[id_]}
    assert moved == set(three[:2])
    assert kept(steering) == places(steering)
    found = steering.run(steering.house.store.journal.read(EventQuery(types=("agent_moved",))))
    assert [each.event.actor for each in found if isinstance(each.event, AgentMoved)][-2:] == ["device:panel"] * 2
    key(steering, Qt.Key.Key_Z, CONTROL)
    steering.settle()
    assert places(steering) == kept(steering) == before


def test_many_from_the_keyboard(steering: Steering, three: list[str]) -> None:
    act(steering.run, partial(steering.view.select, three[0]))
    key(steering, Qt.Key.Key_S)
    key(steering, Qt.Key.Key_Right)
    key(steering, Qt.Key.Key_Space)
    assert chosen(steering) == {three[0], three[1]}
    assert "Bob, selected" in steering.view.canvas.accessibleDescription() or "2 selected" in (
        steering.view.canvas.accessibleDescription()
    )
    key(steering, Qt.Key.Key_A, CONTROL)
    assert chosen(steering) == set(three)
    key(steering, Qt.Key.Key_Up, SHIFT)
    steering.wait(lambda: len({point[1] for point in kept(steering).values()}) == 1 and kept(steering)[three[0]][1] == -24)


def test_the_bar_stops_all_and_kills_only_after_their_names(steering: Steering, three: list[str]) -> None:
    key(steering, Qt.Key.Key_A, CONTROL)
    tap(steering.run, bar_button(steering, "Pause"))
    steering.wait(lambda: all(steering.state(id_) == "paused" for id_ in three))
    steering.wait(lambda: any(button.text() == "Resume" for button in steering.view.hands.bar.buttons))
    tap(steering.run, steering.view.hands.bar.more)
    assert "Kill…" in steering.menu()
    steering.choose("Kill…")
    (sheet,) = [each for each in steering.view.findChildren(Sheet) if each.is_open]
    words = " ".join(label.text() for label in sheet.findChildren(QLabel))
    assert all(name in words for name in ("Kill 3 agents?", "Ada", "Bob", "Cleo"))
    assert all(steering.state(id_) == "paused" for id_ in three)
    tap(steering.run, steering.button(sheet, "Kill 3"))
    steering.wait(lambda: all(steering.state(id_) == "stopped" for id_ in three))


def test_of_what_only_some_can_do_the_others_are_told(steering: Steering, three: list[str]) -> None:
    steering.run(steering.house.service.pause(three[0], actor="user:tester"))
    key(steering, Qt.Key.Key_A, CONTROL)
    labels = [action.label for action in steering.view.hands.bar._actions]
    assert {"Pause", "Resume", "Stop", "Message…", "Entangle…"} <= set(labels)
    assert labels[-1] == "Kill…", "the dangerous last"
    steering.messages.clear()
    tap(steering.run, bar_button(steering, "Pause"))
    steering.wait(lambda: all(steering.state(id_) == "paused" for id_ in three))
    (message,) = steering.messages
    assert message.text.startswith("2 paused, 1 could not: ")
    assert "Ada" in message.text


def test_one_task_to_all_that_are_selected(steering: Steering, three: list[str]) -> None:
    key(steering, Qt.Key.Key_A, CONTROL)
    action = next(action for action in steering.view.hands.bar._actions if action.label == "Coordinate…")
    act(steering.run, action.run)
    (sheet,) = [each for each in steering.view.findChildren(CoordinateSheet) if each.is_open]
    act(steering.run, lambda: sheet.field.setPlainText("say hello"))
    tap(steering.run, sheet.go)
    steering.wait(lambda: sheet.found is not None and {part.agent_id for part in sheet.found.parts} == set(three))
    runs = [steering.run(steering.house.service.runs_of(id_)) for id_ in three]
    assert all(any("say hello" in run.task for run in found) for found in runs)


# Links.


def test_a_link_is_drawn_from_the_handle(steering: Steering, three: list[str], hand: Hand) -> None:
    hand.tap(hand.node(three[0]))
    before = places(steering)
    handle = hand.handle()
    hand.press(handle)
    hand.move(handle + QPoint(30, 30))
    hand.move(hand.node(three[1]))
    assert steering.view.canvas.hand.aim == three[1], "the one under the finger is lit"
    hand.lift()
    sheet = link_sheet(steering)
    assert links(steering) == []
    tap(steering.run, sheet.kinds["control"])
    tap(steering.run, sheet.turn)
    act(steering.run, lambda: sheet.name.setText("reviews"))
    tap(steering.run, sheet.go)
    steering.wait(lambda: links(steering) == [("control", "reviews", (three[1], three[0]))])
    assert places(steering) == before
    key(steering, Qt.Key.Key_Z, CONTROL)
    steering.wait(lambda: links(steering) == [])
    key(steering, Qt.Key.Key_Z, CONTROL | SHIFT)
    steering.wait(lambda: links(steering) == [("control", "reviews", (three[1], three[0]))])


def test_the_handle_has_a_fingers_size_at_every_zoom(steering: Steering, three: list[str], mouse: Hand) -> None:
    from chainbot_desktop.ui.agent_map.geometry import Point

    act(steering.run, partial(steering.view.select, three[1]))
    canvas = steering.view.canvas
    for zoom in (0.1, 0.3, 0.6, 1.0, 2.0):
        act(steering.run, lambda zoom=zoom: canvas.set_camera(QPointF(*steering.view._model.places[three[1]]), zoom))  # type: ignore[misc]
        middle = mouse.handle()
        for corner in (QPoint(-22, -22), QPoint(22, 22)):
            at = middle + corner
            assert canvas.handle_under(Point(at.x(), at.y())) == three[1]
        assert canvas.node_under(Point(*mouse.node(three[1]).toTuple())) == three[1]
        assert canvas.handle_under(Point(*mouse.node(three[1]).toTuple())) is None, "the node itself can still be dragged"


def test_a_link_let_go_on_the_ground_comes_to_nothing(steering: Steering, three: list[str], hand: Hand) -> None:
    hand.tap(hand.node(three[0]))
    ground = steering.view.canvas.view_ground()
    hand.drag(hand.handle(), hand.ground())
    assert steering.view.canvas.hand.source is None
    assert steering.view.canvas.view_ground() == ground
    assert links(steering) == []


def test_a_link_from_the_keyboard_and_its_release(steering: Steering, three: list[str]) -> None:
    act(steering.run, partial(steering.view.select, three[0]))
    key(steering, Qt.Key.Key_L)
    key(steering, Qt.Key.Key_Right)
    key(steering, Qt.Key.Key_Right)
    assert "Ada → Cleo" in steering.view.hands.bar.words
    key(steering, Qt.Key.Key_Return)
    sheet = link_sheet(steering)
    press(steering.run, sheet.kinds["dependency"], Qt.Key.Key_Space)
    press(steering.run, sheet.name, Qt.Key.Key_Return)
    made = [("dependency", "", (three[0], three[2]))]
    steering.wait(lambda: links(steering) == made)
    steering.wait(lambda: bool(steering.view._scene.edges.links))
    key(steering, Qt.Key.Key_L, SHIFT)
    assert "dependency · Ada → Cleo" in steering.view.hands.bar.words
    key(steering, Qt.Key.Key_Delete)
    steering.wait(lambda: links(steering) == [])
    assert "released" in steering.messages[-1].text
    act(steering.run, steering.messages[-1].action)  # type: ignore[arg-type]
    steering.wait(lambda: links(steering) == made)


def test_a_tap_beside_a_link_selects_it_and_one_on_a_node_does_not(steering: Steering, three: list[str], hand: Hand) -> None:
    steering.run(steering.links.create("feeds", "data", three[:2], actor="user:tester"))
    steering.wait(lambda: bool(steering.view._scene.edges.links))
    act(steering.run, lambda: steering.view.canvas.set_camera(QPointF(150, 0), 1.0))
    middle = (hand.node(three[0]) + hand.node(three[1])) / 2
    hand.tap(middle + QPoint(0, 18))
    bar = steering.view.hands.bar
    steering.wait(lambda: "feeds · data · Ada ↔ Bob · nothing has passed yet" in bar.words)
    steering.run(steering.links.broadcast(links_id(steering), "a note", actor="user:tester"))
    steering.wait(lambda: "1 in the last minute, 1 since the start" in bar.words)
    hand.tap(hand.node(three[0]))
    assert steering.view._scene.selected == three[0]
    assert not bar.isVisible()
    hand.tap(middle)
    tap(steering.run, bar_button(steering, "Release"))
    steering.wait(lambda: links(steering) == [])
    steering.wait(lambda: not bar.isVisible())


def links_id(steering: Steering) -> str:
    (link,) = steering.house.directory.entanglements
    return link.id


def test_what_the_service_would_refuse_is_said_in_the_sheet(steering: Steering, three: list[str]) -> None:
    steering.run(steering.house.store.journal.append(guest_appeared("g", name="watchtower", status="online")))
    steering.wait(lambda: "g" in steering.view._model.places)
    linking = steering.view.hands.linking
    assert linking is not None
    act(steering.run, lambda: linking.ask(("g", three[0])))
    sheet = link_sheet(steering)
    tap(steering.run, sheet.kinds["dependency"])
    assert "does not run here" in sheet.why.text()
    assert not sheet.go.isEnabled()
    tap(steering.run, sheet.kinds["control"])
    assert "guest" in sheet.why.text()
    tap(steering.run, sheet.turn)
    tap(steering.run, sheet.go)
    steering.wait(lambda: links(steering) == [("control", "", (three[0], "g"))])


def test_a_refused_link_keeps_the_sheet_open_with_the_reason(steering: Steering, three: list[str]) -> None:
    steering.run(steering.links.create("", "dependency", three[:2], actor="user:tester"))
    linking = steering.view.hands.linking
    assert linking is not None
    act(steering.run, lambda: linking.ask((three[1], three[0])))
    sheet = link_sheet(steering)
    tap(steering.run, sheet.kinds["dependency"])
    tap(steering.run, sheet.go)
    steering.wait(lambda: "wait for each other" in sheet.error.text())
    assert sheet.is_open
    assert not steering.view.hands.undo.history.can_undo


# What others changed meanwhile.


def test_a_move_that_somebody_else_changed_is_not_taken_back(steering: Steering, three: list[str], mouse: Hand) -> None:
    key(steering, Qt.Key.Key_A, CONTROL)
    mouse.drag(mouse.node(three[0]), mouse.node(three[0]) + QPoint(0, 40))
    steering.settle()
    steering.run(steering.house.directory.move(three[2], 5.0, 500.0, "user:other"))
    before = kept(steering)
    key(steering, Qt.Key.Key_Z, CONTROL)
    steering.wait(lambda: bool(steering.messages))
    assert "Cleo was moved by somebody else" in steering.messages[-1].text
    steering.settle()
    assert kept(steering) == places(steering) == before, "never half"
    assert not steering.view.undo_button.isEnabled()


def test_a_link_that_somebody_else_released_or_changed_is_left(steering: Steering, three: list[str]) -> None:
    undo = steering.view.hands.undo
    act(steering.run, lambda: undo.link("data", "", three[:2], lambda _: None))
    steering.wait(lambda: undo.history.can_undo)
    steering.run(steering.links.add(links_id(steering), three[2], actor="user:other"))
    act(steering.run, undo.undo)
    steering.wait(lambda: bool(steering.messages))
    assert "changed by somebody else" in steering.messages[-1].text
    assert links(steering) == [("data", "", tuple(three))]
    assert not undo.history.can_undo


def test_an_undo_that_is_refused_can_be_tried_again(
    steering: Steering, three: list[str], mouse: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(steering)
    key(steering, Qt.Key.Key_A, CONTROL)
    mouse.drag(mouse.node(three[0]), mouse.node(three[0]) + QPoint(0, 40))
    steering.settle()
    directory = steering.house.directory
    move = directory.move

    async def refuse_one(agent_id: str, x: float, y: float, actor: str) -> Any:
        if agent_id == three[1]:
            raise Unavailable("The disk is full.", hint="Free some space.")
        return await move(agent_id, x, y, actor)

    with monkeypatch.context() as patched:
        patched.setattr(directory, "move", refuse_one)
        key(steering, Qt.Key.Key_Z, CONTROL)
        steering.settle()
    assert "The disk is full." in steering.messages[-1].text
    assert kept(steering) == places(steering)
    assert {id_ for id_ in three if kept(steering)[id_] == before[id_]} == {three[0], three[2]}
    key(steering, Qt.Key.Key_Z, CONTROL)
    steering.settle()
    assert kept(steering) == places(steering) == before
    for _ in range(2):
        key(steering, Qt.Key.Key_Z, CONTROL | SHIFT)
    steering.settle()
    assert all(kept(steering)[id_][1] > before[id_][1] for id_ in three)


# The menu around a finger.


def test_a_finger_slides_onto_an_action_and_lets_go(
    steering: Steering, three: list[str], touch_screen: QPointingDevice
) -> None:
    finger = Hand(steering, touch_screen)
    finger.press(finger.node(three[1]))
    steering.wait(lambda: any(menu.is_open for menu in steering.view.findChildren(RadialMenu)))
    menu = radial(steering)
    item = next(item for item in menu.items if item.entry.label == "Pause")
    viewport = steering.view.canvas.viewport()
    there = viewport.mapFromGlobal(item.mapToGlobal(item.rect().center()))
    finger.move((finger.node(three[1]) + there) / 2)
    finger.move(there)
    finger.lift()
    steering.becomes(three[1], "paused")
    assert not any(menu.is_open for menu in steering.view.findChildren(RadialMenu))
    assert steering.state(three[0]) == "idle"


def test_a_finger_that_lifts_where_it_was_leaves_the_menu_open(
    steering: Steering, three: list[str], touch_screen: QPointingDevice
) -> None:
    finger = Hand(steering, touch_screen)
    finger.press(finger.node(three[1]))
    steering.wait(lambda: any(menu.is_open for menu in steering.view.findChildren(RadialMenu)))
    finger.lift()
    menu = radial(steering)
    tap(steering.run, next(item for item in menu.items if item.entry.label == "Stop"))
    steering.becomes(three[1], "stopped")


def test_kill_takes_two_taps(steering: Steering, three: list[str], mouse: Hand) -> None:
    menu = right_click(steering, mouse.node(three[0]))
    (kill,) = menu.dangers
    assert kill.width() >= 96
    assert kill.height() >= 48
    tap(steering.run, kill)
    assert steering.state(three[0]) == "idle"
    assert "again" in kill.text()
    tap(steering.run, kill)
    steering.becomes(three[0], "stopped")


@pytest.mark.parametrize("corner", ["top left", "bottom right", "middle"])
def test_the_menu_is_inside_the_window_and_its_targets_apart(steering: Steering, three: list[str], corner: str) -> None:
    canvas = steering.view.canvas
    act(steering.run, lambda: canvas.set_camera(QPointF(*steering.view._model.places[three[0]]), 1.0))
    size = canvas.viewport().size()
    shift = {"top left": (60 - size.width() / 2, 40 - size.height() / 2), "middle": (0, 0)}.get(
        corner, (size.width() / 2 - 60, size.height() / 2 - 40)
    )
    act(steering.run, lambda: canvas.pan_by(*shift))
    menu = right_click(steering, Hand(steering, None).node(three[0]))
    assert len(menu.items) == 8
    boxes = [item.geometry() for item in menu.items]
    apart = [QRect(menu.strip.pos() + button.pos(), button.size()) for button in menu.dangers]
    assert all(menu.rect().contains(box) for box in (*boxes, *apart))
    discs = [QRect(box.center().x() - 24, box.top(), 48, 48) for box in boxes]
    assert not any(a.intersects(b) for number, a in enumerate(discs) for b in discs[number + 1 :])
    assert all(not box.intersects(danger.adjusted(-8, -8, 8, 8)) for box in boxes for danger in apart)


def test_the_menu_is_inside_the_window_with_the_largest_text(
    steering: Steering, three: list[str], theme_source: ThemeSource, mouse: Hand
) -> None:
    theme_source.set_text_size(list(TEXT_SIZES)[-1])
    try:
        menu = right_click(steering, mouse.node(three[1]))
        steering.settle()
        boxes = [item.geometry() for item in menu.items]
        apart = [QRect(menu.strip.pos() + button.pos(), button.size()) for button in menu.dangers]
        assert all(menu.rect().contains(box) for box in (*boxes, *apart))
        assert all(not box.intersects(danger) for box in boxes for danger in apart)
    finally:
        act(steering.run, menu.dismiss)
        theme_source.set_text_size("normal")


def test_the_menu_from_the_keyboard(steering: Steering, three: list[str]) -> None:
    act(steering.run, partial(steering.view.select, three[0]))
    menu = right_click(steering, QPoint(5, 5), keyboard=True)
    assert menu.items[0].hasFocus()
    names = [item.accessibleName() for item in menu.items]
    press(steering.run, menu.items[0], Qt.Key.Key_Right)
    assert menu.items[1].hasFocus()
    press(steering.run, menu.items[1], Qt.Key.Key_Left)
    press(steering.run, menu.items[0], Qt.Key.Key_P)
    assert menu.items[names.index("Pause")].hasFocus()
    press(steering.run, menu.items[names.index("Pause")], Qt.Key.Key_Return)
    steering.becomes(three[0], "paused")
    menu = right_click(steering, QPoint(5, 5), keyboard=True)
    press(steering.run, menu.items[0], Qt.Key.Key_Escape)
    assert not any(menu.is_open for menu in steering.view.findChildren(RadialMenu))


def test_the_ground_offers_what_is_for_all(steering: Steering, three: list[str], mouse: Hand) -> None:
    menu = right_click(steering, mouse.ground())
    assert [item.entry.label for item in menu.items] == ["New agent", "Select", "Show all", "Arrange", "Undo"]
    tap(steering.run, menu.items[1])
    assert steering.view.canvas.selecting


def test_the_menu_begins_a_link(steering: Steering, three: list[str], mouse: Hand) -> None:
    menu = right_click(steering, mouse.node(three[0]))
    tap(steering.run, next(item for item in menu.items if item.entry.icon == "link"))
    mouse.tap(mouse.node(three[2]))
    assert link_sheet(steering).members == (three[0], three[2])


# A task in the hand.


def test_a_task_is_carried_to_another_agent(steering: Steering, three: list[str], hand: Hand) -> None:
    run_id = steering.give(three[0], "wait for it")
    steering.becomes(three[0], "running")
    act(steering.run, partial(steering.view.open_details, three[0]))
    details = steering.view.details
    home = details.geometry()
    chip = details.live.task_rows[run_id].chip
    act(steering.run, lambda: details._area.ensureWidgetVisible(chip))
    start = chip.rect().center()
    hand.press(start, chip)
    hand.move(start + QPoint(-20, 0))
    viewport = steering.view.canvas.viewport()
    out = chip.mapFromGlobal(viewport.mapToGlobal(QPoint(10, 10)))
    hand.move(out)
    assert details.x() > home.x(), "the details make room"
    hand.move(chip.mapFromGlobal(viewport.mapToGlobal(hand.node(three[1]))))
    assert steering.view.canvas.hand.aim == three[1]
    hand.lift()
    steering.becomes(three[1], "running")
    steering.becomes(three[0], "idle")
    assert details.geometry() == home
    assert steering.messages[-1].text == "Bob has the task of Ada now."
    assert steering.messages[-1].action is None, "what Ada had begun is over: there is no way back"


def test_a_task_let_go_over_the_panel_stays(steering: Steering, three: list[str], hand: Hand) -> None:
    run_id = steering.give(three[0], "wait")
    steering.becomes(three[0], "running")
    act(steering.run, partial(steering.view.open_details, three[0]))
    chip = steering.view.details.live.task_rows[run_id].chip
    hand.press(chip.rect().center(), chip)
    hand.move(chip.rect().center() + QPoint(-15, 5))
    hand.lift()
    steering.settle()
    assert steering.state(three[0]) == "running"
    assert not steering.messages


def test_a_waiting_task_is_handed_over_without_a_pointer(steering: Steering, three: list[str]) -> None:
    steering.give(three[0], "wait")
    steering.becomes(three[0], "running")
    queued = steering.give(three[0], "wait too")
    act(steering.run, partial(steering.view.open_details, three[0]))
    rows = steering.view.details.live.task_rows
    steering.wait(lambda: queued in rows)
    press(steering.run, rows[queued].button, Qt.Key.Key_Space)
    assert steering.menu() == ["Bob", "Cleo"]
    steering.choose("Cleo")
    steering.becomes(three[2], "running")
    live = steering.house.service.live(three[2])
    assert live is not None
    assert live.task.startswith("wait too")
    assert steering.state(three[0]) == "running"
