"""The Alerts page: what calls, what called before, the rules that watch, and the channels that tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme
from chainbot_desktop.ui.view import Command
from chainbot_desktop.ui.watchtower.alerts.active import ActivePart
from chainbot_desktop.ui.watchtower.alerts.channels import ChannelsPart
from chainbot_desktop.ui.watchtower.alerts.deeds import AlertDeeds
from chainbot_desktop.ui.watchtower.alerts.history import HistoryPart
from chainbot_desktop.ui.watchtower.alerts.parts import AlertParts
from chainbot_desktop.ui.watchtower.alerts.quiet_strip import QuietStrip
from chainbot_desktop.ui.watchtower.alerts.rules import RulesPart
from chainbot_desktop.ui.watchtower.alerts.words import needs_somebody
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.page_strip import PageStrip
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts

PARTS = (("active", "Active"), ("history", "History"), ("rules", "Rules"), ("channels", "Channels"))
HOUR = 3600.0
_LOOK_MS = 5_000
"""The quiet ends by the clock, and nobody tells."""


class AlertsPage(Page):
    """It counts the alerts that fire and that nobody has acknowledged or snoozed.

    Content for `present`: "part" (a key of `PARTS`), "alert_id", "rule" (its form), "new_rule" (True: an empty form),
    "acknowledge_all" (True).
    """

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        desk = parts.alerts
        self._desk = desk
        self.deeds = AlertDeeds(desk, parts.tasks, self)
        self.deeds.message.connect(self.message)
        self._shared = AlertParts(desk, self.deeds, parts.themes, parts.tasks, desk.unit_of)
        self.active = ActivePart(self._shared)
        self.history = HistoryPart(self._shared)
        self.rules = RulesPart(self._shared)
        self.channels = ChannelsPart(self._shared)
        self._by_key: Mapping[str, ActivePart | HistoryPart | RulesPart | ChannelsPart] = {
            "active": self.active,
            "history": self.history,
            "rules": self.rules,
            "channels": self.channels,
        }
        self._build(parts)
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._show_quiet)
        self.destroyed.connect(desk.on_change(self._on_changed))
        self._on_changed()
        self.show_part("active")

    @property
    def part(self) -> str:
        return next(key for key, part in self._by_key.items() if part is self._stack.currentWidget())

    @property
    def first(self) -> QWidget:
        first = self._by_key[self.part].first
        return first if not first.isHidden() else self.strip.chips[self.part]

    def shown_first_time(self) -> None:
        self._on_changed()

    def present(self, content: Mapping[str, object]) -> None:
        part, alert_id, rule = content.get("part"), content.get("alert_id"), content.get("rule")
        if isinstance(rule, str):
            self.edit_rule(rule)
        elif content.get("new_rule") is True:
            self.new_rule()
        elif isinstance(alert_id, str):
            self.show_part("active")
            self.active.show_alert(alert_id)
        elif isinstance(part, str) and part in self._by_key:
            self.show_part(part)
        if content.get("acknowledge_all") is True:
            self.active.acknowledge_all()

    def focus_filter(self) -> bool:
        fields = {"history": self.history.field, "rules": self.rules.field}
        field = fields.get(self.part)
        if field is None or not field.isVisible():
            return False
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        field.selectAll()
        return True

    def commands(self) -> Sequence[Command]:
        return [
            Command("alerts.acknowledge", "Acknowledge the chosen alert", self.active.acknowledge_chosen, "A", "check"),
            Command("alerts.snooze", "Snooze the chosen alert", self.active.snooze_chosen, "S", "clock"),
            *(Command(f"alerts.{key}", f"Alerts: {title}", partial(self.show_part, key)) for key, title in PARTS),
        ]

    def show_part(self, key: str) -> None:
        self._stack.setCurrentWidget(self._by_key[key])
        self.strip.show_current(key)
        for name, part in self._by_key.items():
            part.tools.setVisible(name == key)
        self._show_head()
        self._by_key[key].refresh()
        if self.isVisible():
            self.first.setFocus(Qt.FocusReason.OtherFocusReason)

    def edit_rule(self, name: str) -> None:
        self.show_part("rules")
        self.rules.edit(name)

    def new_rule(self) -> None:
        self.show_part("rules")
        self.rules.new()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look.start()
        self._by_key[self.part].refresh()
        self._show_quiet()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._look.stop()

    def _on_changed(self) -> None:
        active = self._desk.active
        self.strip.chips["active"].set_count(len(active) or None)
        self.count_changed.emit(sum(map(needs_somebody, active)))
        self._shared.forget()
        if self.isVisible():  # a figure that moves tells every second: what nobody sees waits
            self._by_key[self.part].refresh()
        self._show_quiet()

    def _show_quiet(self) -> None:
        self.quiet.show_until(self._desk.quiet_until)

    def _build(self, parts: WatchtowerParts) -> None:
        self.strip = PageStrip(PARTS, parts.themes)
        self.strip.chosen.connect(self.show_part)
        self._stack = QStackedWidget()
        self._head = QWidget()
        self._row = QHBoxLayout(self._head)
        self._row.addWidget(self.strip, 1)
        self.quiet = QuietStrip(parts.themes)
        self.quiet.end_wanted.connect(partial(self.deeds.mute, 0))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self._head, self.quiet):
            column.addWidget(widget)
        column.addWidget(self._stack, 1)
        for part in self._by_key.values():
            part.message.connect(self.message)
            self._stack.addWidget(part)
            self._row.addWidget(part.tools)
        for shown in (self.active, self.history):
            shown.open_requested.connect(self.open_requested)
            shown.edit_wanted.connect(self.edit_rule)
        for part in (self.active, self.history, self.rules):
            part.covering.connect(self._show_head)
        parts.themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(parts.themes.current)

    def _show_head(self) -> None:
        """What covers its part needs the room, and has a way back of its own."""
        self._head.setHidden(self._by_key[self.part].is_covered)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(12), theme.px(2), theme.px(8), theme.px(2))
        self._row.setSpacing(theme.px(8))
