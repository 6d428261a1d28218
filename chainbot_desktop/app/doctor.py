"""`chainbot-desktop doctor`: looks at this machine and says what to do. Changes nothing, and needs nothing of what it checks."""

from __future__ import annotations

import http.client
import importlib.metadata
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from chainbot_desktop import __version__
from chainbot_desktop.alexos.answers import bare_url
from chainbot_desktop.app.command_line import Options
from chainbot_desktop.app.configuration import Configuration, load_configuration
from chainbot_desktop.app.door_commands import page_address
from chainbot_desktop.app.platform import Screen, find_screen
from chainbot_desktop.app.screen_ways import find_ways
from chainbot_desktop.core.errors import SettingsError

_TIMEOUT = 5.0
_QT_CHECK = """
import os
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PySide6 import QtCore, QtGui, QtPrintSupport, QtSvg, QtWidgets
app = QtWidgets.QApplication([])
from PyQt6 import Qsci
print(QtCore.qVersion(), QtGui.QGuiApplication.platformName(), Qsci.QSCINTILLA_VERSION_STR)
"""
_LOW_DISK_BYTES = 500_000_000
_CLOCK_TOLERANCE = 30.0


class Mark(StrEnum):
    GOOD = "ok"
    NOTE = "note"
    BAD = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `advice` is what to do, empty when nothing is."""

    mark: Mark
    subject: str
    sentence: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f"\n{'':18}-> {self.advice}" if self.advice else ""
        return f"{f'[{self.mark}]':10}{self.subject + ':':14} {self.sentence}{advice}"


def run_doctor(options: Options) -> int:
    """Prints a line a finding as it comes; exit code 1 if one of them keeps the program from working."""
    problems = 0
    for finding in findings(options):
        sys.stdout.write(f"{finding}\n")
        sys.stdout.flush()
        problems += finding.mark is Mark.BAD
    sys.stdout.write("All is well.\n" if not problems else f"{problems} problem{'s' if problems > 1 else ''} to solve.\n")
    return 1 if problems else 0


def findings(options: Options) -> Iterator[Finding]:
    yield Finding(
        Mark.GOOD, "program", f"ChainBot Desktop {__version__}, Python {sys.version.split()[0]}, {os.uname().machine}"
    )
    try:
        configuration = load_configuration(config=options.config, data_dir=options.data_dir, flags=options.server_flags())
    except SettingsError as error:
        yield Finding(Mark.BAD, "settings", error.message, error.hint)
        return
    yield from check_settings(configuration)
    yield check_qt()
    yield check_screen()
    for check in (check_data, check_disk, check_keyring, check_port):
        yield check(configuration)
    yield check_sandbox(configuration)
    yield check_search()
    yield check_wake()
    yield from check_alex_os(configuration)
    yield check_clock()
    yield check_versions()


def check_settings(configuration: Configuration) -> Iterator[Finding]:
    for warning in configuration.warnings:
        yield Finding(Mark.NOTE, "settings", warning, "Remove it, or mend its name.")
    path = configuration.config_file
    yield Finding(Mark.GOOD, "settings", f"{path} was read." if path.exists() else f"Defaults; {path} does not exist.")


def check_qt() -> Finding:
    """In a child: a missing library must not end the doctor."""
    try:
        done = subprocess.run(  # noqa: S603 - a script of our own
            [sys.executable, "-c", _QT_CHECK], capture_output=True, text=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        return Finding(Mark.BAD, "Qt", "Qt did not start within 60 s.", "Check the load and the disk of this machine.")
    except OSError as error:
        return Finding(Mark.BAD, "Qt", f"Python cannot be started again: {error}.", "Check who may run it.")
    if done.returncode == 0:
        version, platform, editor = done.stdout.split()[-3:]
        return Finding(Mark.GOOD, "Qt", f"Qt {version} starts ({platform}), QScintilla {editor}.")
    reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return Finding(
        Mark.BAD,
        "Qt",
        f"Qt does not start: {reason}.",
        "`make run` in the checkout installs or names the missing system packages; --headless runs without Qt.",
    )


def check_screen() -> Finding:
    screen = find_screen(os.environ)
    sentence = {
        Screen.WINDOW: "A display is there: the panel opens a window.",
        Screen.CONSOLE: "This is a bare console with a graphics device.",
        Screen.NONE: "There is no display: the panel runs offscreen and its page shows it.",
    }[screen]
    advice = "A compositor shows the panel here; `chainbot-desktop run` says how." if screen is Screen.CONSOLE else ""
    return Finding(Mark.GOOD if screen is Screen.WINDOW else Mark.NOTE, "screen", sentence, advice)


def check_data(configuration: Configuration) -> Finding:
    folder = configuration.data_dir
    existing = _nearest_existing(folder)
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding(Mark.BAD, "data", f"{folder} cannot be written.", "Mend its permissions, or name another --data-dir.")
    return Finding(Mark.GOOD, "data", f"{folder} {'holds the data' if folder.exists() else 'will be made at the first start'}.")


def check_disk(configuration: Configuration) -> Finding:
    free = shutil.disk_usage(_nearest_existing(configuration.data_dir)).free
    sentence = f"{free / 1e9:.1f} GB are free for the data."
    if free < _LOW_DISK_BYTES:
        return Finding(Mark.BAD, "disk", sentence, "Free some space: the journal keeps every event.")
    return Finding(Mark.GOOD, "disk", sentence)


def check_keyring(configuration: Configuration) -> Finding:
    from chainbot_desktop.security.secret_store import desktop_keyring

    wanted = configuration.settings.security.secret_store
    if wanted == "file":
        return Finding(Mark.GOOD, "keyring", "Not used: the settings say 'file'. Secrets are in a 0600 file.")
    if desktop_keyring() is not None:
        return Finding(Mark.GOOD, "keyring", "The desktop's keyring is unlocked and keeps the secrets.")
    if wanted == "keyring":
        return Finding(
            Mark.BAD, "keyring", "The settings ask for a keyring and none answers unlocked.", "Unlock it, or say 'auto'."
        )
    return Finding(Mark.NOTE, "keyring", "No unlocked keyring answers: secrets are in a 0600 file of the data folder.")


def check_sandbox(configuration: Configuration) -> Finding:
    from chainbot_desktop.agents.tools.sandbox import find_bubblewrap

    if configuration.settings.tools.sandbox == "off":
        return Finding(Mark.NOTE, "sandbox", "Switched off in the settings (tools.sandbox): agents' commands are not confined.")
    program, reason = find_bubblewrap()
    if program is None:
        sentence = "bubblewrap is not installed: agents' commands are not confined."
        return Finding(Mark.NOTE, "sandbox", sentence, "apt-get install bubblewrap")
    if reason:
        sentence = f"{program} does not work here, agents' commands are not confined: {reason}."
        return Finding(Mark.NOTE, "sandbox", sentence, "The system must let users make namespaces (see docs/tools.md).")
    return Finding(Mark.GOOD, "sandbox", f"{program} works: agents' commands run confined.")


def check_search() -> Finding:
    program = shutil.which("rg")
    if program is None:
        return Finding(
            Mark.NOTE, "search", "ripgrep is not installed: agents search large folders slowly.", "apt-get install ripgrep"
        )
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_TIMEOUT, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(Mark.NOTE, "search", f"{program} does not work: {error}.", "Install ripgrep anew.")
    return Finding(Mark.GOOD, "search", f"{(done.stdout.splitlines() or [program])[0]} searches for the agents.")


def check_wake() -> Finding:
    ways = find_ways(os.environ)
    if not ways:
        return Finding(
            Mark.NOTE,
            "wake-up",
            "Nothing here lights a dark screen when an agent asks.",
            "On Wayland wlopm or wlr-randr does, on X11 xset, else a backlight that you may write.",
        )
    return Finding(Mark.GOOD, "wake-up", f"A dark screen is lit by {', '.join(map(str, ways))} when an agent asks.")


def check_port(configuration: Configuration) -> Finding:
    server = configuration.settings.server
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if version := _running_version(page_address(server.host, server.port)):
            return Finding(Mark.GOOD, "port", f"ChainBot Desktop {version} is running on {server.host}:{server.port}.")
        return Finding(
            Mark.BAD,
            "port",
            f"{server.host}:{server.port} cannot be listened on: {error.strerror or error}.",
            f"`ss -ltnp sport = :{server.port}` names who has it; --port takes another.",
        )
    return Finding(Mark.GOOD, "port", f"{server.host}:{server.port} is free.")


def check_alex_os(configuration: Configuration) -> Iterator[Finding]:
    alex_os = configuration.settings.alex_os
    if not alex_os.enabled:
        yield Finding(Mark.NOTE, "ALEX OS", "Switched off in the settings (alex_os.enabled).")
        return
    url = f"{bare_url(alex_os.registry_url)}/api/health"
    begin = time.time()
    try:
        with _open(url) as answer:
            date, status = answer.headers.get("Date"), answer.status
    except urllib.error.HTTPError as error:
        date, status = error.headers.get("Date"), error.code
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        yield Finding(
            Mark.NOTE,
            "ALEX OS",
            f"{url} does not answer: {reason}.",
            "Everything works without it. Set ALEX_OS_REGISTRY_URL, or try --demo.",
        )
        return
    yield Finding(Mark.GOOD if status == 200 else Mark.NOTE, "ALEX OS", f"{url} answers {status}.")
    if (told := _moment(date)) is not None:
        skew = abs(told - begin)
        if skew > _CLOCK_TOLERANCE:
            yield Finding(Mark.NOTE, "clock", f"ALEX OS has another time: {skew:.0f} s apart.", "Synchronise both clocks.")


def _moment(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError):
        return None


def check_clock() -> Finding:
    built = max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))
    if time.time() < built - 86_400:
        return Finding(Mark.BAD, "clock", f"It shows {time.ctime()}, before this program was installed.", "Set the clock.")
    if shutil.which("timedatectl") is None:
        return Finding(Mark.NOTE, "clock", f"It shows {time.ctime()}; nothing here says whether it is synchronised.")
    done = subprocess.run(
        ["timedatectl", "show", "--property=NTPSynchronized", "--value"],  # noqa: S607 - found on the user's own path
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if done.stdout.strip() == "yes":
        return Finding(Mark.GOOD, "clock", "It is synchronised.")
    return Finding(
        Mark.NOTE, "clock", f"It shows {time.ctime()} and is not known to be synchronised.", "`timedatectl set-ntp true` helps."
    )


def check_versions() -> Finding:
    names = ("aiohttp", "SQLAlchemy", "pydantic", "qasync", "PySide6-Essentials", "PyQt6", "PyQt6-QScintilla", "uvloop")
    return Finding(Mark.GOOD, "libraries", ", ".join(f"{name} {_version(name)}" for name in names))


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _running_version(address: str) -> str | None:
    try:
        with _open(f"{address}/health") as answer:
            return str(json.load(answer)["agent_version"])
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return None


def _open(url: str) -> Any:
    # Proxies are for the world; ALEX OS and this program are in the house.
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=_TIMEOUT)


def _nearest_existing(path: Path) -> Path:
    while not _exists(path):
        path = path.parent
    return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # what lies in a closed folder is not known; the folder is
        return False
