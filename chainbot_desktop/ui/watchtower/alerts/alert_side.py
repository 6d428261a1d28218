"""A list of alerts with one of them in full beside or over it, and what is done with that one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.alerts.alert_details import AlertDetails
from chainbot_desktop.ui.watchtower.alerts.parts import AlertParts
from chainbot_desktop.ui.watchtower.alerts.snooze_sheet import SnoozeSheet
from chainbot_desktop.ui.watchtower.alerts.words import named, plain_report
from chainbot_desktop.ui.watchtower.side_panel import SidePanel
from chainbot_desktop.watch.alerts.records import Alert, AlertRule

_PAST = 100
"""Alerts of one rule among which earlier ones with the same labels are looked for."""
_SHOWN_PAST = 10


class AlertSide(SidePanel):
    message = Signal(object)
    open_requested = Signal(str, object)
    edit_wanted = Signal(str)
    """Name of a rule."""
    covering = Signal(bool)
    """Whether the alert hides the list."""

    def __init__(self, content: QWidget, parts: AlertParts, parent: QWidget | None = None) -> None:
        self.details = AlertDetails(parts.themes)
        super().__init__(content, self.details, parts.themes, parent)
        self._parts = parts
        self._covered = False
        self.alert_id = ""
        self.details.wanted.connect(self._on_wanted)
        self.details.closed.connect(self.close_panel)

    def show_alert(self, alert_id: str) -> None:
        """Open it on that alert, wherever it is kept."""
        self.alert_id = alert_id
        self._parts.tasks.spawn("alerts: one alert", self._show(alert_id))

    def refresh(self) -> None:
        """The desk has changed. What is active stands in memory; how it was before is not read each time that a figure moves."""
        if not self.is_open:
            return
        alert = next((alert for alert in self._parts.desk.active if alert.id == self.alert_id), None)
        if alert is None:
            self.show_alert(self.alert_id)
        elif alert != self.details.alert or self._is_mute(alert) != self.details.rule_is_mute:
            self._fill(alert)

    def _lay_out(self) -> None:
        super()._lay_out()
        if self.covers != self._covered:
            self._covered = self.covers
            self.covering.emit(self._covered)

    async def _show(self, alert_id: str) -> None:
        desk = self._parts.desk
        try:
            alert = await desk.alert(alert_id)
            same_rule = await desk.history(rule=alert.rule, limit=_PAST)
        except ChainBotError as error:
            self.close_panel()
            self.message.emit(Message(error.message, "warning", error.hint))
            return
        if alert_id != self.alert_id:
            return  # somebody went on to another meanwhile
        self._fill(alert)
        before = [
            each for each in same_rule if each.labels == alert.labels and each.id != alert.id and each.since < alert.since
        ]
        self.details.show_past(before[:_SHOWN_PAST])
        if not self.is_open:
            self.open()
            if self.covers:
                self.details.take_focus()

    def _fill(self, alert: Alert) -> None:
        self.details.show_alert(alert, self._parts.unit_of_rule(alert.rule), rule_is_mute=self._is_mute(alert))

    def _is_mute(self, alert: Alert) -> bool | None:
        rule = self._parts.rule(alert.rule)
        return None if rule is None else rule.notify == ()

    def _on_wanted(self, deed: str) -> None:
        alert = self.details.alert
        if alert is None:
            return
        deeds = self._parts.deeds
        to_do: dict[str, Callable[[], object]] = {
            "cause": lambda: self.open_requested.emit(alert.cause.window, dict(alert.cause.content)),
            "acknowledge": lambda: deeds.acknowledge([alert]),
            "unacknowledge": lambda: deeds.unacknowledge([alert]),
            "snooze": lambda: self._ask_snooze(alert),
            "unsnooze": lambda: deeds.end_snooze([alert]),
            "resolve": lambda: deeds.resolve([alert]),
            "edit_rule": lambda: self.edit_wanted.emit(alert.rule),
            "mute_rule": lambda: self._with_rule(alert, deeds.mute_rule),
            "unmute_rule": lambda: self._with_rule(alert, deeds.unmute_rule),
        }
        to_do.get(deed, lambda: self._hand_out(deed, alert))()

    def _ask_snooze(self, alert: Alert) -> None:
        SnoozeSheet(self, self._parts.themes, f"Snooze {named(alert.title)}", partial(self._parts.deeds.snooze, [alert])).open()

    def _with_rule(self, alert: Alert, deed: Callable[[AlertRule], None]) -> None:
        rule = self._parts.rule(alert.rule)
        if rule is not None:
            deed(rule)

    def _hand_out(self, deed: str, alert: Alert) -> None:
        report = plain_report(alert, self._parts.unit_of_rule(alert.rule))
        if deed == "copy":
            QGuiApplication.clipboard().setText(report)
            self.message.emit(Message("Copied alert.", "success"))
        else:
            attached = {"kind": "event", "name": f"alert-{alert.rule}.txt", "text": report}
            self.open_requested.emit("chat", {"attach": attached})
