"""The bar that tells of an alert under any window: it covers nothing, neither STOP nor an approval nor what is being written."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.alerts.words import SEVERITY_MARKS
from chainbot_desktop.ui.watchtower.elided_label import ElidedLabel
from chainbot_desktop.ui.watchtower.marks import MarkLabel
from chainbot_desktop.ui.widgets import Button, IconButton
from chainbot_desktop.watch.alerts.records import Alert


class AlertBanner(QFrame):
    """Hidden while nothing is to be told. It shows the alert at once and never moves: there is no motion to be reduced."""

    acknowledge_wanted = Signal()
    show_wanted = Signal()
    later_wanted = Signal()
    """It is put away; the alert goes on."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.setProperty("kind", "notice")
        self._mark = MarkLabel("warning", themes, 24)
        self._title = ElidedLabel("")
        self._about = ElidedLabel("small")
        self.acknowledge = Button("Acknowledge", themes, icon="check")
        self.acknowledge.clicked.connect(self.acknowledge_wanted)
        self.open = Button("Show", themes)
        self.open.setAccessibleName("Show the alert")
        self.open.clicked.connect(self.show_wanted)
        self.later = IconButton("close", "Put the alert away; it goes on", themes)
        self.later.clicked.connect(self.later_wanted)
        self._words = QVBoxLayout()
        self._words.setSpacing(0)
        self._words.addWidget(self._title)
        self._words.addWidget(self._about)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._mark)
        self._row.addLayout(self._words, 1)
        for widget in (self.acknowledge, self.open, self.later):
            self._row.addWidget(widget)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    @property
    def text(self) -> str:
        return f"{self._title.text()}\n{self._about.text()}"

    def show_alert(self, alert: Alert, more: int) -> None:
        """`more`: how many others wait behind it."""
        self._mark.set_mark(SEVERITY_MARKS[alert.severity])
        others = f" (and {more} more)" if more else ""
        self._title.setText(f"{alert.title}{others}")
        self._about.setText(" ".join((alert.summary or alert.runbook).split()))
        self._about.setVisible(bool(self._about.text()))
        kind = "alarm" if alert.severity == "critical" else "notice"
        if kind != self.property("kind"):
            self.setProperty("kind", kind)
            self.style().unpolish(self)
            self.style().polish(self)
        self.setAccessibleName(f"Alert, {alert.severity}: {alert.title}{others}. {alert.summary}")
        self.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.later_wanted.emit()
        else:
            super().keyPressEvent(event)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._title.setFont(theme.font("strong"))
        self._row.setContentsMargins(theme.px(16), theme.px(4), theme.px(8), theme.px(4))
        self._row.setSpacing(theme.px(8))
