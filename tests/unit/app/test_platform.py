"""Which screen a process has."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.app.platform import Screen, find_screen


@pytest.fixture
def graphics(tmp_path: Path) -> Path:
    (tmp_path / "card0").touch()
    return tmp_path


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_a_display_opens_a_window(name: str, graphics: Path) -> None:
    assert find_screen({name: "x"}, devices=graphics, terminal="/dev/tty1") is Screen.WINDOW


def test_a_bare_console_with_a_graphics_device(graphics: Path, tmp_path: Path) -> None:
    assert find_screen({}, devices=graphics, terminal="/dev/tty1") is Screen.CONSOLE
    assert find_screen({}, devices=tmp_path / "none", terminal="/dev/tty1") is Screen.NONE


@pytest.mark.parametrize("terminal", ["/dev/pts/3", ""])
def test_over_the_network_or_as_a_service_there_is_no_screen(terminal: str, graphics: Path) -> None:
    assert find_screen({"DISPLAY": ""}, devices=graphics, terminal=terminal) is Screen.NONE
