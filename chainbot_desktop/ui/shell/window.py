"""The one top-level window. It is painted before anything else is loaded, then given its windows and what is remembered.

Dumb on purpose: setters in, signals and callbacks out; it knows no service. The order of life: construct, `add_window` four times,
`show_panel`, (`first_painted`), `attach`, ... , `finish`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, cast

from PySide6.QtCore import QBuffer, QByteArray, QEvent, QIODevice, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QApplication, QBoxLayout, QWidget

from chainbot_desktop.ui.frames import FrameStatistics, PaintProbe
from chainbot_desktop.ui.shell.messages import MessageBar
from chainbot_desktop.ui.shell.overlays import ShellActions, ShellOverlays
from chainbot_desktop.ui.shell.rail import NavigationRail
from chainbot_desktop.ui.shell.stage import Factory, PopOut, Stage
from chainbot_desktop.ui.shell.status import StatusLine
from chainbot_desktop.ui.shell.thresholds import Level, Machine
from chainbot_desktop.ui.shell.touch import TouchWatch
from chainbot_desktop.ui.theme import TEXT_SIZES, ThemeSource
from chainbot_desktop.ui.view import Command, Message, WindowView

Remember = Callable[[str, object], None]

WATCHTOWER = "watchtower"
SMALL_SCREEN = 1024
STOP_KEYS = "Ctrl+Shift+Esc"
STOP_AGAIN_MS = 2_000
"""Within this time Ctrl+Shift+Esc must come again to stop all agents."""


class LinkLike(Protocol):
    """What the shell reads of core.link.LinkStatus (which it must not import before the first paint)."""

    @property
    def state(self) -> str: ...

    @property
    def reason(self) -> str: ...


class MainWindow(QWidget):
    first_painted = Signal()
    close_requested = Signal()
    """The person wants the program to end (nothing is unsaved, or they said so). The app stops its services, then calls `finish`."""
    window_changed = Signal(str)
    stop_all_requested = Signal()
    """Stop every agent, now: nobody is asked."""
    wake_requested = Signal()
    """Somebody is needed: a dark screen is to be lit."""

    def __init__(self, themes: ThemeSource, *, kiosk: bool = False, parent: QWidget | None = None) -> None:
        self._probe = PaintProbe()
        super().__init__(parent)
        self._themes = themes
        self._kiosk = kiosk
        self._remember: Remember | None = None
        self._finished = False
        self._portrait = False
        self._touch: TouchWatch | None = None
        self._bars: list[QWidget] = []
        self._key_groups: list[tuple[str, Callable[[], Sequence[Command]]]] = []
        self._stop_again = QTimer(self, singleShot=True, interval=STOP_AGAIN_MS)
        self.setWindowTitle("ChainBot")
        self.setProperty("ground", "window")
        self._probe.first_painted.connect(self.first_painted)
        self.rail = NavigationRail(themes)
        self.stage = Stage(themes)
        self.messages = MessageBar(themes)
        self.status = StatusLine(themes)
        actions = ShellActions(self.select_window, self.pop_out, self.dock, self._on_look_chosen)
        self._overlays = ShellOverlays(self.stage, themes, actions, may_pop_out=not kiosk)
        self._overlays.own = self._commands
        self._overlays.more_keys = self._more_keys
        self._lay_out()
        self._connect()
        self._bind_keys()
        self._resized = QTimer(self, singleShot=True, interval=500)
        self._resized.timeout.connect(self._on_resized)
        self.setFocus()  # no button shows a focus ring before the keyboard is used
        if kiosk:
            self.setWindowFlag(Qt.WindowType.FramelessWindowHint)

    # -- construction -------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._column = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._column.setSpacing(0)
        self._column.addWidget(self.stage, 1)
        self._column.addWidget(self.messages)
        self._column.addWidget(self.status)
        self._outer = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._outer.setContentsMargins(0, 0, 0, 0)
        self._outer.setSpacing(0)
        self._outer.addWidget(self.rail)
        self._outer.addLayout(self._column, 1)

    def _connect(self) -> None:
        self.rail.selected.connect(self.select_window)
        self.rail.link_tapped.connect(self._on_link_tapped)
        self.rail.menu_requested.connect(self._on_menu_requested)
        self.rail.stop_held.connect(self.stop_all_requested)
        self.rail.stop_let_go.connect(self._on_stop_let_go)
        self.status.clicked.connect(self._on_status_tapped)
        self.stage.view_built.connect(self._on_view_built)

    def _bind_keys(self) -> None:
        for command in self._commands():
            if command.shortcut:
                shortcut = QShortcut(QKeySequence(command.shortcut), self)
                shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
                shortcut.activated.connect(command.run)

    def add_window(self, key: str, label: str, icon: str, factory: Factory) -> None:
        """`factory` is called when the window is first looked at, and not before `attach`."""
        self.stage.add(key, label, icon, factory)
        self.rail.add_window(key, label, icon)
        number = len(self.stage.keys)
        shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
        shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(partial(self._on_window_key, key))
        if number == 1:
            self.rail.select(key)

    def show_panel(self) -> None:
        """Fullscreen in kiosk mode, the whole of a small screen, a comfortable window on a large one."""
        screen = self.screen() or QGuiApplication.primaryScreen()
        room = screen.availableGeometry()
        if self._kiosk:
            self.setGeometry(screen.geometry())
            self.showFullScreen()
        elif room.width() <= SMALL_SCREEN or room.height() <= SMALL_SCREEN * 3 // 5:
            self.resize(min(800, room.width()), min(480, room.height()))
            self.showMaximized()
        else:
            self.resize(1280, 800)
            self.show()

    def attach(self, remembered: Mapping[str, object], remember: Remember) -> None:
        """The services exist: apply what is remembered ("shell.*"), build the selected window, remember changes from now on."""
        theme, size = remembered.get("shell.theme"), remembered.get("shell.text_size")
        if theme in ("auto", "dark", "light"):
            self._themes.select(theme)
        if isinstance(size, str) and size in TEXT_SIZES:
            self._themes.set_text_size(size)
        self._restore_geometry(remembered.get("shell.geometry"))
        key = remembered.get("shell.window")
        if key in self.stage.keys and self.stage.current_key == self.stage.keys[0]:
            self._select(cast("str", key))
        self._remember = remember
        self.stage.start_building()

    # -- setters for the app ------------------------------------------------------------------------------------------

    def set_link(self, status: LinkLike) -> None:
        self.rail.set_link(str(status.state), status.reason)
        self.status.set_link(str(status.state))

    def set_machine(
        self,
        cpu_percent: float,
        memory_used_bytes: int,
        memory_total_bytes: int,
        temperature_c: float | None = None,
        throttled: bool | None = None,
    ) -> None:
        self.status.set_machine(Machine(cpu_percent, memory_used_bytes, memory_total_bytes, temperature_c, throttled))

    def set_alerts(self, words: str, level: Level) -> None:
        self.status.set_alerts(words, level)

    def set_badge(self, key: str, count: int) -> None:
        self.rail.set_badge(key, count)

    def show_message(self, message: Message) -> None:
        self.messages.add(message)

    def open_palette(self) -> None:
        self._overlays.palette()

    def open_keys(self) -> None:
        self._overlays.keys()

    def open_settings(self) -> None:
        self._overlays.settings()

    def add_commands(self, provider: Callable[[], Sequence[Command]]) -> None:
        """More for the palette (agents, files, conversations); asked each time it opens."""
        self._overlays.providers.append(provider)

    def add_keys(self, title: str, provider: Callable[[], Sequence[Command]]) -> None:
        """More for F1: keys that `provider` binds itself."""
        self._key_groups.append((title, provider))

    def add_bar(self, bar: QWidget) -> None:
        """Between the windows and the messages: covers nothing."""
        self._bars.append(bar)
        self._column.insertWidget(self._column.indexOf(self.messages), bar)

    @property
    def regions(self) -> Sequence[QWidget]:
        """What F6 goes through."""
        return (self.rail, self.stage, *self._bars, self.messages, self.status)

    def host_of_notices(self) -> tuple[QWidget, QWidget]:
        """(top-level window in use, the part of it that may be covered): where a card over any window belongs."""
        over = self._overlays.origin()
        return over.window(), over

    def present(self, key: str, content: Mapping[str, object]) -> None:
        """Hot swap: select that window and have it show `content`. Raises KeyError for a window that is not there."""
        self.stage.present(key, content)
        self._after_selection(key)

    def render_png(self) -> bytes:
        """What the panel shows now."""
        buffer = QBuffer(content := QByteArray())
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self.grab().save(buffer, "PNG")
        return bytes(content.data())

    @property
    def frame_statistics(self) -> FrameStatistics:
        return self._probe.statistics

    @property
    def portrait(self) -> bool:
        return self._portrait

    def finish(self) -> None:
        """Close for good, without asking."""
        self._finished = True
        self.stage.dock_all()
        if self._touch is not None:
            self._touch.show_cursor()
        self.close()

    # -- windows ------------------------------------------------------------------------------------------------------

    def select_window(self, key: str) -> None:
        self.stage.select(key)
        self._after_selection(key)

    def pop_out(self, key: str) -> None:
        """Give that window a top-level of its own; on a kiosk there is no other place than this one."""
        if not self._kiosk:
            self.select_window(key)
            self.stage.pop_out(key)

    def run_command(self, key: str, command_id: str) -> None:
        """Select that window and run one of its commands. Raises LookupError when it has none of that id."""
        self.select_window(key)
        view = self.stage.view(key)
        for command in view.commands() if view is not None else ():
            if command.id == command_id:
                command.run()
                return
        raise LookupError(f"The window {key} has no command {command_id}.")

    def dock(self, key: str) -> None:
        self.stage.dock(key)

    def _select(self, key: str) -> None:
        self.stage.select(key)
        self.rail.select(key)

    def _after_selection(self, key: str) -> None:
        self.rail.select(key)
        if not self.stage.is_popped_out(key) and isinstance(QApplication.activeWindow(), PopOut):
            self.raise_()  # asked for in a window that may lie over this one
            self.activateWindow()
        self._tell("shell.window", key)
        self.window_changed.emit(key)

    def _on_window_key(self, key: str) -> None:
        self.select_window(key)
        self.stage.focus_view()

    def _step(self, by: int) -> None:
        keys = self.stage.keys
        if keys:
            self.select_window(keys[(keys.index(self.stage.current_key) + by) % len(keys)])

    def _tell(self, name: str, value: object) -> None:
        if self._remember is not None:
            self._remember(name, value)

    def _on_view_built(self, key: str, view: WindowView) -> None:
        view.badge_changed.connect(partial(self.rail.set_badge, key))
        view.message.connect(self.messages.add)
        view.open_requested.connect(self.present)

    # -- commands -----------------------------------------------------------------------------------------------------

    def _commands(self) -> list[Command]:
        fullscreen = [] if self._kiosk else [Command("shell.fullscreen", "Full screen", self._toggle_fullscreen, "F11")]
        return [
            Command("shell.palette", "Commands", self._overlays.palette, "Ctrl+K"),
            Command("shell.keys", "Keys of this window", self._overlays.keys, "F1"),
            Command("shell.settings", "Appearance: theme and text size", self._overlays.settings, "Ctrl+,"),
            *fullscreen,
            Command("shell.next_region", "Next part of the screen", partial(self._cycle_region, 1), "F6"),
            Command("shell.previous_region", "Previous part of the screen", partial(self._cycle_region, -1), "Shift+F6"),
            Command("shell.stop_all", "Stop all agents", self.stop_all_requested.emit),
            Command("shell.stop_keys", "Stop all agents: press it twice", self._on_stop_key, STOP_KEYS),
            Command("shell.quit", "Quit", self.close, "Ctrl+Q"),
        ]

    def _on_menu_requested(self) -> None:
        self._overlays.menu(self.rail.menu_button)

    def _on_stop_key(self) -> None:
        if self._stop_again.isActive():
            self._stop_again.stop()
            self.stop_all_requested.emit()
        else:
            self._stop_again.start()
            self.messages.add(Message(f"Press {STOP_KEYS} once more to stop all agents."))

    def _on_stop_let_go(self) -> None:
        self.messages.add(Message("Hold it for one second to stop all agents."))

    def _more_keys(self) -> list[tuple[str, Sequence[Command]]]:
        return [(title, provider()) for title, provider in self._key_groups]

    def _on_look_chosen(self) -> None:
        self._tell("shell.theme", self._themes.choice)
        self._tell("shell.text_size", self._themes.text_size)

    def _cycle_region(self, by: int) -> None:
        active = QApplication.activeWindow()
        top = active if isinstance(active, PopOut) else self
        visible = [region for region in top.regions if region.isVisible()]
        focused = top.focusWidget()
        at = next((i for i, region in enumerate(visible) if focused and (region is focused or region.isAncestorOf(focused))), 0)
        _focus_first(visible[(at + by) % len(visible)])

    def _toggle_fullscreen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _on_link_tapped(self) -> None:
        self.present(WATCHTOWER, {"page": "link"})

    def _on_status_tapped(self) -> None:
        self.present(WATCHTOWER, {"page": "machine"})

    # -- closing ------------------------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._finished:
            event.accept()
            return
        event.ignore()
        names = [name for _, view in self.stage.views() for name in view.unsaved()]
        if names:
            self._overlays.unsaved(names, self._save_and_close, self.close_requested.emit)
        else:
            self.close_requested.emit()

    def _save_and_close(self) -> None:
        waiting = [view for _, view in self.stage.views() if view.unsaved()]
        answers: list[bool] = []

        def saved(safe: bool) -> None:
            answers.append(safe)
            if len(answers) == len(waiting) and all(answers):
                self.close_requested.emit()

        for view in waiting:
            view.save_unsaved(saved)

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        handle = self.windowHandle()
        return self._probe.watch(event, handle is not None and handle.isExposed(), super().event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        handle = self.windowHandle()
        if self._touch is None and handle is not None:
            self._touch = TouchWatch(self, handle, self._themes, self._swipe_is_forbidden)
            self._touch.swiped.connect(self._step)
            handle.screenChanged.connect(self._themes.use_screen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        portrait = self.height() > self.width()
        if portrait != self._portrait:
            self._portrait = portrait
            direction = QBoxLayout.Direction
            self._outer.setDirection(direction.BottomToTop if portrait else direction.LeftToRight)
            self.rail.set_portrait(portrait)
        if not self.windowState() & (Qt.WindowState.WindowFullScreen | Qt.WindowState.WindowMaximized):
            self._resized.start()

    def _on_resized(self) -> None:
        self._tell("shell.geometry", [self.width(), self.height()])

    def _restore_geometry(self, remembered: object) -> None:
        full = Qt.WindowState.WindowFullScreen | Qt.WindowState.WindowMaximized
        if not isinstance(remembered, list) or len(remembered) != 2 or self.windowState() & full or self._kiosk:
            return
        room = self.screen().availableGeometry()
        if all(isinstance(length, int) and length >= 320 for length in remembered):
            self.resize(min(remembered[0], room.width()), min(remembered[1], room.height()))

    def _swipe_is_forbidden(self, place: QPointF) -> bool:
        stop = self.rail.stop_button
        if stop.rect().contains(stop.mapFrom(self, place.toPoint())):
            return True  # a finger that holds it at the screen's edge holds it
        view = self.stage.view(self.stage.current_key) if self.stage.keys else None
        area = view.no_swipe_area() if view is not None else None
        return area is not None and area.isVisible() and area.rect().contains(area.mapFrom(self, place.toPoint()))


def _focus_first(region: QWidget) -> None:
    """Give the keyboard to the first stop of a region; to the region itself if it is one."""
    from chainbot_desktop.ui.widgets.tab_stops import is_tab_stop, tab_stops  # the first paint does not wait for the widgets

    stops = [region] if is_tab_stop(region) else tab_stops(region)
    if stops:
        stops[0].setFocus(Qt.FocusReason.OtherFocusReason)
