"""What fired before: the newest first, older ones by scrolling down, by rule, severity, state and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Latest
from chainbot_desktop.ui.theme import Theme
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.alerts.alert_rows import AlertRows
from chainbot_desktop.ui.watchtower.alerts.alert_side import AlertSide
from chainbot_desktop.ui.watchtower.alerts.history_filter import HistoryFilter, HistoryFilterSheet
from chainbot_desktop.ui.watchtower.alerts.lines import AlertLine
from chainbot_desktop.ui.watchtower.alerts.parts import AlertParts
from chainbot_desktop.ui.watchtower.alerts.words import SEVERITY_MARKS, clock, duration_words, state_words
from chainbot_desktop.ui.watchtower.list_body import ListBody
from chainbot_desktop.ui.watchtower.marks import Mark
from chainbot_desktop.ui.watchtower.row_list import RowList
from chainbot_desktop.ui.widgets import Button, EmptyState, SearchField
from chainbot_desktop.watch.alerts.records import Alert

PAGE = 100
_WRITTEN_MS = 1000
"""The desk tells of a change at once and writes it a little later: what is read from the disk is read again then."""
_ENOUGH = 20
"""Rows that one look for older ones brings at least, where there are so many."""


class HistoryRows(AlertRows):
    """Nothing here calls: how it ended and how long it lasted stand in place of its age."""

    def ground(self, index: int, theme: Theme) -> str | None:
        return None

    def mark(self, alert: Alert) -> Mark:
        return SEVERITY_MARKS[alert.severity]

    def is_faded(self, alert: Alert) -> bool:
        return False

    def asides(self, alert: Alert) -> Sequence[tuple[str, str]]:
        token = "done" if alert.state == "resolved" else "needs_input" if alert.state == "firing" else "dim"
        state = alert.state if alert.state in {"resolved", "firing"} else state_words(alert)
        return ((clock(alert.fired_at or alert.since), "dim"), (duration_words(alert), "dim"), (state, token))


class HistoryPart(QWidget):
    """Reads when it is seen, and again when the desk changed meanwhile."""

    message = Signal(object)
    open_requested = Signal(str, object)
    edit_wanted = Signal(str)
    covering = Signal(bool)

    def __init__(self, parts: AlertParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._filter = HistoryFilter()
        self._alerts: list[Alert] = []
        self._newest = self._oldest = ""
        """Ids of the first and the last that was read, whether it passed or not."""
        self._complete = False
        self._stale = True
        self._seen: object = None
        """What told that something fired or became another, the last time."""
        self._work = Latest(parts.tasks)
        self._again = QTimer(self, singleShot=True, interval=_WRITTEN_MS)
        self._again.timeout.connect(self._on_written)
        self.rows = HistoryRows(parts.unit_of_rule)
        self._build()

    @property
    def first(self) -> QWidget:
        return self.list

    @property
    def is_covered(self) -> bool:
        return self.side.covers

    @property
    def tools(self) -> QWidget:
        return self.choose

    @property
    def busy(self) -> bool:
        return self._work.busy

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.load()

    def refresh(self) -> None:
        """The desk has changed."""
        active = {(alert.id, alert.state) for alert in self._parts.desk.active}
        fired = {(state.rule.name, state.last_fired_at) for state in self._parts.desk.rules}
        before, self._seen = self._seen, (active, fired)
        if before == self._seen:
            return  # a figure moved on, a rule or a channel changed
        self._stale = True
        self._again.start()
        if self.isVisible():
            self.load()
            self.side.refresh()

    def load(self) -> None:
        self._stale = False
        self._work.start("alerts: history", self._load_newest())

    def _on_written(self) -> None:
        self._stale = True
        if self.isVisible():
            self.load()

    def set_filter(self, chosen: HistoryFilter) -> None:
        self._filter = chosen
        self.choose.setText("Filter: on" if chosen.chosen else "Filter")
        self.choose.setToolTip(chosen.chosen)
        self._alerts, self._newest, self._oldest, self._complete = [], "", "", False
        self.list.scroll_to_top()
        self.load()

    async def _load_newest(self) -> None:
        """What is newer or has changed, before what is here already: who reads further down goes on reading there."""
        page = await self._page("")
        if page is None:
            return
        known, ids = {alert.id for alert in self._alerts}, {alert.id for alert in page}
        passing = [alert for alert in page if self._filter.passes(alert)]
        inserted = sum(alert.id not in known for alert in passing) if known else 0
        joins = self._newest in ids and len(page) == PAGE
        if joins:
            self._alerts = passing + [alert for alert in self._alerts if alert.id not in ids]
        else:  # the first time, or so many are new that what is here lies beyond a hole
            self._alerts, self._complete = passing, len(page) < PAGE
            self._oldest = page[-1].id if page else ""
        self._newest = page[0].id if page else ""
        self._show(inserted=inserted)
        if len(self._alerts) < _ENOUGH and not self._complete:
            await self._load_older()

    def _on_wants_older(self) -> None:
        if not self._complete and self._oldest and not self.busy:
            self._work.start("alerts: older history", self._load_older())

    async def _load_older(self) -> None:
        """Page by page until something passes the filter."""
        found = 0
        while not self._complete and found < _ENOUGH:
            page = await self._page(self._oldest)
            if page is None:
                return
            self._complete = len(page) < PAGE
            self._oldest = page[-1].id if page else self._oldest
            passing = [alert for alert in page if self._filter.passes(alert)]
            found += len(passing)
            self._alerts.extend(passing)
            self._show()

    async def _page(self, before: str) -> Sequence[Alert] | None:
        chosen = self._filter
        try:
            return await self._parts.desk.history(before=before, limit=PAGE, rule=chosen.rule, state=chosen.state)
        except ChainBotError as error:
            self.message.emit(Message(error.message, "error", error.hint, "Try again", self.load))
            return None

    def _show(self, *, inserted: int = 0) -> None:
        self.rows.lines = [AlertLine(alert) for alert in self._alerts]
        self.list.rows_changed(inserted=inserted)
        self._body.show_rows(bool(self._alerts))
        if self._filter.empty:
            self._empty.set_text("Nothing fired yet", "What the rules find stays here, with how long it lasted.")
        else:
            self._empty.set_text("Nothing found", "No alert passes this filter.")

    def _on_words(self, words: str) -> None:
        self.set_filter(replace(self._filter, words=words))

    def _on_choose(self) -> None:
        rules = [(state.rule.name, state.rule.title) for state in self._parts.desk.rules]
        if self._filter.rule and self._filter.rule not in dict(rules):
            rules.append((self._filter.rule, self._filter.rule))
        HistoryFilterSheet(self, self._parts.themes, self._filter, rules, self.set_filter).open()

    def _on_opened(self, index: int) -> None:
        self.side.show_alert(self._alerts[index].id)

    def _on_current_changed(self, index: int) -> None:
        if self.side.is_open and index >= 0 and self._alerts[index].id != self.side.alert_id:
            self.side.show_alert(self._alerts[index].id)

    def _build(self) -> None:
        themes = self._parts.themes
        self.field = SearchField("Words in title, summary or labels", themes)
        self.field.searched.connect(self._on_words)
        self.choose = Button("Filter", themes, icon="filter")
        self.choose.clicked.connect(self._on_choose)
        self.list = RowList(self.rows, themes, "Alerts of the past, the newest first")
        self.list.opened.connect(self._on_opened)
        self.list.current_changed.connect(self._on_current_changed)
        self.list.wants_older.connect(self._on_wants_older)
        self._empty = EmptyState("history", "Reading…", "", themes)
        self._row = QHBoxLayout()
        self._row.addWidget(self.field, 1)
        self._body = ListBody((self._row,), self.list, self._empty, otherwise=self.field)
        self.side = AlertSide(self._body, self._parts)
        self.side.message.connect(self.message)
        self.side.open_requested.connect(self.open_requested)
        self.side.edit_wanted.connect(self.edit_wanted)
        self.side.covering.connect(self.covering)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.side)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(12), theme.px(2), theme.px(12), theme.px(6))
