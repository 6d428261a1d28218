"""What a finger, a mouse and a keyboard do on the map, with real events."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from chainbot_desktop.agents.records import Place
from chainbot_desktop.core.events import AgentMoved
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.ui.agent_map.radial_menu import RadialMenu
from tests.helpers.agent_events import entangled, spawned
from tests.ui.agent_map.conftest import Stage


@pytest.fixture(scope="module")
def touch_screen(qapp: QApplication) -> QPointingDevice:
    return QTest.createTouchDevice()


@pytest.fixture
def pair(stage: Stage) -> Stage:
    """Two agents side by side, linked."""
    stage.happen(spawned("a", agent_name="Planner"), spawned("b", agent_name="Coder"), entangled("e", "a", "b", name="feeds"))
    return stage


def moves_of(stage: Stage, agent_id: str) -> list[AgentMoved]:
    found = stage.run(stage.store.journal.read(EventQuery(types=("agent_moved",), subject=agent_id)))
    return [recorded.event for recorded in found]


def mouse_drag(stage: Stage, start: QPoint, by: QPoint, *, steps: int = 4, release: bool = True) -> None:
    viewport = stage.view.canvas.viewport()

    def drag() -> None:
        QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
        for step in range(1, steps + 1):
            QTest.mouseMove(viewport, start + by * step / steps)
        if release:
            QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start + by)

    stage.act(drag)


class Fingers:
    """Fingers on the map's viewport: where each is (None: it is lifted), one event a step."""

    def __init__(self, stage: Stage, screen: QPointingDevice) -> None:
        self._stage = stage
        self._screen = screen
        self._down: dict[int, QPoint] = {}

    def put(self, **fingers: QPoint | None) -> None:
        """`put(f0=QPoint(...), f1=None)`"""
        self._stage.act(lambda: self._put({int(name[1:]): at for name, at in fingers.items()}))

    def lift_all(self) -> None:
        for number in tuple(self._down):
            self.put(**{f"f{number}": None})

    def drag(self, start: QPoint, by: QPoint, *, steps: int = 4) -> None:
        for step in range(steps + 1):
            self.put(f0=start + by * step / steps)
        self.put(f0=None)

    def _put(self, fingers: dict[int, QPoint | None]) -> None:
        viewport = self._stage.view.canvas.viewport()
        sequence = QTest.touchEvent(viewport, self._screen)
        for number in sorted({*fingers, *self._down}):
            at, before = fingers.get(number, self._down.get(number)), self._down.get(number)
            if at is None:
                assert before is not None
                sequence.release(number, before, viewport)
                del self._down[number]
            elif before is None:
                sequence.press(number, at, viewport)
                self._down[number] = at
            else:  # a still finger too: a stationary point of QTest loses its position
                sequence.move(number, at, viewport)
                self._down[number] = at
        sequence.commit()


@pytest.fixture
def fingers(pair: Stage, touch_screen: QPointingDevice) -> Iterator[Fingers]:
    fingers = Fingers(pair, touch_screen)
    yield fingers
    # A finger that a failed test leaves down would still belong to a widget that is gone.
    fingers.lift_all()


def test_the_mouse_drags_a_node_and_its_place_is_kept(pair: Stage) -> None:
    zoom, before, other = pair.view.canvas.zoom, pair.place("a"), pair.place("b")
    mouse_drag(pair, pair.pixel("a"), QPoint(60, 40))
    assert pair.place("a") == pytest.approx((before.x + 60 / zoom, before.y + 40 / zoom), abs=0.01)
    pair.settle()
    (move,) = moves_of(pair, "a")
    assert move.actor == "device:panel"
    agent = pair.directory.get("a")
    assert agent is not None
    assert agent.place == Place(*pair.place("a"))
    assert pair.place("b") == other


def test_a_finger_drags_a_node_and_its_place_is_kept(pair: Stage, fingers: Fingers) -> None:
    zoom, before, ground = pair.view.canvas.zoom, pair.place("a"), pair.view.canvas.view_ground()
    fingers.drag(pair.pixel("a"), QPoint(-30, 50))
    pair.settle()
    assert pair.place("a") == pytest.approx((before.x - 30 / zoom, before.y + 50 / zoom), abs=0.01)
    assert len(moves_of(pair, "a")) == 1
    assert pair.view.canvas.view_ground() == ground


def test_less_than_eight_pixels_are_a_tap(pair: Stage, fingers: Fingers) -> None:
    before = pair.place("a")
    mouse_drag(pair, pair.pixel("a"), QPoint(5, 5))
    assert pair.selection() == "a"
    fingers.drag(pair.pixel("b"), QPoint(-4, 4))
    assert pair.selection() == "b"
    pair.settle()
    assert pair.place("a") == before
    assert not moves_of(pair, "a")


