"""The rows of the conversation list: conversations, or what a search found in them; and how a row is painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from chainbot_desktop.chat.markdown import visible
from chainbot_desktop.chat.plain_words import without_markup
from chainbot_desktop.store.conversation_rows import MARK_BEGIN, MARK_END, Conversation, Hit
from chainbot_desktop.ui.chat.time_words import relative_time
from chainbot_desktop.ui.theme import ThemeSource

Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list. `message_id` where it is a message that was found; `switch` where it leads to another list."""

    key: str
    title: str
    text: str
    time: str = ""
    unread: int = 0
    pinned: bool = False
    message_id: str = ""
    switch: str = ""

    @property
    def words(self) -> str:
        unread = f", {self.unread} unread" if self.unread else ""
        return f"{self.title}{unread}: {self.text.replace(MARK_BEGIN, '').replace(MARK_END, '')}"


def conversation_row(conversation: Conversation) -> Row:
    title = visible(conversation.title) or "New conversation"
    text = "Draft: " + conversation.draft if conversation.draft.strip() else without_markup(conversation.last_text)
    text = visible(" ".join(text.split())) or "No messages yet"
    return Row(conversation.id, title, text, conversation.updated_at, conversation.unread, conversation.pinned)


def hit_row(hit: Hit) -> Row:
    marked = hit.snippet.replace(MARK_BEGIN, "\ue000").replace(MARK_END, "\ue001")
    text = visible(" ".join(marked.split())).replace("\ue000", MARK_BEGIN).replace("\ue001", MARK_END)
    return Row(hit.conversation_id, visible(hit.title) or "New conversation", text, hit.created_at, message_id=hit.message_id)


class ConversationModel(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Rows that stay in their place are only repainted, so that a scroll or a press in the list is not disturbed."""
        if [(r.key, r.message_id, r.switch) for r in rows] == [(r.key, r.message_id, r.switch) for r in self._rows]:
            self._rows = list(rows)
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    def row_of(self, key: str) -> int:
        return next((i for i, row in enumerate(self._rows) if row.key == key and not row.message_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not 0 <= index.row() < len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        return row.words if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole} else None


class ConversationDelegate(QStyledItemDelegate):
    """Two lines: name and time, the last words and what is unread. `current` is the conversation that is open."""

    def __init__(self, themes: ThemeSource, parent: QObject) -> None:
        super().__init__(parent)
        self._themes = themes
        self.current = ""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row = index.data(ROW_ROLE)
        return QSize(100, self._themes.current.px(48 if isinstance(row, Row) and row.switch else 64))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW_ROLE)
        assert isinstance(row, Row)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        theme = self._themes.current
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_open = row.key == self.current and not row.message_id and not row.switch
        if is_open:
            painter.fillRect(rect, theme.color("surface3"))
            painter.fillRect(QRect(rect.left(), rect.top(), theme.px(3), rect.height()), theme.color("accent"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme.color("surface2"))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(theme.color("accent"), theme.px(2)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(rect).adjusted(2, 2, -2, -2), theme.px(6), theme.px(6))
        inner = rect.adjusted(theme.px(12), 0, -theme.px(10), 0)
        if row.switch:
            painter.setFont(theme.font("small"))
            painter.setPen(theme.color("dim"))
            painter.drawText(inner, int(Qt.AlignmentFlag.AlignVCenter), row.title)
        else:
            self._paint_lines(painter, inner, row)
        painter.restore()

    def _paint_lines(self, painter: QPainter, inner: QRect, row: Row) -> None:
        theme = self._themes.current
        small, label = theme.font("small"), theme.font("label")
        strong = theme.font("strong" if row.unread else "body")
        time = relative_time(row.time, datetime.now().astimezone()) if row.time else ""
        time_width = QFontMetrics(label).horizontalAdvance(time)
        right = inner.right()
        first, second = inner.top() + theme.px(26), inner.top() + theme.px(48)
        painter.setFont(label)
        painter.setPen(theme.color("dim"))
        painter.drawText(QPointF(right - time_width, first), time)
        left = inner.left()
        if row.pinned:
            painter.drawPixmap(left, first - theme.px(13), theme.pixmap("pin", "dim", 15))
            left += theme.px(19)
        painter.setFont(strong)
        painter.setPen(theme.color("text"))
        room = right - time_width - theme.px(8) - left
        painter.drawText(QPointF(left, first), QFontMetrics(strong).elidedText(row.title, Qt.TextElideMode.ElideRight, room))
        if row.unread:
            right -= self._paint_badge(painter, right, second, row.unread) + theme.px(6)
        _paint_marked(painter, QPointF(inner.left(), second), row.text, right - inner.left(), small, self._themes)

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


def _paint_marked(painter: QPainter, at: QPointF, text: str, room: int, font: QFont, themes: ThemeSource) -> None:
    """Draw text whose parts between the marks are strong, as far as there is room."""
    theme = themes.current
    strong = QFont(font)
    strong.setWeight(QFont.Weight.DemiBold)
    left, marked = at.x(), False
    if MARK_BEGIN in text:  # begin where the find is in sight
        start = text.index(MARK_BEGIN)
        text = ("…" + text[start - 12 :]) if start > 14 else text
    for part in text.replace(MARK_END, MARK_BEGIN).split(MARK_BEGIN):
        used = strong if marked else font
        painter.setFont(used)
        painter.setPen(theme.color("text" if marked else "dim"))
        rest = at.x() + room - left
        if rest < theme.px(10):
            break
        shown = QFontMetrics(used).elidedText(part, Qt.TextElideMode.ElideRight, int(rest))
        painter.drawText(QPointF(left, at.y()), shown)
        left += QFontMetrics(used).horizontalAdvance(shown)
        marked = not marked
