"""The alerts that are not settled: the worst first, each with all of it beside or over the list, several of them answered at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chainbot_desktop.ui.watchtower.alerts.alert_rows import AlertRows
from chainbot_desktop.ui.watchtower.alerts.alert_side import AlertSide
from chainbot_desktop.ui.watchtower.alerts.lines import AlertLine, GroupLine, alerts_of, lines_of
from chainbot_desktop.ui.watchtower.alerts.parts import AlertParts
from chainbot_desktop.ui.watchtower.alerts.snooze_sheet import SnoozeSheet
from chainbot_desktop.ui.watchtower.alerts.words import named, needs_somebody, watched
from chainbot_desktop.ui.watchtower.list_body import ListBody
from chainbot_desktop.ui.watchtower.row_list import RowList
from chainbot_desktop.ui.widgets import Button, EmptyState, IconButton
from chainbot_desktop.watch.alerts.records import Alert

_TICK_MS = 1000


class ActivePart(QWidget):
    """`tools` belong beside the names of the parts. A on a row acknowledges, S snoozes, Space selects."""

    message = Signal(object)
    open_requested = Signal(str, object)
    edit_wanted = Signal(str)
    """Name of a rule."""
    covering = Signal(bool)
    """Whether one alert takes all of the room."""

    def __init__(self, parts: AlertParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._desk = parts.desk
        self._deeds = parts.deeds
        self._opened: set[str] = set()
        self.rows = AlertRows(parts.unit_of_rule)
        self._build()
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._on_tick)

    @property
    def first(self) -> QWidget:
        return self.list

    @property
    def is_covered(self) -> bool:
        return self.side.covers

    @property
    def selecting(self) -> bool:
        return self.rows.selected is not None

    @property
    def chosen(self) -> Sequence[Alert]:
        """What is selected, in the order of the list."""
        selected = self.rows.selected or set()
        return [alert for alert in self._desk.active if alert.id in selected and alert.state != "pending"]

    def refresh(self) -> None:
        """The desk has changed."""
        active = self._desk.active
        if self.rows.selected is not None:
            self.rows.selected &= {alert.id for alert in active}
        current = self._current()
        self.rows.lines = lines_of(active, self._opened)
        self.list.rows_changed()
        self._find(current, reveal=False)
        self._body.show_rows(bool(active))
        self._describe_quiet()
        self._show_tools()
        self.side.refresh()

    def show_alert(self, alert_id: str) -> None:
        self._find(alert_id)
        self.side.show_alert(alert_id)

    def select(self, on: bool) -> None:
        self.rows.selected = set() if on else None
        self.list.viewport().update()
        self._show_tools()

    def acknowledge_all(self) -> None:
        self._deeds.acknowledge([alert for alert in self._desk.active if needs_somebody(alert)])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tick.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()

    # The list.

    def _current(self) -> str:
        index = self.list.current
        if not 0 <= index < len(self.rows):
            return ""
        line = self.rows.lines[index]
        return line.rule if isinstance(line, GroupLine) else line.alert.id

    def _find(self, key: str, *, reveal: bool = True) -> None:
        """Keep on what was current, wherever it is now."""
        for index, line in enumerate(self.rows.lines):
            if key and key == (line.rule if isinstance(line, GroupLine) else line.alert.id):
                self.list.set_current(index, reveal=reveal)
                return
        self.list.set_current(-1)

    def _on_opened(self, index: int) -> None:
        line = self.rows.lines[index]
        if self.selecting and not isinstance(line, GroupLine):
            self._toggle(index)
        elif isinstance(line, GroupLine):
            self._opened ^= {line.rule}
            self.refresh()
        else:
            self.side.show_alert(line.alert.id)

    def _toggle(self, index: int) -> None:
        if index < 0:
            return
        if self.rows.selected is None:
            self.rows.selected = set()
        ids = {alert.id for alert in alerts_of(self.rows.lines[index])}
        if ids <= self.rows.selected:
            self.rows.selected -= ids
        else:
            self.rows.selected |= ids
        self.list.viewport().update()
        self._show_tools()

    def _on_space(self) -> None:
        self._toggle(self.list.current)

    def _on_current_changed(self, index: int) -> None:
        line = self.rows.lines[index] if index >= 0 else None
        if self.side.is_open and isinstance(line, AlertLine) and line.alert.id != self.side.alert_id:
            self.side.show_alert(line.alert.id)

    def _of_current(self) -> Sequence[Alert]:
        return alerts_of(self.rows.lines[self.list.current]) if self.list.current >= 0 else ()

    def acknowledge_chosen(self) -> None:
        alerts = [each for each in (self.chosen or self._of_current()) if each.state in {"firing", "snoozed"}]
        if alerts:
            self._deeds.acknowledge(alerts)

    def snooze_chosen(self) -> None:
        self._ask_snooze([each for each in (self.chosen or self._of_current()) if each.state != "pending"])

    # The tools beside the names of the parts.

    def _show_tools(self) -> None:
        active = self._desk.active
        calling = sum(map(needs_somebody, active))
        chosen = len(self.chosen)
        self.all.setText("Acknowledge" if calling == 1 else "Acknowledge all")
        self.take.setText(f"Acknowledge {chosen}" if chosen else "Acknowledge")
        self.several.set_icon("close" if self.selecting else "select")
        self.several.setAccessibleName("Leave the selection" if self.selecting else "Select several")
        for button in (self.take, self.snooze):
            button.setEnabled(chosen > 0)
        shown: dict[QWidget, bool] = {
            self.all: not self.selecting and calling > 0,
            self.take: self.selecting,
            self.snooze: self.selecting,
            self.several: bool(active),
        }
        # What goes first: all of them together would be wider than a small screen, and the window would grow.
        for tool, wanted in sorted(shown.items(), key=lambda pair: pair[1]):
            tool.setVisible(wanted)

    def _on_several(self) -> None:
        self.select(not self.selecting)

    def _on_take(self) -> None:
        self._deeds.acknowledge(self.chosen)
        self.select(False)

    def _on_snooze(self) -> None:
        self._ask_snooze(self.chosen)

    def _ask_snooze(self, alerts: Sequence[Alert]) -> None:
        if not alerts:
            return
        title = f"Snooze {named(alerts[0].title)}" if len(alerts) == 1 else f"Snooze {len(alerts)} alerts"
        SnoozeSheet(self, self._parts.themes, title, partial(self._snooze, alerts)).open()

    def _snooze(self, alerts: Sequence[Alert], seconds: float) -> None:
        self._deeds.snooze(alerts, seconds)
        self.select(False)

    # What is seen.

    def _on_tick(self) -> None:
        self.list.viewport().update()
        if self.side.is_open:
            self.side.details.refresh_times()

    def _describe_quiet(self) -> None:
        rules = self._desk.rules
        on = sum(state.rule.enabled and not state.error for state in rules)
        if on:
            what = "1 rule watches" if on == 1 else f"{on} rules watch"
            self._empty.set_text("All is quiet", f"{what}: {watched(rules)}. What one of them finds stands here.")
        else:
            self._empty.set_text(
                "No rule watches", "Switch rules on, or write your own, under Rules. What they find stands here."
            )

    def _build(self) -> None:
        themes = self._parts.themes
        self.list = RowList(self.rows, themes, "Active alerts, the worst first")
        self.list.opened.connect(self._on_opened)
        self.list.pause_pressed.connect(self._on_space)
        self.list.current_changed.connect(self._on_current_changed)
        for key, slot in (("A", self.acknowledge_chosen), ("S", self.snooze_chosen)):
            QShortcut(QKeySequence(key), self.list, slot, context=Qt.ShortcutContext.WidgetShortcut)
        self._empty = EmptyState("bell", "All is quiet", "", themes)
        self._body = ListBody((), self.list, self._empty)
        self.side = AlertSide(self._body, self._parts)
        self.side.message.connect(self.message)
        self.side.open_requested.connect(self.open_requested)
        self.side.edit_wanted.connect(self.edit_wanted)
        self.side.covering.connect(self.covering)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.side)
        self._build_tools()

    def _build_tools(self) -> None:
        themes = self._parts.themes
        self.tools = QWidget()
        row = QHBoxLayout(self.tools)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.current.px(8))
        self.several = IconButton("select", "Select several", themes)
        self.several.clicked.connect(self._on_several)
        self.all = Button("Acknowledge all", themes, icon="check")
        self.all.clicked.connect(self.acknowledge_all)
        self.take = Button("Acknowledge", themes, kind="primary", icon="check")
        self.take.clicked.connect(self._on_take)
        self.snooze = IconButton("clock", "Snooze what is selected", themes)
        self.snooze.clicked.connect(self._on_snooze)
        for widget in (self.snooze, self.take, self.all, self.several):
            row.addWidget(widget)
