"""A dark screen is lit when an agent asks: a real session bus, programs that record their calls, a made-up /sys."""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtCore import ClassInfo, QObject, Slot
from PySide6.QtDBus import QDBusConnection

from chainbot_desktop.app.qt_loop import QtLoop
from chainbot_desktop.app.screen_wake import ScreenWaker
from chainbot_desktop.app.screen_ways import find_ways
from chainbot_desktop.core.tasks import Tasks

_NAME = "org.freedesktop.ScreenSaver"
_NO_SYS = Path("/nonexistent")
_on_the_bus = cast(Any, ClassInfo)
"""The stubs know it without its arguments."""


@_on_the_bus({"D-Bus Interface": _NAME})
class _Saver(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    @Slot()
    def SimulateUserActivity(self) -> None:  # noqa: N802 - the name on the bus
        self.calls.append("activity")


@_on_the_bus({"D-Bus Interface": _NAME})
class _OtherSaver(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    @Slot(bool, result=bool)
    def SetActive(self, active: bool) -> bool:  # noqa: N802 - the name on the bus
        self.calls.append(f"active {active}")
        return True


@pytest.fixture
def bus() -> Iterator[str]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    command = ["dbus-daemon", "--session", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()
        daemon.terminate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    return tmp_path


def _program(folder: Path, name: str, body: str = "") -> None:
    script = folder / "bin" / name
    script.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/calls\n{body}\n')
    script.chmod(0o755)


def _calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines() if (folder / "calls").exists() else []


def _environ(folder: Path, **more: str) -> dict[str, str]:
    return {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", **more}


def _light(loop: QtLoop, environ: dict[str, str], backlights: Path = _NO_SYS) -> ScreenWaker:
    waker = ScreenWaker(Tasks(), environ, backlights)
    loop.run_until_complete(waker.light())
    return waker


@pytest.mark.parametrize(("saver", "told"), [(_Saver, "activity"), (_OtherSaver, "active False")])
def test_the_desktops_saver_is_told(
    qt_loop: QtLoop, bus: str, folder: Path, saver: type[_Saver] | type[_OtherSaver], told: str
) -> None:
    service = QDBusConnection.connectToBus(bus, "saver of a test")
    heard = saver()
    assert service.registerObject("/org/freedesktop/ScreenSaver", heard, QDBusConnection.RegisterOption.ExportAllSlots)
    assert service.registerService(_NAME)
    try:
        _light(qt_loop, {"PATH": str(folder / "bin"), "DBUS_SESSION_BUS_ADDRESS": bus})
        assert heard.calls == [told]
    finally:
        service.unregisterObject("/org/freedesktop/ScreenSaver")
        QDBusConnection.disconnectFromBus("saver of a test")


def test_what_fails_is_said_once_until_it_works_again(
    qt_loop: QtLoop, bus: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _program(folder, "xset", "test -e $(dirname $0)/fine || { echo 'no DPMS' >&2; exit 1; }")
    environ = {**_environ(folder), "DISPLAY": ":9", "DBUS_SESSION_BUS_ADDRESS": bus}
    with caplog.at_level(logging.WARNING):
        waker = _light(qt_loop, environ)
        qt_loop.run_until_complete(waker.light())
        said = [record.getMessage() for record in caplog.records]
        assert len(said) == 2, said
        assert any(_NAME in line for line in said), "nobody has that name on this bus"
        assert "the screen was not lit by xset: no DPMS" in said
        (folder / "bin" / "fine").touch()
        qt_loop.run_until_complete(waker.light())
        (folder / "bin" / "fine").unlink()
        qt_loop.run_until_complete(waker.light())
    assert [record.getMessage() for record in caplog.records].count("the screen was not lit by xset: no DPMS") == 2


def test_a_bus_that_is_gone_is_a_failure_like_another(qt_loop: QtLoop, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "intel" / "bl_power").parent.mkdir()
    (folder / "intel" / "bl_power").write_text("4")
    environ = {"PATH": str(folder / "bin"), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/none"}
    with caplog.at_level(logging.WARNING):
        _light(qt_loop, environ, folder)
    assert len(caplog.records) == 1
    assert (folder / "intel" / "bl_power").read_text() == "0", "the other way was gone all the same"


def test_compositors_are_told_by_the_program_that_is_there(qt_loop: QtLoop, folder: Path) -> None:
    listing = '[ $# -gt 0 ] || printf \'HDMI-A-1 "Panel"\\n  Enabled: no\\nDSI-1 "Other"\\n  Modes:\\n\''
    _program(folder, "wlr-randr", listing)
    _program(folder, "xset")
    environ = _environ(folder, WAYLAND_DISPLAY="wayland-0", DISPLAY=":0")
    _light(qt_loop, environ)
    assert _calls(folder) == ["wlr-randr ", "wlr-randr --output HDMI-A-1 --on", "wlr-randr --output DSI-1 --on"]
    _program(folder, "wlopm")
    _light(qt_loop, environ)
    assert _calls(folder)[3:] == ["wlopm --on *"]


def test_x11_is_told_by_xset(qt_loop: QtLoop, folder: Path) -> None:
    _program(folder, "xset")
    _light(qt_loop, _environ(folder, DISPLAY=":0"))
    assert _calls(folder) == ["xset dpms force on"]


def test_at_most_once_a_second(qt_loop: QtLoop, folder: Path) -> None:
    _program(folder, "xset")
    tasks = Tasks()
    now = 100.0
    waker = ScreenWaker(tasks, _environ(folder, DISPLAY=":0"), _NO_SYS, lambda: now)

    async def wake(times: int) -> None:
        for _ in range(times):
            waker.wake()
        while tasks.names:
            await asyncio.sleep(0.01)

    qt_loop.run_until_complete(wake(20))
    now = 100.9
    qt_loop.run_until_complete(wake(1))
    assert len(_calls(folder)) == 1
    now = 101.0
    qt_loop.run_until_complete(wake(1))
    assert len(_calls(folder)) == 2


def test_where_nothing_lights_it_that_is_said(qt_loop: QtLoop, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        _light(qt_loop, {"PATH": str(folder / "bin")})
    assert [record.getMessage() for record in caplog.records] == [
        "the screen was not lit by any way: nothing on this system lights the screen"
    ]


def test_what_the_doctor_names(folder: Path) -> None:
    _program(folder, "wlopm")
    (folder / "sys" / "rpi").mkdir(parents=True)
    (folder / "sys" / "rpi" / "bl_power").write_text("4")
    environ = _environ(folder, WAYLAND_DISPLAY="w", DBUS_SESSION_BUS_ADDRESS="unix:path=/x")
    assert [str(way) for way in find_ways(environ, folder / "sys")] == [
        "the desktop's screen saver (D-Bus)",
        "wlopm",
        "the backlight rpi",
    ]
    assert find_ways({"PATH": "/nonexistent"}, _NO_SYS) == ()
