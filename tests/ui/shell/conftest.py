"""A shell as the program makes it, and fingers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QInputDevice, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from chainbot_desktop.ui.shell.window import MainWindow
from chainbot_desktop.ui.theme import ThemeSource
from tests.ui.shell.views import ListView

WINDOWS = (
    ("agent-map", "Map", "map"),
    ("code-agent", "Code", "code"),
    ("chat", "Chat", "chat"),
    ("watchtower", "Watch", "watch"),
)


@dataclass
class Panel:
    """The window, the views built so far, and what it remembered."""

    window: MainWindow
    themes: ThemeSource
    built: dict[str, ListView] = field(default_factory=dict)
    remembered: dict[str, object] = field(default_factory=dict)

    def attach(self, **remembered: object) -> None:
        self.window.attach({f"shell.{name}": value for name, value in remembered.items()}, self.remembered.__setitem__)

    def size(self, width: int, height: int) -> None:
        self.window.resize(width, height)
        QApplication.processEvents()


MakePanel = Callable[..., Panel]


@pytest.fixture
def make_panel(qtbot: QtBot, qapp: QApplication, theme_source: ThemeSource) -> Iterator[MakePanel]:
    made: list[MainWindow] = []
    before = set(qapp.topLevelWidgets())

    def make(*, kiosk: bool = False, size: tuple[int, int] = (800, 480)) -> Panel:
        theme_source.select("dark")
        theme_source.set_text_size("normal")
        theme_source.apply_to(qapp)
        panel = Panel(MainWindow(theme_source, kiosk=kiosk), theme_source)

        def build(key: str, label: str) -> ListView:
            panel.built[key] = ListView(label, theme_source)
            return panel.built[key]

        for key, label, icon in WINDOWS:
            panel.window.add_window(key, label, icon, partial(build, key, label))
        made.append(panel.window)
        with qtbot.waitSignal(panel.window.first_painted):
            if kiosk:
                panel.window.show_panel()
            else:
                panel.window.resize(*size)
                panel.window.show()
        panel.window.activateWindow()
        qtbot.waitUntil(lambda: qapp.activeWindow() is panel.window)
        return panel

    yield make
    for window in made:
        window.finish()
        window.deleteLater()
    qtbot.waitUntil(lambda: set(qapp.topLevelWidgets()) <= before)


@pytest.fixture
def panel(make_panel: MakePanel) -> Panel:
    panel = make_panel()
    panel.attach()
    return panel


@pytest.fixture(scope="session")
def finger(qapp: QApplication) -> QPointingDevice:
    return QTest.createTouchDevice(QInputDevice.DeviceType.TouchScreen)


@dataclass
class Touch:
    """One finger on a window. Places are in the coordinates of the widget it was put on."""

    device: QPointingDevice
    target: QWidget

    def press(self, place: QPoint) -> None:
        QTest.touchEvent(self.target, self.device).press(0, place, self.target).commit()

    def move(self, place: QPoint) -> None:
        QTest.touchEvent(self.target, self.device).move(0, place, self.target).commit()

    def release(self, place: QPoint) -> None:
        QTest.touchEvent(self.target, self.device).release(0, place, self.target).commit()

    def drag(self, start: QPoint, end: QPoint, steps: int = 8) -> None:
        self.press(start)
        for step in range(1, steps + 1):
            self.move(start + (end - start) * step / steps)
        self.release(end)


@pytest.fixture
def touch(finger: QPointingDevice) -> Callable[[QWidget], Touch]:
    return partial(Touch, finger)
