"""One of several, in a button: a tap opens them as a menu that a finger can hit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QPoint, Signal

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet


class Picker(Button):
    """`set_choices` with (value, label); `chosen` after a person chose another."""

    chosen = Signal(str)

    def __init__(self, name: str, themes: ThemeSource) -> None:
        super().__init__("", themes, icon="chevron-down")
        self._name = name
        self._choices: Sequence[tuple[str, str]] = ()
        self._value = ""
        self.clicked.connect(self._on_clicked)

    @property
    def value(self) -> str:
        return self._value

    def set_choices(self, choices: Sequence[tuple[str, str]], value: str | None = None) -> None:
        """`value` None keeps what was chosen, where that is still there."""
        self._choices = tuple(choices)
        values = [each for each, _ in choices]
        wanted = self._value if value is None else value
        self.choose(wanted if wanted in values else values[0] if values else "")

    def choose_of(self, choices: Sequence[tuple[str, str]], value: str) -> None:
        """As `set_choices`, for a value that is to stand there even where it is none of them."""
        self._choices = tuple(choices)
        self.choose(value)

    def choose(self, value: str) -> None:
        self._value = value
        label = next((label for each, label in self._choices if each == value), value)
        self.setText(label)
        self.setAccessibleName(f"{self._name}: {label}")

    def _on_clicked(self) -> None:
        menu = MenuSheet(self, self._themes)
        for value, label in self._choices:
            menu.add(label, partial(self._on_chosen, value), icon="check" if value == self._value else "")
        menu.open_at(self.mapToGlobal(QPoint(0, self.height())))

    def _on_chosen(self, value: str) -> None:
        if value != self._value:
            self.choose(value)
            self.chosen.emit(value)
