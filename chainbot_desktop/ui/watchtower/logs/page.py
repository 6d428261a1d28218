"""Everything that is said in the house, live, and any log file: filtered, searched, folded, followed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.frames import FrameClock
from chainbot_desktop.ui.view import Command
from chainbot_desktop.ui.watchtower.logs.actions import LineActions
from chainbot_desktop.ui.watchtower.logs.asides import Asides
from chainbot_desktop.ui.watchtower.logs.filter_menus import FilterMenus
from chainbot_desktop.ui.watchtower.logs.filter_sheet import range_label
from chainbot_desktop.ui.watchtower.logs.filter_state import FilterState
from chainbot_desktop.ui.watchtower.logs.finding import Finding
from chainbot_desktop.ui.watchtower.logs.hands import ViewportHands
from chainbot_desktop.ui.watchtower.logs.opening import Opening
from chainbot_desktop.ui.watchtower.logs.page_parts import PageParts
from chainbot_desktop.ui.watchtower.logs.page_texts import empty_text, file_text, status_text
from chainbot_desktop.ui.watchtower.logs.reading import Reading
from chainbot_desktop.ui.watchtower.logs.rows import place_at_time
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.widgets import MenuSheet
from chainbot_desktop.watch.logs.document import LogDocument
from chainbot_desktop.watch.logs.sources.switches import LogSources

_LOW = 520
"""Pixels of height under which every row counts."""
_VOLUME_SECONDS = 1.0
"""How long the volume stands at least."""
_SLOW_MS = 250
"""How often what is not the lines themselves is brought up to date."""


class LogsPage(Page):
    """Content for `present`: "text" (a filter), "source", "name", "time" (seconds since the epoch), "number" (of a line), "file"."""

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = parts.logs
        self._themes = parts.themes
        self.parts = PageParts(self, lambda: self.reading.document, parts.themes, parts.tasks)
        self.view, self.bar = self.parts.view, self.parts.bar
        self.hands = ViewportHands(self.view)
        self.actions_ = LineActions(self.view, self.hands, self.parts.chosen, self._services, parts.tasks)
        self.asides = Asides(self.view, lambda: self.reading)
        self.finding = Finding(self.parts.finder, self.view)
        self.opening = Opening(self, self._services, parts.tasks)
        self.menus = FilterMenus(self, self.bar, parts.themes, self._known)
        self._frames = FrameClock(self)
        self._slow = QTimer(self, singleShot=True, interval=_SLOW_MS)
        self._slow.timeout.connect(self._on_slow)
        self._error = ""
        self._goal: float | None = None
        self._volume_shown = 0.0
        self.reading = Reading(self._services.timeline, self._request)
        self._last = [self.reading]
        self._connect()
        self.view.set_wrapped(self._services.memory.wrapped)
        self.destroyed.connect(partial(_close, self._last))
        self._show_reading()

    @property
    def first(self) -> QWidget:
        return self.view if self.view.isVisible() else self.bar.field

    def present(self, content: Mapping[str, object]) -> None:
        file = content.get("file")
        if isinstance(file, (str, Path)) and str(file):
            self.opening.open(Path(file))
        state = self.bar.state
        text, source, name = (content.get(key) for key in ("text", "source", "name"))
        if isinstance(text, str):
            state = replace(state, text=text, regex=False)
        if isinstance(source, str):
            state = replace(state, sources=frozenset({source} - {""}))
        if isinstance(name, str):
            state = replace(state, names=frozenset({name} - {""}))
        self.bar.set_state(state)
        number = content.get("number")
        if isinstance(number, int) and not isinstance(number, bool):
            self.go_to_line(number)
        moment = content.get("time")
        if isinstance(moment, (int, float)) and not isinstance(moment, bool):
            self.go_to_time(float(moment))

    def focus_filter(self) -> bool:
        self.bar.field.take_focus()
        return True

    def toggle_pause(self) -> None:
        self.bar.toggle()

    def commands(self) -> Sequence[Command]:
        return (
            Command("logs.open", "Open a log file…", self.opening.choose, "", "folder-open"),
            Command("logs.find", "Find in the log lines", self._begin_search, "/", "search"),
            Command("logs.export", "Export the log lines that pass…", self.actions_.export_all, "", "download"),
            Command("logs.wrap", "Wrap long log lines", self.toggle_wrap, "", "wrap"),
            Command("logs.histogram", "Show or hide the volume of log lines", self.toggle_histogram),
        )

    def set_filter(self, text: str) -> None:
        self.bar.set_state(replace(self.bar.state, text=text))

    def go_to_time(self, seconds: float) -> None:
        """To the first line of that moment, or the next one; again when all was searched, if that is not yet so."""
        rows = self.reading.rows
        self._goal = seconds if not rows.count or self.reading.selection.searched < 1 else None
        if rows.count:
            found = rows.rows(min(place_at_time(rows, seconds), rows.count - 1), 1)
            self._go_to(found[0].number)

    def go_to_line(self, number: int) -> None:
        """To the line of that number: among those that pass, else among all."""
        if self.view.row_of(number) is not None:
            self._go_to(number)
        elif self.reading.document.first <= number < self.reading.document.end:
            self._around(number)

    def read(self, document: LogDocument) -> None:
        """Show another document, with the filter as it is but for what only the other one has."""
        self.reading.close()
        self.reading = self._last[0] = Reading(document, self._request)
        self._volume_shown = 0.0
        self.bar.set_state(replace(self.bar.state, sources=frozenset(), names=frozenset()))
        self._on_filter(self.bar.state)
        self._show_reading()

    def toggle_wrap(self) -> None:
        memory = self._services.memory
        memory.wrapped = not memory.wrapped
        self.view.set_wrapped(memory.wrapped)

    def toggle_histogram(self) -> None:
        memory = self._services.memory
        memory.histogram = not memory.histogram
        self._show_histogram()
        self._on_slow()

    def _show_histogram(self) -> None:
        """On a low page it gives way to what is looked for."""
        busy = self.parts.finder.isVisible() or self.reading.aside is not None
        low = self.height() < self._themes.current.px(_LOW)
        there = self._is_live or self.reading.selection.volume(1) is not None
        self.parts.histogram.setVisible(self._services.memory.histogram and there and not (busy and low))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_histogram()

    def _show_reading(self) -> None:
        self.view.show_rows(self.reading.rows, keep=False)
        self.finding.use(self.reading)
        self._on_slow()
        self._request()

    def _request(self) -> None:
        self._frames.request(self._on_frame)

    def _on_frame(self) -> None:
        if self.reading.settle():
            self.view.show_rows(self.reading.rows, keep=False)
        self.view.rows_changed()
        if self._goal is not None and self.reading.rows.count and self.reading.selection.searched >= 1:
            self.go_to_time(self._goal)
        self.parts.body.setCurrentWidget(self.view if self.reading.rows.count else self.parts.empty)
        self.parts.pill.show_count(self.view.new_rows)
        if not self._slow.isActive():
            self._slow.start()

    def _on_slow(self) -> None:
        """Status, columns, volume and marks: nobody reads them sixty times a second."""
        names, sample = self.reading.document.names, self.reading.rows.rows(0, 1)
        columns = (
            self._is_live or (bool(sample) and sample[0].time is not None and sample[0].source != "file"),
            sum(bool(known) for known in names.values()) > 1,
            sum(map(len, names.values())) > 1,
        )
        if columns != self.view.columns:
            self.view.columns = columns
            self.view.rows_changed()
        self._filter_again()
        self._show_histogram()
        self._show_volume()
        self.finding.changed()
        self._show_banner()
        self._show_status()

    def _show_volume(self) -> None:
        strip, now = self.parts.histogram, time.monotonic()
        if not strip.isVisible():
            return
        if strip.volume is not None and now - self._volume_shown < _VOLUME_SECONDS:
            self._slow.start()  # not yet, but not forgotten
            return
        self._volume_shown = now
        strip.show_volume(self.reading.selection.volume(strip.buckets))

    def _filter_again(self) -> None:
        """Names that nobody had said before may be meant by the filter too."""
        if not self._error:
            self._apply(self.bar.state)

    def _on_filter(self, state: FilterState) -> None:
        self._error = ""
        try:
            changed = self._apply(state)
        except ChainBotError as error:
            self._complain(error)
            return
        if changed:
            self.parts.body.setCurrentWidget(self.view if self.reading.rows.count else self.parts.empty)
            self._on_slow()
            self._request()

    def _apply(self, state: FilterState) -> bool:
        changed = self.reading.filter(state.query(self.reading.document.names), state.fold)
        if changed:
            self._volume_shown = 0.0
            self.view.show_rows(self.reading.rows, keep=True)
        return changed

    def _complain(self, error: ChainBotError) -> None:
        self._error = str(error)
        self.bar.status.say(self._error, error=True)

    def _show_status(self) -> None:
        error = self._error or (str(self.reading.error) if self.reading.error is not None else "")
        if error:
            self.bar.status.say(error, error=True)
        else:
            self.bar.status.say(status_text(self.reading, paused=self.bar.is_paused, following=self.view.following))
        if not self.reading.rows.count:
            self.parts.empty.set_text(*empty_text(self.reading, self.bar.state))

    def _show_banner(self) -> None:
        reading, document = self.reading, self.reading.document
        if reading.aside is not None:
            self.parts.banner.say(reading.aside.title, "Back (Esc)", self.asides.back)
        elif not self._is_live:
            self.parts.banner.say(file_text(reading), "Close file", partial(self.opening.close, document))
        else:
            self.parts.banner.say("")

    def _on_paused(self, paused: bool) -> None:
        self.view.set_held(paused)
        if not paused:
            self.view.to_end()
        self._on_place()

    def _on_place(self) -> None:
        self.parts.pill.show_count(self.view.new_rows)
        if not self._slow.isActive():
            self._slow.start()

    def _on_pill(self) -> None:
        self.bar.set_paused(False)
        self.view.to_end()
        self._on_place()

    def _around(self, number: int) -> None:
        self.parts.panel.close_panel()
        self.asides.around(number)

    def _on_aside(self) -> None:
        self.finding.refresh()
        self._show_histogram()
        self._show_banner()
        self._request()

    def _on_left(self) -> None:
        """Escape among the lines, from the innermost outwards."""
        if self.reading.aside is not None:
            self.asides.back()
        elif self.parts.finder.isVisible():
            self._end_search()
        elif self.parts.panel.is_open:
            self.parts.panel.close_panel()
        else:
            self.actions_.choose_nothing()

    def _begin_search(self) -> None:
        self.parts.finder.take_focus()
        self._show_histogram()

    def _end_search(self) -> None:
        self.finding.end()
        self._show_histogram()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _go_to(self, number: int) -> None:
        self.view.hit = number
        self.view.choose(number)
        self.view.show_line(number)
        self._request()

    def _on_spot(self, value: float, timed: bool) -> None:
        if timed:
            self.go_to_time(value)
        else:
            row = next(iter(self.reading.rows.rows(self.reading.rows.place_of(int(value)), 1)), None)
            if row is not None:
                self._go_to(row.number)

    def _on_range(self, after: float, before: float) -> None:
        label = range_label(after, before)
        self.bar.set_state(replace(self.bar.state, after=after, before=before, time_label=label))

    def _on_name_wanted(self, name: str) -> None:
        self.parts.panel.close_panel()
        self.bar.set_state(replace(self.bar.state, names=frozenset({name})))

    def _on_closing(self, document: LogDocument) -> None:
        if document is self.reading.document:
            self.read(self._services.timeline)

    def _known(self) -> tuple[Mapping[str, Sequence[str]], LogSources | None]:
        """What the filter can choose among."""
        return self.reading.document.names, self._services.sources if self._is_live else None

    @property
    def _is_live(self) -> bool:
        return self.reading.document is self._services.timeline

    def _open_more(self, at: QPoint) -> None:
        menu, memory = MenuSheet(self, self._themes), self._services.memory
        if not self._is_live:
            menu.add("Live timeline", partial(self.read, self._services.timeline), icon="terminal")
        for path, document in self.opening.files.items():
            if document is not self.reading.document:
                menu.add(Path(path).name, partial(self.read, document), icon="file")
        menu.add("Open a log file…", self.opening.choose, icon="folder-open")
        for path in [known for known in memory.recent if known not in self.opening.files][:3]:
            menu.add(f"Again: {Path(path).name}", partial(self.opening.open, Path(path)), icon="history")
        menu.add("Export all that passes…", self.actions_.export_all, icon="download")
        menu.add("Do not wrap lines" if memory.wrapped else "Wrap long lines", self.toggle_wrap, icon="wrap")
        menu.add("Hide the volume" if memory.histogram else "Show the volume", self.toggle_histogram, icon="watch")
        menu.open_at(at)

    def _connect(self) -> None:
        parts, bar = self.parts, self.bar
        bar.changed.connect(self._on_filter)
        bar.paused.connect(self._on_paused)
        bar.field.left.connect(lambda: self.first.setFocus(Qt.FocusReason.OtherFocusReason))
        bar.filters_wanted.connect(self.menus.open_filters)
        bar.times_wanted.connect(self.menus.open_times)
        bar.folds_wanted.connect(self.menus.open_folds)
        bar.find_wanted.connect(self._begin_search)
        bar.more_wanted.connect(self._open_more)
        self.actions_.document = lambda: self.reading.document
        parts.finder.closed.connect(self._end_search)
        self.finding.failed.connect(self._complain)
        self.view.place_changed.connect(self._on_place)
        self.hands.opened.connect(parts.panel.show_record)
        self.hands.unfold_wanted.connect(self.asides.unfold)
        self.hands.pause_pressed.connect(bar.toggle)
        self.hands.hit_wanted.connect(self.finding.go)
        self.hands.find_wanted.connect(self._begin_search)
        self.hands.left.connect(self._on_left)
        self.actions_.around_wanted.connect(self._around)
        self.actions_.details_wanted.connect(parts.panel.show_record)
        self.actions_.message.connect(self.message)
        self.actions_.open_requested.connect(self.open_requested)
        self.actions_.progress.connect(parts.progress.show_share)
        parts.progress.cancelled.connect(self.actions_.cancel_export)
        self.opening.opened.connect(self.read)
        self.opening.closing.connect(self._on_closing)
        self.opening.message.connect(self.message)
        parts.pill.clicked.connect(self._on_pill)
        parts.histogram.range_chosen.connect(self._on_range)
        parts.histogram.spot_chosen.connect(self._on_spot)
        self.asides.changed.connect(self._on_aside)
        parts.panel.message.connect(self.message)
        parts.panel.open_requested.connect(self.open_requested)
        parts.panel.details.around_wanted.connect(self._around)
        parts.panel.details.name_wanted.connect(self._on_name_wanted)


def _close(readings: Sequence[Reading]) -> None:
    """The page is gone: what it followed need not be searched any more."""
    for reading in readings:
        reading.close()
