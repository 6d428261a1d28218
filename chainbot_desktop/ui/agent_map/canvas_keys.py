"""What keys do on the map: everything that fingers do there, without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

from chainbot_desktop.ui.agent_map.geometry import Point

if TYPE_CHECKING:
    from chainbot_desktop.ui.agent_map.canvas import MapCanvas

NUDGE = 24.0
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class CanvasKeys:
    """Arrows go from node to node: they select, or (in select mode) move the cursor, or (while a link is drawn) choose its target."""

    def __init__(self, canvas: MapCanvas) -> None:
        self._canvas = canvas
        self._plain: Mapping[Qt.Key, Callable[[], object]] = {
            Qt.Key.Key_Plus: lambda: canvas.zoom_step(1),
            Qt.Key.Key_Equal: lambda: canvas.zoom_step(1),
            Qt.Key.Key_Minus: lambda: canvas.zoom_step(-1),
            Qt.Key.Key_0: canvas.full_size,
        }

    def press(self, event: QKeyEvent) -> bool:
        """Whether the key was for the map."""
        canvas, key = self._canvas, Qt.Key(event.key())
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        control = bool(held & Qt.KeyboardModifier.ControlModifier)
        if key in ARROWS:
            self._arrow(*ARROWS[key], nudge=bool(held & Qt.KeyboardModifier.ShiftModifier))
        elif key in self._plain:
            self._plain[key]()
        elif key == Qt.Key.Key_Escape:
            return canvas.step_back()
        elif key == Qt.Key.Key_A and control:
            canvas.all_wanted.emit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and canvas.hand.link is not None:
            canvas.release_wanted.emit(canvas.hand.link)
        elif key in _ENTER or key == Qt.Key.Key_Space:
            return self._confirm(enter=key in _ENTER)
        elif control or held & Qt.KeyboardModifier.AltModifier:
            return False
        else:
            return self._letter(key, shifted=bool(held & Qt.KeyboardModifier.ShiftModifier))
        return True

    def _letter(self, key: Qt.Key, *, shifted: bool) -> bool:
        canvas = self._canvas
        if key == Qt.Key.Key_F and not shifted:
            canvas.fit()
        elif key == Qt.Key.Key_S and not shifted:
            canvas.mode_wanted.emit()
        elif key == Qt.Key.Key_L and shifted:
            canvas.next_link_wanted.emit()
        elif key == Qt.Key.Key_L:
            canvas.aim_from(canvas.scene_map.selected)
        else:
            return False
        return True

    def _confirm(self, *, enter: bool) -> bool:
        canvas = self._canvas
        if canvas.aiming:
            if canvas.hand.aim is not None:
                canvas.take_aim()
        elif canvas.selecting:
            if canvas.hand.cursor is not None:
                canvas.toggled.emit(canvas.hand.cursor)
        elif enter and canvas.scene_map.selected is not None:
            canvas.opened.emit(canvas.scene_map.selected)
        else:
            return False
        return True

    def _arrow(self, dx: int, dy: int, *, nudge: bool) -> None:
        canvas, scene = self._canvas, self._canvas.scene_map
        if nudge:
            if scene.chosen and not canvas.read_only:
                canvas.nudged.emit(sorted(scene.chosen), dx * NUDGE, dy * NUDGE)
            return
        hand = canvas.hand
        at = (
            (hand.aim or hand.source)
            if canvas.aiming
            else (hand.cursor or scene.selected)
            if canvas.selecting
            else scene.selected
        )
        neighbour = self._neighbour(at, dx, dy)
        if neighbour is None:
            return
        if canvas.aiming:
            canvas.aim_at(neighbour)
        elif canvas.selecting:
            canvas.put_cursor(neighbour)
        else:
            canvas.selected.emit(neighbour)
        canvas.keep_in_view(neighbour)

    def _neighbour(self, at: str | None, dx: int, dy: int) -> str | None:
        canvas, model = self._canvas, self._canvas.scene_map.model
        start = model.places.get(at) if at is not None else None
        if start is None:
            middle: QPointF = canvas.view_ground().center()
            return model.nearest(Point(middle.x(), middle.y()), lambda x, y: x * x + y * y)

        def cost(x: float, y: float) -> float | None:
            along, across = x * dx + y * dy, x * dy + y * dx
            return along + 2 * abs(across) if along > 0 and abs(across) <= 3 * along else None

        return model.nearest(start, cost, but=at)
