"""`--demo`: an ALEX OS simulator as a child process on loopback. Everything it tells comes over the real protocol."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from types import TracebackType

from pydantic import AnyUrl

from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.settings import Settings

_START_SECONDS = 20.0
_STOP_SECONDS = 1.0


class DemoAlexOs:
    """The simulator's process. An async context manager; `settings` names it after entering.

    The child holds the reading end of a pipe whose writing end is ours: it ends when we do, however we end.
    """

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._url = ""

    async def __aenter__(self) -> DemoAlexOs:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "chainbot_desktop.alexos.simulator",
            "--host=127.0.0.1",
            "--port=0",
            "--until-eof",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=None,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                self._url = await self._read_address(self._process)
        except BaseException:
            await self._end(self._process)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            await self._end(self._process)

    def settings(self, settings: Settings) -> Settings:
        """`settings` with this ALEX OS in place of the configured one."""
        bus = self._url.replace("http://", "ws://") + "/ws/events"
        alex_os = settings.alex_os.model_copy(
            update={"enabled": True, "registry_url": AnyUrl(self._url), "event_bus_url": AnyUrl(bus), "registration_retry": 1.0}
        )
        return settings.model_copy(update={"alex_os": alex_os})

    @staticmethod
    async def _read_address(process: asyncio.subprocess.Process) -> str:
        assert process.stdout is not None
        async for line in process.stdout:
            if found := re.search(rb"http://127\.0\.0\.1:\d+", line):
                return found[0].decode()
        raise Unavailable("The ALEX OS simulator ended before it was ready.", hint="Its messages are above.")

    @staticmethod
    async def _end(process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
