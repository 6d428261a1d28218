"""The widgets of the Logs page, put together."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QStackedLayout, QVBoxLayout, QWidget

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.logs.filter_bar import FilterBar
from chainbot_desktop.ui.watchtower.logs.find_bar import FindBar
from chainbot_desktop.ui.watchtower.logs.floating import Banner, ChosenBar, NewLinesPill
from chainbot_desktop.ui.watchtower.logs.histogram import Histogram
from chainbot_desktop.ui.watchtower.logs.record_side import RecordSide
from chainbot_desktop.ui.watchtower.logs.viewport import LogViewport
from chainbot_desktop.ui.widgets import Button, EmptyState
from chainbot_desktop.ui.widgets.focus_handing import hand_focus_on
from chainbot_desktop.watch.logs.document import LogDocument


class ProgressLine(QWidget):
    """How far a long work is, and the way to end it."""

    cancelled = Signal()

    def __init__(self, text: str, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel(text)
        self._progress = QProgressBar()
        self._progress.setRange(0, 1000)
        self.cancel = Button("Cancel", themes)
        self.cancel.clicked.connect(self.cancelled)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._label)
        self._row.addWidget(self._progress, 1)
        self._row.addWidget(self.cancel)
        self.hide()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_share(self, share: float) -> None:
        """0 to 1; less than 0 hides it."""
        self.setVisible(share >= 0)
        self._progress.setValue(round(max(0.0, share) * 1000))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(12), theme.px(2), theme.px(12), theme.px(2))
        self._row.setSpacing(theme.px(12))


class PageParts:
    """Everything that `page` shows, laid out in it. `document`: what is read now."""

    def __init__(self, page: QWidget, document: Callable[[], LogDocument], themes: ThemeSource, tasks: Tasks) -> None:
        self.bar = FilterBar(themes)
        self.finder = FindBar(themes)
        self.banner = Banner(themes)
        self.histogram = Histogram(themes)
        self.view = LogViewport(themes, "Log lines, the newest last")
        self.empty = EmptyState("terminal", "No log lines yet", "", themes)
        self.pill = NewLinesPill(self.view, themes)
        self.chosen = ChosenBar(self.view, themes)
        self.progress = ProgressLine("Exporting", themes)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.bar, self.finder, self.banner, self.histogram):
            column.addWidget(widget)
        self.body = QStackedLayout()
        column.addLayout(self.body, 1)  # first, or what it shows would be a window of its own for a moment
        self.body.addWidget(self.empty)
        self.body.addWidget(self.view)
        column.addWidget(self.progress)
        hand_focus_on(content, lambda: self.view if self.view.isVisible() else self.bar.field)
        self.panel = RecordSide(content, self.view, document, themes, tasks)
        outer = QVBoxLayout(page)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.panel)