@pytest.mark.parametrize("how", ["mouse", "finger"])
def test_the_ground_pans(pair: Stage, fingers: Fingers, how: str) -> None:
    start, by = pair.empty_pixel(), QPoint(70, -30)
    before = pair.pixel("a")
    places = (pair.place("a"), pair.place("b"))
    if how == "mouse":
        mouse_drag(pair, start, by)
    else:
        fingers.drag(start, by)
    after = pair.pixel("a")
    assert abs(after.x() - before.x() - 70) <= 2
    assert abs(after.y() - before.y() + 30) <= 2
    assert (pair.place("a"), pair.place("b")) == places


def test_two_fingers_zoom_at_their_middle_and_pan(pair: Stage, fingers: Fingers) -> None:
    canvas = pair.view.canvas
    under, zoom = canvas.mapToScene(QPoint(300, 200)), canvas.zoom
    fingers.put(f0=QPoint(280, 200), f1=QPoint(320, 200))
    for spread in (25, 30, 35, 40):
        fingers.put(f0=QPoint(300 - spread, 200), f1=QPoint(300 + spread, 200))
    assert canvas.zoom == pytest.approx(zoom * 2, rel=0.01)
    at = canvas.mapFromScene(under)
    assert abs(at.x() - 300) <= 3
    assert abs(at.y() - 200) <= 3
    zoomed = canvas.zoom
    fingers.put(f0=QPoint(300, 220), f1=QPoint(380, 220))
    assert canvas.zoom == pytest.approx(zoomed)
    assert abs(canvas.mapFromScene(under).x() - 340) <= 3
    # One finger goes up, the other goes on panning; nothing was dragged or selected.
    fingers.put(f0=None)
    fingers.put(f1=QPoint(380, 250))
    assert abs(canvas.mapFromScene(under).y() - 250) <= 4
    fingers.put(f1=None)
    assert pair.selection() is None
    pair.settle()
    assert not moves_of(pair, "a")
    assert not moves_of(pair, "b")


def test_a_second_finger_ends_a_drag_and_the_node_goes_back(pair: Stage, fingers: Fingers) -> None:
    start, before = pair.pixel("a"), pair.place("a")
    fingers.put(f0=start)
    fingers.put(f0=start + QPoint(40, 0))
    assert pair.place("a") != before
    fingers.put(f1=start + QPoint(140, 60))
    assert pair.place("a") == before
    fingers.put(f0=None)
    fingers.put(f1=None)
    pair.settle()
    assert not moves_of(pair, "a")


def test_the_wheel_zooms_at_the_cursor(pair: Stage) -> None:
    canvas, at = pair.view.canvas, QPoint(150, 120)
    for turn in (120, 120, -360):
        under, zoom = canvas.mapToScene(at), canvas.zoom
        place = QPointF(at)
        event = QWheelEvent(
            place,
            QPointF(canvas.viewport().mapToGlobal(at)),
            QPoint(),
            QPoint(0, turn),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        pair.act(partial(QApplication.sendEvent, canvas.viewport(), event))
        assert (canvas.zoom > zoom) == (turn > 0)
        back = canvas.mapFromScene(under)
        assert abs(back.x() - 150) <= 1
        assert abs(back.y() - 120) <= 1


def test_a_tap_selects_and_the_ground_and_escape_clear(pair: Stage, fingers: Fingers) -> None:
    pair.click(pair.pixel("a"))
    assert pair.selection() == "a"
    assert "Planner" in pair.view.canvas.accessibleDescription()
    pair.click(pair.empty_pixel())
    assert pair.selection() is None
    fingers.drag(pair.pixel("b"), QPoint(0, 0))
    assert pair.selection() == "b"
    pair.key(Qt.Key.Key_Escape)
    assert pair.selection() is None


@pytest.mark.parametrize("how", ["mouse", "finger", "enter"])
def test_a_double_tap_or_enter_opens_the_details(pair: Stage, fingers: Fingers, how: str) -> None:
    viewport, at = pair.view.canvas.viewport(), pair.pixel("b")
    if how == "mouse":
        pair.click(at)
        pair.act(
            lambda: QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=at),
            lambda: QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=at),
        )
    elif how == "finger":
        fingers.drag(at, QPoint(0, 0))
        assert not pair.view.details.isVisible()
        fingers.drag(at, QPoint(0, 0))
    else:
        pair.click(at)
        pair.key(Qt.Key.Key_Return)
    assert pair.view.details.isVisible()
    assert pair.view.details.agent_id == "b"
    covered = pair.view.details.geometry()
    assert not covered.contains(pair.view.canvas.mapTo(pair.view, pair.pixel("b")))
    pair.act(lambda: QTest.keyClick(pair.view.details, Qt.Key.Key_Escape))
    assert not pair.view.details.isVisible()
    assert pair.selection() == "b"


