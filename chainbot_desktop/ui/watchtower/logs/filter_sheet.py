"""All of the filter that has no room in the bar. What is changed here is seen at once behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QWidget

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.logs.filter_state import FOLDS, LEVEL_CHIPS, FilterState, parse_range, quick_ranges
from chainbot_desktop.ui.watchtower.logs.flow_layout import FlowLayout
from chainbot_desktop.ui.watchtower.logs.row_texts import short_moment
from chainbot_desktop.ui.widgets import Chip, Sheet
from chainbot_desktop.watch.logs.document import Fold
from chainbot_desktop.watch.logs.sources.switches import LogSources, SourceStatus

_MOST_NAMES = 80


class FilterSheet(Sheet):
    """`change` hears each new state. `known` are the names by source; `sources` those of the timeline, to be turned on and off."""

    def __init__(
        self,
        origin: QWidget,
        state: FilterState,
        known: Mapping[str, Sequence[str]],
        sources: LogSources | None,
        change: Callable[[FilterState], object],
        themes: ThemeSource,
    ) -> None:
        super().__init__(origin, "Filters", themes, width=640)
        self._state, self._tell = state, change
        self._add_texts()
        self._add_times()
        self._add_sources(sources)
        self._add_names(known)
        self._add_folds()
        self.add_action("Show everything", self._on_clear)
        self.add_action("Done", kind="primary")

    def _add_texts(self) -> None:
        chips = self._section("Text and levels", [("Regular expression", self._state.regex), ("Match case", self._state.case)])
        chips[0].toggled.connect(lambda on: self._change(replace(self._state, regex=on)))
        chips[1].toggled.connect(lambda on: self._change(replace(self._state, case=on)))
        levels = self._chips([(name, name in self._state.levels) for name in LEVEL_CHIPS])

        def on_level() -> None:
            self._change(replace(self._state, levels=_checked(LEVEL_CHIPS, levels)))

        for chip in levels:
            chip.setAccessibleName(f"Show level {chip.text()}")
            chip.toggled.connect(on_level)

    def _add_times(self) -> None:
        now = time.time()
        ranges = quick_ranges(now)
        free = self._state.after is None and self._state.before is None
        labels = [(label, label == self._state.time_label or (since is None and free)) for label, since in ranges]
        self._time_chips = self._section("Time", labels)
        for chip, (label, since) in zip(self._time_chips, ranges, strict=True):
            chip.clicked.connect(lambda _=False, label=label, since=since: self._on_range(label, since))
        row = QHBoxLayout()
        row.setSpacing(self.themes.current.px(8))
        self._from, self._to = QLineEdit(), QLineEdit()
        for field, word, value in ((self._from, "From", self._state.after), (self._to, "To", self._state.before)):
            field.setPlaceholderText(f"{word}: 14:05 or 2026-03-01 14:05")
            field.setAccessibleName(word)
            if value is not None and not self._state.time_label.startswith(("Last", "Today", "Since")):
                field.setText(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(value)))
            field.editingFinished.connect(self._on_times)
            row.addWidget(field, 1)
        self.body.addLayout(row)
        self._wrong = self.add_text("", "small")
        self._wrong.hide()

    def _add_sources(self, sources: LogSources | None) -> None:
        if sources is None or not sources.statuses:
            return
        keys = [status.source for status in sources.statuses]
        titles = [(status.title, status.source in self._state.sources) for status in sources.statuses]
        chips = self._section("Only these sources", titles)

        def on_source() -> None:
            self._change(replace(self._state, sources=_checked(keys, chips)))

        for chip in chips:
            chip.toggled.connect(on_source)
        for status in sources.statuses:
            self._add_switch(sources, status)

    def _add_switch(self, sources: LogSources, status: SourceStatus) -> None:
        """Whether the source speaks at all, and why not."""
        box = QCheckBox(f"Listen to: {status.title}")
        box.setChecked(status.on)
        says = self.add_text(_says(status), "small")
        self.body.insertWidget(self.body.indexOf(says), box)

        def show() -> None:
            now = next(known for known in sources.statuses if known.source == status.source)
            says.setText(_says(now))
            says.setVisible(bool(says.text()))
            self.fit_soon()

        def on_toggled(on: bool) -> None:
            sources.turn(status.source, on)

        says.setVisible(bool(says.text()))
        box.toggled.connect(on_toggled)
        self.destroyed.connect(_later(sources.on_change(show)))

    def _add_names(self, known: Mapping[str, Sequence[str]]) -> None:
        names = sorted({name for names in known.values() for name in names if name} | self._state.names)
        if len(names) < 2:
            return
        shown = names[:_MOST_NAMES]
        chips = self._section("Names", [(name, name in self._state.names) for name in shown])

        def on_name() -> None:
            self._change(replace(self._state, names=_checked(shown, chips)))

        for chip in chips:
            chip.toggled.connect(on_name)
        if len(names) > len(shown):
            self.add_text(f"… {len(names) - len(shown):,} more: name: in the filter finds them.", "small")

    def _add_folds(self) -> None:
        chips = self._section("Fold what repeats", [(label, key == self._state.fold) for key, (label, _) in FOLDS.items()])

        def on_fold(chosen: Fold) -> None:
            self._one_of(chips, FOLDS, chosen)
            self._change(replace(self._state, fold=chosen))

        for chip, (key, (_, says)) in zip(chips, FOLDS.items(), strict=True):
            chip.setToolTip(says)
            chip.clicked.connect(lambda _=False, key=key: on_fold(key))

    def _one_of(self, chips: Iterable[Chip], keys: Iterable[object], chosen: object) -> None:
        for chip, key in zip(chips, keys, strict=True):
            chip.setChecked(key == chosen)

    def _on_range(self, label: str, since: float | None) -> None:
        self._one_of(self._time_chips, [chip.text() for chip in self._time_chips], label)
        self._from.clear()
        self._to.clear()
        self._wrong.hide()
        self._change(replace(self._state, after=since, before=None, time_label="" if since is None else label))

    def _on_times(self) -> None:
        now = time.time()
        try:
            after, before = parse_range(self._from.text(), self._to.text(), now)
        except InvalidInput as error:
            self._wrong.setText(f"{error.message} {error.hint}".strip())
            self._wrong.show()
            self.fit_soon()
            return
        self._wrong.hide()
        if not self._from.text().strip() and not self._to.text().strip():
            return  # a quick range stays
        self._one_of(self._time_chips, self._time_chips, None)
        self._change(replace(self._state, after=after, before=before, time_label=range_label(after, before)))

    def _on_clear(self) -> None:
        self._tell(FilterState(fold=self._state.fold))

    def _change(self, state: FilterState) -> None:
        self._state = state
        self._tell(state)

    def _section(self, title: str, chips: Sequence[tuple[str, bool]]) -> list[Chip]:
        self.add_text(title, "label")
        return self._chips(chips)

    def _chips(self, labels: Sequence[tuple[str, bool]]) -> list[Chip]:
        flow = FlowLayout(spacing=self.themes.current.px(8))
        self.body.addLayout(flow)
        chips = [Chip(label, self.themes, checked=checked) for label, checked in labels]
        for chip in chips:
            flow.addWidget(chip)
        return chips


def _checked(keys: Iterable[str], chips: Iterable[Chip]) -> frozenset[str]:
    return frozenset(key for key, chip in zip(keys, chips, strict=True) if chip.isChecked())


def range_label(after: float | None, before: float | None) -> str:
    """A range of time in a few letters."""
    dated = after is not None and time.time() - after > 86_400
    if after is not None and before is not None:
        return f"{short_moment(after, dated=dated)} – {short_moment(before, dated=dated)}"
    if after is not None:
        return f"From {short_moment(after, dated=dated)}"
    return f"Until {short_moment(before, dated=True)}" if before is not None else ""


def _says(status: SourceStatus) -> str:
    return f"{status.trouble} {status.hint}".strip()


def _later(end: Callable[[], None]) -> Callable[[], None]:
    """For a signal that brings the object along."""
    return lambda *_: end()
