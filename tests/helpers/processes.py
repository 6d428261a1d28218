"""A host for real child processes that leaves none behind, and what tests ask of processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from chainbot_desktop.agents.processes import families
from chainbot_desktop.agents.processes.children import Children
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.core.tasks import Tasks

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
folder = sys.argv[1]

def note(name):
    with open(os.path.join(folder, name + ".tmp"), "w") as file:
        file.write(str(os.getpid()))
    os.rename(os.path.join(folder, name + ".tmp"), os.path.join(folder, name))

if os.fork() == 0:                      # a child that stays in the group
    note("plain")
    if os.fork() == 0:                  # its child
        note("deep")
    time.sleep(1000)
if os.fork() == 0:                      # a daemon as the book says: two forks, a session of its own
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    note("daemon")
    time.sleep(1000)
note("leader")
while True:
    time.sleep(1000)
"""
"""Ignores SIGTERM with all its descendants, one of which left its group, its session and its parent."""
STUBBORN_NAMES = ("leader", "plain", "deep", "daemon")


@asynccontextmanager
async def children(memory_mb: int | None = None) -> AsyncIterator[Children]:
    host, tasks = ProcessHost(), Tasks()
    started = Children(host, tasks, memory_mb=memory_mb)
    try:
        yield started
    finally:
        await started.stop_all(grace=0)
        await host.close()
        assert tasks.names == ()


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def stubborn_pids(folder: Path) -> dict[str, int]:
    """Once all of them are there."""
    await until(lambda: all((folder / name).exists() for name in STUBBORN_NAMES))
    return {name: int((folder / name).read_text()) for name in STUBBORN_NAMES}


def lives(pid: int) -> bool:
    return families.process_of(pid) is not None
