"""How a row of events or log lines looks: a mark, what it is and when on the first line, what it says on the second.

On a wide list the same parts stand in columns. Laid-out text is kept by what it says: types, sources and names come again and again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QStaticText, QTransform

from chainbot_desktop.ui.theme import FontRole, Theme
from chainbot_desktop.ui.watchtower.marks import Mark, MarkPainter

WIDE = 860
"""Pixels from which a row has columns."""
_TIME = "00:00:00.000"
_KEPT_TEXTS = 1500
_KEPT_ROWS = 400


@dataclass(frozen=True, slots=True)
class RowText:
    """One row. `origin` is where it comes from, `about` what it concerns; `ground` a colour for a row that stands out."""

    mark: Mark
    title: str
    origin: str
    about: str
    time: str
    detail: str
    text: str
    ground: str | None = None


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Indexed(Protocol[T_co]):
    """What is shown: a list, or a window of one."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> T_co: ...


class TextCache:
    """Laid-out, elided text by (font role, text, width). Belongs to one theme at a time."""

    def __init__(self) -> None:
        self._theme: Theme | None = None
        self._texts: dict[tuple[FontRole, str, int], tuple[QStaticText, int]] = {}
        self._fonts: dict[FontRole, tuple[QFont, QFontMetrics]] = {}
        self._widths: dict[tuple[FontRole, str], int] = {}

    def use(self, theme: Theme) -> None:
        if theme is not self._theme:
            self._theme = theme
            self._texts.clear()
            self._fonts.clear()
            self._widths.clear()

    def font(self, role: FontRole) -> tuple[QFont, QFontMetrics]:
        found = self._fonts.get(role)
        if found is None:
            assert self._theme is not None
            font = self._theme.font(role)
            found = self._fonts[role] = (font, QFontMetrics(font))
        return found

    def width(self, role: FontRole, text: str) -> int:
        found = self._widths.get((role, text))
        if found is None:
            found = self._widths[role, text] = self.font(role)[1].horizontalAdvance(text)
        return found

    def draw(self, painter: QPainter, role: FontRole, text: str, x: int, middle: int, width: int, color: QColor) -> int:
        """Draw one line of `text` from `x`, centred on `middle`; its width (never more than `width`)."""
        if not text or width <= 0:
            return 0
        font, metrics = self.font(role)
        laid_out, advance = self._lay_out(role, text, width, font, metrics)
        painter.setFont(font)
        painter.setPen(color)
        painter.drawStaticText(QPointF(x, middle - metrics.height() / 2), laid_out)
        return advance

    def write(self, painter: QPainter, role: FontRole, text: str, x: int, middle: int, width: int, color: QColor) -> None:
        """As `draw`, for a text that is not seen again: laying it out for keeps would cost more than it saves."""
        if not text or width <= 0:
            return
        font, metrics = self.font(role)
        # No letter is wider than the font is high, so a short text needs no measuring.
        if len(text) * font.pixelSize() > width:
            text = self._fitted(text, width, metrics)
        painter.setFont(font)
        painter.setPen(color)
        painter.drawText(x, middle - metrics.height() // 2 + metrics.ascent(), text)

    def _fitted(self, text: str, width: int, metrics: QFontMetrics) -> str:
        # Far more letters than fit need not be measured one by one.
        roomy = text[: max(8, 3 * width // max(1, metrics.averageCharWidth()))]
        if len(roomy) < len(text):
            roomy += "…"
        elif metrics.horizontalAdvance(roomy) <= width:
            return roomy
        return metrics.elidedText(roomy, Qt.TextElideMode.ElideRight, width)

    def _lay_out(self, role: FontRole, text: str, width: int, font: QFont, metrics: QFontMetrics) -> tuple[QStaticText, int]:
        key = (role, text, width)
        found = self._texts.get(key)
        if found is not None:
            return found
        fitting = self._fitted(text, width, metrics)
        laid_out = QStaticText(fitting)
        laid_out.setTextFormat(Qt.TextFormat.PlainText)
        laid_out.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
        laid_out.prepare(QTransform(), font)
        if len(self._texts) >= _KEPT_TEXTS:
            self._texts.clear()
        found = self._texts[key] = (laid_out, metrics.horizontalAdvance(fitting))
        return found


class TwoLineRows(Generic[T]):
    """Implements `Rows` over items that `text_of` puts into words; `number_of` tells them apart."""

    def __init__(
        self,
        items: Indexed[T],
        text_of: Callable[[T], RowText],
        number_of: Callable[[T], int],
    ) -> None:
        self._items = items
        self._text_of = text_of
        self._number_of = number_of
        self._texts = TextCache()
        self._marks = MarkPainter()
        self._rows: dict[int, RowText] = {}

    def __len__(self) -> int:
        return len(self._items)

    def row_height(self, theme: Theme, width: int) -> int:
        return theme.px(48)

    def row(self, index: int) -> RowText:
        item = self._items[index]
        number = self._number_of(item)
        found = self._rows.get(number)
        if found is None:
            if len(self._rows) >= _KEPT_ROWS:
                self._rows.clear()
            found = self._rows[number] = self._text_of(item)
        return found

    def forget(self) -> None:
        """The items' numbers mean other items from now on."""
        self._rows.clear()

    def ground(self, index: int, theme: Theme) -> str | None:
        return self.row(index).ground

    def spoken(self, index: int) -> str:
        row = self.row(index)
        return f"{row.mark} {row.title}, {row.about or row.origin}, {row.time}: {row.text}"

    def paint_row(self, painter: QPainter, rect: QRect, index: int, theme: Theme) -> None:
        self._texts.use(theme)
        row = self.row(index)
        if rect.width() >= theme.px(WIDE):
            self._paint_wide(painter, rect, row, theme)
        else:
            self._paint_narrow(painter, rect, row, theme)

    def _paint_narrow(self, painter: QPainter, rect: QRect, row: RowText, theme: Theme) -> None:
        px, texts = theme.px, self._texts
        dim, side = theme.color("dim"), px(18)
        upper, lower = rect.top() + px(15), rect.top() + px(34)
        painter.drawPixmap(px(12), upper - side // 2, self._marks.pixmap(row.mark, side, theme))
        left, right = px(40), rect.right() - px(14)
        time_width = texts.width("mono_small", _TIME)
        texts.write(painter, "mono_small", row.time, right - time_width, upper, px(200), dim)
        room = right - time_width - px(12) - left
        used = texts.draw(painter, "small", row.title, left, upper, room, theme.color("text")) + px(12)
        texts.write(painter, "small", row.about or row.origin, left + used, upper, room - used, theme.color("accent"))
        texts.write(painter, "small", row.text, left, lower, right - left, dim)

    def _paint_wide(self, painter: QPainter, rect: QRect, row: RowText, theme: Theme) -> None:
        px, texts = theme.px, self._texts
        dim, text, side = theme.color("dim"), theme.color("text"), px(18)
        upper, lower, middle = rect.top() + px(15), rect.top() + px(33), rect.center().y()
        time_width = texts.width("mono_small", _TIME)
        texts.write(painter, "mono_small", row.time, px(12), upper, px(200), dim)
        texts.write(painter, "mono_small", row.detail, px(12), lower, px(200), dim)
        left = px(12) + time_width + px(14)
        painter.drawPixmap(left, middle - side // 2, self._marks.pixmap(row.mark, side, theme))
        left += side + px(12)
        column = px(210)
        texts.draw(painter, "small", row.title, left, upper, column, text)
        texts.draw(painter, "small", row.origin, left, lower, column, dim)
        left += column + px(14)
        texts.write(painter, "small", row.about, left, middle, px(150), theme.color("accent"))
        left += px(164)
        texts.write(painter, "small", row.text, left, middle, rect.right() - px(14) - left, text)
