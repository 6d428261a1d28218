"""Scopes under a real systemd: `python -m tests.helpers.scopes_check` from the checkout, as root or as a user who is logged in.

Needs nothing but Python, so that it also runs in a bare system that was booted for it (docs/development.md says how). Prints what
held, a line each; exit code 1 where one thing did not, 77 where no scope can be had.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from chainbot_desktop.agents.processes import families
from chainbot_desktop.agents.processes.children import ChildProcess, Children
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.agents.processes.scopes import Scopes
from chainbot_desktop.core.tasks import Tasks

NO_SCOPES = 77
_EATER = "food = []\nwhile True: food.append(bytearray(b'x') * 1_000_000)"
_SPINNER = "import os, time\nend = time.monotonic() + 3\nwhile time.monotonic() < end: pass\nprint(sum(os.times()[:2]))"
_RUNAWAY = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:                      # a daemon as the book says, that keeps nothing of our environment
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    print(os.getpid(), flush=True)
    os.execve('/bin/sleep', ['sleep', '600'], {})
time.sleep(600)
"""


async def _check(children: Children) -> list[tuple[bool, str]]:
    return [await _memory(children), await _other_end(children), await _cpu(children), await _stop(children)]


async def _start(children: Children, script: str) -> ChildProcess:
    return await children.start([sys.executable, "-c", script], cwd=Path("/"))


async def _memory(children: Children) -> tuple[bool, str]:
    child = await _start(children, _EATER)
    async with asyncio.timeout(120):
        code = await child.wait()
    told = await child.out_of_memory()
    await child.stop()
    return child.confined and code == -9 and told, f"a child that eats memory is killed and says why (code {code}, {told})"


async def _other_end(children: Children) -> tuple[bool, str]:
    child = await _start(children, "import os; os.kill(os.getpid(), 9)")
    code, told = await child.wait(), await child.out_of_memory()
    await child.stop()
    return code == -9 and not told, f"another SIGKILL is not taken for it (code {code}, {told})"


async def _cpu(children: Children) -> tuple[bool, str]:
    child = await _start(children, _SPINNER)
    assert child.stdout is not None
    used = float(await child.stdout.read())
    await child.stop()
    return used < 2.0, f"30 % of a CPU are kept: {used:.2f} s of it in 3 s"


async def _stop(children: Children) -> tuple[bool, str]:
    child = await _start(children, _RUNAWAY)
    assert child.stdout is not None
    runaway = int(await child.stdout.readline())
    begun = time.monotonic()
    await child.stop(grace=1.0)
    gone = families.process_of(runaway) is None
    return gone, f"a stop ends a daemon that dropped its environment: {gone}, after {time.monotonic() - begun:.1f} s"


def _units() -> str:
    manager = [] if os.geteuid() == 0 else ["--user"]
    listing = ["systemctl", *manager, "list-units", "--all", "--plain", "--no-legend", "chainbot-*"]
    return subprocess.run(listing, capture_output=True, text=True, check=True).stdout.strip()


async def main() -> int:
    scopes, tasks = Scopes(), Tasks()
    if not scopes.probe():
        sys.stdout.write("no scope with limits can be had here\n")
        return NO_SCOPES
    host = ProcessHost(scopes)
    try:
        findings = await _check(Children(host, tasks, memory_mb=100, cpu_percent=30))
    finally:
        await host.close()
    end = time.monotonic() + 5  # systemd takes a moment to forget a scope that is empty
    while (left := _units()) and time.monotonic() < end:
        await asyncio.sleep(0.1)
    findings.append((not left, f"no unit is left: {left or 'none'}"))
    for held, sentence in findings:
        sys.stdout.write(f"{'ok  ' if held else 'FAIL'} {sentence}\n")
    return 0 if all(held for held, _ in findings) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
