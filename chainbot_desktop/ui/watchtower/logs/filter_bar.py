"""Over the lines: what is to pass, and what else can be done, in one row; beneath it how many lines there are, or what is wrong."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.filter_field import FilterField
from chainbot_desktop.ui.watchtower.logs.filter_state import FOLDS, LEVEL_CHIPS, FilterState
from chainbot_desktop.ui.watchtower.marks import Mark, draw_mark
from chainbot_desktop.ui.watchtower.status_line import StatusLine
from chainbot_desktop.ui.widgets import Button, Chip, IconButton

_WIDE = 1000
_MARKS: dict[str, Mark] = {"Debug": "debug", "Info": "info", "Warn": "warning", "Error": "error"}


class LevelChip(Chip):
    """A level by its mark; on a wide page with its name."""

    def __init__(self, name: str, themes: ThemeSource) -> None:
        self._name = name
        super().__init__(name, themes, checked=True)
        self.setAccessibleName(f"Show level {name}")
        self.setToolTip(f"{name} lines")

    def show_name(self, shown: bool) -> None:
        self.setText(self._name if shown else "")

    def _on_theme_changed(self, theme: Theme) -> None:
        side = theme.px(18)
        self.setIcon(QIcon(draw_mark(_MARKS[self._name], side, theme)))
        self.setIconSize(QSize(side, side))


class FilterBar(QWidget):
    """`changed` carries a `FilterState` with each letter typed (after a pause of 150 ms) and each chip."""

    changed = Signal(object)
    paused = Signal(bool)
    filters_wanted = Signal()
    times_wanted = Signal(QPoint)
    folds_wanted = Signal(QPoint)
    find_wanted = Signal()
    more_wanted = Signal(QPoint)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._state = FilterState()
        self._paused = False
        self._showing = False
        self.field = FilterField("Filter: words, /regex/, logger:", themes)
        self.field.searched.connect(self._on_searched)
        self.expression = text_toggle(".*", "Regular expression")
        self.expression.toggled.connect(lambda on: self._change(replace(self._state, regex=on)))
        self.case = text_toggle("Aa", "Match case")
        self.case.toggled.connect(lambda on: self._change(replace(self._state, case=on)))
        self.levels = {name: LevelChip(name, themes) for name in LEVEL_CHIPS}
        for chip in self.levels.values():
            chip.toggled.connect(self._on_levels)
        self.times = Button("Any time", themes, icon="clock")
        self.times.clicked.connect(lambda: self.times_wanted.emit(_below(self.times)))
        self.folds = Button("Fold", themes, icon="layout")
        self.folds.clicked.connect(lambda: self.folds_wanted.emit(_below(self.folds)))
        self.filters = IconButton("sliders", "More filters", themes)
        self.filters.clicked.connect(self.filters_wanted)
        self.finder = IconButton("search", "Find in these lines (/)", themes)
        self.finder.clicked.connect(self.find_wanted)
        self.pause = IconButton("pause", "Pause", themes)
        self.pause.clicked.connect(self.toggle)
        self.more = IconButton("more-vertical", "More", themes)
        self.more.clicked.connect(lambda: self.more_wanted.emit(_below(self.more)))
        self.status = StatusLine(themes)
        self._lay_out()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def state(self) -> FilterState:
        return self._state

    @property
    def is_paused(self) -> bool:
        return self._paused

    def set_state(self, state: FilterState) -> None:
        """Show another filter, and tell of it if it is another."""
        if state == self._state:
            return
        self._state = state
        self._showing = True
        if self.field.text() != state.text:
            self.field.setText(state.text)
        self.expression.setChecked(state.regex)
        self.case.setChecked(state.case)
        for name, chip in self.levels.items():
            chip.setChecked(name in state.levels)
        self._showing = False
        self._label()
        self.changed.emit(state)

    def toggle(self) -> None:
        self.set_paused(not self._paused)

    def set_paused(self, paused: bool) -> None:
        if paused == self._paused:
            return
        self._paused = paused
        self.pause.set_icon("play" if paused else "pause", "accent" if paused else "text")
        self.pause.setAccessibleName("Follow" if paused else "Pause")
        self.pause.setToolTip("Follow (Space)" if paused else "Pause (Space)")
        self.paused.emit(paused)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._label()

    def _change(self, state: FilterState) -> None:
        if not self._showing:
            self.set_state(state)

    def _on_searched(self, text: str) -> None:
        self._change(replace(self._state, text=text))

    def _on_levels(self) -> None:
        self._change(replace(self._state, levels=frozenset(name for name, chip in self.levels.items() if chip.isChecked())))

    def _label(self) -> None:
        """On a narrow page the pictures say it, and the sheet holds the rest."""
        wide = self.width() >= self._themes.current.px(_WIDE)
        for widget in (self.expression, self.case, self.times, self.folds):
            widget.setVisible(wide)
        for chip in self.levels.values():
            chip.show_name(wide)
        self.times.setText(self._state.time_label or "Any time")
        self.folds.setText("Fold" if self._state.fold == "none" else FOLDS[self._state.fold][0])
        parts = self._state.parts_on
        self.filters.set_icon("sliders", "accent" if parts else "text")
        self.filters.setAccessibleName(f"More filters, {parts} on" if parts else "More filters")

    def _lay_out(self) -> None:
        self._row = QHBoxLayout()
        self._row.addWidget(self.field, 1)
        for widget in (self.expression, self.case, *self.levels.values(), self.times, self.folds):
            self._row.addWidget(widget)
        for button in (self.filters, self.finder, self.pause, self.more):
            self._row.addWidget(button)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._row)
        self._column.addWidget(self.status)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setSpacing(theme.px(6))
        self._column.setContentsMargins(theme.px(12), theme.px(4), theme.px(12), theme.px(2))
        self._column.setSpacing(theme.px(1))
        for button in (self.expression, self.case):
            button.setFixedSize(theme.px(48), theme.px(48))
            button.setFont(theme.font("mono"))
        self._label()


def text_toggle(text: str, label: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setCheckable(True)
    button.setAccessibleName(label)
    button.setToolTip(label)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _below(widget: QWidget) -> QPoint:
    return widget.mapToGlobal(QPoint(0, widget.height()))
