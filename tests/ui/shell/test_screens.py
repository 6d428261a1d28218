"""The shell as a person sees it, for a person to look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.ui.theme import TEXT_SIZES
from chainbot_desktop.ui.view import Message
from tests.ui.shell.conftest import MakePanel, Panel

Shoot = Callable[[QWidget, str], Path]
SIZES = ((800, 480), (1280, 800), (480, 800))


def _busy(panel: Panel, *, hot: bool = False) -> None:
    state = LinkState.RETRYING if hot else LinkState.REGISTERED
    panel.window.set_link(LinkStatus(state=state, reason="The other side closed the connection." if hot else ""))
    panel.window.set_machine(97 if hot else 23, int(1.9 * 2**30), int(7.8 * 2**30), 82.4 if hot else 52.1, hot)
    panel.window.set_badge("agent-map", 1)
    panel.window.set_badge("chat", 120 if hot else 2)


@pytest.mark.screens
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("look", ["dark", "light"])
def test_shell(make_panel: MakePanel, shoot: Shoot, size: tuple[int, int], look: str) -> None:
    panel = make_panel(size=size)
    panel.attach(theme=look, window="chat")
    name = f"shell-{size[0]}x{size[1]}-{look}"
    _busy(panel)
    QApplication.processEvents()
    shoot(panel.window, name)
    window = panel.window
    for opened in ("open_palette", "open_keys", "open_settings"):
        getattr(window, opened)()
        shoot(window, f"{name}-{opened}")
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    QTest.mouseClick(window.rail.menu_button, Qt.MouseButton.LeftButton)
    shoot(window, f"{name}-menu")
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    _busy(panel, hot=True)
    window.show_message(Message("A workflow failed: nightly backup", "error", "The disk usb0 is full.", "Show", print))
    window.show_message(Message("Another one"))
    shoot(window, f"{name}-hot")
    panel.built["chat"].open_files.extend(["notes.md", "api/routes/pair.py"])
    window.close()
    shoot(window, f"{name}-unsaved")


@pytest.mark.screens
@pytest.mark.parametrize("text_size", TEXT_SIZES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_text_sizes(make_panel: MakePanel, shoot: Shoot, text_size: str, size: tuple[int, int]) -> None:
    panel = make_panel(size=size)
    panel.attach(text_size=text_size)
    _busy(panel)
    QApplication.processEvents()
    name = f"shell-text-{text_size}-{size[0]}x{size[1]}"
    shoot(panel.window, name)
    panel.window.open_settings()
    shoot(panel.window, f"{name}-settings")


@pytest.mark.screens
@pytest.mark.parametrize("look", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_stop_all(make_panel: MakePanel, shoot: Shoot, qtbot: QtBot, size: tuple[int, int], look: str) -> None:
    panel = make_panel(size=size)
    panel.attach(theme=look)
    _busy(panel)
    stop = panel.window.rail.stop_button
    QTest.mousePress(stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: stop.share > 0.6)
    shoot(panel.window, f"stop-{size[0]}x{size[1]}-{look}")
    QTest.mouseRelease(stop, Qt.MouseButton.LeftButton)
