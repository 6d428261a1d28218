"""The lines of a rule's form that are read as a number or as a length of time. What nobody changed is given back to the last digit."""

from __future__ import annotations

from math import isfinite

from PySide6.QtWidgets import QLineEdit

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.watchtower.alerts.durations import parse_duration, say_duration

_LONGEST_NUMBER = 40


class NumberLine(QLineEdit):
    """`optional`: empty is None."""

    def __init__(self, *, optional: bool = False) -> None:
        super().__init__()
        self._optional = optional

    def put(self, value: float | None) -> None:
        self.setText("" if value is None else repr(value).removesuffix(".0"))

    def value(self) -> float | None:
        """InvalidInput where it is no number."""
        text = self.text().strip().replace(",", ".")
        if not text and self._optional:
            return None
        try:
            number = float(text[:_LONGEST_NUMBER])
        except ValueError:
            raise InvalidInput("Write a number such as 90 or 0.5.") from None
        if not isfinite(number):
            raise InvalidInput("Write a number such as 90 or 0.5.")
        return number


class DurationLine(QLineEdit):
    def __init__(self) -> None:
        super().__init__()
        self._given: tuple[str, float] = ("", 0.0)
        self.setPlaceholderText("5 min")

    def put(self, seconds: float) -> None:
        self._given = (say_duration(seconds), seconds)
        self.setText(self._given[0])

    def value(self) -> float:
        """Seconds. InvalidInput where it is no length of time."""
        text = self.text().strip()
        return self._given[1] if text == self._given[0] else parse_duration(text)
