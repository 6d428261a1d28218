"""For how long an alert is to be quiet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.agent_map.form_rows import FormRow
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.alerts.durations import parse_duration
from chainbot_desktop.ui.watchtower.alerts.words import until_tomorrow
from chainbot_desktop.ui.widgets import Button, Sheet

LONGEST = 30 * 86_400
"""Seconds. What is to be quiet for longer is a rule to be switched off."""


class SnoozeSheet(Sheet):
    """`done` gets the seconds."""

    def __init__(self, origin: QWidget, themes: ThemeSource, title: str, done: Callable[[float], object]) -> None:
        super().__init__(origin, title, themes, width=520)
        self._done = done
        theme = themes.current
        self.choices: dict[str, Button] = {}
        row = QHBoxLayout()
        row.setSpacing(theme.px(8))
        for label, seconds in (("15 min", 900.0), ("1 h", 3600.0), ("Until tomorrow", until_tomorrow())):
            button = self.choices[label] = Button(label, themes)
            button.clicked.connect(partial(self._on_chosen, seconds))
            row.addWidget(button)
        self.body.addLayout(row)
        self.field = QLineEdit()
        self.field.setPlaceholderText("2 h 30 min")
        self.field.returnPressed.connect(self._on_own)
        self._row = FormRow("own", "Or for", self.field, themes, help_text="Until then it neither sounds nor lights the panel.")
        self.body.addWidget(self._row)
        self.first = self.choices["15 min"]
        self.add_action("Cancel")
        self.own = self.add_action("Snooze", self._on_own, kind="primary", closes=False)

    @property
    def error(self) -> str:
        return self._row.error

    def _on_chosen(self, seconds: float) -> None:
        self._done(seconds)
        self.dismiss()

    def _on_own(self) -> None:
        try:
            seconds = parse_duration(self.field.text())
        except InvalidInput as error:
            self._refuse(error.message)
            return
        if not 1 <= seconds <= LONGEST:
            self._refuse("From 1 s to 30 d. What is to be quiet for longer is switched off under Rules.")
            return
        self._on_chosen(seconds)

    def _refuse(self, words: str) -> None:
        self._row.show_error(words)
        self.fit_soon()
