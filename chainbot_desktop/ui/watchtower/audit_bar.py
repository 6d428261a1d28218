"""Over the audit trail: the verdict with what can be done about it, and the filter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from chainbot_desktop.security.verification import Verification
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.audit_texts import verdict_line, verdict_mark
from chainbot_desktop.ui.watchtower.elided_label import ElidedLabel
from chainbot_desktop.ui.watchtower.marks import MarkLabel
from chainbot_desktop.ui.watchtower.page_strip import PageStrip
from chainbot_desktop.ui.watchtower.status_line import StatusLine
from chainbot_desktop.ui.widgets import Button, IconButton, SearchField

WHO = (("", "Everyone"), ("user:", "People"), ("agent:", "Agents"), ("device:", "Devices"), ("system:", "System"))
WHEN = (("", "Any time"), ("1", "Last day"), ("7", "7 days"), ("30", "30 days"))
"""Days back from now."""
_NARROW = 860
"""Pixels below which two of the buttons have no words."""


class VerdictBar(QWidget):
    """`explained` when somebody taps the verdict, `verify` and `cancelled` from its button."""

    explained = Signal()
    verify = Signal()
    cancelled = Signal()
    export_wanted = Signal()
    retention_wanted = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._under_way = False
        self._mark = MarkLabel("unknown", themes, 22)
        self.heading = ElidedLabel("strong")
        self.sentence = ElidedLabel("small")
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("How far verifying is")
        self.progress.hide()
        self.button = Button("Verify", themes, kind="primary")
        self.button.clicked.connect(self._on_button)
        self.explain = Button("What it means", themes)
        self.explain.clicked.connect(self.explained)
        self._roomy = (Button("Export…", themes), Button("Retention…", themes))
        self._tight = (IconButton("download", "Export…", themes), IconButton("history", "Retention…", themes))
        for pair in (self._roomy, self._tight):
            pair[0].clicked.connect(self.export_wanted)
            pair[1].clicked.connect(self.retention_wanted)
        words = QVBoxLayout()
        words.setSpacing(0)
        for widget in (self.heading, self.sentence, self.progress):
            words.addWidget(widget)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._mark)
        self._row.addLayout(words, 1)
        for button in (self.explain, self.button, *self._roomy, *self._tight):
            self._row.addWidget(button)
        for tight in self._tight:
            tight.hide()
        self.setMinimumHeight(themes.current.px(56))
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_verdict(self, last: Verification | None) -> None:
        self._under_way = False
        heading, sentence = verdict_line(last)
        self._mark.set_mark(verdict_mark(last))
        self.heading.setText(heading)
        self.sentence.setText(sentence)
        self.sentence.show()
        self.progress.hide()
        self.button.setText("Verify")
        self.explain.setVisible(last is not None and not last.report.ok)
        self.setAccessibleName(f"{heading}. {sentence}")

    def show_progress(self, checked: int, total: int) -> None:
        self._under_way = True
        self.heading.setText(f"Verifying: {checked:,} of {total:,} events" if total else "Verifying…")
        self.progress.setValue(checked * 1000 // max(1, total))
        self.progress.show()
        self.sentence.hide()
        self.button.setText("Cancel")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < self._themes.current.px(_NARROW)
        for roomy, tight in zip(self._roomy, self._tight, strict=True):
            roomy.setVisible(not narrow)
            tight.setVisible(narrow)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self._under_way:
            self.explained.emit()

    def _on_button(self) -> None:
        (self.cancelled if self._under_way else self.verify).emit()

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(12), theme.px(4), theme.px(12), theme.px(4))
        self._row.setSpacing(theme.px(8))
        self.progress.setFixedHeight(theme.px(8))


class AuditFilterBar(QWidget):
    """`changed` when the words, who or when are others."""

    changed = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.who, self.when = "", ""
        self.field = SearchField("Filter: words, type:, subject:, actor:, severity>=", themes)
        self.field.searched.connect(lambda _: self.changed.emit())
        self.status = StatusLine(themes)
        self.chips = _TwoChoices(
            [(f"who {key}", title) for key, title in WHO] + [(f"when {key}", title) for key, title in WHEN], themes
        )
        self.chips.chosen.connect(self._on_chosen)
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.field)
        self._column.addWidget(self.chips)
        self._column.addWidget(self.status)
        self._check()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def _on_chosen(self, key: str) -> None:
        kind, _, value = key.partition(" ")
        setattr(self, kind, value)
        self._check()
        self.changed.emit()

    def _check(self) -> None:
        for key, chip in self.chips.chips.items():
            chip.setChecked(key in (f"who {self.who}", f"when {self.when}"))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(theme.px(12), 0, theme.px(12), theme.px(4))
        self._column.setSpacing(0)


class _TwoChoices(PageStrip):
    """Chips of two groups in one row: who listens says which ones are on."""

    def __init__(self, pages: Sequence[tuple[str, str]], themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(pages, themes, parent)
        self._row.addStretch(1)

    def _on_tapped(self, key: str) -> None:
        self.chosen.emit(key)
