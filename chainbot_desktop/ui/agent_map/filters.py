"""The chips over the map: how many agents are in each state, and which state stands out."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QWidget

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.shapes import LABELS, shape_icon
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.chip import Chip
from chainbot_desktop.ui.widgets.kinetic import make_kinetic

_ORDER = (
    AgentState.NEEDS_INPUT,
    AgentState.WORKING,
    AgentState.WAITING,
    AgentState.FAILED,
    AgentState.IDLE,
    AgentState.DONE,
    AgentState.UNKNOWN,
)


class StateFilter(QScrollArea):
    """All, and a chip for every state that an agent is in. One is on; a finger pushes them sideways when there are many."""

    chosen = Signal(object)
    """An AgentState, or None for all."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        row = QWidget()
        self._row = QHBoxLayout(row)
        self._group = QButtonGroup(self)
        self._chips: dict[AgentState | None, Chip] = {}
        self._shown: object = None
        self._row.addStretch(1)
        self._add(None, "All", checked=True)
        for state in _ORDER:
            self._add(state, LABELS[state], checked=False)
        self.setWidget(row)
        row.setAutoFillBackground(False)
        make_kinetic(self)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.set_counts({}, 0)

    def chip(self, state: AgentState | None) -> Chip:
        return self._chips[state]

    @property
    def current(self) -> AgentState | None:
        return next(state for state, chip in self._chips.items() if chip.isChecked())

    def set_counts(self, counts: Mapping[AgentState, int], total: int) -> None:
        shown = (dict(counts), total, self.current)
        if shown == self._shown:
            return
        self._shown = shown
        self._chips[None].set_count(total)
        for state in _ORDER:
            chip, count = self._chips[state], counts.get(state, 0)
            chip.set_count(count)
            # A state in which nobody is has no chip, unless it is the one that is chosen.
            chip.setVisible(count > 0 or chip.isChecked())
        self.updateGeometry()

    def choose(self, state: AgentState | None) -> None:
        self._chips[state].click()

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (event.angleDelta().y() or event.angleDelta().x()) // 2)
        event.accept()

    def sizeHint(self) -> QSize:
        hint = self._row.sizeHint()
        return QSize(hint.width(), self._themes.current.px(48))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._themes.current.px(80), self._themes.current.px(48))

    def _add(self, state: AgentState | None, label: str, *, checked: bool) -> None:
        chip = self._chips[state] = Chip(label, self._themes, checked=checked)
        chip.toggled.connect(lambda on, state=state: self._on_toggled(state, on))
        self._group.addButton(chip)
        self._row.addWidget(chip)

    def _on_toggled(self, state: AgentState | None, on: bool) -> None:
        if on:
            self.ensureWidgetVisible(self._chips[state])
            self.chosen.emit(state)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.px(8))
        for state, chip in self._chips.items():
            if state is not None:
                chip.setIcon(shape_icon(state, theme.px(14), theme))
                chip.setIconSize(QSize(theme.px(14), theme.px(14)))
        self.updateGeometry()