def test_arrow_keys_go_to_the_neighbour_in_that_direction(stage: Stage) -> None:
    stage.happen(*(spawned(name) for name in ("nw", "ne", "sw", "se")))
    for name, x, y in (("nw", 0, 0), ("ne", 300, 0), ("sw", 0, 200), ("se", 300, 200)):
        stage.run(stage.directory.move(name, x, y, "user:ann"))
    stage.settle()
    stage.view.select("nw")
    walk = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Up):
        stage.key(key)
        walk.append(stage.selection())
    assert walk == ["ne", "se", "sw", "nw", "nw"]


def test_the_first_arrow_key_selects_what_is_in_the_middle(pair: Stage) -> None:
    pair.key(Qt.Key.Key_Right)
    assert pair.selection() in {"a", "b"}


def test_shift_and_arrows_move_the_node_in_one_move(pair: Stage) -> None:
    before = pair.place("a")
    pair.view.select("a")
    for _ in range(3):
        pair.key(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    pair.key(Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert pair.place("a") == (before.x + 72, before.y - 24)
    pair.wait(lambda: not pair.view.hands.moves._nudged and not pair.tasks.names)
    assert len(moves_of(pair, "a")) == 1
    pair.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    pair.settle()
    assert pair.place("a") == before


def test_plus_minus_zero_and_f(pair: Stage) -> None:
    canvas = pair.view.canvas
    canvas.full_size()
    pair.key(Qt.Key.Key_Plus)
    assert canvas.zoom == pytest.approx(1.25)
    pair.key(Qt.Key.Key_Minus)
    pair.key(Qt.Key.Key_Minus)
    assert canvas.zoom == pytest.approx(0.8)
    pair.key(Qt.Key.Key_0)
    assert canvas.zoom == 1.0
    for _ in range(40):
        pair.key(Qt.Key.Key_Plus)
    assert canvas.zoom == 3.0
    assert not canvas.shows_all()
    pair.key(Qt.Key.Key_F)
    assert canvas.shows_all()


def test_escape_gives_back_what_the_mouse_drags(pair: Stage) -> None:
    before = pair.place("a")
    mouse_drag(pair, pair.pixel("a"), QPoint(50, 0), release=False)
    assert pair.place("a") != before
    pair.key(Qt.Key.Key_Escape)
    assert pair.place("a") == before
    QTest.mouseRelease(pair.view.canvas.viewport(), Qt.MouseButton.LeftButton, pos=pair.pixel("a") + QPoint(50, 0))
    pair.settle()
    assert not moves_of(pair, "a")


def test_a_finger_held_still_opens_the_actions_and_is_no_tap(pair: Stage, fingers: Fingers) -> None:
    at = pair.pixel("a")
    fingers.put(f0=at)
    pair.wait(lambda: bool(pair.view.findChildren(RadialMenu)))
    (menu,) = pair.view.findChildren(RadialMenu)
    fingers.put(f0=None)
    assert pair.selection() == "a"
    assert menu.is_open
    pair.act(lambda: QTest.keyClick(menu, Qt.Key.Key_Escape))
    pair.settle()
    assert not moves_of(pair, "a")


def test_a_second_finger_ends_a_rubber_band_and_zooms(pair: Stage, fingers: Fingers) -> None:
    canvas = pair.view.canvas
    pair.key(Qt.Key.Key_S)
    start, zoom = pair.empty_pixel(), canvas.zoom
    fingers.put(f0=start)
    fingers.put(f0=start + QPoint(300, 200))
    drawn = canvas.hand
    assert drawn.band is not None
    fingers.put(f1=start + QPoint(320, 220))
    assert canvas.hand.band is None
    fingers.put(f0=start + QPoint(280, 180), f1=start + QPoint(340, 240))
    assert canvas.zoom > zoom
    fingers.lift_all()
    assert not pair.view._scene.chosen


def test_a_map_that_makes_no_links_shows_no_handle(pair: Stage) -> None:
    pair.click(pair.pixel("a"))
    pair.key(Qt.Key.Key_L)
    canvas = pair.view.canvas
    assert not canvas.hand.handles
    assert not canvas.aiming
