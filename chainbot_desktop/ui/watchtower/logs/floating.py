"""What floats over the lines: how many new ones came, and what can be done with the chosen ones."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.logs.viewport import LogViewport
from chainbot_desktop.ui.widgets import Button, IconButton

_NARROW = 560


class NewLinesPill(QPushButton):
    """Over the end of lines that hold still. A tap goes to the newest."""

    def __init__(self, over: LogViewport, themes: ThemeSource) -> None:
        super().__init__(over)
        self.setProperty("kind", "primary")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._over, self._themes = over, themes
        self.hide()
        over.viewport().installEventFilter(self)

    def show_count(self, new: int) -> None:
        self.setVisible(new > 0)
        if new > 0:
            text = f"↓ {new:,} new"
            if text != self.text():
                self.setText(text)
            self.place()

    def place(self) -> None:
        theme = self._themes.current
        self.ensurePolished()
        port = self._over.viewport().geometry()
        width = min(port.width() - theme.px(24), self.sizeHint().width())
        self.setGeometry((port.width() - width) // 2, port.bottom() - theme.px(56), width, theme.px(48))
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        return super().eventFilter(watched, event)


class ChosenBar(QFrame):
    """At the foot of the lines while some are chosen: how many, and what can be done with them."""

    def __init__(self, over: LogViewport, themes: ThemeSource) -> None:
        super().__init__(over)
        self.setProperty("kind", "menu")
        self._over, self._themes = over, themes
        self._label = QLabel()
        self._label.setProperty("role", "small")
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._label)
        self._row.addStretch(1)
        self.buttons: dict[str, Button | IconButton] = {}
        self.hide()
        over.viewport().installEventFilter(self)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def text(self) -> str:
        return self._label.text()

    def add(self, name: str, icon: str, callback: Callable[[], object]) -> None:
        button = IconButton(icon, name, self._themes)
        button.clicked.connect(lambda: callback())  # noqa: PLW0108 (the signal's bool is not for the callback)
        self.buttons[name] = button
        self._row.addWidget(button)

    def show_text(self, text: str) -> None:
        """ "" hides it."""
        self.setVisible(bool(text))
        self._over.set_foot(self._themes.current.px(60) if text else 0)
        if text:
            self._label.setText(text)
            self.place()

    def place(self) -> None:
        theme = self._themes.current
        port = self._over.viewport().geometry()
        width = min(port.width() - theme.px(16), theme.px(_NARROW))
        self.setGeometry((port.width() - width) // 2, port.bottom() + theme.px(3), width, theme.px(56))
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self.place()
        return super().eventFilter(watched, event)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(12), theme.px(3), theme.px(6), theme.px(3))
        self._row.setSpacing(theme.px(8))


class Banner(QFrame):
    """A line over the lines that says what is shown instead of the ordinary, and the way back."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "header")
        self._themes = themes
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setProperty("role", "dim")
        self.button = Button("Back", themes)
        self._act: Callable[[], object] = lambda: None
        self.button.clicked.connect(self._on_button)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._text, 1)
        self._row.addWidget(self.button)
        self.hide()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def text(self) -> str:
        return self._text.text()

    def say(self, text: str, button: str = "", act: Callable[[], object] = lambda: None) -> None:
        """ "" hides it."""
        self.setVisible(bool(text))
        if text and (text, button) != (self._text.text(), self.button.text()):
            self._text.setText(text)
            self.button.setText(button)
        self._act = act

    def _on_button(self) -> None:
        self._act()

    def _on_theme_changed(self, theme: Theme) -> None:
        self.setFixedHeight(theme.px(50))
        self._row.setContentsMargins(theme.px(12), 0, theme.px(12), 0)
        self._row.setSpacing(theme.px(8))
