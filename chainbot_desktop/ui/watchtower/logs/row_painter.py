"""Paints a log line: time, level, where it comes from, and as much of its text as can be seen."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter

from chainbot_desktop.ui.theme import Theme
from chainbot_desktop.ui.watchtower.logs.ansi_colors import AnsiColors
from chainbot_desktop.ui.watchtower.logs.columns import lay_out
from chainbot_desktop.ui.watchtower.logs.highlight import Highlight
from chainbot_desktop.ui.watchtower.logs.line_text import PLAIN, LineText, Span, read_line
from chainbot_desktop.ui.watchtower.logs.row_texts import clock, level_mark
from chainbot_desktop.ui.watchtower.marks import Mark, MarkPainter
from chainbot_desktop.watch.logs.document import LogRow

_READ_AHEAD = 1_024
_LONGEST = 32_768
_LONGEST_WRAPPED = 4_096
"""Characters of a line that are painted: the details show the rest."""
_KEPT = 600
_INDENT = 2
_GROUNDS: dict[Mark, str] = {"warning": "needs_input", "error": "failed", "critical": "failed"}


@dataclass(frozen=True, slots=True)
class RowState:
    """How a row stands out."""

    selected: bool = False
    current: bool = False
    focused: bool = False
    marked: bool = False
    """The hit that was gone to."""


class RowPainter:
    """One theme at a time. `use` before a frame; then `paint` each row."""

    def __init__(self) -> None:
        self._theme: Theme | None = None
        self._marks = MarkPainter()
        self._lines: dict[int, tuple[str, int, LineText]] = {}
        self.columns = lay_out(1, 1.0, 1.0, timed=True, sources=True, names=True)
        self.row_height = 1
        self.wrapped = False
        self.shift = 0
        """Columns of text that lie left of what is seen."""
        self.highlight: Highlight | None = None

    def use(self, theme: Theme, width: int, *, timed: bool, sources: bool, names: bool) -> None:
        if theme is not self._theme:
            self._theme = theme
            self._set_theme(theme)
        self.columns = lay_out(width, self._cell, theme.px(100) / 100, timed=timed, sources=sources, names=names)

    def forget(self) -> None:
        """Numbers mean other lines from now on."""
        self._lines.clear()

    def heights(self, row: LogRow) -> int:
        """Lines of the screen that the row takes."""
        if not self.wrapped:
            return 1
        line = self.read(row)
        return max(1, -(-(self._indent(row) + line.columns + _more_columns(line)) // self.columns.text_columns))

    def read(self, row: LogRow) -> LineText:
        wanted = _READ_AHEAD
        if self.wrapped:
            wanted = _LONGEST_WRAPPED
        elif self.shift + self.columns.text_columns > _READ_AHEAD // 2:
            wanted = _LONGEST
        found = self._lines.get(row.number)
        if found is not None and found[1] >= wanted and found[0] == row.text:
            return found[2]
        if len(self._lines) >= _KEPT:
            self._lines.clear()
        line = read_line(row.text, wanted)
        self._lines[row.number] = (row.text, wanted if line.left_out else 1 << 60, line)
        return line

    def reach(self, row: LogRow) -> int:
        """Columns of the row's text: how far it can be scrolled sideways."""
        return self._indent(row) + min(len(row.text), _LONGEST) + 32 * (len(row.text) > _LONGEST)

    def paint(self, painter: QPainter, row: LogRow, y: int, state: RowState) -> None:
        assert self._theme is not None
        columns, height = self.columns, self.row_height
        lines = self.heights(row)
        mark = level_mark(row.level)
        self._paint_ground(painter, y, height * lines, mark, state)
        base = y + self._ascent
        if not row.continues:
            self._paint_head(painter, row, mark, y, base)
        elif columns.mark >= 0:
            painter.fillRect(columns.mark + self._side // 2, y, 1, height * lines, self._rule)
        painter.setClipRect(QRectF(columns.text, y, columns.width - columns.text, height * lines))
        self._paint_text(painter, row, y, lines)
        painter.setClipping(False)
        if row.repeats:
            self._paint_badge(painter, row, y)

    def _set_theme(self, theme: Theme) -> None:
        font = theme.font("mono_small")
        font.setFeature(QFont.Tag("calt"), 0)  # "->" are two signs here, not an arrow
        metrics = QFontMetricsF(font)
        self._font, self._cell = font, metrics.horizontalAdvance("0" * 64) / 64
        self._fonts: dict[tuple[bool, bool, bool, bool], QFont] = {}
        self.row_height = max(theme.px(20), round(metrics.height() + theme.px(4)))
        self._ascent = round((self.row_height - metrics.height()) / 2 + metrics.ascent())
        self._side = theme.px(14)
        self._colors = AnsiColors(theme)
        self._text, self._dim, self._accent = theme.color("text"), theme.color("dim"), theme.color("accent")
        self._rule = theme.color("line")
        self._lines.clear()

    def _paint_ground(self, painter: QPainter, y: int, height: int, mark: Mark | None, state: RowState) -> None:
        theme, width = self._theme, self.columns.width
        assert theme is not None
        if state.selected:
            painter.fillRect(0, y, width, height, theme.tint("accent", 0.24, "ground"))
        elif state.marked:
            painter.fillRect(0, y, width, height, theme.color("editor.match"))
        elif mark in _GROUNDS:
            painter.fillRect(0, y, width, height, theme.tint(_GROUNDS[mark], 0.1, "ground"))
        if state.marked or (state.current and state.focused):
            painter.fillRect(0, y, theme.px(3), height, self._accent)

    def _paint_head(self, painter: QPainter, row: LogRow, mark: Mark | None, y: int, base: int) -> None:
        columns = self.columns
        painter.setFont(self._font)
        painter.setPen(self._dim)
        if columns.time >= 0 and row.time is not None:
            painter.drawText(QPointF(columns.time, base), clock(row.time)[: columns.time_letters])
        if columns.source >= 0:
            painter.drawText(QPointF(columns.source, base), row.source[: columns.source_letters])
        if columns.name >= 0 and row.name:
            painter.setPen(self._accent)
            painter.drawText(QPointF(columns.name, base), _shortened(row.name, columns.name_letters))
        if mark is not None:
            assert self._theme is not None
            pixmap = self._marks.pixmap(mark, self._side, self._theme)
            painter.drawPixmap(columns.mark, y + (self.row_height - self._side) // 2, pixmap)

    def _paint_text(self, painter: QPainter, row: LogRow, y: int, lines: int) -> None:
        line, indent, seen = self.read(row), self._indent(row), self.columns.text_columns
        if self.highlight is not None:
            self._paint_hits(painter, line, indent, y, lines)
        for number in range(lines):
            first = number * seen if self.wrapped else self.shift
            end = first + seen + (0 if self.wrapped else 1)
            x, base = self.columns.text - first * self._cell, y + number * self.row_height + self._ascent
            for span in line.spans:
                if span.column + indent < end and span.end + indent > first:
                    self._paint_span(painter, span, first - indent, end - indent, x + indent * self._cell, base)
            if line.left_out and indent + line.columns < end:
                painter.setPen(self._dim)
                painter.setFont(self._font)
                painter.drawText(QPointF(x + (indent + line.columns + 1) * self._cell, base), _more(line))

    def _paint_span(self, painter: QPainter, span: Span, first: int, end: int, x: float, base: int) -> None:
        column, text = span.cut(first, end)
        if not text:
            return
        left = x + column * self._cell
        if span.style is PLAIN:
            painter.setPen(self._text)
            painter.setFont(self._font)
        else:
            ink, ground = self._colors.of(span.style)
            if ground is not None:
                width = (min(span.end, end) - column) * self._cell
                painter.fillRect(QRectF(left, base - self._ascent, width, self.row_height), ground)
            painter.setPen(ink)
            painter.setFont(self._font_of(span))
        painter.drawText(QPointF(left, base), text)

    def _paint_hits(self, painter: QPainter, line: LineText, indent: int, y: int, lines: int) -> None:
        assert self._theme is not None
        assert self.highlight is not None
        color, seen = self._theme.color("editor.match_current"), self.columns.text_columns
        for start, end in self.highlight.find(line.plain):
            left, right = indent + line.column_of(start), indent + line.column_of(end)
            for number in range(left // seen, min(lines, right // seen + 1)) if self.wrapped else (0,):
                first = number * seen if self.wrapped else self.shift
                begin, stop = max(left, first), min(right, first + seen + 1)
                if begin < stop:
                    x = self.columns.text + (begin - first) * self._cell
                    top = y + number * self.row_height
                    painter.fillRect(QRectF(x, top + 1, (stop - begin) * self._cell, self.row_height - 2), color)

    def badge_rect(self, row: LogRow, y: int) -> QRectF:
        """Where "×12" stands: at the right, over the text."""
        width = (len(_count(row)) + 2) * self._cell
        return QRectF(self.columns.width - width - 6, y + 1, width, self.row_height - 2)

    def _paint_badge(self, painter: QPainter, row: LogRow, y: int) -> None:
        assert self._theme is not None
        box = self.badge_rect(row, y)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.tint("accent", 0.3, "ground"))
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setPen(self._text)
        painter.setFont(self._font)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, _count(row))

    def _indent(self, row: LogRow) -> int:
        return _INDENT if row.continues else 0

    def _font_of(self, span: Span) -> QFont:
        style = span.style
        key = (style.bold, style.italic, style.underline, style.strike)
        found = self._fonts.get(key)
        if found is None:
            found = QFont(self._font)
            found.setBold(style.bold)
            found.setItalic(style.italic)
            found.setUnderline(style.underline)
            found.setStrikeOut(style.strike)
            self._fonts[key] = found
        return found


def _shortened(text: str, letters: int) -> str:
    """The end of a dotted name says more than its beginning."""
    return text if len(text) <= letters else f"…{text[1 - letters :]}"


def _count(row: LogRow) -> str:
    return f"×{row.repeats + 1:,}"


def _more(line: LineText) -> str:
    return f"… {line.left_out:,} more characters"


def _more_columns(line: LineText) -> int:
    return len(_more(line)) + 1 if line.left_out else 0
