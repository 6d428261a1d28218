"""The line over a map of which a filter leaves something out: that it does, what, and the way back."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import IconButton
from chainbot_desktop.ui.widgets.chip import Chip


class FilterStrip(QFrame):
    """Hidden until `show_filter` has something to say."""

    cleared = Signal()
    hiding_chosen = Signal(bool)
    """Whether those that are left out are to be hidden."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.setProperty("kind", "header")
        self._said = ""
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.hide_chip = Chip("Hide the others", themes, icon="eye-off")
        self.clear_button = IconButton("close", "Show all again (Esc)", themes)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._text, 1)
        self._row.addWidget(self.hide_chip)
        self._row.addWidget(self.clear_button)
        self.hide_chip.clicked.connect(self.hiding_chosen)
        self.clear_button.clicked.connect(self.cleared)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    @property
    def said(self) -> str:
        return self._said

    def show_filter(self, shown: int, total: int, what: str, *, hides: bool) -> None:
        """`what` is filtered by; "" where nothing is."""
        self._said = f"Showing {shown:,} of {total:,}: {what}"
        self._text.setToolTip(self._said)
        self._text.setAccessibleName(self._said)
        self.hide_chip.setChecked(hides)
        self.setVisible(bool(what))
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def minimumSizeHint(self) -> QSize:
        return QSize(self._themes.current.px(200), super().minimumSizeHint().height())

    def _elide(self) -> None:
        metrics = QFontMetrics(self._text.font())
        self._text.setText(metrics.elidedText(self._said, Qt.TextElideMode.ElideRight, self._text.width()))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(12), 0, theme.px(8), 1)
        self._row.setSpacing(theme.px(8))
        self._elide()
