"""Over a list that grows by itself: a filter, what else belongs there, and whether the list follows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.filter_field import FilterField
from chainbot_desktop.ui.watchtower.status_line import StatusLine
from chainbot_desktop.ui.widgets import Button

_NARROW = 520


class FollowBar(QWidget):
    """`filtered` carries the text of the filter, `paused` whether the list is to hold still."""

    filtered = Signal(str)
    paused = Signal(bool)

    def __init__(self, placeholder: str, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._paused = False
        self.field = FilterField(placeholder, themes)
        self.field.searched.connect(self.filtered)
        self.button = Button("Pause", themes, icon="pause")
        self.button.setAccessibleName("Pause")
        self.button.clicked.connect(self.toggle)
        self.status = StatusLine(themes)
        self._row = QHBoxLayout()
        self._row.addWidget(self.field, 1)
        self._row.addWidget(self.button)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._row)
        self._column.addWidget(self.status)
        self._themes = themes
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def is_paused(self) -> bool:
        return self._paused

    def add(self, widget: QWidget) -> None:
        """Between the filter and the button."""
        self._row.insertWidget(self._row.count() - 1, widget)

    def toggle(self) -> None:
        self.set_paused(not self._paused)

    def set_paused(self, paused: bool) -> None:
        if paused == self._paused:
            return
        self._paused = paused
        self.button.setAccessibleName("Follow" if paused else "Pause")
        self.button.set_icon("play" if paused else "pause")
        self._label()
        self.paused.emit(paused)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._label()

    def _label(self) -> None:
        """On a narrow screen the picture says it, and the filter keeps the room."""
        narrow = self.width() < self._themes.current.px(_NARROW)
        self.button.setText("" if narrow else self.button.accessibleName())
        self.button.setMinimumWidth(self._themes.current.px(48 if narrow else 112))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setSpacing(theme.px(8))
        self._column.setContentsMargins(theme.px(12), theme.px(6), theme.px(12), theme.px(4))
        self._column.setSpacing(theme.px(2))
        self._label()


class NewRowsPill(QPushButton):
    """Floats over the top of a list that holds still: how many rows came since. A tap goes to them."""

    def __init__(self, over: QWidget, themes: ThemeSource) -> None:
        super().__init__(over)
        self.setProperty("kind", "primary")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._over = over
        self._themes = themes
        self.hide()
        over.installEventFilter(self)

    def show_count(self, new: int, dropped: int) -> None:
        """`dropped` of the `new` ones are too many to be kept here."""
        if not new:
            self.hide()
            return
        text = f"↑ {new:,} new" + (f", {dropped:,} dropped here" if dropped else "")
        if text != self.text():
            self.setText(text)
            self.setToolTip(
                "What was dropped here is kept in the journal; following loads the newest again." if dropped else ""
            )
        self._place()
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        theme = self._themes.current
        self.ensurePolished()
        width = min(self._over.width() - theme.px(24), self.sizeHint().width())
        self.setGeometry((self._over.width() - width) // 2, theme.px(8), width, theme.px(48))
        self.raise_()
