"""A window of one theme to put widgets on, and a finger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QInputDevice, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from chainbot_desktop.ui.theme import ThemeSource


@pytest.fixture
def themes(theme_source: ThemeSource, qapp: QApplication) -> ThemeSource:
    theme_source.select("dark")
    theme_source.apply_to(qapp)
    return theme_source


@pytest.fixture
def board(themes: ThemeSource, qapp: QApplication, qtbot: QtBot) -> Iterator[QWidget]:
    """Shown at 720x452 with an empty vertical layout; fails the test when another window is left over."""
    before = set(qapp.topLevelWidgets())
    board = QWidget()
    board.setProperty("ground", "window")
    QVBoxLayout(board)
    board.resize(720, 452)
    board.show()
    qtbot.waitUntil(lambda: qapp.activeWindow() is board)
    yield board
    board.deleteLater()
    qtbot.waitUntil(lambda: set(qapp.topLevelWidgets()) <= before)


@pytest.fixture(scope="session")
def finger(qapp: QApplication) -> QPointingDevice:
    return QTest.createTouchDevice(QInputDevice.DeviceType.TouchScreen)
