"""The minimap: when it is there, what it shows, and where a finger, a mouse, a wheel and keys on it take the camera."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QPaintEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.geometry import Box
from chainbot_desktop.ui.agent_map.memory import MapMemory
from chainbot_desktop.ui.agent_map.minimap import Minimap
from chainbot_desktop.ui.agent_map.model import Group
from chainbot_desktop.ui.agent_map.services import MapServices
from chainbot_desktop.ui.agent_map.view import AgentMapView
from chainbot_desktop.ui.theme import ThemeSource
from tests.helpers.agent_events import moved, spawned
from tests.ui.agent_map.conftest import Stage


@pytest.fixture(scope="module")
def touch_screen(qapp: QApplication) -> QPointingDevice:
    return QTest.createTouchDevice()


@pytest.fixture
def crowd(stage: Stage) -> Stage:
    """Sixty agents in full size: most of them are out of view."""
    stage.happen(*(spawned(f"a{n}", status="running" if n % 2 else "idle") for n in range(59)))
    stage.happen(spawned("loud", requires_attention=True))
    stage.act(stage.view.canvas.full_size)
    stage.wait(stage.view.minimap.isVisible)
    return stage


def minimap(stage: Stage) -> Minimap:
    return stage.view.minimap


def middle(stage: Stage) -> QPointF:
    """What the camera looks at."""
    return stage.view.canvas.view_ground().center()


def spot(stage: Stage, agent_id: str) -> QPoint:
    """Where on the minimap that agent is."""
    scale, origin = minimap(stage)._projection()
    return (origin + QPointF(*stage.place(agent_id)) * scale).toPoint()


def is_near(stage: Stage, agent_id: str) -> bool:
    """Whether that agent is in the middle of the view, as far as a pixel of the minimap can tell."""
    scale, _ = minimap(stage)._projection()
    return (middle(stage) - QPointF(*stage.place(agent_id))).manhattanLength() <= 2 / scale


def picture(stage: Stage) -> QImage:
    """What is shown, before what is out of view is veiled."""
    minimap(stage).grab()
    kept = minimap(stage)._picture
    assert kept is not None
    return kept.toImage()


class Paints(QObject):
    """Counts how often a widget is painted, and how many pixels of it."""

    def __init__(self, widget: QObject) -> None:
        super().__init__(widget)
        self.pixels: list[int] = []
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.pixels.append(sum(rect.width() * rect.height() for rect in event.region()))  # type: ignore[attr-defined]
        return False


def test_it_is_there_while_something_is_out_of_view(crowd: Stage) -> None:
    shown = minimap(crowd)
    canvas = crowd.view.canvas
    assert (shown.width(), shown.height()) == (160, 96)
    assert (shown.x(), canvas.height() - shown.geometry().bottom() - 1) == (8, 8)
    crowd.act(canvas.fit)
    assert not shown.isVisible()
    crowd.act(lambda: canvas.zoom_step(4))
    assert shown.isVisible()
    crowd.act(canvas.fit)
    crowd.act(lambda: canvas.pan_by(1, 0))  # nobody's view is moved by what comes now
    crowd.happen(moved("a1", 90_000, 0))
    crowd.wait(shown.isVisible)


def test_it_grows_with_the_screen_and_gives_way_on_a_low_one(crowd: Stage) -> None:
    crowd.act(lambda: crowd.view.resize(1200, 772))
    assert minimap(crowd).width() == 240
    assert minimap(crowd).geometry().bottom() < crowd.view.canvas.height()
    crowd.act(lambda: crowd.view.resize(720, 240))
    assert not minimap(crowd).isVisible()


def test_it_shows_who_is_where_and_the_loud_larger(crowd: Stage, theme_source: ThemeSource) -> None:
    theme = theme_source.current
    crowd.act(lambda: crowd.view.canvas.set_camera(QPointF(500_000, 0), 1.0))

    def size(agent_id: str, token: str) -> int:
        image = minimap(crowd).grab().toImage() if token == "needs_input" else picture(crowd)
        at = spot(crowd, agent_id)
        around = [at + QPoint(x, y) for x in range(-12, 13) for y in range(-12, 13)]
        return sum(image.rect().contains(p) and image.pixelColor(p) == theme.color(token) for p in around)

    assert size("a1", "working") > 0
    assert size("loud", "needs_input") > 0
    crowd.happen(spawned("a1", status="failed"))
    crowd.wait(lambda: size("a1", "failed") > 0)
    # The same agent, loud and not.
    plain = size("a1", "failed")
    crowd.happen(spawned("a1", requires_attention=True))
    crowd.wait(lambda: size("a1", "needs_input") > plain)


def test_it_shows_the_groups_of_a_layout(crowd: Stage, theme_source: ThemeSource) -> None:
    model, scene = crowd.view._model, crowd.view._scene
    ground = scene.ground()
    box = Box(ground.left(), ground.top(), ground.center().x(), ground.bottom())
    before = picture(crowd)
    assert theme_source.current.color("surface2").name() not in {before.pixelColor(x, 20).name() for x in range(before.width())}
    crowd.act(lambda: model.rearrange({}, [Group("working", box)]), scene.redraw)

    def shows_it() -> bool:
        image = picture(crowd)
        return any(image.pixelColor(x, 20) == theme_source.current.color("surface2") for x in range(image.width()))

    crowd.wait(shows_it)


def test_filtered_ones_fade_and_hidden_ones_go(crowd: Stage, theme_source: ThemeSource) -> None:
    crowd.act(lambda: crowd.view.canvas.set_camera(QPointF(500_000, 0), 1.0))
    theme = theme_source.current

    def shows(colour: str) -> bool:
        image = picture(crowd)
        return colour in {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}

    working, faint = theme.color("working").name(), theme.tint("working", 0.25).name()
    assert (shows(working), shows(faint)) == (True, False)
    crowd.act(lambda: crowd.view.filters.choose(AgentState.IDLE))
    crowd.wait(lambda: shows(faint) and not shows(working))
    crowd.act(lambda: crowd.view.filtering.hide_others(True))
    crowd.wait(lambda: not shows(faint))
    assert shows(theme.color("idle").name())


@pytest.mark.parametrize("agent_id", ["a0", "a30", "a58"])
def test_a_click_brings_that_place_into_the_middle(crowd: Stage, agent_id: str) -> None:
    zoom = crowd.view.canvas.zoom
    crowd.act(lambda: QTest.mouseClick(minimap(crowd), Qt.MouseButton.LeftButton, pos=spot(crowd, agent_id)))
    assert is_near(crowd, agent_id)
    assert crowd.view.canvas.zoom == zoom
    assert crowd.selection() is None


def test_a_tap_of_a_finger_does_the_same(crowd: Stage, touch_screen: QPointingDevice) -> None:
    def touch() -> None:
        QTest.touchEvent(minimap(crowd), touch_screen).press(0, spot(crowd, "a58"), minimap(crowd)).commit()
        QTest.touchEvent(minimap(crowd), touch_screen).release(0, spot(crowd, "a58"), minimap(crowd)).commit()

    crowd.act(touch)
    assert is_near(crowd, "a58")
    assert min(minimap(crowd).width(), minimap(crowd).height()) >= 48


def test_a_finger_takes_the_camera_along(crowd: Stage, touch_screen: QPointingDevice) -> None:
    shown = minimap(crowd)
    crowd.act(lambda: crowd.view.canvas.look_at(crowd.view._scene.ground().center()))
    scale, _ = shown._projection()
    start, before = shown.view_box().center().toPoint() + QPoint(3, 2), middle(crowd)

    def drag() -> None:
        QTest.touchEvent(shown, touch_screen).press(0, start, shown).commit()
        for step in (5, 10, 20):
            QTest.touchEvent(shown, touch_screen).move(0, start + QPoint(-step, step // 2), shown).commit()
        QTest.touchEvent(shown, touch_screen).release(0, start + QPoint(-20, 10), shown).commit()

    crowd.act(drag)
    assert (middle(crowd) - before).toTuple() == pytest.approx((-20 / scale, 10 / scale), abs=3)


def test_the_mouse_drags_from_beside_the_rectangle_too(crowd: Stage) -> None:
    shown = minimap(crowd)
    crowd.act(lambda: crowd.view.canvas.look_at(QPointF(*crowd.place("a0"))))
    start = spot(crowd, "a58")
    assert not shown.view_box().contains(QPointF(start))

    def drag() -> None:
        QTest.mousePress(shown, Qt.MouseButton.LeftButton, pos=start)
        QTest.mouseMove(shown, start - QPoint(10, 0))
        QTest.mouseMove(shown, spot(crowd, "a30"))
        QTest.mouseRelease(shown, Qt.MouseButton.LeftButton, pos=spot(crowd, "a30"))

    crowd.act(drag)
    assert is_near(crowd, "a30")


def test_the_wheel_zooms_and_keeps_the_middle(crowd: Stage) -> None:
    shown, canvas = minimap(crowd), crowd.view.canvas
    before = middle(crowd)

    def turn() -> None:
        at = QPointF(20, 20)
        event = QWheelEvent(
            at,
            shown.mapToGlobal(at),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(shown, event)

    crowd.act(turn)
    assert canvas.zoom == pytest.approx(1.25)
    assert (middle(crowd) - before).manhattanLength() <= 3


def test_keys_reach_it_and_move_the_camera(crowd: Stage) -> None:
    shown, canvas = minimap(crowd), crowd.view.canvas
    crowd.act(lambda: shown.setFocus(Qt.FocusReason.TabFocusReason))
    assert shown.hasFocus()
    assert shown.accessibleName() == "Overview of the map"
    before, wide = middle(crowd), canvas.view_ground().width()
    crowd.act(lambda: QTest.keyClick(shown, Qt.Key.Key_Right))
    assert (middle(crowd) - before).toTuple() == pytest.approx((wide / 4, 0), abs=2)
    assert crowd.selection() is None
    crowd.act(lambda: QTest.keyClick(shown, Qt.Key.Key_Minus))
    assert canvas.zoom == pytest.approx(0.8)
    crowd.act(lambda: QTest.keyClick(shown, Qt.Key.Key_F))
    assert canvas.shows_all()
    assert not shown.isVisible()


def test_m_and_the_menu_turn_it_off_and_that_is_remembered(crowd: Stage, theme_source: ThemeSource) -> None:
    kept: dict[str, object] = {}
    crowd.view._services = MapServices(memory=MapMemory(keep=kept.__setitem__))
    crowd.key(Qt.Key.Key_M)
    assert not minimap(crowd).isVisible()
    assert kept == {"map.minimap": False}
    # Turned off it does nothing, whatever happens.
    crowd.happen(spawned("one more"))
    assert not minimap(crowd)._refresh.isActive()
    again = AgentMapView(crowd.directory, theme_source, crowd.tasks, services=MapServices(memory=MapMemory(kept)))
    assert not again.minimap.wanted
    again.deleteLater()
    crowd.key(Qt.Key.Key_M)
    assert minimap(crowd).isVisible()
    assert kept == {"map.minimap": True}


def test_the_camera_is_followed_at_once_and_can_always_be_found(crowd: Stage) -> None:
    shown, canvas = minimap(crowd), crowd.view.canvas
    before = shown.view_box()
    crowd.act(lambda: canvas.pan_by(-200, 0))
    assert shown.view_box().left() > before.left()
    for far in (QPointF(-900_000, 0), QPointF(900_000, 900_000), QPointF(0, -900_000)):
        crowd.act(lambda far=far: canvas.set_camera(far, 3.0))  # type: ignore[misc]
        box = shown.view_box()
        assert min(box.width(), box.height()) >= 8
        assert shown.rect().contains(box.toAlignedRect())


def test_its_picture_is_made_a_few_times_a_second_at_most(crowd: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[float] = []
    draw = Minimap._draw_picture

    def counted(self: Minimap) -> object:
        made.append(time.monotonic())
        return draw(self)

    monkeypatch.setattr(Minimap, "_draw_picture", counted)
    began = time.monotonic()
    for n in range(12):
        crowd.happen(spawned(f"a{n}", status="failed"))
        crowd.act(lambda: crowd.view.canvas.pan_by(3, 0))
    crowd.wait(lambda: not minimap(crowd)._refresh.isActive())
    QApplication.processEvents()
    assert 1 <= len(made) <= (time.monotonic() - began) / 0.25 + 1
    # Panning alone makes none.
    made.clear()
    for _ in range(5):
        crowd.act(lambda: crowd.view.canvas.pan_by(5, 5), QApplication.processEvents)
    assert made == []


def test_neither_makes_the_other_repaint_more_than_its_corner(crowd: Stage) -> None:
    shown, viewport = minimap(crowd), crowd.view.canvas.viewport()
    crowd.act(QApplication.processEvents)
    map_paints, own_paints = Paints(viewport), Paints(shown)
    crowd.act(shown.update, QApplication.processEvents)
    assert len(own_paints.pixels) == 1
    assert sum(map_paints.pixels) <= shown.width() * shown.height()  # what shows through its round corners, no more
    map_paints.pixels.clear()
    # An agent in view changes: its card is painted, not the map.
    agent_id = next(
        id_
        for id_ in sorted(crowd.view._model.agents)
        if viewport.rect().adjusted(200, 60, -200, -160).contains(crowd.pixel(id_))
    )
    own_paints.pixels.clear()
    crowd.act(lambda: crowd.view._scene.touch(agent_id), QApplication.processEvents)
    assert own_paints.pixels == []
    assert 0 < sum(map_paints.pixels) < viewport.width() * viewport.height() / 4
