"""What the parts of the Alerts page share: the desk, what a person does there, and the look."""

from __future__ import annotations

from dataclasses import dataclass

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.alerts.deeds import AlertDeeds
from chainbot_desktop.ui.watchtower.alerts.words import UnitOf
from chainbot_desktop.watch.alerts.records import AlertDesk, AlertRule


@dataclass(frozen=True, slots=True)
class AlertParts:
    desk: AlertDesk
    deeds: AlertDeeds
    themes: ThemeSource
    tasks: Tasks
    unit_of: UnitOf

    def rule(self, name: str) -> AlertRule | None:
        return next((state.rule for state in self.desk.rules if state.rule.name == name), None)

    def unit_of_rule(self, name: str) -> str:
        """The unit of the figure that a rule watches; of a rate it is none."""
        rule = self.rule(name)
        return self.unit_of(rule.metric) if rule is not None and rule.kind == "threshold" else ""
