"""What an agent may use and when it starts again, folded away until somebody wants it: every kind has these fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QVBoxLayout, QWidget

from chainbot_desktop.ui.agent_map.form_rows import FieldError, FormRow
from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button

RESTARTS = (("on-failure", "When it failed"), ("always", "Whenever it ends"), ("never", "Never"))
_WEEK = 7 * 86_400


@dataclass(frozen=True, slots=True)
class _Limit:
    """`scale`: what one of the shown unit is in the configuration's; `most` in the shown unit."""

    field: str
    label: str
    short: str
    whole: bool = False
    scale: float = 1.0
    most: float | None = None


_LIMITS = (
    _Limit("wall_seconds", "Time for a task, in minutes", "{} min a task", scale=60.0, most=_WEEK / 60),
    _Limit("run_tokens", "Tokens for a task", "{} tokens a task", whole=True),
    _Limit("day_tokens", "Tokens a day", "{} tokens a day", whole=True),
    _Limit("run_cost", "US dollars for a task", "${} a task"),
    _Limit("day_cost", "US dollars a day", "${} a day"),
)


class LimitsForm(QWidget):
    """`config` gives `limits`, and `restart` where `with_restart`; limits that are not shown here stay as they were."""

    changed = Signal()

    def __init__(self, themes: ThemeSource, before: Mapping[str, Any], default_restart: str, *, with_restart: bool) -> None:
        super().__init__()
        self._before: Mapping[str, Any] = before.get("limits") or {}
        self.rows: dict[str, FormRow[Any]] = {}
        self.fold = Button("", themes, icon="chevron-right")
        self.fold.setCheckable(True)
        self.fold.toggled.connect(self._on_folded)
        self._inside = QWidget()
        grid = QGridLayout(self._inside)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(themes.current.px(12))
        grid.setVerticalSpacing(themes.current.px(8))
        self.restart: Picker | None = None
        if with_restart:
            self.restart = Picker("Starts again", themes)
            self.restart.set_choices(RESTARTS, str(before.get("restart") or default_restart))
            self.rows["restart"] = FormRow("restart", "Starts again", self.restart, themes)
        for limit in _LIMITS:
            line = QLineEdit(_shown(limit, self._before.get(limit.field)))
            line.setPlaceholderText("as the settings say")
            line.textChanged.connect(self._show_summary)
            self.rows[limit.field] = FormRow(limit.field, limit.label, line, themes)
        for number, row in enumerate(self.rows.values()):
            grid.addWidget(row, number // 2, number % 2, Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(themes.current.px(8))
        column.addWidget(self.fold)
        column.addWidget(self._inside)
        self._inside.hide()
        self._show_summary()

    def config(self) -> dict[str, Any]:
        """FieldError names what cannot be meant."""
        limits = {key: value for key, value in self._before.items() if key not in self.rows and value is not None}
        for limit in _LIMITS:
            value = _meant(limit, self.rows[limit.field].editor.text())
            if value is not None:
                limits[limit.field] = value
        config: dict[str, Any] = {"limits": limits} if limits else {}
        if self.restart is not None:
            config["restart"] = self.restart.value
        return config

    def show_error(self, field: str, words: str) -> bool:
        """Whether it has that field; it unfolds to show it."""
        row = self.rows.get(field.removeprefix("limits."))
        if row is None:
            return False
        self.fold.setChecked(True)
        row.show_error(words)
        return True

    def clear_errors(self) -> None:
        for row in self.rows.values():
            row.show_error("")

    def _on_folded(self, open_: bool) -> None:
        self._inside.setVisible(open_)
        self.fold.set_icon("chevron-down" if open_ else "chevron-right")
        self.changed.emit()

    def _show_summary(self) -> None:
        texts = [(limit, self.rows[limit.field].editor.text().strip()) for limit in _LIMITS]
        said = ", ".join(limit.short.format(text) for limit, text in texts if text)
        what = "Limits and restart" if self.restart is not None else "Limits"
        self.fold.setText(f"{what}: {said}" if said else f"{what}: as the settings say")


def _shown(limit: _Limit, value: Any) -> str:
    return "" if value is None else f"{value / limit.scale:g}" if not limit.whole else str(value)


def _meant(limit: _Limit, text: str) -> float | int | None:
    text = text.strip().lstrip("$").replace(" ", "").replace("\u202f", "")
    if not text:
        return None
    try:
        value = int(text.replace(",", "")) if limit.whole else float(text.replace(",", "."))
    except ValueError:
        raise FieldError(limit.field, "A whole number, as 50000." if limit.whole else "A number, as 2.5.") from None
    if not 0 < value < float("inf"):
        raise FieldError(limit.field, "More than nothing. Leave it empty for what the settings say.")
    if limit.most is not None and value > limit.most:
        raise FieldError(limit.field, f"At most {limit.most:,.0f}, which is a week.")
    return value if limit.whole else value * limit.scale
