"""A child process as a worker sees it, and who starts one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Leader:
    """By what the processes of a child are known (see `families`). `started` is None where it was dead before anyone looked."""

    pid: int
    started: int | None
    mark: str


class Child(Protocol):
    """A running child: the leader of a process group of its own that dies with this program, however the program dies."""

    @property
    def pid(self) -> int: ...

    @property
    def stdin(self) -> asyncio.StreamWriter | None: ...

    @property
    def stdout(self) -> asyncio.StreamReader | None: ...

    @property
    def stderr(self) -> asyncio.StreamReader | None: ...

    @property
    def confined(self) -> bool:
        """Whether a systemd scope limits its memory and CPU."""
        ...

    async def wait(self) -> int:
        """Its exit code, negative for the signal that ended it."""
        ...

    async def out_of_memory(self) -> bool:
        """Once it ended: whether that was because it had reached the limit on its memory."""
        ...

    async def stop(self, *, grace: float = 5.0) -> None:
        """Terminate the group, after `grace` seconds kill it, and return when no process of it is left. May be called twice."""
        ...


class ChildProcesses(Protocol):
    """Starts children for one agent, with that agent's limits. Use on the loop's thread."""

    @property
    def leaders(self) -> Sequence[Leader]:
        """Of the children that are not known to be gone with all that they started."""
        ...

    async def start(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: bool = False,
        merge_stderr: bool = False,
    ) -> Child:
        """Start a program without a shell. `env` comes on top of an environment without our secrets. stdout and stderr are pipes.

        Unavailable, with what to do, where the program does not exist or may not be run.
        """
        ...

    async def stop_all(self, *, grace: float = 5.0) -> None:
        """Stop every child that this object started and that still runs."""
        ...
