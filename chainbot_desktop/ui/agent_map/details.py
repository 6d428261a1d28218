"""Everything that is known of one agent, in a panel beside the map: it follows the agent while it is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.records import Agent, Entanglement
from chainbot_desktop.agents.runtime.live import LiveAgent
from chainbot_desktop.store.agent_rows import RunRow
from chainbot_desktop.ui.agent_map.actions import why_none
from chainbot_desktop.ui.agent_map.field_row import FieldRow, text_label
from chainbot_desktop.ui.agent_map.live_section import LiveSection
from chainbot_desktop.ui.agent_map.metadata_tree import MetadataTree
from chainbot_desktop.ui.agent_map.shapes import LABELS, shape_pixmap
from chainbot_desktop.ui.agent_map.times import now_utc
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button, IconButton
from chainbot_desktop.ui.widgets.kinetic import KineticArea

NameOf = Callable[[str], str]


class DetailsPanel(QFrame):
    """`show_agent` for another agent or a newer state of it. Times are relative; a tap on one shows it exactly."""

    closed = Signal()
    agent_chosen = Signal(str)
    events_requested = Signal(str)
    actions_requested = Signal(str, object)
    """(id of the agent, where to open their menu: a global QPoint)"""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._agent: Agent | None = None
        self._links: tuple[tuple[Entanglement, str], ...] = ()
        self.setProperty("kind", "sheet")
        self.setAccessibleName("Details of the agent")
        self._shape, self._name, self._kind = QLabel(), text_label("title"), text_label("small")
        self._close = IconButton("close", "Close the details", themes)
        self._close.clicked.connect(self.closed)
        self._events = Button("Events of this agent", themes)
        self._events.clicked.connect(self._on_events)
        self.actions_button = Button("Actions", themes, kind="primary", icon="bolt")
        self.actions_button.clicked.connect(self._on_actions)
        self.actions_button.hide()
        self._why_none = text_label("small")
        self.live = LiveSection(themes)
        self._fields: dict[str, FieldRow] = {}
        self._entanglements = QVBoxLayout()
        self._entanglements_title = text_label("label", "Entanglements")
        self._metadata_title = text_label("label", "Metadata")
        self._metadata = MetadataTree(themes)
        self._content = QWidget()
        self._body = QVBoxLayout(self._content)
        self._area = KineticArea(self._content)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._content.setAutoFillBackground(False)  # the panel's own ground shows through
        self._build()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    @property
    def agent_id(self) -> str | None:
        """Whom it shows while it is open."""
        return self._agent.id if self._agent is not None and not self.isHidden() else None

    def show_agent(self, agent: Agent, entanglements: Sequence[Entanglement], name_of: NameOf) -> None:
        before, self._agent = self._agent, agent
        if before is None or before.id != agent.id:
            self._area.verticalScrollBar().setValue(0)
            for field in self._fields.values():
                field.show_exactly(False)
        self._name.setText(agent.name)
        origin = "guest of ALEX OS" if agent.guest else "agent"
        self._kind.setText(f"{agent.kind} · {origin}" if agent.kind else origin)
        self._show_shape()
        self._fill(agent)
        links = tuple((link, _others(link, agent.id, name_of)) for link in entanglements)
        if links != self._links or before is None or before.id != agent.id:
            self._links = links
            self._show_links(agent.id)
        self._metadata_title.setVisible(bool(agent.metadata))
        self._metadata.setVisible(bool(agent.metadata))
        self._metadata.show_metadata(agent.metadata)

    def show_live(self, live: LiveAgent | None, log: AgentLog | None) -> None:
        """How it is at this moment, if it runs here."""
        assert self._agent is not None
        self.live.show_live(live, told=self._agent.attention)
        self.live.log.follow(log)
        why = why_none(self._agent)
        self._why_none.setText(why)
        self._why_none.setVisible(bool(why))

    def offer_actions(self, there_are: bool) -> None:
        self.actions_button.setVisible(there_are)
        self._events.setText("Events" if there_are else "Events of this agent")

    def show_runs(self, runs: Sequence[RunRow]) -> None:
        self.live.show_runs(runs)

    def refresh_times(self, now: datetime) -> None:
        for field in self._fields.values():
            field.refresh(now)
        self.live.refresh_times(now)

    def take_focus(self) -> None:
        self._close.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _build(self) -> None:
        head = QHBoxLayout()
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self._name)
        names.addWidget(self._kind)
        head.addWidget(self._shape)
        head.addLayout(names, 1)
        head.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        outer = QVBoxLayout(self)
        outer.addLayout(head)
        outer.addWidget(self._area, 1)
        outer.addWidget(self._why_none)
        foot = QHBoxLayout()
        foot.addWidget(self._events, 1)
        foot.addWidget(self.actions_button)
        outer.addLayout(foot)
        for label in (
            "State", "Needs", "Doing", "Ended because", "Last heard of", "Appeared", "Ended", "User", "Capabilities", "Place", "Id",
        ):  # fmt: skip
            field = self._fields[label] = FieldRow(label, below=label == "Id")
            self._body.addWidget(field)
            if label == "Ended because":
                self._body.addWidget(self.live)
        for widget in (self._entanglements_title, self._metadata_title):
            widget.setContentsMargins(0, 8, 0, 0)
        self._body.addWidget(self._entanglements_title)
        self._body.addLayout(self._entanglements)
        self._body.addWidget(self._metadata_title)
        self._body.addWidget(self._metadata)
        self._body.addStretch(1)

    def _fill(self, agent: Agent) -> None:
        label = LABELS[agent.state]
        same = agent.status.lower().replace("_", " ") == label.lower() or not agent.status
        texts: Mapping[str, str] = {
            "State": label if same else f"{label} (“{agent.status}”)",
            "Needs": agent.attention,
            "Doing": agent.activity if agent.activity != agent.attention else "",
            "Ended because": agent.reason,
            "User": agent.user,
            "Capabilities": ", ".join(agent.capabilities),
            "Place": f"{agent.place.x:.0f} px, {agent.place.y:.0f} px (chosen)" if agent.place else "automatic",
            "Id": agent.id,
        }
        for name, text in texts.items():
            self._fields[name].set_text(text)
        moments = {"Last heard of": agent.last_active, "Appeared": agent.created_at, "Ended": agent.ended_at}
        for name, moment in moments.items():
            self._fields[name].set_moment(moment)
        self.refresh_times(now_utc())

    def _show_links(self, agent_id: str) -> None:
        while (item := self._entanglements.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._entanglements_title.setVisible(bool(self._links))
        for link, others in self._links:
            arrow = "to" if link.agents[0] == agent_id else "from"
            row = Button(f"{link.name or 'entangled'} {arrow} {others}", self._themes, kind="row")
            row.setAccessibleDescription("Show that agent")
            target = next((member for member in link.agents if member != agent_id), agent_id)
            row.clicked.connect(lambda _=False, target=target: self.agent_chosen.emit(target))
            self._entanglements.addWidget(row)

    def _show_shape(self) -> None:
        if self._agent is not None:
            theme = self._themes.current
            self._shape.setPixmap(shape_pixmap(self._agent.state, theme.px(20), theme))

    def _on_events(self) -> None:
        if self._agent is not None:
            self.events_requested.emit(self._agent.id)

    def _on_actions(self) -> None:
        if self._agent is not None:
            self.actions_requested.emit(self._agent.id, self.actions_button.mapToGlobal(QPoint(0, 0)))

    def _on_theme_changed(self, theme: Theme) -> None:
        outer = self.layout()
        assert outer is not None
        outer.setContentsMargins(theme.px(16), theme.px(8), theme.px(8), theme.px(12))
        outer.setSpacing(theme.px(8))
        self._body.setContentsMargins(0, 0, theme.px(8), 0)
        self._body.setSpacing(theme.px(4))
        self._shape.setFixedSize(QSize(theme.px(28), theme.px(28)))
        for field in self._fields.values():
            field.set_label_width(theme.px(104))
        self._show_shape()


def _others(link: Entanglement, agent_id: str, name_of: NameOf) -> str:
    names = [name_of(member) for member in link.agents if member != agent_id]
    return ", ".join(names) or "nobody yet"
