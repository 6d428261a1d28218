"""What waits for agents that are at work, over the field: each can be edited or taken back until its turn comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button, IconButton

_SHOWN = 2


@dataclass(frozen=True, slots=True)
class QueuedLine:
    """A message that an agent has not begun with."""

    run_id: str
    agent_name: str
    text: str


class QueuedBar(QWidget):
    """Hidden while nothing waits. The first two are shown, the others behind a button."""

    edit_wanted = Signal(object)
    """A `QueuedLine`."""
    take_back_wanted = Signal(object)

    def __init__(self, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes
        self._lines: tuple[QueuedLine, ...] = ()
        self._whole = False
        self.rows: list[_QueuedRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.more = Button("", themes, kind="quiet")
        self.more.clicked.connect(self._on_more)
        self._column.addWidget(self.more)
        self.hide()

    def set_lines(self, lines: Sequence[QueuedLine]) -> None:
        """Rows that stay keep the keyboard."""
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self._show()

    def _show(self) -> None:
        shown = self._lines if self._whole else self._lines[:_SHOWN]
        known = {row.line.run_id: row for row in self.rows}
        for row in self.rows:
            if row.line.run_id not in {line.run_id for line in shown}:
                self._column.removeWidget(row)
                row.hide()
                row.deleteLater()
        self.rows = [known.get(line.run_id) or self._make(line) for line in shown]
        for place, (row, line) in enumerate(zip(self.rows, shown, strict=True)):
            row.set_line(line)
            self._column.insertWidget(place, row)
        hidden = len(self._lines) - _SHOWN
        self.more.setVisible(hidden > 0)
        self.more.setText("Show fewer" if self._whole else f"{hidden} more waiting")
        self.setVisible(bool(self._lines))

    def _make(self, line: QueuedLine) -> _QueuedRow:
        row = _QueuedRow(line, self._themes, self)
        row.edit.clicked.connect(lambda: self.edit_wanted.emit(row.line))
        row.take_back.clicked.connect(lambda: self.take_back_wanted.emit(row.line))
        return row

    def _on_more(self) -> None:
        self._whole = not self._whole
        self._show()


class _QueuedRow(QWidget):
    def __init__(self, line: QueuedLine, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self.line = line
        self._themes = themes
        self._icon = QLabel()
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.edit = IconButton("edit", "Edit", themes)
        self.take_back = IconButton("undo", "Take back", themes)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        for widget, stretch in ((self._icon, 0), (self._label, 1), (self.edit, 0), (self.take_back, 0)):
            self._row.addWidget(widget, stretch)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def set_line(self, line: QueuedLine) -> None:
        self.line = line
        words = " ".join(line.text.split())
        for button, verb in ((self.edit, "Edit"), (self.take_back, "Take back")):
            label = f"{verb} what waits for {line.agent_name}: {words[:60]}"
            button.setAccessibleName(label)
            button.setToolTip(label)
        self._label.setToolTip(f"Waits for {line.agent_name}:\n{line.text[:2000]}")
        self._label.setAccessibleName(f"Waits for {line.agent_name}: {words[:200]}")
        self._elide()

    @property
    def shown(self) -> str:
        return self._label.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        text = f"For {self.line.agent_name}: {' '.join(self.line.text[:1000].split())}"
        self._label.setText(
            QFontMetrics(self._label.font()).elidedText(text, Qt.TextElideMode.ElideRight, max(0, self._label.width()))
        )

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setSpacing(theme.px(8))
        self._label.setFont(theme.font("small"))
        self._icon.setPixmap(theme.pixmap("clock", "dim", 16))
        self._elide()
