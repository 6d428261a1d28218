"""What the parts of the Alerts page share: the desk, what a person does there, and the look."""

from __future__ import annotations

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.alerts.deeds import AlertDeeds
from chainbot_desktop.ui.watchtower.alerts.words import UnitOf
from chainbot_desktop.watch.alerts.records import AlertDesk, AlertRule


class AlertParts:
    """Rules are looked up by name for every row that is painted: what the desk has of them is kept until `forget`."""

    def __init__(self, desk: AlertDesk, deeds: AlertDeeds, themes: ThemeSource, tasks: Tasks, unit_of: UnitOf) -> None:
        self.desk = desk
        self.deeds = deeds
        self.themes = themes
        self.tasks = tasks
        self.unit_of = unit_of
        self._rules: dict[str, AlertRule] | None = None

    def forget(self) -> None:
        """The desk has changed."""
        self._rules = None

    def rule(self, name: str) -> AlertRule | None:
        if self._rules is None:
            self._rules = {state.rule.name: state.rule for state in self.desk.rules}
        return self._rules.get(name)

    def unit_of_rule(self, name: str) -> str:
        """The unit of the figure that a rule watches; of a rate it is none."""
        rule = self.rule(name)
        return self.unit_of(rule.metric) if rule is not None and rule.kind == "threshold" else ""
