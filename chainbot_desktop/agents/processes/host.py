"""What all children of the house share: how they are tied to our life, the warden that outlives us by a moment, and scopes."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from chainbot_desktop.agents.processes import families
from chainbot_desktop.agents.processes.environment import child_environment
from chainbot_desktop.agents.processes.scopes import Scopes

_TIE = "import ctypes,os,sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"
"""PR_SET_PDEATHSIG, SIGKILL: for systems whose setpriv cannot do it (13 ms and an interpreter more)."""
_WARDEN_SECONDS = 3.0


class ProcessHost:
    """One for the program. Use on the loop's thread, which must be the one that lives as long as the program.

    The kernel sends the death signal when the thread that forked ends, so children are started on this thread alone, and by a small
    program that asks for the signal and then becomes the child: nothing of ours runs between fork and exec. Whoever slips through
    (a parent that died first, grandchildren, setuid programs) is the warden's.
    """

    def __init__(self, scopes: Scopes | None = None) -> None:
        self.scopes = scopes or Scopes()
        self._mark = secrets.token_hex(8)
        self._numbers = itertools.count(1)
        self._prefix: tuple[str, ...] = ()
        self._warden: subprocess.Popen[bytes] | None = None
        self._preparing = asyncio.Lock()
        self._looking = asyncio.Lock()

    async def prepare(self, *, scoped: bool) -> None:
        """Before a child is started. Quick but for the first time."""
        async with self._preparing:
            if not self._prefix:
                self._prefix = await asyncio.to_thread(_tie)
            if scoped:
                await asyncio.to_thread(self.scopes.probe)
            if self._warden is None or self._warden.poll() is not None:
                self._warden = await asyncio.to_thread(self._start_warden)

    def next_mark(self) -> str:
        return f"{self._mark}.{next(self._numbers)}"

    def tied(self, arguments: Sequence[str]) -> list[str]:
        return [*self._prefix, *arguments]

    async def family(self, leader: int, started: int | None, mark: str) -> list[families.Process]:
        """See `families.family`. One look at a time: ten at once (a stop of all) would take the interpreter from the loop for 50 ms."""
        async with self._looking:
            return await asyncio.to_thread(families.family, leader, started, mark)

    async def close(self) -> None:
        """After all children were stopped."""
        warden, self._warden = self._warden, None
        if warden is not None:
            await asyncio.to_thread(_dismiss, warden)

    def _start_warden(self) -> subprocess.Popen[bytes]:
        # Popen keeps its end of the pipe from all other children, so its end is our end. A session of its own: Ctrl-C is not for it.
        environment = child_environment(os.environ, {}, "")
        environment.pop(families.MARK)
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", families.__file__, self._mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            start_new_session=True,
        )


def _tie() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    if setpriv is not None:
        prefix = (setpriv, "--pdeathsig", "KILL", "--")
        tried = subprocess.run([*prefix, "true"], capture_output=True, stdin=subprocess.DEVNULL, check=False)  # noqa: S603
        if tried.returncode == 0:
            return prefix
    return (str(Path(sys.executable)), "-I", "-S", "-c", _TIE)


def _dismiss(warden: subprocess.Popen[bytes]) -> None:
    assert warden.stdin is not None
    try:
        warden.stdin.write(b".")
        warden.stdin.close()
        warden.wait(_WARDEN_SECONDS)
    except (BrokenPipeError, subprocess.TimeoutExpired):
        warden.kill()
        warden.wait()
