"""The system journal, as `journalctl` follows it: a child process that is started again, at the place where it was, when it dies."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.logs.sources.journald_entries import FIELDS, EntryReader
from chainbot_desktop.watch.logs.sources.source import Add, LogSource, Trouble

_log = logging.getLogger(__name__)

PROGRAM = "journalctl"
FIRST_ENTRIES = 1000
"""Of the past, when it is first turned on."""
_CHUNK = 1 << 16
_PAUSES = (1.0, 60.0)
"""Seconds before it is started again, the first time and at most."""
_STEADY = 30.0
"""Seconds after which a process that ends was a good one: the pauses begin anew."""
_COMPLAINTS = 3
_LONGEST_COMPLAINT = 300
_NO_PERMISSION = ("permission", "not seeing messages")
_PERMISSION_HINT = "Add the user of this program to the group systemd-journal (or adm), and start it again."


class Follower(Protocol):
    """A running `journalctl`."""

    @property
    def stdout(self) -> asyncio.StreamReader | None: ...

    @property
    def stderr(self) -> asyncio.StreamReader | None: ...

    async def wait(self) -> int: ...

    async def stop(self, *, grace: float = 5.0) -> None: ...


class Starter(Protocol):
    """Starts a program that ends with ours; ChainBotError where there is none, or it may not be run."""

    def start(self, arguments: Sequence[str], *, cwd: Path) -> Coroutine[Any, Any, Follower]: ...


class SystemJournal(LogSource):
    """`added` is waited for before more is read: a journal that is faster than the timeline is held back, and nothing is left out."""

    source = "journald"
    title = "System journal"

    def __init__(
        self,
        add: Add,
        starter: Callable[[], Starter],
        tasks: Tasks,
        added: Callable[[], Awaitable[None]],
        *,
        program: str = PROGRAM,
        pauses: tuple[float, float] = _PAUSES,
    ) -> None:
        super().__init__(add)
        self._starter = starter
        self._tasks = tasks
        self._added = added
        self._program = program
        self._pauses = pauses
        self._entries = EntryReader(os.getpid())
        self._complaints: deque[str] = deque(maxlen=_COMPLAINTS)
        self._following: asyncio.Task[None] | None = None

    def _begin(self) -> None:
        self._following = self._tasks.spawn("follow the system journal", self._follow(self._following))

    def _end(self) -> None:
        if self._following is not None:
            self._following.cancel()

    async def ended(self) -> None:
        if self._following is not None and not self.on:
            await asyncio.wait({self._following})

    async def _follow(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})  # turned off and on: the last process goes first
        loop = asyncio.get_running_loop()
        shortest, longest = self._pauses
        pause = shortest
        while True:
            started, cursor = loop.time(), self._entries.cursor
            try:
                code = await self._run_once()
            except ChainBotError as error:
                hint = error.hint or "The system journal is read with journalctl, which belongs to systemd."
                self._set_trouble(Trouble(error.message, hint))
            else:
                pause = shortest if loop.time() - started > _STEADY else pause
                self._set_trouble(self._ended(code, pause))
            if self._entries.cursor == cursor:
                self._entries.cursor = ""  # perhaps it is the cursor that it does not know
            await asyncio.sleep(pause)
            pause = min(longest, pause * 2)

    async def _run_once(self) -> int:
        """Until it ends; its exit code."""
        self._complaints.clear()
        self._entries.start_anew()
        child = await self._started()
        self._set_trouble(self._standing())
        try:
            complaining = self._tasks.spawn("what journalctl complains of", self._listen(child.stderr))
            try:
                await self._read(child.stdout)
                code = await child.wait()
                await asyncio.wait({complaining}, timeout=1)
                return code
            finally:
                complaining.cancel()
        finally:
            await child.stop(grace=1.0)

    async def _started(self) -> Follower:
        """Turned off in the middle of the start, it is ended once it is there."""
        starting = self._tasks.spawn("start journalctl", self._starter().start(self._arguments(), cwd=Path("/")))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            with suppress(ChainBotError):
                await (await starting).stop(grace=1.0)
            raise

    def _arguments(self) -> list[str]:
        # --all: without it a long message is null.
        asked = [self._program, "--follow", "--output=json", "--all", "--no-pager", f"--output-fields={','.join(FIELDS)}"]
        cursor = self._entries.cursor
        return [*asked, "--no-tail", f"--after-cursor={cursor}"] if cursor else [*asked, f"--lines={FIRST_ENTRIES}"]

    async def _read(self, stdout: asyncio.StreamReader | None) -> None:
        assert stdout is not None
        while chunk := await stdout.read(_CHUNK):
            records = self._entries.feed(chunk)
            self._set_trouble(self._standing())
            if records:
                self._add(records)
                await self._added()

    async def _listen(self, stderr: asyncio.StreamReader | None) -> None:
        """Keep the last that it complains of: it may go on all the same, with less than there is."""
        assert stderr is not None
        rest = b""
        while chunk := await stderr.read(_CHUNK):
            *lines, rest = (rest + chunk)[-_CHUNK:].split(b"\n")
            self._complaints.extend(_complaint(line) for line in lines if line.strip())
            self._set_trouble(self._standing())
        if rest.strip():
            self._complaints.append(_complaint(rest))

    def _standing(self) -> Trouble | None:
        """What is wrong while it runs."""
        if self._complaints:
            said = " ".join(self._complaints)
            return Trouble(f"journalctl says: {said}", _PERMISSION_HINT if _about_permission(said) else "")
        if self._entries.unreadable:
            return Trouble(f"{self._entries.unreadable} lines of journalctl could not be read.", "What they say is not shown.")
        return None

    def _ended(self, code: int, pause: float) -> Trouble:
        said = " ".join(self._complaints)
        why = f"journalctl ended ({f'signal {-code}' if code < 0 else f'exit code {code}'})"
        again = f"It is started again in {pause:g} s."
        if _about_permission(said):
            return Trouble(f"{why}: {said}", _PERMISSION_HINT)
        return Trouble(f"{why}: {said}" if said else f"{why}.", again)


def _about_permission(said: str) -> bool:
    return any(sign in said.lower() for sign in _NO_PERMISSION)


def _complaint(line: bytes) -> str:
    return "".join(c if c.isprintable() else " " for c in line.decode(errors="replace")).strip()[:_LONGEST_COMPLAINT]
