"""Exactly what an agent wants to do, to be read before it is allowed: plain text, monospaced, nothing cut off."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QShowEvent, QSyntaxHighlighter, QTextCharFormat, QTextDocument, QTextOption
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

from chainbot_desktop.store.agent_rows import DetailKind
from chainbot_desktop.ui.approvals.words import shown_detail
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.kinetic import make_kinetic

MOST_LINES_WANTED = 12
"""It asks for no more room than this; the rest scrolls."""


class DetailText(QPlainTextEdit):
    """Long lines wrap anywhere: nothing hides beside the screen."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._kind: DetailKind = "text"
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("What exactly it wants to do")
        self._colours = DiffColours(self.document(), themes.current)
        make_kinetic(self)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_detail(self, detail: str, kind: DetailKind) -> None:
        self._kind = kind
        self._colours.active = kind == "diff"
        self._on_theme_changed(self._themes.current)
        self.setPlainText(shown_detail(detail))
        self.verticalScrollBar().setValue(0)
        self.updateGeometry()

    def lines_at(self, width: int) -> int:
        """Lines that are seen at this width, up to what it asks room for."""
        metrics = QFontMetrics(self.font())
        in_line = max(1, (width - 2 * self._themes.current.px(12)) // max(1, metrics.horizontalAdvance("m")))
        lines = 0
        block = self.document().begin()
        while block.isValid() and lines < MOST_LINES_WANTED:
            lines += max(1, -(-block.length() // in_line))
            block = block.next()
        return min(lines, MOST_LINES_WANTED)

    def sizeHint(self) -> QSize:
        theme = self._themes.current
        lines = max(2, self.lines_at(max(self.width(), theme.px(320))))
        return QSize(theme.px(320), lines * QFontMetrics(self.font()).lineSpacing() + 2 * theme.px(14))

    def minimumSizeHint(self) -> QSize:
        theme = self._themes.current
        return QSize(theme.px(120), 2 * QFontMetrics(self.font()).lineSpacing() + 2 * theme.px(12))

    def showEvent(self, event: QShowEvent) -> None:
        """Under a style sheet Qt forgets the font of what is moved into its window."""
        super().showEvent(event)
        self._on_theme_changed(self._themes.current)

    def _on_theme_changed(self, theme: Theme) -> None:
        words = self._kind in ("question", "text")
        wrap = QTextOption.WrapMode
        self.setWordWrapMode(wrap.WrapAtWordBoundaryOrAnywhere if words else wrap.WrapAnywhere)
        font = theme.font("body" if words else "mono")
        font.setFeature(QFont.Tag("calt"), 0)  # no ligatures: each character is seen as what it is
        self.setFont(font)
        self._colours.theme = theme
        self._colours.rehighlight()


class DiffColours(QSyntaxHighlighter):
    """Added, removed and heading lines of a unified diff."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self.theme = theme
        self.active = False

    def highlightBlock(self, text: str) -> None:
        if not self.active or not text:
            return
        token = self._token(text)
        if token is None:
            return
        colour = QTextCharFormat()
        if token.startswith("editor."):
            colour.setBackground(self.theme.color(token))
        colour.setForeground(self.theme.color({"editor.diff_added": "done", "editor.diff_removed": "failed"}.get(token, token)))
        self.setFormat(0, len(text), colour)

    @staticmethod
    def _token(text: str) -> str | None:
        if text.startswith(("+++", "---", "diff ", "index ")):
            return "dim"
        if text.startswith("@@"):
            return "working"
        return {"+": "editor.diff_added", "-": "editor.diff_removed"}.get(text[0])
