"""The laid-out text of a message: one document for each block, and a selection that runs over all of them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QFont,
    QFontMetricsF,
    QPainter,
    QPalette,
    QPen,
    QTextBlock,
    QTextBlockFormat,
    QTextCursor,
    QTextDocument,
    QTextListFormat,
    QTextOption,
    QTextTable,
)

from chainbot_desktop.chat.markdown import Code, Prose, visible
from chainbot_desktop.ui.chat.code_document import append_text, cut_end, fill_with_code
from chainbot_desktop.ui.theme import Theme

LINE_HEIGHT = 130
"""Percent of the font's own height."""


@dataclass(frozen=True, slots=True, order=True)
class TextPlace:
    """A place in a message's text: which block, and how far in."""

    block: int
    position: int


class BlockText:
    """One block, laid out for a width. Its document holds no width of its own until `lay_out`. An aside is small and quiet."""

    def __init__(self, block: Prose | Code, theme: Theme, *, is_aside: bool = False) -> None:
        self.code = block if isinstance(block, Code) else None
        self._palette = theme.palette()
        self._theme = theme
        self._tasks: list[tuple[int, bool]] = []
        self._quotes: list[int] = []
        self._laid_out_for = -1
        self.document = QTextDocument()
        self.document.setUndoRedoEnabled(False)
        self.document.setDocumentMargin(0)
        self.document.setDefaultStyleSheet(theme.html_css())
        self.document.setDefaultFont(_code_font(theme) if self.code else theme.font("small" if is_aside else "body"))
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setTabStopDistance(4 * _width_of_space(self.document))
        self.document.setDefaultTextOption(option)
        if isinstance(block, Code):
            fill_with_code(self.document, block)
        else:
            self.document.setHtml(block.html)
            self._tasks, self._quotes = _dress(self.document, theme)
        self._filled = self.length
        self._palette.setColor(QPalette.ColorRole.Text, theme.color("dim" if is_aside else "text"))

    def lay_out(self, width: int) -> int:
        """The height in pixels at `width`."""
        if width != self._laid_out_for:  # Qt lays the whole document out anew whenever it is told a width
            self._laid_out_for = width
            self.document.setTextWidth(width)
        return int(self.document.size().height() + 0.5)

    def append(self, text: str) -> None:
        """Go on at the end, as plain text in the form of what stands there, until the block is rendered anew."""
        append_text(self.document, visible(text))

    def cut_back(self) -> None:
        """Take away what was appended."""
        if self.length != self._filled:
            cut_end(self.document, self._filled)

    def grow(self, code: Code) -> bool:
        """Show a code block that is this one with more at its end; False where it is another, or its colours changed."""
        old = self.code
        if old is None or not (code.html.startswith(old.html) and code.text.startswith(old.text)):
            return False
        if code.language != old.language or code.html[len(old.html) :].count("<span"):
            return False
        self.cut_back()
        append_text(self.document, code.text[len(old.text) :])
        self.code, self._filled = code, self.length
        return True

    def paint(self, painter: QPainter, clip: QRectF, selected: tuple[int, int] | None) -> None:
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette = self._palette
        context.clip = clip
        if selected is not None:
            selection = QAbstractTextDocumentLayout.Selection()
            cursor = self._cursor(*selected)
            selection.cursor = cursor
            selection.format.setBackground(self._palette.color(QPalette.ColorRole.Highlight))
            selection.format.setForeground(self._palette.color(QPalette.ColorRole.HighlightedText))
            context.selections = [selection]
        painter.setClipRect(clip)
        self._paint_quotes(painter)
        self.document.documentLayout().draw(painter, context)
        for position, done in self._tasks:
            self._paint_task(painter, position, done)
        painter.setClipping(False)

    def _paint_quotes(self, painter: QPainter) -> None:
        """A bar beside what is quoted."""
        for position in self._quotes:
            block = self.document.findBlock(position)
            form = block.blockFormat()
            rect = self.document.documentLayout().blockBoundingRect(block)
            top, bottom = rect.top() - form.topMargin(), rect.bottom() + form.bottomMargin()
            painter.fillRect(QRectF(0, top, self._theme.px(3), bottom - top), self._theme.color("line"))

    def _paint_task(self, painter: QPainter, position: int, done: bool) -> None:
        """The box of a task: Qt's own has a tick in the colour of the ground."""
        theme = self._theme
        block = self.document.findBlock(position)
        corner = self.document.documentLayout().blockBoundingRect(block).topLeft()
        line = block.layout().lineAt(0)
        side = theme.px(13)
        x = corner.x() + line.x() - side - theme.px(7)
        y = corner.y() + line.y() + line.height() - line.descent() - side + theme.px(1)
        painter.setPen(QPen(theme.color("accent" if done else "dim"), max(1.0, theme.px(3) / 2)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(x, y, side, side), theme.px(3), theme.px(3))
        if done:
            tick = [
                QPointF(x + side * 0.22, y + side * 0.52),
                QPointF(x + side * 0.42, y + side * 0.74),
                QPointF(x + side * 0.8, y + side * 0.28),
            ]
            painter.drawPolyline(tick)

    def position_at(self, point: QPointF) -> int:
        return max(0, self.document.documentLayout().hitTest(point, Qt.HitTestAccuracy.FuzzyHit))

    def caret(self, position: int) -> QRectF:
        """Where a position is shown: a line high, without width."""
        position = min(position, self.length)
        block = self.document.findBlock(position)
        corner = self.document.documentLayout().blockBoundingRect(block).topLeft()
        line = block.layout().lineForTextPosition(position - block.position())
        if not line.isValid():
            return QRectF(corner.x(), corner.y(), 0, 16)
        found = line.cursorToX(position - block.position())
        x = found[0] if isinstance(found, tuple) else 0.0  # with where the caret really stands
        return QRectF(corner.x() + x, corner.y() + line.y(), 0, line.height())

    def link_at(self, point: QPointF) -> str:
        return self.document.documentLayout().anchorAt(point)

    def word_at(self, position: int) -> tuple[int, int]:
        cursor = QTextCursor(self.document)
        cursor.setPosition(position)
        cursor.select(QTextCursor.SelectionType.WordUnderCursor)
        return cursor.selectionStart(), cursor.selectionEnd()

    @property
    def length(self) -> int:
        return self.document.characterCount() - 1

    def markdown(self, start: int, end: int) -> str:
        """The same as Markdown: of code with its fence, of prose with what Qt knows to say of it."""
        if self.code is not None:
            return f"```{self.code.language}\n{self.text(start, end)}\n```"
        fragment = self._cursor(start, end).selection()
        return fragment.toMarkdown(QTextDocument.MarkdownFeature.MarkdownDialectGitHub).strip()

    def text(self, start: int = 0, end: int | None = None) -> str:
        """What is shown between two positions, as plain text."""
        selected = self._cursor(start, self.length if end is None else end).selection().toPlainText()
        return selected.replace("\u00a0", " ").replace("\u2028", "\n").replace("\ufdd0", "").replace("\ufdd1", "")

    def _cursor(self, start: int, end: int) -> QTextCursor:
        cursor = QTextCursor(self.document)
        cursor.setPosition(min(start, self.length))
        cursor.setPosition(min(end, self.length), QTextCursor.MoveMode.KeepAnchor)
        return cursor


def _code_font(theme: Theme) -> QFont:
    """Code is shown sign by sign: no ligature makes one arrow of two signs."""
    font = theme.font("mono")
    for feature in ("calt", "liga"):
        font.setFeature(QFont.Tag(feature), 0)
    return font


def _width_of_space(document: QTextDocument) -> float:
    return QFontMetricsF(document.defaultFont()).horizontalAdvance(" ")


def _dress(document: QTextDocument, theme: Theme) -> tuple[list[tuple[int, bool]], list[int]]:
    """What Qt's style sheets for rich text cannot say: line height, spaces between paragraphs, tables' lines.

    Returns where the tasks of task lists are, and whether each is done; and where something is quoted.
    """
    tasks: list[tuple[int, bool]] = []
    quotes: list[int] = []
    block = document.begin()
    first = True
    while block.isValid():
        form = block.blockFormat()
        form.setLineHeight(LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        in_list, in_cell = block.textList() is not None, QTextCursor(block).currentTable() is not None
        form.setTopMargin(0 if first or in_cell else theme.px(14 if form.headingLevel() else 3 if in_list else 6))
        form.setBottomMargin(0 if in_cell else theme.px(2 if in_list else 4))
        if form.marker() != QTextBlockFormat.MarkerType.NoMarker:
            tasks.append((block.position(), form.marker() == QTextBlockFormat.MarkerType.Checked))
            form.setMarker(QTextBlockFormat.MarkerType.NoMarker)
            _take_bullets(block)
        if form.leftMargin() > 0 and not in_list and not form.nonBreakableLines():
            quotes.append(block.position())
        cursor = QTextCursor(block)
        cursor.setBlockFormat(form)
        first = False
        block = block.next()
    document.setIndentWidth(theme.px(22))
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            table = frame.format().toTableFormat()
            table.setBorder(1)
            table.setBorderBrush(theme.color("line"))
            table.setBorderCollapse(True)
            table.setCellPadding(theme.px(5))
            table.setCellSpacing(0)
            table.setTopMargin(theme.px(6))
            table.setBottomMargin(theme.px(6))
            frame.setFormat(table)
    return tasks, quotes


def _take_bullets(block: QTextBlock) -> None:
    items = block.textList()
    if items is not None:
        form = items.format()
        form.setStyle(QTextListFormat.Style.ListStyleUndefined)
        items.setFormat(form)
