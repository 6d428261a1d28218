"""The hands of the map: selection, links, undo, the menu around a finger, tasks that are carried. Puts their parts together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, QPoint, QRect, Signal

from chainbot_desktop.ui.agent_map.control import AgentControl
from chainbot_desktop.ui.agent_map.foot_bar import BarAction, FootBar
from chainbot_desktop.ui.agent_map.handing import Handing
from chainbot_desktop.ui.agent_map.linking import Linking
from chainbot_desktop.ui.agent_map.map_parts import MapParts
from chainbot_desktop.ui.agent_map.moves import Moves
from chainbot_desktop.ui.agent_map.radial_menu import Entry, RadialMenu
from chainbot_desktop.ui.agent_map.selection import Selection
from chainbot_desktop.ui.agent_map.undo import Undo
from chainbot_desktop.ui.theme import Theme
from chainbot_desktop.ui.view import Command
from chainbot_desktop.ui.widgets.button import IconButton

_FIRST = ("message", "task", "cancel", "pause", "resume", "start", "entangle", "stop", "restart")
"""What stands in the ring before the rest, in this order."""

_MANY_LAST = {"coordinate": 1}
"""Of what several agents can be asked: what comes after the plain steps of life."""


@dataclass(frozen=True, slots=True)
class ViewDeeds:
    """What menus have the view do."""

    details: Callable[[str], object]
    events: Callable[[str], object]
    middle: Callable[[str], object]
    select: Callable[[str | None], object]
    new: Callable[[], object] | None
    fit: Callable[[], object]
    arrange: Callable[[], object]


class Hands(QObject):
    message = Signal(object)
    placed = Signal()
    """The details may go back to where they belong."""

    def __init__(self, parts: MapParts, control: AgentControl | None, deeds: ViewDeeds) -> None:
        super().__init__(parts.view)
        self._view, self._scene, self._canvas = parts.view, parts.scene, parts.canvas
        self._control, self._themes, self._deeds, self._name_of = control, parts.themes, deeds, parts.name_of
        view, scene, canvas, themes = parts.view, parts.scene, parts.canvas, parts.themes
        links = control.parts.links if control is not None else None
        self.moves = Moves(parts.directory, scene.model, parts.actor, self)
        self.undo = Undo(parts.directory, self.moves, links, parts.tasks, parts.actor, self)
        self.selection = Selection(scene, canvas, self)
        self.linking: Linking | None = None
        self._menu: RadialMenu | None = None
        if control is not None and links is not None:
            self.linking = Linking(parts, control, links, self.undo)
            self.linking.message.connect(self.message)
            self.linking.changed.connect(self.show_bar)
            handing = Handing(parts, control, links)
            handing.message.connect(self.message)
            handing.ended.connect(self.placed)
            control.entangle_requested.connect(self._aim)
        self.select_button = IconButton("select", "Select many (S)", themes, parent=view)
        self.select_button.setCheckable(True)
        self.select_button.hide()
        self.bar = FootBar(themes, "Select nothing", view)
        self._room = QRect()
        self._connect()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def _connect(self) -> None:
        canvas = self._canvas
        self.moves.redraw.connect(self._scene.touch)
        self.undo.message.connect(self.message)
        self.undo.went_back.connect(canvas.keep_in_view)
        self.selection.changed.connect(self._on_selection_changed)
        canvas.dropped.connect(self.moves.make)
        canvas.nudged.connect(self.moves.nudge)
        canvas.toggled.connect(self.selection.toggle)
        canvas.banded.connect(self.selection.add)
        canvas.all_wanted.connect(self.selection.add_all)
        canvas.mode_wanted.connect(lambda: self.selection.set_mode(not canvas.selecting))
        canvas.stepped_back.connect(self._step_back)
        canvas.link_chosen.connect(self._on_link_chosen)
        canvas.aim_changed.connect(self.show_bar)
        canvas.cursor_moved.connect(self._tell_cursor)
        canvas.slid.connect(self._on_slid)
        self.select_button.clicked.connect(self.selection.set_mode)
        self.bar.closed.connect(self._step_back)

    def commands(self) -> Sequence[Command]:
        canvas = self._canvas
        many = (
            Command("map.select", "Select many agents", lambda: self.selection.set_mode(True), "S", "select"),
            Command("map.select_all", "Select all agents", self.selection.add_all, "Ctrl+A"),
        )
        if self.linking is None:
            return many
        return (
            *many,
            Command("map.link", "Link the selected agent", lambda: canvas.aim_from(self._scene.selected), "L", "link"),
            Command("map.links", "Go through the links of the selected agent", self.linking.go_on, "Shift+L"),
            Command("map.release", "Release the selected link", self.linking.release, "Delete", "link-off"),
        )

    # What the view tells.

    def rest(self, resting: bool) -> None:
        """While the map shows the past it is looked at and not touched."""
        self._canvas.read_only = resting
        self.selection.set_mode(False)
        self._canvas.end_aim()
        self._deeds.select(None)
        self.select_button.setEnabled(not resting)

    def forget(self, agent_id: str) -> None:
        self.undo.forget(agent_id)

    def refresh(self) -> None:
        """After a frame: who has gone is neither selected nor linked, and what can be done may be something else."""
        self.selection.prune()
        if self.linking is not None:
            self.linking.prune()
        self.show_bar()

    def selected(self) -> None:
        """The view has selected one, or none."""
        if self.linking is not None:
            self.linking.select(None)
        self._show_handle()
        self.show_bar()

    def place(self, room: QRect, fit: QRect) -> None:
        """`room`: the ground that nothing covers; `fit`: where the button beside it stands."""
        theme = self._themes.current
        self._canvas.covered_right = max(0, self._view.width() - room.right() - 1)
        self.select_button.move(fit.x() - self.select_button.width() - theme.px(8), fit.y())
        margin = theme.px(8)
        right = self.select_button.x() - margin
        self._room = QRect(room.x() + margin, room.y(), right - room.x() - margin, fit.bottom() - room.y() + 1 + theme.px(4))
        self.show_bar()

    # The bar.

    def show_bar(self) -> None:
        words, actions = self._bar_content()
        if words:
            self.bar.show_actions(words, actions)
            self.bar.place(self._room)
            self.bar.show()
        elif not self.bar.isHidden():
            had_focus = self.bar.isAncestorOf(self._view.focusWidget()) if self._view.focusWidget() is not None else False
            self.bar.hide()
            if had_focus:
                self._canvas.setFocus()
        self.select_button.setChecked(self._canvas.selecting)

    def _bar_content(self) -> tuple[str, Sequence[BarAction]]:
        if self.linking is not None and self._canvas.aiming:
            return self.linking.aim_words(), ()
        if self.linking is not None and self.linking.selected is not None:
            return self.linking.words(), self.linking.actions()
        if self.selection.many:
            chosen = self.selection.chosen
            return f"{len(chosen)} selected", self._many_actions(chosen) if chosen else ()
        return "", ()

    def _many_actions(self, chosen: list[str]) -> list[BarAction]:
        """The usual first, the dangerous last."""
        control, linking = self._control, self.linking
        if control is None:
            return []
        offered = sorted(control.actions_of_all(chosen), key=lambda action: (action.danger, _MANY_LAST.get(action.id, 0)))
        found = [
            BarAction(action.label, partial(control.run_all, action.id, chosen), action.icon, danger=action.danger)
            for action in offered
        ]
        if linking is not None and len(chosen) > 1:
            entangle = BarAction("Entangle…", lambda: linking.ask(chosen), "link")
            found.insert(sum(not action.danger for action in offered), entangle)
        return found

    # Selection.

    def _on_selection_changed(self) -> None:
        if self.selection.many:
            names = [self._name_of(id_) for id_ in self.selection.chosen]
            self._canvas.setAccessibleDescription(f"{len(names)} selected: {', '.join(names[:20])}" if names else "Select many")
        self._show_handle()
        self.show_bar()

    def _tell_cursor(self, agent_id: str) -> None:
        state = "selected" if agent_id in self._scene.chosen else "not selected"
        self._canvas.setAccessibleDescription(f"{self._name_of(agent_id)}, {state}")

    def _show_handle(self) -> None:
        id_ = self._scene.selected
        there = self.linking is not None and not self._canvas.read_only and id_ is not None and not self.linking.why_not(id_)
        self._canvas.show_hand(replace(self._canvas.hand, handles=there and not self.selection.many))

    def _step_back(self) -> None:
        """Escape, or the bar's cross."""
        if self._canvas.aiming:
            self._canvas.end_aim()
        elif self._canvas.selecting:
            self.selection.set_mode(False)
        self._deeds.select(None)
        self._canvas.setFocus()

    def _on_link_chosen(self, link_id: str) -> None:
        self._deeds.select(None)
        if self.linking is not None and not self._canvas.read_only:
            self.linking.select(link_id)

    # The menu around a finger.

    def open_menu(self, agent_id: str | None, position: QPoint) -> None:
        entries = self._node_entries(agent_id) if agent_id is not None else self._ground_entries()
        title = f"Actions for {self._name_of(agent_id)}" if agent_id is not None else "Actions of the map"
        self._menu = menu = RadialMenu(self._view, self._themes, title, entries)
        menu.closed.connect(partial(self._on_menu_closed, menu))
        menu.open_at(position)

    def _on_menu_closed(self, menu: RadialMenu) -> None:
        if self._menu is menu:
            self._menu = None

    def _on_slid(self, position: QPoint, let_go: bool) -> None:
        if self._menu is not None:
            self._menu.slide(position, let_go)

    def _node_entries(self, agent_id: str) -> list[Entry]:
        details = Entry("Details", "info", lambda: self._deeds.details(agent_id))
        middle = Entry("To the middle", "fit", lambda: self._deeds.middle(agent_id))
        if self._canvas.read_only:
            return [details, middle]
        entries: dict[str, Entry] = {}
        control = self._control
        for action in control.actions_of(agent_id) if control is not None else ():
            assert control is not None
            run: Callable[[], object] = partial(control.run, action.id, agent_id)
            entries[action.id] = Entry(action.label, action.icon, run, danger=action.danger)
        if self.linking is not None and not self.linking.why_not(agent_id):
            entries.setdefault("entangle", Entry("Link to…", "link", partial(self._aim, agent_id)))
        first = [entries.pop(id_) for id_ in _FIRST if id_ in entries and not entries[id_].danger]
        events = [] if "events" in entries else [Entry("Events", "list", lambda: self._deeds.events(agent_id))]
        return [
            details,
            *first,
            *entries.values(),
            *events,
            middle,
        ]

    def _ground_entries(self) -> list[Entry]:
        if self._canvas.read_only:
            return [Entry("Show all", "fit", self._deeds.fit)]
        new = [Entry("New agent", "agent-add", self._deeds.new)] if self._deeds.new is not None else []
        return [
            *new,
            Entry("Select", "select", lambda: self.selection.set_mode(True)),
            Entry("Show all", "fit", self._deeds.fit),
            Entry("Arrange", "layout", self._deeds.arrange),
            Entry("Undo", "undo", self.undo.undo, enabled=self.undo.history.can_undo),
        ]

    def _aim(self, agent_id: str) -> None:
        self.selection.set_mode(False)
        self._deeds.select(agent_id)
        self._canvas.setFocus()
        self._canvas.aim_from(agent_id)

    def _on_theme_changed(self, theme: Theme) -> None:
        ground, line, on = theme.color("surface2").name(), theme.color("line").name(), theme.color("accent")
        self.select_button.setStyleSheet(
            f"QToolButton:!focus {{ background: {ground}; border: 1px solid {line} }}"
            f"QToolButton:checked {{ background: {theme.tint('accent', 0.3, 'surface2').name()}; border: 2px solid {on.name()} }}"
        )
