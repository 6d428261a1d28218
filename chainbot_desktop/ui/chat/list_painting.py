"""What the list of messages paints beside its cards: days, where what is new begins, and where a dragged scroll bar is."""

from __future__ import annotations

from datetime import date, datetime

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from chainbot_desktop.ui.chat.card_column import LINE, Separator
from chainbot_desktop.ui.chat.message_card import GAP, WIDEST
from chainbot_desktop.ui.chat.time_words import relative_time
from chainbot_desktop.ui.theme import Theme

_CENTER = int(Qt.AlignmentFlag.AlignCenter)


def day_words(day: date, today: date) -> str:
    """A day as people say it."""
    days = (today - day).days
    if days == 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    if 1 < days < 7:
        return f"{day:%A}"
    return f"{day:%A}, {day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")


def paint_separator(painter: QPainter, theme: Theme, separator: Separator, card: QRectF, now: datetime) -> None:
    """In the room above `card` (in the viewport)."""
    line, width = theme.px(LINE), min(card.width(), theme.px(WIDEST))
    top = card.top() - separator.lines * line - theme.px(GAP) / 2
    if separator.day is not None:
        words = day_words(separator.day, now.date())
        _paint_line(painter, theme, QRectF(card.left(), top, width, line), words, "dim", "line")
        top += line
    if separator.branched:
        _paint_line(painter, theme, QRectF(card.left(), top, width, line), "Branched here", "dim", "line")
        top += line
    if separator.new_since is not None:
        since = relative_time(separator.new_since, now)
        words = "New" if since == "now" else f"New since {since}"
        _paint_line(painter, theme, QRectF(card.left(), top, width, line), words, "accent", "accent")


def _paint_line(painter: QPainter, theme: Theme, area: QRectF, words: str, text: str, line: str) -> None:
    font = theme.font("label")
    width = QFontMetrics(font).horizontalAdvance(words) + theme.px(20)
    left, right = area.center().x() - width / 2, area.center().x() + width / 2
    painter.setPen(QPen(theme.color(line), 1))
    y = round(area.center().y()) + 0.5
    painter.drawLine(QLineF(area.left(), y, left, y))
    painter.drawLine(QLineF(right, y, area.right(), y))
    painter.setFont(font)
    painter.setPen(theme.color(text))
    painter.drawText(area, _CENTER, words)


def paint_position(painter: QPainter, theme: Theme, view: QRect, index: int, total: int) -> None:
    """Beside the scroll bar while it is dragged: which message that is."""
    words = "the newest" if index < 0 else f"{index + 1:,} of {total:,}"
    font = theme.font("strong")
    width = QFontMetrics(font).horizontalAdvance(words) + theme.px(28)
    pill = QRectF(QPointF(), QPointF(width, theme.px(40)))
    pill.moveCenter(QPointF(view.center()))
    pill.moveRight(view.right() - theme.px(12))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("line"), 1))
    painter.setBrush(theme.color("surface3"))
    painter.drawRoundedRect(pill, theme.px(10), theme.px(10))
    painter.setFont(font)
    painter.setPen(theme.color("text"))
    painter.drawText(pill, _CENTER, words)
