"""The chips over the map: how many agents are in each state and of each kind, and which of them stand out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QWidget

from chainbot_desktop.agents.filtering import EVERYTHING, AgentFilter
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.shapes import LABELS, shape_icon
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.chip import Chip
from chainbot_desktop.ui.widgets.kinetic import make_kinetic
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet

_ORDER = (
    AgentState.NEEDS_INPUT,
    AgentState.WORKING,
    AgentState.WAITING,
    AgentState.FAILED,
    AgentState.IDLE,
    AgentState.DONE,
    AgentState.UNKNOWN,
)
NO_KIND = "no kind"


class FilterChips(QScrollArea):
    """All, the kinds, and a chip for every state that an agent is in; several states can be on. A finger pushes them sideways.

    It shows what `show_filter` says and asks for another by `chosen`.
    """

    chosen = Signal(object)
    """An AgentFilter; its words are those of the one that is shown."""

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
        self._chips: dict[AgentState | None, Chip] = {}
        self._filter = EVERYTHING
        self._shown: object = None
        self._kinds: Mapping[str, int] = {}
        self._row.addStretch(1)
        self._add(None, "All")
        self.kind_chip = Chip("Kind", themes, icon="chevron-down")
        self.kind_chip.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow behind the word
        self.kind_chip.clicked.connect(self._on_kinds)
        self._row.addWidget(self.kind_chip)
        for state in _ORDER:
            self._add(state, LABELS[state])
        self.setWidget(row)
        row.setAutoFillBackground(False)
        make_kinetic(self)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.show_filter(EVERYTHING)
        self.set_counts({}, {}, 0)

    def chip(self, state: AgentState | None) -> Chip:
        return self._chips[state]

    def set_counts(self, counts: Mapping[AgentState, int], kinds: Mapping[str, int], total: int) -> None:
        shown = (dict(counts), dict(kinds), total, self._filter)
        if shown == self._shown:
            return
        self._shown = shown
        self._kinds = {kind: count for kind, count in kinds.items() if count}
        self._chips[None].set_count(total)
        for state in _ORDER:
            chip, count = self._chips[state], counts.get(state, 0)
            chip.set_count(count)
            # A state in which nobody is has no chip, unless it is one that is chosen.
            chip.setVisible(count > 0 or chip.isChecked())
        self.kind_chip.setVisible(len(self._kinds) > 1 or self.kind_chip.isChecked())
        self.updateGeometry()

    def show_filter(self, wanted: AgentFilter) -> None:
        self._filter = wanted
        self._chips[None].setChecked(not wanted.states and not wanted.kinds)
        for state in _ORDER:
            self._chips[state].setChecked(state in wanted.states)
        self.kind_chip.setChecked(bool(wanted.kinds))
        self.kind_chip.setAccessibleName(f"Kind: {kind_names(wanted) or 'all'}")

    def choose(self, state: AgentState | None) -> None:
        """That state alone, of whatever kind was chosen; or all of every kind."""
        if state is None:
            self._ask(frozenset(), frozenset())
        else:
            self._ask(frozenset({state}), self._filter.kinds)
            self.ensureWidgetVisible(self._chips[state])

    def choose_kind(self, kind: str | None) -> None:
        self._ask(self._filter.states, frozenset() if kind is None else frozenset({kind}))

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (event.angleDelta().y() or event.angleDelta().x()) // 2)
        event.accept()

    def sizeHint(self) -> QSize:
        hint = self._row.sizeHint()
        return QSize(hint.width(), self._themes.current.px(48))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._themes.current.px(80), self._themes.current.px(48))

    def _add(self, state: AgentState | None, label: str) -> None:
        chip = self._chips[state] = Chip(label, self._themes)
        chip.clicked.connect(lambda _on, state=state: self._on_clicked(state))
        self._row.addWidget(chip)

    def _on_clicked(self, state: AgentState | None) -> None:
        if state is None:
            self.choose(None)
        else:
            self.ensureWidgetVisible(self._chips[state])
            self._ask(self._filter.states ^ {state}, self._filter.kinds)

    def _ask(self, states: frozenset[AgentState], kinds: frozenset[str]) -> None:
        wanted = AgentFilter(states, kinds, self._filter.words)
        self.show_filter(wanted)
        self.chosen.emit(wanted)

    def _on_kinds(self) -> None:
        self.show_filter(self._filter)  # the tap opens the menu; what is chosen there turns the chip on
        menu = MenuSheet(self.window(), self._themes)
        menu.add("All kinds", partial(self.choose_kind, None), icon="" if self._filter.kinds else "check")
        most = sorted(self._kinds.items(), key=lambda entry: (-entry[1], entry[0].casefold()))
        missing = [(kind, 0) for kind in sorted(self._filter.kinds) if kind not in self._kinds]
        for kind, count in [*most, *missing]:
            chosen = kind in self._filter.kinds
            menu.add(kind or NO_KIND, partial(self.choose_kind, kind), keys=f"{count:,}", icon="check" if chosen else "")
        menu.open_at(self.kind_chip.mapToGlobal(QPoint(0, self.kind_chip.height())))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.px(8))
        for state, chip in self._chips.items():
            if state is not None:
                chip.setIcon(shape_icon(state, theme.px(14), theme))
                chip.setIconSize(QSize(theme.px(14), theme.px(14)))
        self.updateGeometry()


def kind_names(wanted: AgentFilter) -> str:
    return ", ".join(sorted(kind or NO_KIND for kind in wanted.kinds))


def describe(wanted: AgentFilter) -> str:
    """ "failed, command, “tests”" """
    states = [LABELS[state].lower() for state in _ORDER if state in wanted.states]
    words = [f"“{' '.join(wanted.words)}”"] if wanted.words else []
    return ", ".join([*states, *filter(None, [kind_names(wanted)]), *words])
