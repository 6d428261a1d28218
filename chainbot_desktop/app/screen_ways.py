"""By what a dark screen could be lit here: found by looking alone, so that the doctor can tell it without Qt."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BACKLIGHTS = Path("/sys/class/backlight")


@dataclass(frozen=True, slots=True)
class SessionBus:
    """The desktop's session is told that somebody is there."""

    address: str

    def __str__(self) -> str:
        return "the desktop's screen saver (D-Bus)"


@dataclass(frozen=True, slots=True)
class Program:
    """A program that speaks to the compositor or the X server. `outputs`: it has to be told each output by its name."""

    path: str
    arguments: tuple[str, ...]
    outputs: bool = False

    def __str__(self) -> str:
        return Path(self.path).name


@dataclass(frozen=True, slots=True)
class Backlight:
    """A file of the kernel; 0 lights the screen."""

    file: Path

    def __str__(self) -> str:
        return f"the backlight {self.file.parent.name}"


Way = SessionBus | Program | Backlight


def find_ways(environ: Mapping[str, str], backlights: Path = BACKLIGHTS) -> Sequence[Way]:
    """Those that are there; which of them works shows when it is used. Blocking, for a moment."""
    return (*_session_bus(environ), *_programs(environ), *_backlights(backlights))


def _session_bus(environ: Mapping[str, str]) -> Sequence[Way]:
    if address := environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return (SessionBus(address),)
    socket = Path(environ.get("XDG_RUNTIME_DIR") or "/nonexistent") / "bus"
    return (SessionBus(f"unix:path={socket}"),) if socket.is_socket() else ()


def _programs(environ: Mapping[str, str]) -> Sequence[Way]:
    def which(name: str) -> str | None:
        return shutil.which(name, path=environ.get("PATH", os.defpath))

    if environ.get("WAYLAND_DISPLAY"):  # an X server that is there too is a guest, and has no say
        if path := which("wlopm"):
            return (Program(path, ("--on", "*")),)
        if path := which("wlr-randr"):
            return (Program(path, (), outputs=True),)
    elif environ.get("DISPLAY") and (path := which("xset")):
        return (Program(path, ("dpms", "force", "on")),)
    return ()


def _backlights(folder: Path) -> Sequence[Way]:
    files = sorted(folder.glob("*/bl_power")) if folder.is_dir() else ()
    return tuple(Backlight(file) for file in files if os.access(file, os.W_OK))
