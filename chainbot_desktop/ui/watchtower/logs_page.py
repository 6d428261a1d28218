"""The program's own log lines, live: by level, by words or a regular expression, each with its traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.follow_bar import FollowBar, NewRowsPill
from chainbot_desktop.ui.watchtower.log_details import LogDetails
from chainbot_desktop.ui.watchtower.log_filter import LogFilter, parse_log_filter
from chainbot_desktop.ui.watchtower.log_texts import log_row
from chainbot_desktop.ui.watchtower.pace import Pace
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.watchtower.row_list import RowList
from chainbot_desktop.ui.watchtower.row_window import RowWindow
from chainbot_desktop.ui.watchtower.side_panel import SidePanel
from chainbot_desktop.ui.watchtower.two_line_rows import TwoLineRows
from chainbot_desktop.ui.widgets import Chip, EmptyState
from chainbot_desktop.ui.widgets.focus_handing import hand_focus_on
from chainbot_desktop.watch.log_ring import LogLine

KEPT = 20_000
_CHIPS = (("Debug", logging.DEBUG), ("Info", logging.INFO), ("Warn", logging.WARNING), ("Error", logging.ERROR))
_STATUS_MS = 250


class LogsPage(Page):
    """Content for `present`: "text", a filter."""

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        ring = self._ring = parts.logs
        self._read_to = 0
        self._filter = LogFilter()
        self._filter_error = ""
        self._too_slow = False
        self._select: Callable[[Iterable[LogLine]], list[LogLine]] = list
        self.stretch: RowWindow[LogLine] = RowWindow(_number, KEPT)
        self._build(parts.themes)
        self._pace = Pace(self, self._on_frame)
        self.list.spent = self._pace.spent
        self._status_timer = QTimer(self, singleShot=True, interval=_STATUS_MS)
        self._status_timer.timeout.connect(self._show_status)
        self.destroyed.connect(ring.subscribe(self._pace.request))
        self._apply()

    @property
    def first(self) -> QWidget:
        return self.list

    def present(self, content: Mapping[str, object]) -> None:
        text = content.get("text")
        if isinstance(text, str):
            self.set_filter(text)

    def focus_filter(self) -> bool:
        self.bar.focus_field()
        return True

    def toggle_pause(self) -> None:
        self.bar.toggle()

    def set_filter(self, text: str) -> None:
        self.bar.field.setText(text)
        self._on_filtered(text)

    def _on_frame(self) -> int:
        """How many lines came since the last frame."""
        lines = self._ring.since(self._read_to)
        if not lines:
            return 0
        arrived = lines[-1].number - self._read_to
        self._read_to = lines[-1].number
        passing = self._passing(lines)
        self._rows_changed(self.stretch.arrive(passing, missed=arrived - len(lines)))
        return arrived

    def _rows_changed(self, inserted: int = 0) -> None:
        self.list.rows_changed(inserted=inserted)
        self.pill.show_count(self.stretch.waiting, self.stretch.dropped)
        self._body.setCurrentWidget(self.list if len(self.stretch) else self._empty)
        if not self._status_timer.isActive():
            self._status_timer.start()

    def _apply(self) -> None:
        """Look at everything that is kept with the present filter."""
        if self._too_slow:
            self._too_slow, self._filter_error = False, ""
        levels = frozenset(level for level, chip in self._chips.items() if chip.isChecked())
        self._select = self._filter.selector(levels)
        lines = self._ring.since(0)
        self._read_to = lines[-1].number if lines else self._ring.count
        self.stretch.clear()
        self.stretch.held = self.bar.is_paused
        self.stretch.replace(self._passing(lines), complete=True)
        self.list.set_current(-1)
        self.list.rows_changed(keep_place=False)
        self._rows_changed()
        self._show_status()

    def _passing(self, lines: Iterable[LogLine]) -> list[LogLine]:
        try:
            return self._select(lines)
        except ChainBotError as error:
            # Nothing is searched any more until there is another filter, which looks at all the lines again.
            self._select = lambda lines: []
            self._too_slow = True
            self._empty.set_text("Not searched", "The expression of this filter takes too long.")
            self._complain(error)
            return []

    def _on_filtered(self, text: str) -> None:
        try:
            self._filter = parse_log_filter(text)
        except ChainBotError as error:
            self._complain(error)
            return
        self._filter_error = ""
        self._apply()

    def _complain(self, error: ChainBotError) -> None:
        self._filter_error = str(error)
        self.bar.show_status(self._filter_error, error=True)

    def _on_place_changed(self) -> None:
        self._hold(self.bar.is_paused or not self.list.at_top)

    def _hold(self, held: bool) -> None:
        if held:
            self.stretch.held = True
        elif self.stretch.held:
            self.stretch.follow()
            self._rows_changed()

    def _on_pill(self) -> None:
        self.bar.set_paused(False)
        self.list.scroll_to_top()
        self._hold(False)

    def _on_opened(self, index: int) -> None:
        self.details.show_line(self.stretch[index])
        self.panel.open()
        if self.panel.covers:
            self.details.take_focus()

    def _on_current_changed(self, index: int) -> None:
        if self.panel.is_open and index >= 0:
            self.details.show_line(self.stretch[index])

    def _on_filter_left(self) -> None:
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_editor_wanted(self, text: str, name: str) -> None:
        self.open_requested.emit("code-agent", {"text": text, "name": name})

    def _on_chat_wanted(self, text: str, name: str) -> None:
        self.open_requested.emit("chat", {"attach": {"kind": "log", "name": name, "text": text}})

    def _on_copied(self, what: str) -> None:
        self.message.emit(Message(f"Copied {what}.", "success"))

    def _show_status(self) -> None:
        if self._filter_error:
            return
        shown, kept = len(self.stretch), self._ring.count - self._ring.dropped
        if not shown:
            self.bar.show_status(f"0 of {kept:,} lines" if kept else "")
            if kept:
                self._empty.set_text("Nothing found", f"None of the {kept:,} kept lines passes this filter.")
            else:
                self._empty.set_text("No log lines yet", "What the program itself has to say appears here, live.")
            return
        count = f"{shown:,} of {kept:,} lines" if shown != kept else ("1 line" if shown == 1 else f"{shown:,} lines")
        dropped = f" · {self._ring.dropped:,} older dropped" if self._ring.dropped else ""
        state = "paused" if self.bar.is_paused else "holding while you read" if self.stretch.held else "following"
        self.bar.show_status(f"{count}{dropped} · {state}")

    def _build(self, themes: ThemeSource) -> None:
        self.bar = FollowBar("Filter: words, /regex/, logger:", themes)
        self.bar.filtered.connect(self._on_filtered)
        self.bar.paused.connect(self._on_place_changed)
        self.bar.paused.connect(self._show_status)
        self._chips: dict[int, Chip] = {}
        for text, level in _CHIPS:
            chip = self._chips[level] = Chip(text, themes, checked=True)
            chip.setAccessibleName(f"Show level {text}")
            chip.toggled.connect(self._apply)
            self.bar.add(chip)
        self.rows = TwoLineRows(self.stretch, log_row, _number, mono=True, has_about=False)
        self.list = RowList(self.rows, themes, "Log lines, the newest first")
        self.list.opened.connect(self._on_opened)
        self.list.pause_pressed.connect(self.bar.toggle)
        self.bar.left.connect(self._on_filter_left)
        self.list.current_changed.connect(self._on_current_changed)
        self.list.top_left.connect(self._on_place_changed)
        self.list.top_left.connect(self._show_status)
        self._empty = EmptyState(
            "terminal", "No log lines yet", "What the program itself has to say appears here, live.", themes
        )
        self.pill = NewRowsPill(self.list, themes)
        self.pill.clicked.connect(self._on_pill)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        self._body = QStackedLayout()
        column.addLayout(self._body, 1)  # first, or what it shows would be a window of its own for a moment
        self._body.addWidget(self._empty)
        self._body.addWidget(self.list)
        hand_focus_on(content, lambda: self.list)
        self.details = LogDetails(themes)
        self.details.editor_wanted.connect(self._on_editor_wanted)
        self.details.chat_wanted.connect(self._on_chat_wanted)
        self.details.copied.connect(self._on_copied)
        self.panel = SidePanel(content, self.details, themes)
        self.details.closed.connect(self.panel.close_panel)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.panel)


def _number(line: LogLine) -> int:
    return line.number
