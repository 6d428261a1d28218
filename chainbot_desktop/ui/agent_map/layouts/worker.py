"""Layouts from a child process, for the loop: igraph does not let go of the interpreter's lock, so a thread would stop the window.

The child starts with the first request, and ends when nobody asked for a while, with `close`, and with the program.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import chainbot_desktop
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.agent_map.layouts import wire
from chainbot_desktop.ui.agent_map.layouts.request import Layout, LayoutRequest

_PROGRAM = (sys.executable, "-m", "chainbot_desktop.ui.agent_map.layouts.child")
_ROOT = Path(chainbot_desktop.__file__).parents[1]
_HINT = "Ask for the layout again. The agents stay where they are until then."


class LayoutFailed(ChainBotError):
    code = "layout_failed"
    http_status = 503


class LayoutWorker:
    """One for a map. Use on the loop's thread, which must be the one that lives as long as the program."""

    def __init__(self, *, program: Sequence[str] = _PROGRAM, time_limit: float = 20.0, idle: float = 60.0) -> None:
        self._program = tuple(program)
        self._time_limit = time_limit
        self._idle = idle
        self._numbers = itertools.count(1)
        self._newest = 0
        self._child: _Child | None = None
        self._starting = asyncio.Lock()
        self._rest: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the child, while there is one."""
        return self._child.pid if self._child is not None and not self._child.ended.done() else None

    async def arrange(self, request: LayoutRequest) -> Layout | None:
        """None if another was asked for meanwhile (the newest alone is answered) or the worker was closed.

        Raises LayoutFailed when the child dies, talks nonsense, fails or takes too long; the next request has a new one.
        """
        number = self._newest = next(self._numbers)
        self._stay()
        if self._child is not None:
            self._child.drop()
        try:
            async with asyncio.timeout(self._time_limit):
                child = await self._running()
                if number != self._newest:
                    return None
                frame = await child.ask(number, wire.encode(number, request))
            if frame is None:
                return None
            found = wire.decode(frame, request)
        except TimeoutError as error:
            await self._end()
            raise LayoutFailed(f"The layout took longer than {self._time_limit:.0f} seconds.", hint=_HINT) from error
        except ValueError as error:
            await self._end()
            raise LayoutFailed(f"The layout process sent what is no layout ({error}).", hint=_HINT) from error
        finally:
            if number == self._newest:
                self._rest_later()
        if isinstance(found, str):
            raise LayoutFailed(f"The layout could not be computed ({found}).", hint=_HINT)
        return found

    async def close(self) -> None:
        """Ends the child and waits for its end. Whoever waits for a layout gets None."""
        self._closed = True
        self._stay()
        if self._child is not None:
            self._child.drop()
        async with self._starting:
            await self._end()

    async def _running(self) -> _Child:
        async with self._starting:
            if self._closed:
                raise LayoutFailed("The map is closing.")
            if self._child is None or self._child.ended.done():
                self._child = await self._start()
            return self._child

    async def _start(self) -> _Child:
        # One thread is enough for vectors of a few thousand, and keeps the child small.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        try:
            _, child = await asyncio.get_running_loop().subprocess_exec(
                _Child,
                *self._program,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=None,
                cwd=_ROOT,  # first on the child's path: not whatever lies where the program was started
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise LayoutFailed(f"The layout process could not be started ({error}).", hint=_HINT) from error
        return child

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            await child.ended

    def _stay(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _rest_later(self) -> None:
        self._stay()
        if not self._closed:
            self._rest = asyncio.get_running_loop().call_later(self._idle, self._go_home)

    def _go_home(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()  # it is between two requests and has nothing to save


class _Child(asyncio.SubprocessProtocol):
    """One process, and the request it has not answered yet."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.pid = 0
        self._transport: asyncio.SubprocessTransport | None = None
        self._number = 0
        self._asked: asyncio.Future[bytes | None] | None = None
        self._heard = bytearray()
        self._killed = False

    async def ask(self, number: int, frame: bytes) -> bytes | None:
        """The answer; None if it was dropped."""
        assert self._transport is not None
        self.drop()
        if self.ended.done():
            raise self._death()
        self._number, self._asked = number, asyncio.get_running_loop().create_future()
        pipe = self._transport.get_pipe_transport(0)
        assert isinstance(pipe, asyncio.WriteTransport)
        pipe.write(frame)
        return await self._asked

    def drop(self) -> None:
        """Whoever waits gets None. The child passes over what it has not begun."""
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(None)

    def kill(self) -> None:
        """Once: to ask Popen for another would take the exit status from asyncio's watcher."""
        if self._transport is not None and not self._killed and self._transport.get_returncode() is None:
            self._killed = True
            self._transport.kill()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        self.pid = transport.get_pid()

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        assert isinstance(data, bytes)
        self._heard += data
        try:
            while (frame := self._frame()) is not None:
                if wire.number_of(frame) == self._number and self._asked is not None and not self._asked.done():
                    self._asked.set_result(frame)
        except ValueError as error:
            self._fail(error)
            self.kill()

    def process_exited(self) -> None:
        self._fail(self._death())

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(self._death())
        assert self._transport is not None
        self._transport.close()
        if not self.ended.done():
            self.ended.set_result(None)

    def _frame(self) -> bytes | None:
        start = wire.LENGTH.size
        if len(self._heard) < start:
            return None
        (length,) = wire.LENGTH.unpack_from(self._heard)
        if length > wire.MAX_FRAME:
            raise ValueError("no frame")
        if len(self._heard) < start + length:
            return None
        frame = bytes(self._heard[start : start + length])
        del self._heard[: start + length]
        return frame

    def _fail(self, error: Exception) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(error)

    def _death(self) -> LayoutFailed:
        code = self._transport.get_returncode() if self._transport is not None else None
        how = f"by signal {-code}" if code is not None and code < 0 else f"with status {code}"
        return LayoutFailed(f"The layout process ended {how}.", hint=_HINT)
