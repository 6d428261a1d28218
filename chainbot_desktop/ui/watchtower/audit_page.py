"""Who did what, when: the whole journal as an audit trail, newest first, with the verdict on its chain."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.core.tasks import Latest
from chainbot_desktop.ui.view import Command, Message
from chainbot_desktop.ui.watchtower.audit_bar import AuditFilterBar, VerdictBar
from chainbot_desktop.ui.watchtower.audit_rows import entry_text
from chainbot_desktop.ui.watchtower.audit_sheets import ACTOR, ExportSheet, RetentionSheet, VerdictSheet, since_days
from chainbot_desktop.ui.watchtower.event_filter import EventFilter, parse_filter
from chainbot_desktop.ui.watchtower.event_inspector import EventInspector
from chainbot_desktop.ui.watchtower.inspecting import Inspecting
from chainbot_desktop.ui.watchtower.list_body import ListBody
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.watchtower.row_list import RowList
from chainbot_desktop.ui.watchtower.row_window import RowWindow
from chainbot_desktop.ui.watchtower.side_panel import SidePanel
from chainbot_desktop.ui.watchtower.two_line_rows import TwoLineRows
from chainbot_desktop.ui.widgets import EmptyState

KEPT = 3_000
"""Rows in memory at a time."""
_PAGE = 200
_NEWS_MS = 500
_TICK_MS = 30_000


class AuditPage(Page):
    """Reads the journal when it is looked at. Content for `present`: "seq" (an event to show), "text" (a filter)."""

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._trail = parts.audit
        self._filter = EventFilter()
        self.stretch: RowWindow[Recorded[Event]] = RowWindow(lambda recorded: recorded.seq, KEPT)
        self._work = Latest(parts.tasks)
        self._verifying: asyncio.Task[None] | None = None
        self._sheet: QWidget | None = None
        self._build(parts)
        self._news = QTimer(self, singleShot=True, interval=_NEWS_MS)
        self._news.timeout.connect(self._on_news)
        self._clock = QTimer(self, interval=_TICK_MS)
        self._clock.timeout.connect(self._show_verdict)
        subscription = parts.bus.subscribe(self._on_event)
        self.destroyed.connect(subscription.cancel)
        if self._trail is not None:
            self.destroyed.connect(self._trail.on_change(self._show_verdict))
        self._show_verdict()

    @property
    def first(self) -> QWidget:
        return self.list

    def shown_first_time(self) -> None:
        self.load()

    def present(self, content: Mapping[str, object]) -> None:
        seq, text = content.get("seq"), content.get("text")
        if isinstance(seq, int):
            self.show_seq(seq)
        elif isinstance(text, str):
            self.filter_bar.field.setText(text)

    def focus_filter(self) -> bool:
        self.filter_bar.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return True

    def commands(self) -> Sequence[Command]:
        return (
            Command("audit.verify", "Verify the audit trail", self.verify),
            Command("audit.export", "Export the audit trail", self._on_export),
            Command("audit.retention", "How long events are kept", self._on_retention),
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()
        self._show_verdict()
        self._news.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()
        self._news.stop()

    # The verdict.

    def verify(self) -> None:
        if self._trail is not None and self._verifying is None:
            self.verdict.show_progress(0, 0)
            self._verifying = self._parts.tasks.spawn("audit: verify", self._verify())

    async def _verify(self) -> None:
        assert self._trail is not None
        try:
            report = await self._trail.verify(self.verdict.show_progress, ACTOR, always_told=True)
        except ChainBotError as error:
            self.message.emit(Message(error.message, "error", error.hint, "Try again", self.verify))
        else:
            if not report.ok:
                self._on_explain()
        finally:
            self._verifying = None
            self._show_verdict()

    def _on_cancel(self) -> None:
        if self._verifying is not None:
            self._verifying.cancel()

    def _show_verdict(self) -> None:
        if self._verifying is None and self._trail is not None:
            self.verdict.show_verdict(self._trail.last)

    def _on_explain(self) -> None:
        if self._trail is not None and self._trail.last is not None:
            VerdictSheet(self, self._trail.last, self._parts.themes, self.show_seq).open()

    def _on_export(self) -> None:
        if self._trail is not None:
            downloads = Path.home() / "Downloads"
            folder = downloads if downloads.is_dir() else Path.home()
            days = self.filter_bar.when
            ExportSheet(self, self._trail, self._parts.themes, self._parts.tasks, folder=folder, days=days).open()

    def _on_retention(self) -> None:
        if self._trail is not None:
            RetentionSheet(self, self._trail, self._parts.audit_settings, self._parts.themes, self._parts.tasks).open()

    # The list.

    def load(self) -> None:
        self._work.start("audit: read", self._load_newest())

    def show_seq(self, seq: int) -> None:
        """Show the event, or the one before it where it is missing, with its neighbours."""
        self._work.start("audit: read", self._load_around(seq))

    def _on_filtered(self) -> None:
        try:
            self._filter = parse_filter(self.filter_bar.field.text())
        except ChainBotError as error:
            self.filter_bar.status.say(str(error), error=True)
            return
        self.load()

    def _query(self, *, since: int | None, newest_first: bool) -> EventQuery:
        query = self._filter.query(since=since, limit=_PAGE, newest_first=newest_first)
        return replace(query, actor=query.actor or self.filter_bar.who or None, after=since_days(self.filter_bar.when))

    async def _load_newest(self) -> None:
        self.filter_bar.status.say("Reading…")
        rows = await self._read(self._query(since=None, newest_first=True))
        if rows is None:
            return
        self.stretch.clear()
        self.stretch.replace(rows[::-1], complete=len(rows) < _PAGE)
        self.list.set_current(-1)
        self._rows_changed(keep_place=False)

    async def _load_around(self, seq: int) -> None:
        rows = await self._read(EventQuery(since=seq + _PAGE // 4, limit=_PAGE, order="desc"))
        if not rows:
            return
        self.filter_bar.field.setText("")
        self.stretch.clear()
        self.stretch.replace(rows[::-1], complete=len(rows) < _PAGE)
        self.stretch.at_head = rows[0].seq >= self._parts.journal.head_seq
        self._rows_changed(keep_place=False)
        index = next((index for index, row in enumerate(rows) if row.seq <= seq), len(rows) - 1)
        self.list.set_current(index)
        self._inspect(rows[index])

    def _on_wants_older(self) -> None:
        if len(self.stretch) and not self.stretch.complete and not self._work.busy:
            self._work.start("audit: read", self._load_older())

    async def _load_older(self) -> None:
        rows = await self._read(self._query(since=self.stretch.oldest, newest_first=True))
        if rows is not None:
            self._rows_changed(removed=self.stretch.extend_older(rows, complete=len(rows) < _PAGE))

    def _on_wants_newer(self) -> None:
        if len(self.stretch) and not self._work.busy:
            self._work.start("audit: read", self._load_newer())

    async def _load_newer(self) -> None:
        rows = await self._read(self._query(since=self.stretch.newest, newest_first=False))
        if rows is not None:
            self._rows_changed(inserted=self.stretch.extend_newer(rows, reaches_head=len(rows) < _PAGE))

    def _on_event(self, _recorded: Recorded[Event]) -> None:
        if self.isVisible() and not self._news.isActive():
            self._news.start()

    def _on_news(self) -> None:
        if not self._work.busy and self.stretch.at_head and self.list.at_top:
            self._work.start("audit: read", self._load_newer() if len(self.stretch) else self._load_newest())

    async def _read(self, query: EventQuery) -> list[Recorded[Event]] | None:
        try:
            return await self._parts.journal.read(query)
        except ChainBotError as error:
            self.filter_bar.status.say(str(error), error=True)
            self.message.emit(Message(error.message, "error", error.hint, "Try again", self.load))
            return None

    def _rows_changed(self, *, inserted: int = 0, removed: int = 0, keep_place: bool = True) -> None:
        self.list.rows_changed(inserted=inserted, removed=removed, keep_place=keep_place)
        shown = len(self.stretch)
        self._body.show_rows(bool(shown))
        if not shown:
            self._empty.set_text("Nothing found", "Nobody did anything that this filter lets through.")
        more = "" if self.stretch.complete else ", scroll down for older ones"
        self.filter_bar.status.say(f"{shown:,} entr{'y' if shown == 1 else 'ies'}{more}" if shown else "")

    # One entry.

    def _on_opened(self, index: int) -> None:
        self._inspect(self.stretch[index])
        if self.panel.covers:
            self.inspector.take_focus()

    def _on_current_changed(self, index: int) -> None:
        if self.panel.is_open and index >= 0:
            self.inspector.show_event(self.stretch[index])

    def _inspect(self, recorded: Recorded[Event]) -> None:
        self.inspector.show_event(recorded)
        self.panel.open()

    def _on_subject_wanted(self, subject: str) -> None:
        if self.panel.covers:
            self.panel.close_panel()
        self.filter_bar.field.setText(f'subject:"{subject}"')

    def _build(self, parts: WatchtowerParts) -> None:
        themes = self._parts.themes
        self.rows = TwoLineRows(self.stretch, entry_text, lambda recorded: recorded.seq)
        self.verdict = VerdictBar(themes)
        self.verdict.verify.connect(self.verify)
        self.verdict.cancelled.connect(self._on_cancel)
        self.verdict.explained.connect(self._on_explain)
        self.verdict.export_wanted.connect(self._on_export)
        self.verdict.retention_wanted.connect(self._on_retention)
        self.verdict.setVisible(self._trail is not None)
        self.filter_bar = AuditFilterBar(themes)
        self.filter_bar.changed.connect(self._on_filtered)
        self.list = RowList(self.rows, themes, "Who did what, the newest first")
        self.list.opened.connect(self._on_opened)
        self.list.current_changed.connect(self._on_current_changed)
        self.list.wants_older.connect(self._on_wants_older)
        self.list.wants_newer.connect(self._on_wants_newer)
        self._empty = EmptyState("watch", "Reading the journal…", "", themes)
        self._body = ListBody((self.verdict, self.filter_bar), self.list, self._empty)
        self.inspector = EventInspector(themes)
        self.inspector.subject_wanted.connect(self._on_subject_wanted)
        self.inspector.event_wanted.connect(
            lambda recorded: self.open_requested.emit("watchtower", {"event_id": recorded.event.id})
        )
        self._inspecting = Inspecting(self.inspector, parts, self.message.emit, self.open_requested.emit)
        self.panel = SidePanel(self._body, self.inspector, themes)
        self.inspector.closed.connect(self.panel.close_panel)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.panel)
