"""The Agent Map window: puts directory, model, scene, canvas and panels together, and does what their signals ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QHideEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.records import DirectoryChange
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.core.events import Actor
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.arranging import Arranger
from chainbot_desktop.ui.agent_map.camera import FOOT
from chainbot_desktop.ui.agent_map.canvas import MapCanvas
from chainbot_desktop.ui.agent_map.cards import status_text
from chainbot_desktop.ui.agent_map.control import AgentControl
from chainbot_desktop.ui.agent_map.details import DetailsPanel
from chainbot_desktop.ui.agent_map.filtering import Filtering
from chainbot_desktop.ui.agent_map.hands import Hands, ViewDeeds
from chainbot_desktop.ui.agent_map.inspecting import Inspector
from chainbot_desktop.ui.agent_map.layout_choice import LayoutChoice
from chainbot_desktop.ui.agent_map.map_parts import MapParts
from chainbot_desktop.ui.agent_map.minimap import Minimap
from chainbot_desktop.ui.agent_map.model import MapDelta, MapModel
from chainbot_desktop.ui.agent_map.past import Past
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.agent_map.scene import MapScene
from chainbot_desktop.ui.agent_map.services import MapServices
from chainbot_desktop.ui.agent_map.shapes import LABELS
from chainbot_desktop.ui.agent_map.vitals import MapVitals
from chainbot_desktop.ui.agent_map.welcome import EmptyMap
from chainbot_desktop.ui.frames import FrameClock
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.view import Command, WindowView
from chainbot_desktop.ui.widgets.button import IconButton
from chainbot_desktop.ui.widgets.focus_handing import hand_focus_on
from chainbot_desktop.ui.widgets.header import Header
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet

_TITLE = "Agent Map"
_AGES_MS = 5_000
MINIMAP = "map.minimap"
"""Name of the preference: whether the minimap is wanted."""


_COMES_OR_GOES = (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.Move, QEvent.Type.Resize)


class AgentMapView(WindowView):
    """`spawn_snippet`: a command line that reports an agent here, shown while there is none. `actor`: who moves nodes.

    `runtime`: the agents that run here; without it they are only shown. `services`: what measures, lays out and remembers.
    """

    foot_changed = Signal()
    """`foot` is another."""

    def __init__(
        self,
        directory: AgentDirectory,
        themes: ThemeSource,
        tasks: Tasks,
        *,
        spawn_snippet: str = "",
        actor: Actor = "device:panel",
        runtime: RuntimeParts | None = None,
        services: MapServices | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._directory = directory
        self._themes = themes
        self._tasks = tasks
        self._services = services or MapServices()
        self._model = MapModel(directory)
        self._scene = MapScene(self._model, themes.current, self)
        self.canvas = MapCanvas(self._scene, themes)
        self.filtering = Filtering(self._model, self._scene, themes, self)
        self.filters, self.search = self.filtering.chips, self.filtering.search
        self.minimap = Minimap(self._scene, self.canvas, themes)
        self.minimap.set_wanted(self._services.memory.flag(MINIMAP, default=True))
        self._empty = EmptyMap(spawn_snippet, themes, may_spawn=runtime is not None)
        self.details = DetailsPanel(themes, self)
        self.control = AgentControl(runtime, self, themes, tasks, actor, directory) if runtime is not None else None
        deeds = ViewDeeds(
            self.open_details,
            self._on_events,
            lambda id_: self.canvas.reveal(id_, nearer=True),
            self.select,
            self.open_spawn if self.control is not None else None,
            self._on_fit,
            self._on_arrange,
        )
        rate = self._services.vitals.rate if self._services.vitals is not None else None
        parts = MapParts(self, self._scene, self.canvas, self.details, directory, themes, tasks, actor, rate)
        self.hands = Hands(parts, self.control, deeds)
        self._arranger = Arranger(self._model, self._services, tasks, self._aspect, self)
        self._vitals = MapVitals(self._scene, self._services, self.canvas.view_ground, self)
        self.past = Past(self._model, directory, self._services.history, themes, tasks, self)
        self._frames = FrameClock(self)
        self.inspector = Inspector(self.details, self._model, self.control, self._frames, tasks, self._name_of)
        self.layouts = LayoutChoice(self._arranger, themes, self)
        self._changed_agents: set[str] = set()
        self._changed_links: set[str] = set()
        self._looked_at: tuple[int, QSize] | None = None
        self._seen_size = QSize()
        self._wanted: str | None = None
        self._badge = 0
        self._ages = QTimer(self, interval=_AGES_MS)
        self._build()
        self._connect()
        self.destroyed.connect(directory.subscribe(self._on_directory_changed))
        self._on_directory_changed(
            DirectoryChange(
                frozenset(agent.id for agent in directory.agents), frozenset(link.id for link in directory.entanglements)
            )
        )
        self._show_counts()

    # What the shell asks.

    def present(self, content: Mapping[str, object]) -> None:
        agent_id = content.get("agent_id")
        if isinstance(agent_id, str):
            self._wanted = agent_id
            self._show_wanted()
        seq = content.get("seq")
        if isinstance(seq, int):
            self.past.open(seq)

    def set_asking(self, asking: Mapping[str, str]) -> None:
        """Agents whose requests wait for a human, and what they ask: they need input."""
        before, self._model.asking = self._model.asking, dict(asking)
        concerned = {id_ for id_ in {*before, *asking} if before.get(id_) != asking.get(id_)}
        if concerned:
            self._on_directory_changed(DirectoryChange(frozenset(concerned)))

    def open_spawn(self) -> None:
        """The sheet in which an agent is made."""
        if self.control is not None:
            self.control.open_spawn()

    def shown_first_time(self) -> None:
        self._frames.request(self._on_frame)

    def commands(self) -> Sequence[Command]:
        new = (Command("map.new", "New agent", self.open_spawn, "Ctrl+N", "agent-add"),) if self.control else ()
        return (
            *new,
            Command("map.find", "Find an agent on the map", self.search.open_search, "Ctrl+F", "search"),
            Command("map.fit", "Show all agents", self._on_fit, "F"),
            Command("map.full_size", "Agents in full size", self._on_full_size, "0"),
            *self.hands.commands(),
            *self.layouts.commands(),
            *((Command("map.replay", "Replay the map's past", self.past.toggle, "R"),) if self.past.is_there else ()),
            Command("map.undo", "Undo the last move or link", self.hands.undo.undo, "Ctrl+Z", "undo"),
            Command("map.redo", "Redo the last move or link", self.hands.undo.redo, "Ctrl+Shift+Z"),
            Command("map.minimap", "Show or hide the minimap", self.toggle_minimap, "M"),
            *self.filtering.commands(),
        )

    # Putting together.

    def _build(self) -> None:
        hand_focus_on(self, lambda: self.canvas)
        header = Header(_TITLE, self._themes)
        header.add_action(self.filters, 8)
        self._find = IconButton("search", "Find an agent (Ctrl+F)", self._themes)
        self.undo_button = IconButton("undo", "Undo the last move or link (Ctrl+Z)", self._themes)
        self.undo_button.setEnabled(False)
        self._more = IconButton("more", "More", self._themes)
        self.new_button = IconButton("agent-add", "New agent (Ctrl+N)", self._themes, token="accent")
        self.new_button.setVisible(self.control is not None)
        for button in (self.new_button, self._find, self.undo_button, self._more):
            header.add_action(button)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.canvas)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(header)
        outer.addWidget(self.search)
        outer.addWidget(self.filtering.strip)
        outer.addWidget(self._stack, 1)
        outer.addWidget(self.past.bar)
        self._fit = IconButton("fit", "Show all agents (F)", self._themes, parent=self)
        self._fit.hide()
        for over in (self.hands.select_button, self.hands.bar):
            over.raise_()
        for watched in (self._stack, self.minimap, self.hands.bar):
            watched.installEventFilter(self)
        self._on_theme_changed(self._themes.current)
        for sequence, slot in (
            ("Ctrl+F", self.search.open_search),
            ("Ctrl+Z", self.hands.undo.undo),
            ("Ctrl+Shift+Z", self.hands.undo.redo),
            ("Ctrl+N", self.open_spawn),
        ):
            QShortcut(QKeySequence(sequence), self, slot, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def _connect(self) -> None:
        self.canvas.selected.connect(self.select)
        self.canvas.opened.connect(self.open_details)
        self.canvas.context_requested.connect(self._on_context)
        self.hands.message.connect(self.message)
        self.hands.placed.connect(self._place_panels)
        self.hands.undo.changed.connect(self._on_history_changed)
        self.filtering.changed.connect(self._on_filtered)
        self.search.next_requested.connect(self._on_next_hit)
        self.search.closed.connect(self.canvas.setFocus)
        self.details.closed.connect(self.close_details)
        self.details.agent_chosen.connect(self._on_agent_chosen)
        self.details.events_requested.connect(self._on_events)
        self.new_button.clicked.connect(self.open_spawn)
        self._empty.spawn_requested.connect(self.open_spawn)
        if self.control is not None:
            self.control.message.connect(self.message)
            self.control.spawned.connect(self._on_spawned)
            self.control.open_requested.connect(self.open_requested)
            self.details.actions_requested.connect(self.control.open_menu)
        self._find.clicked.connect(self.search.open_search)
        self.undo_button.clicked.connect(self.hands.undo.undo)
        self._more.clicked.connect(self._on_more)
        self._fit.clicked.connect(self._on_fit)
        self._ages.timeout.connect(self._on_ages)
        self._arranger.settled.connect(self._on_settled)
        self._arranger.arranged.connect(self.canvas.fit)
        self._arranger.refused.connect(self.message)
        self.past.began.connect(partial(self._show_past, True))
        self.past.ended.connect(partial(self._show_past, False))
        self.past.turned.connect(partial(self._take_over, glide=True))
        self.past.needing_changed.connect(self._show_badge)
        self.past.message.connect(self.message)
        self._themes.changed.connect(self._on_theme_changed)

    # The directory.

    def _on_directory_changed(self, change: DirectoryChange) -> None:
        self._changed_agents |= change.agents
        self._changed_links |= change.entanglements
        if self._model.present:
            self._model.count(change.agents)
            self._show_badge(self._model.counts[AgentState.NEEDS_INPUT])
            self._frames.request(self._on_frame)
        else:
            self.past.count_needing(change.agents)

    def _show_badge(self, count: int) -> None:
        if count != self._badge:
            self._badge = count
            self.badge_changed.emit(count)

    def _on_frame(self) -> None:
        if not self._model.present:
            return
        change = DirectoryChange(frozenset(self._changed_agents), frozenset(self._changed_links))
        self._changed_agents, self._changed_links = set(), set()
        self._take_over(change)

    def _take_over(self, change: DirectoryChange, *, glide: bool = False) -> None:
        delta = self._model.refresh(change)
        for id_ in delta.nodes:
            if id_ not in self._model.agents:
                self.hands.forget(id_)
        self._show_counts()
        self._draw(delta | self._arranger.place_newcomers(), glide=glide)
        self._arranger.take_note(change.agents)
        self._fit_once()
        self._show_wanted()
        self.inspector.refresh(change)
        self.hands.refresh()

    def _draw(self, delta: MapDelta, *, glide: bool = False) -> None:
        if self._scene.selected is not None and self._scene.selected not in self._model.agents:
            if len(self._scene.chosen) > 1:
                self.hands.selection.prune()
            else:
                self.select(None)
        self._scene.apply(delta, glide=glide)
        if delta.nodes or delta.links:
            self.filtering.refresh()

    def _on_settled(self, delta: MapDelta, glide: bool) -> None:
        self._draw(delta, glide=glide)
        self._scene.redraw_ground()
        self._fit_once()
        self._show_wanted()
        # More may have come meanwhile.
        self._frames.request(self._on_frame)

    def _aspect(self) -> float:
        ground = self.canvas.viewport().size()
        return max(0.2, ground.width() / max(1, ground.height() - self._themes.current.px(FOOT)))

    def _show_past(self, past: bool) -> None:
        self._vitals.shown = not past
        self.hands.rest(past)
        if not past:
            self.canvas.setFocus()
            self._frames.request(self._on_frame)

    def _fit_once(self) -> None:
        """All is shown until somebody has chosen what to look at."""
        if self.canvas.steered or not self.canvas.isVisible():
            return
        looked_at = (self._model.places.version, self.canvas.size())
        if looked_at != self._looked_at and len(self._model.places):
            self._looked_at = looked_at
            resized = self._seen_size != self.canvas.size()
            self._seen_size = self.canvas.size()
            if resized or not self.canvas.shows_all():
                self.canvas.fit()

    def _show_counts(self) -> None:
        self.filtering.show_counts()
        self._stack.setCurrentWidget(self.canvas if self._model.total else self._empty)
        for button in (self._fit, self.hands.select_button):
            button.setVisible(self._model.total > 0)

    # Selection and details.

    def select(self, agent_id: str | None) -> None:
        self._wanted = None
        self._scene.select(agent_id)
        self.hands.selected()
        agent = self._model.agents.get(agent_id) if agent_id is not None else None
        text = f"{agent.name}, {agent.kind}, {LABELS[agent.state]}: {status_text(agent)}" if agent else "Nothing is selected"
        self.canvas.setAccessibleDescription(text)
        if agent is None:
            self.close_details()
        elif not self.details.isHidden():
            self.open_details(agent.id)

    def open_details(self, agent_id: str) -> None:
        if agent_id in self._model.agents and self._scene.selected != agent_id:
            self._scene.select(agent_id)
            self.hands.selected()
        if self.inspector.show(agent_id):
            self._place_panels()
            self.canvas.keep_in_view(agent_id, covered_right=self.details.width())

    def close_details(self) -> None:
        if self.inspector.hide():
            self._place_panels()
            self.canvas.setFocus()

    def _on_spawned(self, agent_id: str) -> None:
        self._wanted = agent_id
        self._show_wanted()

    def _name_of(self, agent_id: str) -> str:
        agent = self._directory.get(agent_id)
        return agent.name if agent is not None else agent_id

    def _show_wanted(self) -> None:
        wanted = self._wanted
        if wanted is not None and wanted in self._model.places:
            self._wanted = None
            self.select(wanted)
            self.canvas.reveal(wanted, nearer=True)

    # What a person does.

    def _on_history_changed(self) -> None:
        self.undo_button.setEnabled(self.hands.undo.history.can_undo)

    def _on_filtered(self) -> None:
        """The strip that came or went took room from the map."""
        self._place_panels()
        self._frames.request(self._fit_once)

    def toggle_minimap(self) -> None:
        self.minimap.set_wanted(not self.minimap.wanted)
        self._services.memory.keep(MINIMAP, self.minimap.wanted)

    def _on_next_hit(self) -> None:
        hits = self._model.found()
        if hits:
            selected = self._scene.selected
            following = hits[(hits.index(selected) + 1) % len(hits)] if selected in hits else hits[0]
            self.select(following)
            self.canvas.reveal(following, nearer=True)

    def _on_agent_chosen(self, agent_id: str) -> None:
        if self._directory.get(agent_id) is not None:
            self.open_details(agent_id)

    def _on_events(self, agent_id: str) -> None:
        self.open_requested.emit("watchtower", {"subject": agent_id})

    def _on_fit(self) -> None:
        self.canvas.fit()

    def _on_full_size(self) -> None:
        self.canvas.full_size()

    def _on_arrange(self) -> None:
        """Those that were placed by hand stay where they are."""
        self._arranger.arrange_anew()

    def _on_more(self) -> None:
        menu = MenuSheet(self, self._themes)
        menu.add("Show all agents", self._on_fit)
        menu.add("Full size", self._on_full_size)
        self.layouts.add_to(menu, self._below_more())
        if self.past.is_there:
            menu.add("Back to the present" if self.past.active else "Replay…", self.past.toggle, keys="R")
        menu.add("Hide the minimap" if self.minimap.wanted else "Show the minimap", self.toggle_minimap, keys="M")
        menu.add("Undo", self.hands.undo.undo, enabled=self.hands.undo.history.can_undo)
        menu.add("Redo", self.hands.undo.redo, enabled=self.hands.undo.history.can_redo)
        menu.open_at(self._below_more())

    def _below_more(self) -> QPoint:
        return self._more.mapToGlobal(QPoint(0, self._more.height()))

    def _on_context(self, agent_id: str | None, position: QPoint) -> None:
        if agent_id is not None and agent_id not in self._scene.chosen:
            self.select(agent_id)
        self.hands.open_menu(agent_id, position)

    # Time, size, theme.

    def _on_ages(self) -> None:
        self._scene.refresh_ages(self.canvas.view_ground())
        self.inspector.refresh_times()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ages.start()
        self._vitals.watch()
        self._frames.request(self._on_frame)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = {
            Qt.Key.Key_M: self.toggle_minimap,
            Qt.Key.Key_A: self._on_arrange,
            Qt.Key.Key_R: self.past.toggle,
        }.get(Qt.Key(event.key()))
        if plain is not None and not event.modifiers():
            plain()
        elif event.key() != Qt.Key.Key_Escape or not self.filtering.clear():
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._ages.stop()
        self._vitals.rest()
        self.hands.moves.finish_nudge()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_panels()
        self._frames.request(self._fit_once)

    def _place_panels(self) -> None:
        theme = self._themes.current
        title = QFontMetrics(theme.font("title")).horizontalAdvance(_TITLE) + theme.px(24)
        self.filters.setMaximumWidth(
            max(theme.px(120), self.width() - title - (4 if self.control else 3) * theme.px(56) - theme.px(16))
        )
        top = self._stack.geometry().top()
        ground = QRect(0, top, self.width(), self._stack.height())
        margin = theme.px(8)
        width = min(theme.px(372), ground.width() - 2 * margin)
        self.details.setGeometry(
            ground.right() - width - margin + 1, ground.top() + margin, width, ground.height() - 2 * margin
        )
        right = self.details.x() if not self.details.isHidden() else ground.right() + 1
        self._fit.move(right - self._fit.width() - margin, ground.bottom() - self._fit.height() - margin + 1)
        self.hands.place(QRect(ground.topLeft(), QPoint(right, ground.bottom())), self._fit.geometry())
        self.foot_changed.emit()

    def foot(self) -> QRect:
        """The part of the map at whose lower left something may float: not over the minimap, nor over the bar of the selected."""
        ground = self._stack.geometry()
        over = [each for each in (self.minimap, self.hands.bar) if not each.isHidden()]
        tops = [self.mapFromGlobal(each.mapToGlobal(QPoint(0, 0))).y() for each in over]
        ground.setBottom(min([ground.bottom(), *tops]))
        return ground

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._stack:
            self._place_panels()
            self._frames.request(self._fit_once)
        elif event.type() in _COMES_OR_GOES and watched in (self.minimap, self.hands.bar):
            self.foot_changed.emit()
        return super().eventFilter(watched, event)

    def _on_theme_changed(self, theme: Theme) -> None:
        ground, line = theme.color("surface2").name(), theme.color("line").name()
        # It floats over the map: without a ground of its own a card behind it would show through.
        self._fit.setStyleSheet(f"QToolButton:!focus {{ background: {ground}; border: 1px solid {line} }}")
        self._scene.set_theme(theme)
        self.canvas.refresh_camera()
        self._place_panels()
