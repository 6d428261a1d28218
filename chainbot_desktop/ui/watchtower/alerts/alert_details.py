"""One alert in full: what it says, what to do about it, how it went before, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.ui.agent_map.form_rows import paragraph
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.alerts.fact_table import FactTable
from chainbot_desktop.ui.watchtower.alerts.words import duration_words, labels_text, mark_of, number, state_words, who
from chainbot_desktop.ui.watchtower.elided_label import ElidedLabel
from chainbot_desktop.ui.watchtower.event_texts import exact_time, relative_time
from chainbot_desktop.ui.watchtower.marks import MarkLabel
from chainbot_desktop.ui.widgets import Button, IconButton, KineticArea, MenuSheet
from chainbot_desktop.watch.alerts.records import Alert

Deed = Literal[
    "cause", "acknowledge", "unacknowledge", "snooze", "unsnooze", "resolve", "mute_rule", "unmute_rule", "edit_rule", "chat", "copy"
]  # fmt: skip
_ONE_LINE = 560
_SHORT_TITLE = 30
"""Letters that the head of the panel has room for at any width; a longer title stands in full among the facts too."""


class AlertDetails(QWidget):
    """`wanted` carries a `Deed`; `closed` when somebody leaves it."""

    closed = Signal()
    wanted = Signal(str)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._alert: Alert | None = None
        self.rule_is_mute: bool | None = None
        self._mark = MarkLabel("info", themes, 20)
        self._title = ElidedLabel("title")
        self._state = ElidedLabel("small")
        self._says = paragraph("")
        self._says.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._runbook = paragraph("")
        self._runbook.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._runbook_title = paragraph("label", "What to do")
        self.facts = FactTable(themes)
        self._past_title = paragraph("label", "Before")
        self._past = paragraph("small")
        self.back = IconButton("arrow-left", "Back to the list (Esc)", themes)
        self.back.clicked.connect(self.closed)
        self.cause = Button("Go to the cause", themes, kind="primary", icon="arrow-right")
        self.acknowledge = Button("Acknowledge", themes, icon="check")
        self.snooze = Button("Snooze", themes, icon="clock")
        self.more = IconButton("more-vertical", "More for this alert", themes)
        self.cause.clicked.connect(partial(self.wanted.emit, "cause"))
        self.acknowledge.clicked.connect(self._on_acknowledge)
        self.snooze.clicked.connect(self._on_snooze)
        self.more.clicked.connect(self._on_more)
        self._lay_out()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def alert(self) -> Alert | None:
        return self._alert

    @property
    def text(self) -> str:
        """Everything that it says."""
        labels: Sequence[QLabel] = (self._title, self._state, self._says, self._runbook, self._past)
        return "\n".join((*(label.text() for label in labels if not label.isHidden()), self.facts.text))

    def show_alert(self, alert: Alert, unit: str, *, rule_is_mute: bool | None) -> None:
        """`rule_is_mute` None: the rule is no longer there."""
        if self._alert is None or alert.id != self._alert.id:
            self._past.setText("")
        self._alert, self.rule_is_mute = alert, rule_is_mute
        self._mark.set_mark(mark_of(alert))
        self._title.setText(alert.title)
        flapping = " · flapping: it comes and goes" if alert.flapping else ""
        self._state.setText(f"{alert.severity.capitalize()} · {state_words(alert)}{flapping}")
        self._says.setText(alert.summary)
        self._says.setVisible(bool(alert.summary))
        self._runbook.setText(alert.runbook)
        for label in (self._runbook, self._runbook_title):
            label.setVisible(bool(alert.runbook))
        self._unit = unit
        self._show_buttons(alert)
        self.refresh_times()
        self.show_past(None)

    def refresh_times(self) -> None:
        alert = self._alert
        if alert is not None:
            self.facts.show_facts(_facts(alert, self._unit))

    def show_past(self, alerts: Sequence[Alert] | None) -> None:
        """Earlier ones of the same rule and labels; None: not read yet, what stands there stays."""
        if alerts is not None:
            lines = [f"{relative_time(each.fired_at or each.since)}, {duration_words(each)}" for each in alerts]
            self._past.setText("\n".join(lines) if lines else "It is the first time.")
        for label in (self._past, self._past_title):
            label.setVisible(bool(self._past.text()))

    def take_focus(self) -> None:
        first = next(button for button in (self.cause, self.acknowledge, self.back) if not button.isHidden())
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _show_buttons(self, alert: Alert) -> None:
        self.cause.setVisible(bool(alert.cause.window))
        living = alert.state not in {"resolved", "pending"}
        self.acknowledge.setVisible(living)
        self.acknowledge.setText("Call again" if alert.state == "acknowledged" else "Acknowledge")
        self.snooze.setVisible(living)
        self.snooze.setText("End snooze" if alert.state == "snoozed" else "Snooze")

    def _on_acknowledge(self) -> None:
        again = self._alert is not None and self._alert.state == "acknowledged"
        self.wanted.emit("unacknowledge" if again else "acknowledge")

    def _on_snooze(self) -> None:
        snoozed = self._alert is not None and self._alert.state == "snoozed"
        self.wanted.emit("unsnooze" if snoozed else "snooze")

    def _on_more(self) -> None:
        menu = MenuSheet(self, self._themes)
        if self._alert is not None and self._alert.state not in {"resolved", "pending"}:
            menu.add("Resolve", partial(self.wanted.emit, "resolve"), icon="state-done")
        if self.rule_is_mute is not None:
            deed, label = ("unmute_rule", "Unmute the rule") if self.rule_is_mute else ("mute_rule", "Mute the rule")
            menu.add(label, partial(self.wanted.emit, deed), icon="bell" if self.rule_is_mute else "bell-off")
            menu.add("Edit the rule", partial(self.wanted.emit, "edit_rule"), icon="edit")
        menu.add("Open in chat", partial(self.wanted.emit, "chat"), icon="chat")
        menu.add("Copy", partial(self.wanted.emit, "copy"), icon="copy")
        menu.open_at(self.more.mapToGlobal(QPoint(0, 0)))

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._state)
        self._top = QHBoxLayout()
        self._top.addWidget(self.back)
        self._top.addWidget(self._mark)
        self._top.addLayout(words, 1)
        self._top.addWidget(self.more)
        content = QWidget()
        self._body = QVBoxLayout(content)
        for widget in (self._says, self._runbook_title, self._runbook, self.facts, self._past_title, self._past):
            self._body.addWidget(widget)
        self._body.addStretch(1)
        self._buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._buttons.addWidget(self.cause, 1)
        self._two = QHBoxLayout()
        self._two.addWidget(self.acknowledge, 1)
        self._two.addWidget(self.snooze, 1)
        self._buttons.addLayout(self._two, 1)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._top)
        self._column.addWidget(KineticArea(content), 1)
        self._column.addLayout(self._buttons)

    def _arrange(self) -> None:
        wide = self.width() >= self._themes.current.px(_ONE_LINE)
        direction = QBoxLayout.Direction
        self._buttons.setDirection(direction.LeftToRight if wide else direction.TopToBottom)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(8))
        self._column.setSpacing(theme.px(8))
        self._body.setContentsMargins(theme.px(4), 0, theme.px(12), 0)
        for layout in (self._top, self._body, self._buttons, self._two):
            layout.setSpacing(theme.px(8))
        self._arrange()


def _when(text: str) -> str:
    return f"{relative_time(text)} ({exact_time(text)})" if text else ""


def _facts(alert: Alert, unit: str) -> dict[str, str]:
    by = f" by {who(alert.acknowledged_by)}" if alert.acknowledged_by else ""
    return {
        "Title": alert.title if len(alert.title) > _SHORT_TITLE else "",
        "Value": number(alert.value, unit) if alert.value is not None else "",
        "Labels": labels_text(alert.labels),
        "Since": _when(alert.since),
        "Fired": _when(alert.fired_at),
        "Acknowledged": _when(alert.acknowledged_at) + by if alert.acknowledged_at else "",
        "Snoozed until": _when(alert.snoozed_until) if alert.state == "snoozed" else "",
        "Resolved": _when(alert.resolved_at),
        "Times": f"fired {alert.times:,} times" if alert.times > 1 else "",
        "Rule": alert.rule,
    }
