"""The last lines of an agent's log, as they come. Plain text; what would steer a terminal is shown, not obeyed."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from chainbot_desktop.agents.logs import AgentLine, AgentLog
from chainbot_desktop.agents.tools.shown import plain
from chainbot_desktop.ui.frames import FrameClock
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.kinetic import make_kinetic

LINES_SHOWN = 500

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_TOKENS = {"out": "text", "err": "failed", "agent": "working", "system": "dim"}


class LogTail(QPlainTextEdit):
    """Stays at the end while it is looked at; who scrolled up stays where they are."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._log: AgentLog | None = None
        self._last = 0
        self._end: Callable[[], None] | None = None
        self._frames = FrameClock(self)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setMaximumBlockCount(LINES_SHOWN)
        self.setPlaceholderText("Nothing was printed yet.")
        self.setAccessibleName("Log of the agent")
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        make_kinetic(self)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def follow(self, log: AgentLog | None) -> None:
        """Show this log from now on; None shows none and lets go of the last."""
        if log is self._log:
            return
        if self._end is not None:
            self._end()
            self._end = None
        self._log, self._last = log, 0
        self.clear()
        if log is not None:
            self._last = max(0, log.last_number - LINES_SHOWN)
            self._end = log.subscribe(self._on_lines)
            self._on_lines()

    def _on_lines(self) -> None:
        self._frames.request(self._on_frame)

    def _on_frame(self) -> None:
        if self._log is None:
            return
        bar = self.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 1
        # Of a flood only what will be seen is laid out.
        start = max(self._last, self._log.last_number - LINES_SHOWN)
        lines, dropped = self._log.since(start)
        missed = dropped + start - self._last if self._last else 0
        if missed:
            self._write(f"… {missed} lines left out …", "dim")
        for line in lines:
            self._write(text_of(line), _TOKENS[line.stream])
            self._last = line.number
        if at_end:
            bar.setValue(bar.maximum())

    def _write(self, text: str, token: str) -> None:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        look = QTextCharFormat()
        look.setForeground(self._themes.current.color(token))
        if not self.document().isEmpty():
            cursor.insertBlock()
        cursor.insertText(text, look)

    def showEvent(self, event: QShowEvent) -> None:
        """Under a style sheet Qt forgets the font of what is moved into its window."""
        super().showEvent(event)
        self._on_theme_changed(self._themes.current)

    def _on_theme_changed(self, theme: Theme) -> None:
        self.setFont(theme.font("mono_small"))
        self.setFixedHeight(theme.px(180))


def text_of(line: AgentLine) -> str:
    """One line as it is shown: colours of a terminal are left out, everything else invisible is an escape."""
    return plain(_COLOUR.sub("", line.text), kept="\t")
