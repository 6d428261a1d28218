"""The program with its window. The first frame is painted before anything but Qt and the shell is loaded.

Order: the screen, the window, its first frame; then the settings, the services, the server; then what the windows show.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop
from PySide6.QtWidgets import QApplication

from chainbot_desktop.app.command_line import Options
from chainbot_desktop.app.platform import CONSOLE_ADVICE, Screen, find_screen
from chainbot_desktop.app.qt_messages import log_qt_messages
from chainbot_desktop.core.resources import resource_path
from chainbot_desktop.ui.shell.window import MainWindow
from chainbot_desktop.ui.theme import TEXT_SIZES, ThemeSource
from chainbot_desktop.ui.view import WindowView

_log = logging.getLogger(__name__)

_FIRST_FRAME_SECONDS = 2.0


WINDOWS = (
    ("agent-map", "Map", "map"),
    ("code-agent", "Code", "code"),
    ("chat", "Chat", "chat"),
    ("watchtower", "Watch", "watch"),
)
"""Key, label and icon of each window, in the order of the rail."""


class ViewFactories:
    """How the windows' views are made: filled in when the services exist, asked by the shell not before."""

    def __init__(self) -> None:
        self.by_key: dict[str, Callable[[], WindowView]] = {}

    def build(self, key: str) -> WindowView:
        return self.by_key[key]()


def run_panel(options: Options) -> int:
    sys.excepthook = _report  # an exception that leaves a slot must not end the process
    screen = find_screen(os.environ)
    if screen is Screen.CONSOLE:
        sys.stderr.write(CONSOLE_ADVICE.format(command="chainbot-desktop"))
        return 1
    if screen is Screen.NONE:
        os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={resource_path('offscreen-screen.json')}"
    os.environ["QT_API"] = "pyside6"
    log_qt_messages()
    app = QApplication.instance() or QApplication(["chainbot-desktop"])
    assert isinstance(app, QApplication)
    app.setApplicationName("chainbot-desktop")
    app.setApplicationDisplayName("ChainBot")
    app.setDesktopFileName("chainbot-desktop")
    app.setQuitOnLastWindowClosed(False)
    themes = ThemeSource(app)
    look = LastLook(options.data_dir)
    look.apply_to(themes)
    themes.apply_to(app)
    window = MainWindow(themes, kiosk=options.kiosk)
    views = ViewFactories()
    for key, label, icon in WINDOWS:
        window.add_window(key, label, icon, partial(views.build, key))
    painted_at = _paint(app, window)
    _import_the_rest(app)
    from chainbot_desktop.app.panel_services import run_with_services

    try:
        return run_with_services(options, app, window, themes, views, painted_at)
    finally:
        look.keep(themes)
        _dismiss(app, window)


class LastLook:
    """How the panel looked when it last ended, so that the first frame needs no settings. A cache: anything wrong in it is ignored."""

    def __init__(self, data_dir: Path | None) -> None:
        self._data_dir = data_dir

    def apply_to(self, themes: ThemeSource) -> None:
        try:
            look = json.loads(self._path().read_text(encoding="utf-8"))
            if look["theme"] in {"auto", "dark", "light"} and look["text_size"] in TEXT_SIZES:
                themes.select(look["theme"])
                themes.set_text_size(look["text_size"])
        except (OSError, ValueError, KeyError, TypeError):
            return

    def keep(self, themes: ThemeSource) -> None:
        path = self._path()
        if not path.parent.is_dir():
            return
        try:
            path.write_text(json.dumps({"theme": themes.choice, "text_size": themes.text_size}), encoding="utf-8")
        except OSError as error:
            _log.info("the look of the window was not kept: %s", error)

    def _path(self) -> Path:
        if self._data_dir is None:
            import platformdirs

            self._data_dir = Path(platformdirs.user_data_dir("chainbot-desktop"))
        return self._data_dir.expanduser() / "last-look.json"


def _paint(app: QApplication, window: MainWindow) -> float:
    """Show the window and wait for its first frame; when that was, in seconds since the epoch."""
    painted: list[float] = []
    window.first_painted.connect(lambda: painted.append(time.time()))
    window.show_panel()
    end = time.monotonic() + _FIRST_FRAME_SECONDS
    while not painted and time.monotonic() < end:
        app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)
    return painted[0] if painted else time.time()


def _import_the_rest(app: QApplication) -> None:
    """Load the services beside a window that already moves: on a slow card this takes seconds."""
    thread = threading.Thread(target=importlib.import_module, args=("chainbot_desktop.app.panel_services",), name="imports")
    thread.start()
    while thread.is_alive():
        app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        thread.join(0.01)


def _dismiss(app: QApplication, window: MainWindow) -> None:
    window.finish()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    app.processEvents()


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log.critical("a bug: %s", error, exc_info=(kind, error, trace))
