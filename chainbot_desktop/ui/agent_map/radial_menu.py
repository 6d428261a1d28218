"""A menu around the finger: harmless actions in a ring, what destroys in a strip apart from it.

The finger that opened it may slide onto an action and let go, or lift and tap. What destroys is never done by sliding: it takes a tap,
and one that asks nothing else takes two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.ui.widgets.overlay import Overlay

RING = 8
"""So many actions have room around a finger; of more, the last place opens the rest as a list."""
_SLACK = 8
_ITEM = QSize(94, 76)
_RADII = (136, 112)
_DISC = 48


@dataclass(frozen=True, slots=True)
class Entry:
    label: str
    icon: str
    run: Callable[[], object]
    danger: bool = False
    enabled: bool = True


class RadialMenu(Overlay):
    """`open_at` a global position."""

    def __init__(self, origin: QWidget, themes: ThemeSource, title: str, entries: Sequence[Entry]) -> None:
        super().__init__(origin, themes, "plain")
        self.setAccessibleName(title)
        self._at = QPoint()
        self._start = QPoint()
        harmless = [entry for entry in entries if not entry.danger]
        self._rest = harmless[RING - 1 :] if len(harmless) > RING else []
        ring = harmless[: RING - 1] if self._rest else harmless
        self.items = [RadialItem(entry, themes, self.panel) for entry in ring]
        if self._rest:
            self.items.append(RadialItem(Entry("More…", "more", self._open_rest), themes, self.panel))
        for item in self.items:
            item.clicked.connect(self._on_item)
        self.strip = QWidget(self.panel)
        row = QHBoxLayout(self.strip)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.current.px(24))
        self.dangers = [_DangerButton(entry, themes, self._finish) for entry in entries if entry.danger]
        for button in self.dangers:
            row.addWidget(button)
        self.strip.setVisible(bool(self.dangers))
        self.setMouseTracking(True)

    def open_at(self, position: QPoint) -> None:
        self._start = position
        self._at = self._host.mapFromGlobal(position)
        self.open()

    def slide(self, position: QPoint, let_go: bool) -> None:
        """The finger that opened it is there now."""
        if not self.is_open:
            return
        away = (position - self._start).manhattanLength() > self.themes.current.px(_SLACK)
        under = self.item_at(position) if away else None
        for item in self.items:
            item.set_hot(item is under and not let_go)
        if let_go and under is not None:
            under.click()

    def item_at(self, position: QPoint) -> RadialItem | None:
        at = self.panel.mapFromGlobal(position)
        return next((item for item in self.items if item.isEnabled() and item.geometry().contains(at)), None)

    def place_panel(self) -> None:
        """Around the place that asked for it, moved so far that all of it is inside the window."""
        self.panel.setGeometry(self.rect())
        edge = self.themes.current.px(4)
        room = self.rect().adjusted(edge, edge, -edge, -edge)
        boxes, strip, around = self._boxes(self.themes.current.px(_RADII[1]))
        if around.height() > room.height():  # with very large text the ring is flatter
            flatter = (around.height() - room.height() + 1) // 2
            boxes, strip, around = self._boxes(self.themes.current.px(_RADII[1]) - flatter)
        x = min(max(self._at.x(), room.left() - around.left()), room.right() - around.right())
        y = min(max(self._at.y(), room.top() - around.top()), room.bottom() - around.bottom())
        self._middle = QPoint(x, y)
        for item, box in zip(self.items, boxes, strict=True):
            item.setGeometry(box.translated(self._middle))
        self.strip.setGeometry(strip.translated(self._middle))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Right, Qt.Key.Key_Down):
            self.focusNextPrevChild(True)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Up):
            self.focusNextPrevChild(False)
        elif event.text().isalnum() and event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.ShiftModifier,
        ):
            self._to_letter(event.text().casefold())
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """What is no action is beside the menu."""
        self.dismiss()
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        theme = self.themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent"), theme.px(2)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(self._middle), theme.px(20), theme.px(20))

    def _boxes(self, high: int) -> tuple[list[QRect], QRect, QRect]:
        """Of the items, of what stands apart, and of all together, around (0, 0). Clockwise from the top; a few items stand as if
        there were four."""
        theme = self.themes.current
        item = QRect(0, 0, theme.px(_ITEM.width()), theme.px(_ITEM.height()))
        item.moveCenter(QPoint(0, 0))
        turns = [2 * math.pi * number / max(len(self.items), 4) - math.pi / 2 for number in range(len(self.items))]
        wide = theme.px(_RADII[0])
        boxes = [item.translated(round(math.cos(turn) * wide), round(math.sin(turn) * high)) for turn in turns]
        around = QRect()
        for box in boxes:
            around = around.united(box)
        size = self.strip.sizeHint()
        strip = QRect(-size.width() // 2, around.bottom() + theme.px(16), size.width(), size.height())
        return boxes, strip, around.united(strip) if self.dangers else around

    def _to_letter(self, letter: str) -> None:
        stops: list[QAbstractButton] = [*self.items, *self.dangers]
        focused = next((number for number, each in enumerate(stops) if each.hasFocus()), -1)
        for each in (*stops[focused + 1 :], *stops[: focused + 1]):
            if each.isEnabled() and each.accessibleName().casefold().startswith(letter):
                each.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return

    def _on_item(self) -> None:
        item = self.sender()
        if isinstance(item, RadialItem):
            self._finish(item.entry)

    def _finish(self, entry: Entry) -> None:
        if self.is_open:
            self.dismiss()
            entry.run()

    def _open_rest(self) -> None:
        menu = MenuSheet(self._host, self.themes)
        for entry in self._rest:
            menu.add(entry.label, entry.run, icon=entry.icon, enabled=entry.enabled)
        menu.open_at(self._host.mapToGlobal(self._at))


class RadialItem(QAbstractButton):
    """A disc with an icon, its label below."""

    def __init__(self, entry: Entry, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self.entry = entry
        self._themes = themes
        self._hot = False
        self.setAccessibleName(entry.label)
        self.setEnabled(entry.enabled)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_hot(self, hot: bool) -> None:
        """The finger is over it."""
        if hot != self._hot:
            self._hot = hot
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif event.key() == Qt.Key.Key_Space:
            super().keyPressEvent(event)
        else:
            event.ignore()  # arrows go around the ring, which the menu knows

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = theme.px(_DISC)
        disc = QRectF((self.width() - side) / 2, 1, side - 2, side - 2)
        lit = self._hot or self.isDown()
        painter.setPen(QPen(theme.color("accent" if lit or self.hasFocus() else "line"), 2.5 if self.hasFocus() else 1.2))
        painter.setBrush(theme.color("accent" if lit else "surface2"))
        painter.drawEllipse(disc)
        tone = "faint" if not self.isEnabled() else "on_accent" if lit else "text"
        icon = theme.pixmap(self.entry.icon, tone, 22)
        size = icon.deviceIndependentSize()
        painter.drawPixmap(QPointF(disc.center().x() - size.width() / 2, disc.center().y() - size.height() / 2), icon)
        self._draw_label(painter, QRectF(0, side + 1, self.width(), self.height() - side - 1), faint=not self.isEnabled())

    def _draw_label(self, painter: QPainter, room: QRectF, *, faint: bool) -> None:
        theme = self._themes.current
        font = theme.font("label")
        painter.setFont(font)
        metrics = QFontMetrics(font)
        text = metrics.elidedText(
            self.entry.label.removesuffix("…"), Qt.TextElideMode.ElideRight, int(room.width()) - theme.px(8)
        )
        width = metrics.horizontalAdvance(text) + theme.px(8)
        plate = QRectF(room.center().x() - width / 2, room.y(), width, metrics.height() + 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("surface2"))
        painter.drawRoundedRect(plate, 5, 5)
        painter.setPen(theme.color("faint" if faint else "text"))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


class _DangerButton(Button):
    """One that ends in "…" asks by itself; any other is armed by the first tap and done by the second."""

    def __init__(self, entry: Entry, themes: ThemeSource, done: Callable[[Entry], object]) -> None:
        super().__init__(entry.label, themes, kind="danger", icon=entry.icon)
        self.setAccessibleName(entry.label)
        self._entry = entry
        self._done = done
        self.armed = entry.label.endswith("…")
        self.clicked.connect(self._on_clicked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """As wide as its question will be: nothing moves under the finger."""
        wide = QFontMetrics(self.font()).horizontalAdvance(self._asks()) + self._themes.current.px(60)
        return super().sizeHint().expandedTo(QSize(max(wide, self._themes.current.px(96)), self._themes.current.px(48)))

    def _asks(self) -> str:
        return f"{self._entry.label}: tap again"

    def _on_clicked(self) -> None:
        if self.armed:
            self._done(self._entry)
        else:
            self.armed = True
            self.setText(self._asks())
            self.setAccessibleName(self._asks())
