"""Which alerts of the past are shown. Pure but for the sheet that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.agent_map.form_rows import FormRow
from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.alerts.words import KEPT_STATES, SEVERITIES, labels_text
from chainbot_desktop.ui.widgets import Sheet
from chainbot_desktop.watch.alerts.records import Alert, AlertSeverity, AlertState


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """ "" lets everything pass. The desk looks for `rule` and `state` itself; `passes` tests the rest."""

    words: str = ""
    rule: str = ""
    severity: AlertSeverity | None = None
    state: AlertState | None = None

    @property
    def chosen(self) -> str:
        """What the sheet set, in words."""
        names = (self.severity.capitalize() if self.severity else "", self.state or "", self.rule)
        return " · ".join(name for name in names if name)

    @property
    def empty(self) -> bool:
        return self == HistoryFilter()

    def passes(self, alert: Alert) -> bool:
        if self.severity is not None and alert.severity != self.severity:
            return False
        text = f"{alert.title} {alert.summary} {alert.rule} {labels_text(alert.labels)}".casefold()
        return all(word in text for word in self.words.casefold().split())


class HistoryFilterSheet(Sheet):
    """`done` gets the filter with what was chosen, and the words that it had."""

    def __init__(
        self,
        origin: QWidget,
        themes: ThemeSource,
        before: HistoryFilter,
        rules: Sequence[tuple[str, str]],
        done: Callable[[HistoryFilter], object],
    ) -> None:
        super().__init__(origin, "Which alerts", themes)
        self._given = before
        self._done = done
        self.severity = self._add("Severity", [("", "Any"), *reversed(SEVERITIES)], before.severity or "")
        self.state = self._add("State", [("", "Any"), *KEPT_STATES], before.state or "")
        self.rule = self._add("Rule", [("", "Any"), *rules], before.rule)
        self.add_action("All", self._on_all)
        self.add_action("Show", self._on_show, kind="primary")

    def _add(self, name: str, choices: Sequence[tuple[str, str]], value: str) -> Picker:
        picker = Picker(name, self.themes)
        picker.set_choices(choices, value)
        self.body.addWidget(FormRow(name.lower(), name, picker, self.themes))
        return picker

    def _on_all(self) -> None:
        self._done(HistoryFilter(self._given.words))

    def _on_show(self) -> None:
        severity = cast("AlertSeverity | None", self.severity.value or None)
        state = cast("AlertState | None", self.state.value or None)
        self._done(HistoryFilter(self._given.words, self.rule.value, severity, state))
