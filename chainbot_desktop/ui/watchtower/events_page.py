"""What happened, live: the newest events of the journal, all older ones by scrolling down, each one to be looked into.

An event that arrives costs one append; the list is brought up to date once a frame, and not at all while nobody sees it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.tasks import Latest
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.event_filter import EventFilter, completed, parse_filter, suggestions
from chainbot_desktop.ui.watchtower.event_inspector import EventInspector
from chainbot_desktop.ui.watchtower.event_texts import clock_time, describe, mark_of
from chainbot_desktop.ui.watchtower.follow_bar import FollowBar, NewRowsPill
from chainbot_desktop.ui.watchtower.inspecting import Inspecting
from chainbot_desktop.ui.watchtower.json_paths import visible
from chainbot_desktop.ui.watchtower.list_body import ListBody
from chainbot_desktop.ui.watchtower.pace import Pace
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.watchtower.row_list import RowList
from chainbot_desktop.ui.watchtower.row_window import RowWindow
from chainbot_desktop.ui.watchtower.side_panel import SidePanel
from chainbot_desktop.ui.watchtower.suggestion_row import SuggestionRow
from chainbot_desktop.ui.watchtower.two_line_rows import RowText, TwoLineRows
from chainbot_desktop.ui.widgets import EmptyState
from chainbot_desktop.watch.alerts.records import ALERTS_SOURCE

KEPT = 3_000
"""Rows in memory at a time."""
_UNSEEN = 2_000
"""Events kept between two frames."""
_PAGE = 200
_STATUS_MS = 250
_GROUNDS = {"attention": "needs_input", "warning": "needs_input", "error": "failed", "critical": "failed"}


class EventsPage(Page):
    """Subscribes at once; `load` reads the newest page. Everything on the loop's thread.

    It counts the events that require attention, came, and were not seen; those of alerts the Alerts page counts.
    Content for `present`: "event_id", "subject", "text".
    """

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._journal = parts.journal
        self._tasks = parts.tasks
        self._filter = EventFilter()
        self._passes: Callable[[Recorded[Event]], bool] | None = None
        self._filter_error = ""
        self.stretch: RowWindow[Recorded[Event]] = RowWindow(_seq, KEPT)
        self._incoming: deque[Recorded[Event]] = deque(maxlen=_UNSEEN)
        self._arrived = 0
        self._known_to = 0
        self._stirred = False
        self._attention = 0
        self._work = Latest(parts.tasks)
        self._head_known = False
        self._build(parts)
        self._pace = Pace(self, self._on_frame)
        self.list.spent = self._pace.spent
        self._status_timer = QTimer(self, singleShot=True, interval=_STATUS_MS)
        self._status_timer.timeout.connect(self._show_status)
        self._subscription = parts.bus.subscribe(self._on_event)
        self.destroyed.connect(self._subscription.cancel)

    @property
    def first(self) -> QWidget:
        return self.list

    def shown_first_time(self) -> None:
        self.load()

    def present(self, content: Mapping[str, object]) -> None:
        event_id, subject, text = content.get("event_id"), content.get("subject"), content.get("text")
        if isinstance(event_id, str):
            self._tasks.spawn("watchtower: one event", self.show_event_id(event_id))
        elif isinstance(subject, str):
            self.set_filter(f'subject:"{subject}"')
        elif isinstance(text, str):
            self.set_filter(text)

    def focus_filter(self) -> bool:
        self.bar.field.take_focus()
        return True

    def toggle_pause(self) -> None:
        self.bar.toggle()

    def load(self) -> None:
        """Read the newest page of what the filter lets through."""
        self._work.start("watchtower: newest events", self._load_newest())

    def set_filter(self, text: str) -> None:
        self.bar.field.setText(text)
        self._on_filtered(text)

    async def show_event_id(self, event_id: str) -> None:
        """Open the inspector on one event, wherever it is in the journal."""
        recorded = await self._journal.get(event_id)
        if recorded is None:
            self.message.emit(Message(f"The journal has no event with the id {event_id}.", "warning"))
            return
        self._go_to(recorded)

    def _go_to(self, recorded: Recorded[Event]) -> None:
        index = self.stretch.index_of(recorded.seq)
        if index is not None:
            self.list.set_current(index)
        self._inspect(recorded)

    # Events arrive: an append each, the rest once a frame.

    def _on_event(self, recorded: Recorded[Event]) -> None:
        self._incoming.append(recorded)
        self._arrived += 1
        if recorded.event.requires_attention and recorded.event.source != ALERTS_SOURCE:
            self._attention += 1
            self.count_changed.emit(self._attention)
        if not self._stirred:
            self._stirred = True
            self._pace.request()

    def _on_frame(self) -> int:
        """How many events came since the last frame."""
        self._stirred = False
        if not self._head_known:
            return 0
        batch, arrived = list(self._incoming), self._arrived
        # Events that went by before the journal was read are in what was read.
        missed = arrived - len(batch) if batch and batch[0].seq > self._known_to + 1 else 0
        self._known_to = batch[-1].seq if batch else self._known_to
        self._incoming.clear()
        self._arrived = 0
        if self._passes is not None:
            if missed and not self.stretch.held:
                self.load()  # some went by untested: the journal knows which of them pass
                return arrived
            batch = [recorded for recorded in batch if self._passes(recorded)]
            if missed:
                self.stretch.at_head = False  # likewise, once somebody follows again
                missed = 0
        self._rows_changed(self.stretch.arrive(batch, missed=missed))
        return arrived

    def _rows_changed(self, inserted: int = 0, removed: int = 0) -> None:
        self.list.rows_changed(inserted=inserted, removed=removed)
        self.pill.show_count(self.stretch.waiting, self.stretch.dropped)
        self._body.show_rows(bool(len(self.stretch)))
        if not self._status_timer.isActive():
            self._status_timer.start()
        if self._attention and self.isVisible() and not self.stretch.held:
            self._attention = 0
            self.count_changed.emit(0)

    # Following and holding still.

    def _on_place_changed(self) -> None:
        self._hold(self.bar.is_paused or not self.list.at_top)

    def _hold(self, held: bool) -> None:
        if held:
            self.stretch.held = True
            return
        if not self.stretch.held and self.stretch.at_head:
            return
        if self.stretch.follow():
            self._rows_changed()
        else:
            self.load()

    def _on_pill(self) -> None:
        self.bar.set_paused(False)
        self.list.scroll_to_top()
        self._hold(False)

    # Reading the journal.

    def _on_filtered(self, text: str) -> None:
        try:
            chosen = parse_filter(text)
        except ChainBotError as error:
            self._filter_error = str(error)
            self.bar.status.say(self._filter_error, error=True)
            return
        self._filter_error = ""
        if chosen == self._filter:
            self._show_status()
            return
        self._filter = chosen
        self._passes = None if chosen.empty else chosen.tester()
        self.load()

    async def _load_newest(self) -> None:
        self._head_known = False
        known_to = self._journal.head_seq
        if not self._filter.empty:
            self.bar.status.say("Searching…")
        rows = await self._read(since=None, newest_first=True)
        if rows is None:
            return
        self.stretch.held = self.bar.is_paused
        self.stretch.clear()  # what waited was read with the rest, or does not pass this filter
        self.stretch.replace(rows[::-1], complete=len(rows) < _PAGE)
        self._head_known, self._known_to = True, known_to
        self.list.set_current(-1)
        self.list.rows_changed(keep_place=False)
        self._on_frame()
        self._show_status()

    def _on_wants_older(self) -> None:
        if self._head_known and not self.stretch.complete and len(self.stretch) and not self._work.busy:
            self._work.start("watchtower: older events", self._load_older())

    async def _load_older(self) -> None:
        rows = await self._read(since=self.stretch.oldest, newest_first=True)
        if rows is not None:
            gone = self.stretch.extend_older(rows, complete=len(rows) < _PAGE)
            self._rows_changed(removed=gone)

    def _on_wants_newer(self) -> None:
        if self._head_known and not self.stretch.at_head and not self._work.busy:
            self._work.start("watchtower: newer events", self._load_newer())

    async def _load_newer(self) -> None:
        rows = await self._read(since=self.stretch.newest, newest_first=False)
        if rows is not None:
            inserted = self.stretch.extend_newer(rows, reaches_head=len(rows) < _PAGE)
            self._rows_changed(inserted)

    async def _read(self, *, since: int | None, newest_first: bool) -> list[Recorded[Event]] | None:
        try:
            return await self._journal.read(self._filter.query(since=since, limit=_PAGE, newest_first=newest_first))
        except ChainBotError as error:
            self.bar.status.say(str(error), error=True)
            self.message.emit(Message(error.message, "error", error.hint, "Try again", self.load))
            return None

    # The inspector.

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
        self.set_filter(f'subject:"{subject}"')

    def _on_filter_left(self) -> None:
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    # What is seen.

    def _show_status(self) -> None:
        if self.panel.is_open:
            self.inspector.refresh_time()
        if self._filter_error:
            return
        shown, kept = len(self.stretch), self._journal.head_seq
        if not self._filter.empty:
            text = f"{shown:,} found" + ("" if self.stretch.complete else ", scroll down for older ones")
        elif shown == kept:
            text = "1 event" if shown == 1 else f"{shown:,} events"
        else:
            newest = " newest" if self.stretch.at_head and not self.stretch.waiting else ""
            text = f"{shown:,}{newest} of {kept:,} events"
        state = "paused" if self.bar.is_paused else "holding while you read" if self.stretch.held else "following"
        self.bar.status.say(f"{text} · {state}" if shown else "")
        if not shown:
            self._describe_emptiness()

    def _describe_emptiness(self) -> None:
        if self._filter.empty:
            self._empty.set_text("No events yet", "What agents, workflows, webhooks and ALEX OS report arrives here, live.")
        else:
            self._empty.set_text("Nothing found", "No event passes this filter; new ones that do appear here.")

    def _build(self, parts: WatchtowerParts) -> None:
        themes = parts.themes
        self.rows = TwoLineRows(self.stretch, _row_text, _seq)
        self.bar = FollowBar("Filter: words, type:, actor:, after:, severity>=", themes)
        self.bar.filtered.connect(self._on_filtered)
        self.bar.paused.connect(self._on_place_changed)
        self.bar.paused.connect(self._show_status)
        self.list = RowList(self.rows, themes, "Events, the newest first")
        self.list.opened.connect(self._on_opened)
        self.list.pause_pressed.connect(self.bar.toggle)
        self.bar.field.left.connect(self._on_filter_left)
        self.list.current_changed.connect(self._on_current_changed)
        self.list.wants_older.connect(self._on_wants_older)
        self.list.wants_newer.connect(self._on_wants_newer)
        self.list.top_left.connect(self._on_place_changed)
        self.list.top_left.connect(self._show_status)
        self._empty = EmptyState("watch", "Reading the journal…", "", themes)
        self.pill = NewRowsPill(self.list, themes)
        self.pill.clicked.connect(self._on_pill)
        self.suggestions = SuggestionRow(self.bar.field, suggestions, completed, themes)
        self._body = ListBody((self.bar, self.suggestions), self.list, self._empty)
        self.inspector = EventInspector(themes)
        self.inspector.subject_wanted.connect(self._on_subject_wanted)
        self.inspector.event_wanted.connect(self._go_to)
        self._inspecting = Inspecting(self.inspector, parts, self.message.emit, self.open_requested.emit)
        self.panel = SidePanel(self._body, self.inspector, themes)
        self.inspector.closed.connect(self.panel.close_panel)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.panel)


def _seq(recorded: Recorded[Event]) -> int:
    return recorded.seq


def _row_text(recorded: Recorded[Event]) -> RowText:
    event = recorded.event
    mark = mark_of(event)
    return RowText(
        mark=mark,
        title=visible(event.type),
        origin=visible(event.source),
        about=visible(event.subject),
        time=clock_time(event.time),
        detail=f"#{recorded.seq}",
        text=describe(event),
        ground=_GROUNDS.get(mark),
    )
