"""Being asked to stop: by a signal, by the window, by an error that ends the program."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any

_log = logging.getLogger(__name__)


class StopRequest:
    """The first request counts; `reason` is a few words. Use on the loop's thread."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self.reason = ""

    def ask(self, reason: str) -> None:
        if not self._asked.is_set():
            self.reason = reason
            self._asked.set()

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    async def wait(self) -> str:
        await self._asked.wait()
        return self.reason

    def listen_to_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.ask, number.name)


async def within(seconds: float, what: str, work: Coroutine[Any, Any, Any]) -> None:
    """Do one step of stopping; a step that fails or takes too long is logged, and the next one comes all the same."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        _log.error("%s did not end within %.1f s", what, seconds)
    except Exception:  # the border of a step: what comes after it must still be stopped
        _log.exception("%s did not stop cleanly", what)


async def closed_within(seconds: float, what: str, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """As `within`, for an exit stack: the work is made when its turn comes."""
    await within(seconds, what, close())
