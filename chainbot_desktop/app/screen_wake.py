"""Lights a dark screen when somebody is needed: by every way that there is here, since none of them tells whether it was dark.

A way that fails is logged once, and again only after it has worked meanwhile. Nothing here waits on the loop: the bus is joined on a
thread and asked asynchronously, programs are children, files are written on a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import assert_never

from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

from chainbot_desktop.app.screen_ways import BACKLIGHTS, Backlight, Program, SessionBus, Way, find_ways
from chainbot_desktop.core.tasks import Tasks

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 1.0
_SECONDS = 5.0
_SERVICE, _PATH = "org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"
_CONNECTION = "chainbot-screen-wake"


class WayFailedError(Exception):
    """Why a way did not light the screen."""


class ScreenWaker:
    """Use on the loop's thread, which is Qt's."""

    def __init__(
        self,
        tasks: Tasks,
        environ: Mapping[str, str] = os.environ,
        backlights: Path = BACKLIGHTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tasks = tasks
        self._environ = environ
        self._backlights = backlights
        self._clock = clock
        self._last = float("-inf")
        self._failed: set[str] = set()

    def wake(self) -> None:
        """At most once a second; what comes sooner is left out, for the screen is being lit already."""
        now = self._clock()
        if now - self._last >= _PAUSE_SECONDS:
            self._last = now
            self._tasks.spawn("light the screen", self.light())

    async def light(self) -> None:
        """By every way at once; returns when each has worked or failed."""
        ways = await asyncio.to_thread(find_ways, self._environ, self._backlights)
        if not ways:
            self._note("any way", "nothing on this system lights the screen")
        await asyncio.gather(*(self._try(way) for way in ways))

    async def _try(self, way: Way) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                await self._use(way)
        except (OSError, WayFailedError) as error:  # of which a TimeoutError is one
            self._note(str(way), str(error) or f"no answer within {_SECONDS:g} s")
        else:
            self._failed.discard(str(way))

    async def _use(self, way: Way) -> None:
        match way:
            case SessionBus():
                await _tell_session(way.address)
            case Program():
                await _run(way, self._environ)
            case Backlight():
                await asyncio.to_thread(way.file.write_text, "0")
            case _:
                assert_never(way)

    def _note(self, way: str, reason: str) -> None:
        if way not in self._failed:
            self._failed.add(way)
            _log.warning("the screen was not lit by %s: %s", way, reason)


async def _tell_session(address: str) -> None:
    bus = await asyncio.to_thread(_join, address)
    try:
        await _call(bus, "SimulateUserActivity")
    except WayFailedError as first:
        try:  # some savers have only this one
            await _call(bus, "SetActive", False)
        except WayFailedError:
            raise first from None
    finally:
        QDBusConnection.disconnectFromBus(_CONNECTION)


def _join(address: str) -> QDBusConnection:
    bus = QDBusConnection.connectToBus(address, _CONNECTION)
    if not bus.isConnected():
        raise WayFailedError(bus.lastError().message())
    return bus


async def _call(bus: QDBusConnection, method: str, *arguments: object) -> None:
    message = QDBusMessage.createMethodCall(_SERVICE, _PATH, _SERVICE, method)
    message.setArguments(arguments)
    answered = asyncio.Event()
    watcher = QDBusPendingCallWatcher(bus.asyncCall(message, int(_SECONDS * 1000)))
    watcher.finished.connect(lambda *_: answered.set())
    await answered.wait()
    if watcher.isError():
        raise WayFailedError(watcher.error().message())


async def _run(program: Program, environ: Mapping[str, str]) -> None:
    if not program.outputs:
        await _child((program.path, *program.arguments), environ)
        return
    listing = await _child((program.path,), environ)
    names = [line.split()[0] for line in listing.splitlines() if line and not line[0].isspace()]
    for name in names:
        await _child((program.path, "--output", name, "--on"), environ)


async def _child(command: Sequence[str], environ: Mapping[str, str]) -> str:
    child = await asyncio.create_subprocess_exec(
        *command,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await child.communicate()
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode != 0:
        raise WayFailedError(err.decode(errors="replace").strip() or f"exit code {child.returncode}")
    return out.decode(errors="replace")
