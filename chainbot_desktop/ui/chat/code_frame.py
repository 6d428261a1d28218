"""The frame of a code block in a card: its name, its buttons, and the fold of a long diff. Pure geometry and painting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from chainbot_desktop.chat.markdown import Code, visible
from chainbot_desktop.ui.chat.panel_painting import draw_panel
from chainbot_desktop.ui.theme import Theme

BAR = 40
INSET = 10
FINGER = 48
FOLDS_OVER = 20
"""Lines of a diff that is still shown whole."""

_NAME_ROOM = 84


@dataclass(frozen=True, slots=True)
class BarButton:
    """`area` is what a finger hits: higher than the bar. `kind` is that of the hit."""

    area: QRectF
    kind: str
    label: str


def folds(code: Code) -> bool:
    return code.is_diff and code.text.count("\n") >= FOLDS_OVER


def actions_of(code: Code) -> list[tuple[str, str]]:
    """(kind of hit, label) of what can be done with a block, what is used most first."""
    offered = [("copy", "Copy"), ("open", "Open in Code")]
    if code.is_diff or code.name:
        offered.append(("apply", "Apply"))
    if code.is_runnable:
        offered.append(("run", "Run"))
    return offered


def place_buttons(code: Code, bar: QRectF, theme: Theme, *, may_fold: bool = False) -> list[BarButton]:
    """The buttons of a bar from the right. Where not all fit, one "More" stands for those that do not."""
    metrics = QFontMetrics(theme.font("small"))
    offered = actions_of(code)
    room = bar.width() - theme.px(_NAME_ROOM) - (theme.px(FINGER) if may_fold else 0)
    widths = [_width(label, metrics, theme) for _, label in offered]
    fitting = len(offered)
    while fitting > 1 and sum(widths[:fitting]) + (0 if fitting == len(offered) else _width("More", metrics, theme)) > room:
        fitting -= 1
    shown = offered[:fitting]
    if fitting < len(offered):
        shown.append(("more", "More"))
    return _from_the_right(shown, bar, metrics, theme)


def hidden_actions(code: Code, buttons: Sequence[BarButton]) -> list[tuple[str, str]]:
    """What "More" stands for."""
    shown = {button.kind for button in buttons}
    return [offered for offered in actions_of(code) if offered[0] not in shown]


def paint_frame(
    painter: QPainter, theme: Theme, code: Code, frame: QRectF, buttons: Sequence[BarButton], *, is_open: bool
) -> None:
    bar = theme.px(BAR)
    draw_panel(painter, frame, theme.px(8), theme.color("ground"), theme.color("line"))
    if is_open:
        painter.fillRect(QRectF(frame.left(), frame.top() + bar, frame.width(), 1), theme.color("line"))
    left = frame.left() + theme.px(10)
    if folds(code):
        side = theme.px(16)
        icon = theme.pixmap("chevron-down" if is_open else "chevron-right", "dim", 16)
        painter.drawPixmap(QPointF(left, frame.top() + (bar - side) / 2), icon)
        left += theme.px(22)
    right = min((button.area.left() for button in buttons), default=frame.right()) - theme.px(6)
    _paint_title(painter, theme, code, QRectF(left, frame.top(), max(0.0, right - left), bar))
    painter.setFont(theme.font("small"))
    painter.setPen(theme.color("text"))
    for button in buttons:
        painter.drawText(QRectF(button.area.left(), frame.top(), button.area.width(), bar), _CENTER, button.label)


_CENTER = int(Qt.AlignmentFlag.AlignCenter)


def _paint_title(painter: QPainter, theme: Theme, code: Code, room: QRectF) -> None:
    """Its name or language; of a diff also how many lines it adds and takes away."""
    font = theme.font("small")
    metrics = QFontMetrics(font)
    painter.setFont(font)
    pieces: list[tuple[str, str]] = []
    if code.is_diff:
        added, removed = code.changed_lines()
        pieces += [(f"+{added}", "done"), (f"−{removed}", "failed")]
    name = visible(code.name or code.language or "text")
    taken = sum(metrics.horizontalAdvance(text) + theme.px(8) for text, _ in pieces)
    shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, max(theme.px(20), int(room.width()) - taken))
    x = room.left()
    for text, token in [(shown, "dim"), *pieces]:
        painter.setPen(theme.color(token))
        painter.drawText(QRectF(x, room.top(), room.right() - x, room.height()), int(Qt.AlignmentFlag.AlignVCenter), text)
        x += metrics.horizontalAdvance(text) + theme.px(8)


def _from_the_right(shown: Sequence[tuple[str, str]], bar: QRectF, metrics: QFontMetrics, theme: Theme) -> list[BarButton]:
    placed = []
    right = bar.right() - theme.px(4)
    for kind, label in reversed(shown):
        width = _width(label, metrics, theme)
        # The bar is 40 px high; a finger gets 48.
        top = bar.center().y() - theme.px(FINGER) / 2
        placed.append(BarButton(QRectF(right - width, top, width, theme.px(FINGER)), kind, label))
        right -= width
    return placed[::-1]


def _width(label: str, metrics: QFontMetrics, theme: Theme) -> float:
    return float(max(theme.px(FINGER), metrics.horizontalAdvance(label) + theme.px(20)))
