"""All of the map in a corner of it: where who is, and what of it the camera sees.

The picture of the nodes is kept and made anew a few times a second at most, and only after something changed; what follows the camera
is one rectangle over it. The widget lies over the viewport, not in it, and says nothing of being opaque: cutting its corner out of
what the map paints would cost each frame more than painting the map below it.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QTouchEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.batches import Rows, draw_rects
from chainbot_desktop.ui.agent_map.camera import MapCamera
from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH
from chainbot_desktop.ui.agent_map.gestures import DRAG_AFTER
from chainbot_desktop.ui.agent_map.scene import MapScene
from chainbot_desktop.ui.agent_map.shapes import token_of
from chainbot_desktop.ui.agent_map.sprites import FAINT, STATES
from chainbot_desktop.ui.theme import Theme, ThemeSource

_REFRESH_MS = 250
_WIDTH, _WIDEST, _SHARE = 160, 280, 0.2
_SHAPE = 0.6
"""Its height by its width."""
_MARGIN = 8
_PAN_STEP = 0.25
"""Of what the camera sees."""
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
_TOUCHES = {QEvent.Type.TouchBegin, QEvent.Type.TouchUpdate, QEvent.Type.TouchEnd}


class Minimap(QWidget):
    """Lies over `camera`, which is its parent; seen while it is `wanted` and the camera does not see everything."""

    def __init__(self, scene: MapScene, camera: MapCamera, themes: ThemeSource) -> None:
        super().__init__(camera)
        self._map = scene
        self._camera = camera
        self._themes = themes
        self._wanted = True
        self._ground = QRectF()
        self._picture: QPixmap | None = None
        self._loud: Rows = np.empty((0, 4))
        """Who needs input: drawn above all else, wherever the camera is."""
        self._pressed: QPointF | None = None
        self._grip: QPointF | None = None
        """While it is dragged: from the pointer to the middle of the camera's rectangle."""
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Overview of the map")
        self.setAccessibleDescription("Arrows move what is seen, plus and minus zoom.")
        self._refresh = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refresh.timeout.connect(self._on_refresh)
        scene.altered.connect(self._on_altered)
        camera.camera_moved.connect(self._on_camera_moved)
        themes.changed.connect(self._on_theme_changed)
        self.hide()

    @property
    def wanted(self) -> bool:
        return self._wanted

    def set_wanted(self, wanted: bool) -> None:
        self._wanted = wanted
        self._on_refresh()

    def view_box(self) -> QRectF:
        """What the camera sees, in pixels of this widget; some of it is always inside, so that it can be found."""
        scale, origin = self._projection()
        seen = self._camera.view_ground()
        box = QRectF(origin + seen.topLeft() * scale, seen.size() * scale)
        least = self._themes.current.px(8)
        if box.width() < least or box.height() < least:
            grown = box.size().expandedTo(QSize(least, least).toSizeF())
            box = QRectF(box.center() - QPointF(grown.width() / 2, grown.height() / 2), grown)
        room = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        inside = box.intersected(room)
        if inside.width() >= least and inside.height() >= least:
            return inside
        x = min(max(box.left(), room.left() - box.width() + least), room.right() - least)
        y = min(max(box.top(), room.top() - box.height() + least), room.bottom() - least)
        return QRectF(QPointF(x, y), box.size()).intersected(room)

    # What changed.

    def _on_altered(self) -> None:
        if self._wanted and not self._refresh.isActive():
            self._refresh.start()

    def _on_refresh(self) -> None:
        self._refresh.stop()
        self._picture = None
        self._ground = self._map.ground()
        self._on_camera_moved()

    def _on_camera_moved(self) -> None:
        shown = self._wanted and not self._ground.isEmpty() and self._has_room() and not self._camera.shows(self._ground)
        if shown:
            self._take_place()
        if shown or self._pressed is None:  # what is held does not vanish from under the finger
            self.setVisible(shown)
        self.update()

    def _on_theme_changed(self, _theme: Theme) -> None:
        self._on_refresh()

    def _has_room(self) -> bool:
        return self._camera.height() >= 2.2 * self._size().height()

    def _size(self) -> QSize:
        theme = self._themes.current
        width = round(min(max(self._camera.width() * _SHARE, theme.px(_WIDTH)), theme.px(_WIDEST)))
        return QSize(width, round(width * _SHAPE))

    def _take_place(self) -> None:
        size, margin = self._size(), self._themes.current.px(_MARGIN)
        if size != self.size():
            self._picture = None
        self.setGeometry(margin, self._camera.height() - size.height() - margin, size.width(), size.height())

    # Drawing.

    def _projection(self) -> tuple[float, QPointF]:
        """Pixels of one scene unit, and where the scene's origin is."""
        margin = self._themes.current.px(6)
        wide, high = self.width() - 2 * margin, self.height() - 2 * margin
        scale = min(wide / self._ground.width(), high / self._ground.height()) if not self._ground.isEmpty() else 1.0
        return scale, QPointF(self.width() / 2, self.height() / 2) - self._ground.center() * scale

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture is None:
            self._picture = self._draw_picture()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        theme = self._themes.current
        radius, seen = theme.px(8), self.view_box()
        out_of_view = QPainterPath()  # odd-even: what is in both is in neither
        out_of_view.addRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)
        out_of_view.addRect(seen)
        painter.fillPath(out_of_view, theme.color("surface1", 0.45))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(token_of(AgentState.NEEDS_INPUT)))
        draw_rects(painter, self._loud)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in (("surface1", 4.0), ("accent", 2.0)):
            painter.setPen(
                QPen(theme.color(colour), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.MiterJoin)
            )
            painter.drawRect(seen.adjusted(1, 1, -1, -1))
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)
        painter.end()

    def _draw_picture(self) -> QPixmap:
        theme, ratio = self._themes.current, self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self._draw_frame(painter, theme.color("surface1"))
        scale, origin = self._projection()
        painter.setPen(theme.color("line"))
        painter.setBrush(theme.color("surface2"))
        for group in self._map.model.groups:
            box = group.box
            corner = origin + QPointF(box.left, box.top) * scale
            painter.drawRect(QRectF(corner.x(), corner.y(), (box.right - box.left) * scale, (box.bottom - box.top) * scale))
        painter.setPen(Qt.PenStyle.NoPen)
        self._draw_dots(painter, scale, origin)
        painter.end()
        return picture

    def _draw_frame(self, painter: QPainter, ground: QColor) -> None:
        radius = self._themes.current.px(8)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._themes.current.color("line"))
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _draw_dots(self, painter: QPainter, scale: float, origin: QPointF) -> None:
        """State by state, and below all of them those that do not stand out. The loud ones are kept apart."""
        theme, nodes = self._themes.current, self._map.nodes
        slots = nodes.to_be_seen()
        middles = nodes.xy[slots] * scale + (origin.x(), origin.y())
        looks = nodes.looks[slots]
        states, faint = looks % len(STATES), looks >= FAINT
        size = np.array([max(CARD_WIDTH * scale * 0.8, 2.0), max(CARD_HEIGHT * scale * 0.8, 2.0)])
        for dim in (True, False):
            for number, state in enumerate(STATES):
                some = middles[(states == number) & (faint == dim)]
                if state is AgentState.NEEDS_INPUT and not dim:
                    self._loud = _around(some, np.maximum(size * 1.3, theme.px(5)))
                    continue
                painter.setBrush(theme.tint(token_of(state), 0.25) if dim else theme.color(token_of(state)))
                draw_rects(painter, _around(some, size))

    # Pointers: a tap centres, a drag takes the camera along.

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QTouchEvent):
            self._on_touch(event)
            event.accept()
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press(event.position())
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._move(event.position())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._release(event.position())
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y():
            self._camera.zoom_step(event.angleDelta().y() / 120)
        event.accept()

    def _on_touch(self, event: QTouchEvent) -> None:
        if event.type() not in _TOUCHES:
            self._let_go()
            return
        at = event.points()[0].position()
        if event.type() == QEvent.Type.TouchBegin:
            self._press(at)
        elif event.type() == QEvent.Type.TouchUpdate:
            self._move(at)
        else:
            self._release(at)

    def _press(self, at: QPointF) -> None:
        self._pressed, self._grip = at, None

    def _move(self, at: QPointF) -> None:
        if self._pressed is None:
            return
        if self._grip is None:
            if (at - self._pressed).manhattanLength() < self._themes.current.px(DRAG_AFTER):
                return
            scale, origin = self._projection()
            middle = origin + self._camera.view_ground().center() * scale
            # Taken by its rectangle it stays under the finger as it was; taken beside it it comes to the finger.
            self._grip = middle - self._pressed if self.view_box().contains(self._pressed) else QPointF()
        self._look_at(at + self._grip)

    def _release(self, at: QPointF) -> None:
        if self._pressed is not None and self._grip is None:
            self._look_at(at)
        self._let_go()

    def _let_go(self) -> None:
        self._pressed = self._grip = None
        self._on_camera_moved()

    def _look_at(self, at: QPointF) -> None:
        scale, origin = self._projection()
        self._camera.look_at((at - origin) / scale)

    # Keys.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key not in _ARROWS or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)  # the map's own keys, plus and minus among them, are its parent's
            return
        right, down = _ARROWS[key]
        size = self._camera.viewport().size()
        self._camera.pan_by(-right * size.width() * _PAN_STEP, -down * size.height() * _PAN_STEP)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()


def _around(middles: Rows, size: Rows) -> Rows:
    """Rectangles of that width and height."""
    return np.hstack([middles - size / 2, np.broadcast_to(size, middles.shape)])
