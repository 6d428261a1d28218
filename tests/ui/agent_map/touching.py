"""Fingers and the mouse on a map whose agents run, and what is on it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.link_sheet import LinkSheet
from chainbot_desktop.ui.agent_map.radial_menu import RadialMenu
from tests.ui.acting import act
from tests.ui.agent_map.steering import Steering

_NONE = Qt.KeyboardModifier.NoModifier


class Hand:
    """One pointer, a finger or the mouse; positions are of the map's viewport unless another widget is named."""

    def __init__(self, steering: Steering, screen: QPointingDevice | None) -> None:
        self.steering = steering
        self._screen = screen
        self._at: QPoint | None = None
        self._on: QWidget = steering.view.canvas.viewport()

    def press(self, at: QPoint, on: QWidget | None = None, held: Qt.KeyboardModifier = _NONE) -> None:
        self._on, self._at = on or self.steering.view.canvas.viewport(), at
        if self._screen is None:
            self._act(lambda: QTest.mousePress(self._on, Qt.MouseButton.LeftButton, held, at))
        else:
            self._touch("press", at)

    def move(self, to: QPoint) -> None:
        self._at = to
        if self._screen is None:
            self._act(lambda: QTest.mouseMove(self._on, to))
        else:
            self._touch("move", to)

    def lift(self, held: Qt.KeyboardModifier = _NONE) -> None:
        at, self._at = self._at, None
        if at is not None and self._screen is None:
            self._act(lambda: QTest.mouseRelease(self._on, Qt.MouseButton.LeftButton, held, at))
        elif at is not None:
            self._touch("release", at)

    def tap(self, at: QPoint, held: Qt.KeyboardModifier = _NONE) -> None:
        self.press(at, held=held)
        self.lift(held)

    def drag(self, start: QPoint, end: QPoint) -> None:
        self.press(start)
        for step in range(1, 5):
            self.move(start + (end - start) * step / 4)
        self.lift()

    def node(self, agent_id: str) -> QPoint:
        place = self.steering.view._model.places[agent_id]
        return self.steering.view.canvas.mapFromScene(QPointF(*place))

    def handle(self) -> QPoint:
        canvas = self.steering.view.canvas
        size = canvas.viewport().size()
        found = [
            QPoint(x, y)
            for x in range(0, size.width(), 4)
            for y in range(0, size.height(), 4)
            if canvas.handle_under(Point(x, y)) is not None
        ]
        assert found, "a selected node shows a handle"
        columns, rows = [at.x() for at in found], [at.y() for at in found]
        return QPoint((min(columns) + max(columns)) // 2, (min(rows) + max(rows)) // 2)

    def ground(self) -> QPoint:
        canvas = self.steering.view.canvas
        for x in range(20, canvas.viewport().width() - 20, 10):
            for y in range(20, canvas.viewport().height() - 90, 10):
                if canvas.node_under(Point(x, y)) is None and not canvas._map.link_at(canvas.mapToScene(x, y), 60):
                    return QPoint(x, y)
        raise AssertionError("no bare ground")

    def _act(self, deed: object) -> None:
        assert callable(deed)
        act(self.steering.run, deed)

    def _touch(self, what: str, at: QPoint) -> None:
        screen = self._screen
        assert screen is not None

        def touch() -> None:
            sequence = QTest.touchEvent(self._on, screen)
            getattr(sequence, what)(0, at, self._on)
            sequence.commit()

        self._act(touch)


def key(steering: Steering, which: Qt.Key, held: Qt.KeyboardModifier = _NONE) -> None:
    act(steering.run, lambda: QTest.keyClick(steering.view.canvas, which, held))


def link_sheet(steering: Steering) -> LinkSheet:
    return next(sheet for sheet in steering.view.findChildren(LinkSheet) if sheet.is_open)


def radial(steering: Steering) -> RadialMenu:
    return next(menu for menu in steering.view.findChildren(RadialMenu) if menu.is_open)


def right_click(steering: Steering, at: QPoint, *, keyboard: bool = False) -> RadialMenu:
    viewport = steering.view.canvas.viewport()
    reason = QContextMenuEvent.Reason.Keyboard if keyboard else QContextMenuEvent.Reason.Mouse
    event = QContextMenuEvent(reason, at, viewport.mapToGlobal(at))
    act(steering.run, lambda: QApplication.sendEvent(viewport, event))
    return radial(steering)
