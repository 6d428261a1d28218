"""A task of an agent that can be taken in the hand and given to another: from the details, with a finger, the mouse or the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QHideEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QTouchEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import IconButton
from chainbot_desktop.ui.widgets.kinetic import hold_still

DRAG_AFTER = 8

_Type = QEvent.Type


class TaskChip(QWidget):
    """The pill itself. `lifted`, `carried`, `let_go` are with the finger's global position."""

    lifted = Signal(QPoint)
    carried = Signal(QPoint)
    let_go = Signal(QPoint)
    given_up = Signal()

    def __init__(self, text: str, waits: bool, themes: ThemeSource) -> None:
        super().__init__()
        self.text = text
        self._waits = waits
        self._themes = themes
        self._start: QPoint | None = None
        self._in_hand = False
        self.setAccessibleName(f"{'Waiting task' if waits else 'Task'}: {text}. Drag it to another agent to hand it over")
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(self._themes.current.px(160), self._themes.current.px(48))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QTouchEvent):
            kind = event.type()
            at = event.points()[0].globalPosition().toPoint() if event.points() else QPoint()
            if kind == _Type.TouchBegin:
                self._press(at)
            elif kind == _Type.TouchUpdate:
                self._move(at)
            elif kind == _Type.TouchEnd:
                self._release(at)
            else:
                self.give_up()
            event.accept()
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press(event.globalPosition().toPoint())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._move(event.globalPosition().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._release(event.globalPosition().toPoint())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._in_hand:
            self.give_up()
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.give_up()
        super().hideEvent(event)

    def give_up(self) -> None:
        self._start = None
        hold_still(self, False)
        if self._in_hand:
            self._in_hand = False
            self.given_up.emit()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._in_hand:
            painter.setOpacity(0.4)
        theme = self._themes.current
        height = theme.px(38)
        draw_chip(painter, QRectF(0.5, (self.height() - height) / 2, self.width() - 1, height), self.text, self._waits, theme)

    def _press(self, at: QPoint) -> None:
        self._start = at
        hold_still(self, True)  # else the same finger would scroll the details
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def _move(self, at: QPoint) -> None:
        if self._start is None:
            return
        if not self._in_hand and (at - self._start).manhattanLength() >= self._themes.current.px(DRAG_AFTER):
            self._in_hand = True
            self.update()
            self.lifted.emit(at)
        if self._in_hand:
            self.carried.emit(at)

    def _release(self, at: QPoint) -> None:
        in_hand, self._in_hand, self._start = self._in_hand, False, None
        hold_still(self, False)
        self.update()
        if in_hand:
            self.let_go.emit(at)


class TaskRow(QWidget):
    """The chip and the button that does the same without dragging."""

    hand_over_wanted = Signal()

    def __init__(self, run_id: str, text: str, waits: bool, themes: ThemeSource) -> None:
        super().__init__()
        self.run_id = run_id
        self.waits = waits
        self.chip = TaskChip(text, waits, themes)
        self.button = IconButton("handover", "Hand over…", themes)
        self.button.clicked.connect(self.hand_over_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.current.px(8))
        row.addWidget(self.chip, 1)
        row.addWidget(self.button)


class Ghost(QWidget):
    """The chip under the finger while it is carried."""

    def __init__(self, text: str, waits: bool, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._text, self._waits, self._theme = text, waits, theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        width = QFontMetrics(theme.font("body")).horizontalAdvance(text) + theme.px(56)
        self.resize(min(width, theme.px(220)), theme.px(40))
        self.show()
        self.raise_()

    def go_to(self, at: QPoint) -> None:
        """Above the finger, which would hide it otherwise."""
        self.move(at - QPoint(self.width() // 2, self.height() + self._theme.px(16)))

    def paintEvent(self, event: QPaintEvent) -> None:
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        draw_chip(QPainter(self), box, self._text, self._waits, self._theme, lit=True)


def draw_chip(painter: QPainter, box: QRectF, text: str, waits: bool, theme: Theme, *, lit: bool = False) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("accent" if lit else "line"), 1.5 if lit else 1))
    painter.setBrush(theme.color("surface2"))
    painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
    icon = theme.pixmap("clock" if waits else "play", "dim" if waits else "working", 16)
    side = icon.deviceIndependentSize()
    x = box.x() + theme.px(12)
    painter.drawPixmap(round(x), round(box.center().y() - side.height() / 2), icon)
    font = theme.font("body")
    painter.setFont(font)
    painter.setPen(theme.color("text"))
    words = box.adjusted(theme.px(12) + side.width() + theme.px(8), 0, -theme.px(14), 0)
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, int(words.width()))
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
