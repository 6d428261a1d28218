"""How a row of the conversation list is painted: name and time, and under them the last words and what goes on."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.store.conversation_rows import MARK_BEGIN, MARK_END
from chainbot_desktop.ui.agent_map.shapes import draw_shape
from chainbot_desktop.ui.chat.conversation_rows import ROW_ROLE, WORK_ROLE, Index, Row
from chainbot_desktop.ui.chat.time_words import relative_time
from chainbot_desktop.ui.theme import ThemeSource

ROW_HEIGHT = 56
_SHOWN = 400
"""Characters of a text that can be seen at most."""


class ConversationDelegate(QStyledItemDelegate):
    """`current` is the conversation that is open."""

    def __init__(self, themes: ThemeSource, parent: QObject) -> None:
        super().__init__(parent)
        self._themes = themes
        self.current = ""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, self._themes.current.px(ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW_ROLE)
        assert isinstance(row, Row)
        rect: QRect = option.rect
        theme = self._themes.current
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option, row)
        inner = rect.adjusted(theme.px(12), 0, -theme.px(10), 0)
        if row.switch:
            painter.setFont(theme.font("small"))
            painter.setPen(theme.color("dim"))
            painter.drawText(inner, int(Qt.AlignmentFlag.AlignVCenter), row.title)
        else:
            work = index.data(WORK_ROLE)  # through Qt, the word of it
            self._paint_first(painter, inner, row)
            self._paint_second(painter, inner, row, AgentState(work) if work else None)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        theme = self._themes.current
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        if row.key and row.key == self.current and not row.message_id:
            painter.fillRect(rect, theme.color("surface3"))
            painter.fillRect(QRect(rect.left(), rect.top(), theme.px(3), rect.height()), theme.color("accent"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme.color("surface2"))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(theme.color("accent"), theme.px(2)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(rect).adjusted(2, 2, -2, -2), theme.px(6), theme.px(6))

    def _paint_first(self, painter: QPainter, inner: QRect, row: Row) -> None:
        theme = self._themes.current
        label = theme.font("label")
        strong = theme.font("strong" if row.unread else "body")
        baseline = inner.top() + theme.px(23)
        time = relative_time(row.time, datetime.now().astimezone()) if row.time else ""
        right = inner.right() - QFontMetrics(label).horizontalAdvance(time)
        painter.setFont(label)
        painter.setPen(theme.color("dim"))
        painter.drawText(QPointF(right, baseline), time)
        left = inner.left()
        for icon, shown in (("pin", row.pinned), ("branch", bool(row.stem))):
            if shown:
                painter.drawPixmap(left, baseline - theme.px(13), theme.pixmap(icon, "dim", 15))
                left += theme.px(19)
        painter.setFont(strong)
        painter.setPen(theme.color("text"))
        title = QFontMetrics(strong).elidedText(row.title[:_SHOWN], Qt.TextElideMode.ElideRight, right - theme.px(8) - left)
        painter.drawText(QPointF(left, baseline), title)

    def _paint_second(self, painter: QPainter, inner: QRect, row: Row, work: AgentState | None) -> None:
        theme = self._themes.current
        baseline = inner.top() + theme.px(44)
        right = inner.right()
        if row.unread:
            right -= self._paint_badge(painter, right, baseline, row.unread) + theme.px(6)
        if work is not None:
            side = theme.px(12)
            draw_shape(painter, work, QPointF(right - side / 2, baseline - theme.px(4)), side, theme)
            right -= side + theme.px(6)
        text = row.text[:_SHOWN]
        if row.stem and row.stem != row.title:
            text = f"of {row.stem[:60]} · {text}"
        _paint_marked(painter, QPointF(inner.left(), baseline), text, right - inner.left(), self._themes)

    def _paint_badge(self, painter: QPainter, right: int, baseline: int, count: int) -> int:
        theme = self._themes.current
        text = str(count) if count < 100 else "99+"
        font = theme.font("label")
        font.setWeight(QFont.Weight.DemiBold)
        metrics = QFontMetrics(font)
        height = theme.px(18)
        width = max(height, metrics.horizontalAdvance(text) + theme.px(10))
        box = QRectF(right - width, baseline - theme.px(13), width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(box, height / 2, height / 2)
        painter.setPen(theme.color("on_accent"))
        painter.setFont(font)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)
        return width


def _paint_marked(painter: QPainter, at: QPointF, text: str, room: int, themes: ThemeSource) -> None:
    """Draw text whose parts between the marks are strong, as far as there is room."""
    theme = themes.current
    font = theme.font("small")
    strong = QFont(font)
    strong.setWeight(QFont.Weight.DemiBold)
    left, marked = at.x(), False
    if MARK_BEGIN in text:  # begin where the find is in sight
        start = text.index(MARK_BEGIN)
        text = ("…" + text[start - 12 :]) if start > 14 else text
    for part in text.replace(MARK_END, MARK_BEGIN).split(MARK_BEGIN):
        used = strong if marked else font
        painter.setFont(used)
        painter.setPen(theme.color("accent" if marked else "dim"))
        rest = at.x() + room - left
        if rest < theme.px(10):
            break
        shown = QFontMetrics(used).elidedText(part, Qt.TextElideMode.ElideRight, int(rest))
        painter.drawText(QPointF(left, at.y()), shown)
        left += QFontMetrics(used).horizontalAdvance(shown)
        marked = not marked
