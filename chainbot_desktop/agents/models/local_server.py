"""The embedded model's server as the rest of the house uses it: started on first use, stopped when nobody asks any more.

It listens on a loopback port of its own choice and answers only who shows a key that is made anew at each start: others on this
machine have no use of it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.agents.models.model_files import ModelFile, require_gguf
from chainbot_desktop.agents.processes.child import Child, ChildProcesses
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.tasks import Tasks

_log = logging.getLogger(__name__)

_START_SECONDS = 60.0
_SLOWEST_DISK = 10_000_000
"""Bytes a second of a worn SD card: a large file may take longer than the usual time."""
_LINES_KEPT = 30


@dataclass(frozen=True, slots=True)
class Address:
    url: str
    """Of its OpenAI-compatible API, without /v1."""
    key: str


class LocalServer:
    """Use on the loop's thread. `model` answers which file is to be served now; None where there is none."""

    def __init__(
        self,
        children: ChildProcesses,
        tasks: Tasks,
        model: Callable[[], ModelFile | None],
        *,
        idle_seconds: float = 600,
        context_tokens: int = 4096,
    ) -> None:
        self._children = children
        self._tasks = tasks
        self._model = model
        self._idle_seconds = idle_seconds
        self._context_tokens = context_tokens
        self._starting = asyncio.Lock()
        self._child: Child | None = None
        self._served: ModelFile | None = None
        self._address: Address | None = None
        self._in_use = 0
        self._idle_timer: asyncio.TimerHandle | None = None
        self._said: deque[str] = deque(maxlen=_LINES_KEPT)

    @property
    def running(self) -> bool:
        return self._address is not None

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[Address]:
        """The running server, started if need be; it is not stopped for idleness meanwhile. Unavailable where it does not start."""
        self._in_use += 1
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        try:
            yield await self._ensure()
        finally:
            self._in_use -= 1
            if not self._in_use and self._address is not None:
                self._idle_timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._on_idle)

    async def stop(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        child, self._child, self._address = self._child, None, None
        if child is not None:
            await child.stop(grace=1.0)

    async def _ensure(self) -> Address:
        async with self._starting:
            model = self._model()
            if model is None:
                raise Unavailable(
                    "There is no local model.",
                    hint="Add a GGUF file with `chainbot-desktop model add FILE`, or set up a provider.",
                )
            if self._address is not None and self._served == model:
                return self._address
            await self.stop()
            await asyncio.to_thread(require_gguf, model.path)
            return await self._start(model)

    async def _start(self, model: ModelFile) -> Address:
        threads = max(1, (os.cpu_count() or 2) - 1)
        module = "chainbot_desktop.agents.models.local_child"
        arguments = [sys.executable, "-m", module, str(model.path), model.name, str(threads), str(self._context_tokens)]
        self._said.clear()
        child = await self._children.start(arguments, cwd=Path("/"), stdin=True)
        self._tasks.spawn("local model: messages", self._listen(child.stderr))
        key = secrets.token_urlsafe(32)
        deadline = _START_SECONDS + await asyncio.to_thread(lambda: model.path.stat().st_size) / _SLOWEST_DISK
        try:
            async with asyncio.timeout(deadline):
                url = await self._greet(child, key)
        except TimeoutError:
            await child.stop(grace=0)
            raise Unavailable(
                f"The local model {model.name} was not ready within {deadline:.0f} s.",
                hint="A smaller file may fit this machine.",
            ) from None
        except BaseException:
            await child.stop(grace=0)
            raise
        self._tasks.spawn("local model: output", self._listen(child.stdout))
        self._child, self._served, self._address = child, model, Address(url, key)
        self._tasks.spawn("local model: end", self._watch(child))
        _log.info("the local model %s runs (pid %d)", model.name, child.pid)
        return self._address

    async def _greet(self, child: Child, key: str) -> str:
        assert child.stdin is not None
        assert child.stdout is not None
        with suppress(ConnectionError):  # it ended at once: its output says why
            child.stdin.write(key.encode() + b"\n")
            await child.stdin.drain()
        while line := await child.stdout.readline():
            if line.startswith(b'{"address"'):
                return str(json.loads(line)["address"])
        await child.wait()
        said = next((text for text in reversed(self._said) if "error" in text.lower() or "failed" in text.lower()), "")
        raise Unavailable(
            f"The local model ended before it was ready{': ' + said if said else ''}.",
            hint="The file may be damaged, or too large for this machine's memory.",
        )

    async def _listen(self, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        while chunk := await stream.read(65_536):
            self._said.extend(line[:500] for line in chunk.decode("utf-8", "replace").splitlines() if line.strip())

    async def _watch(self, child: Child) -> None:
        code = await child.wait()
        if self._child is child:
            _log.warning("the local model ended by itself with code %d; it is started again when it is asked", code)
            self._child, self._address = None, None

    def _on_idle(self) -> None:
        self._idle_timer = None
        if not self._in_use:
            self._tasks.spawn("local model: stop", self.stop())
