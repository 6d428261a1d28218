"""Which screen this process has."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path

CONSOLE_ADVICE = (
    "This is a bare console with a graphics device. A compositor shows the panel on it:\n"
    "    sudo apt install --no-install-recommends cage\n"
    "    cage -- {command} --kiosk\n"
    "Without a screen: QT_QPA_PLATFORM=offscreen {command}, or {command} --headless.\n"
)


class Screen(Enum):
    WINDOW = auto()
    """A display server, or a platform that the user named."""
    CONSOLE = auto()
    """A text console of a machine with a graphics device: a compositor has to be started first."""
    NONE = auto()


def find_screen(environ: Mapping[str, str], *, devices: Path = Path("/dev/dri"), terminal: str | None = None) -> Screen:
    """`terminal` is the terminal of standard input; worked out if it is None."""
    if environ.get("QT_QPA_PLATFORM") or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return Screen.WINDOW
    on_console = (_terminal() if terminal is None else terminal).startswith("/dev/tty")
    has_graphics = devices.is_dir() and any(devices.glob("card*"))
    return Screen.CONSOLE if on_console and has_graphics else Screen.NONE


def _terminal() -> str:
    try:
        return os.ttyname(sys.stdin.fileno())
    except (OSError, ValueError, AttributeError):
        return ""
