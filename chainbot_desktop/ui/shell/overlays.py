"""What the shell lays over its windows: the palette, the keys, the look, the menu, the question about unsaved files.

One at a time: asking for another closes the one before, asking for the same again closes it. Their modules are imported when first
asked for: the first paint does not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.shell.stage import Stage
from chainbot_desktop.ui.theme import ThemeChoice, ThemeSource
from chainbot_desktop.ui.view import Command

if TYPE_CHECKING:
    from chainbot_desktop.ui.widgets.overlay import Overlay


_BY_OTHER_WAYS = {"shell.next_region", "shell.previous_region", "shell.stop_all", "shell.stop_keys"}
"""What a finger needs no menu for: it touches the region, or holds STOP."""


@dataclass(frozen=True, slots=True)
class ShellActions:
    """What the overlays have the window do."""

    select: Callable[[str], object]
    pop_out: Callable[[str], object]
    dock: Callable[[str], object]
    look_chosen: Callable[[], object]


class ShellOverlays(QObject):
    """`own` are the shell's commands, asked each time; views and `providers` add theirs, `more_keys` what F1 lists besides."""

    def __init__(self, stage: Stage, themes: ThemeSource, actions: ShellActions, *, may_pop_out: bool) -> None:
        super().__init__(stage)
        self._stage = stage
        self._themes = themes
        self._actions = actions
        self._may_pop_out = may_pop_out
        self._open: tuple[str, Overlay] | None = None
        self.own: Callable[[], Sequence[Command]] = tuple
        self.more_keys: Callable[[], Sequence[tuple[str, Sequence[Command]]]] = tuple
        self.providers: list[Callable[[], Sequence[Command]]] = []

    def palette(self) -> None:
        from chainbot_desktop.ui.shell.palette import CommandPalette

        self._show("palette", lambda: CommandPalette(self.origin(), self._themes, self._all_commands()))

    def keys(self) -> None:
        from chainbot_desktop.ui.shell.sheets import keys_sheet

        key = self._stage.current_key
        view = self._stage.view(key)
        groups: list[tuple[str, Sequence[Command]]] = []
        if view is not None:
            groups.append((self._stage.label(key), view.commands()))
        groups.append(("Everywhere", [*self._windows(), *self.own()]))
        groups.extend(self.more_keys())
        self._show("keys", lambda: keys_sheet(self.origin(), self._themes, groups))

    def settings(self) -> None:
        from chainbot_desktop.ui.shell.sheets import settings_sheet

        self._show("settings", lambda: settings_sheet(self.origin(), self._themes, self._actions.look_chosen))

    def unsaved(self, names: Sequence[str], save: Callable[[], None], discard: Callable[[], None]) -> None:
        from chainbot_desktop.ui.shell.sheets import unsaved_sheet

        if self._open is None or self._open[0] != "unsaved":
            self._show("unsaved", lambda: unsaved_sheet(self.origin(), self._themes, names, save, discard))

    def menu(self, button: QWidget) -> None:
        """The way of a finger to all that has a key."""
        from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet

        menu = MenuSheet(self._stage, self._themes)
        *commands, last = [command for command in self.own() if command.id not in _BY_OTHER_WAYS]
        for command in (*self._popping(), *commands):
            menu.add(command.label, command.run, keys=command.shortcut)
        menu.add_gap()
        menu.add(last.label, last.run, keys=last.shortcut)
        menu.point_at(button.mapToGlobal(QPoint(button.width(), button.height())))
        self._show("menu", lambda: menu)

    def origin(self) -> QWidget:
        """Over the popped-out window in use, else over the stage."""
        for key, view in self._stage.views():
            if self._stage.is_popped_out(key) and view.isActiveWindow():
                return view
        return self._stage

    def _show(self, name: str, make: Callable[[], Overlay]) -> None:
        before, self._open = self._open, None
        if before is not None:
            before[1].dismiss()
            if before[0] == name:
                return
        overlay = make()
        self._open = (name, overlay)
        overlay.closed.connect(partial(self._on_closed, overlay))
        overlay.open()

    def _on_closed(self, overlay: Overlay) -> None:
        if self._open is not None and self._open[1] is overlay:
            self._open = None

    def _all_commands(self) -> list[tuple[str, Command]]:
        """Those of the window in front first; each with where it comes from."""
        here = self._stage.current_key
        found: list[tuple[str, Command]] = []
        for key, view in sorted(self._stage.views(), key=lambda pair: pair[0] != here):
            found.extend((self._stage.label(key), command) for command in view.commands())
        for provider in self.providers:
            found.extend(("", command) for command in provider())
        own = [command for command in self.own() if command.id not in {"shell.palette", "shell.stop_keys"}]
        found.extend(("", command) for command in (*self._windows(), *self._popping(), *own, *self._looks()))
        return found

    def _looks(self) -> list[Command]:
        from chainbot_desktop.ui.shell.sheets import THEME_CHOICES

        def choose(name: ThemeChoice) -> None:
            self._themes.select(name)
            self._actions.look_chosen()

        return [
            Command(f"shell.theme.{name}", f"Theme: {label.lower()}", partial(choose, name)) for name, label in THEME_CHOICES
        ]

    def _windows(self) -> list[Command]:
        commands = []
        for number, key in enumerate(self._stage.keys, 1):
            label = f"Show {self._stage.label(key)}"
            commands.append(Command(f"shell.open.{key}", label, partial(self._actions.select, key), f"Ctrl+{number}"))
        return commands

    def _popping(self) -> list[Command]:
        key = self._stage.current_key
        if not self._may_pop_out or self._stage.view(key) is None:
            return []
        label = self._stage.label(key)
        if self._stage.is_popped_out(key):
            return [Command("shell.dock", f"Bring {label} back", partial(self._actions.dock, key))]
        return [Command("shell.pop_out", f"Give {label} its own window", partial(self._actions.pop_out, key))]
