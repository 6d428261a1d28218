"""The program dies: by kill -9 nothing of its children stays, and what would have stayed is known by its lease."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from chainbot_desktop.agents.processes import families
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.agents.processes.leases import end_lease, lease_alive, take_lease
from tests.helpers.processes import STUBBORN, lives, stubborn_pids, until

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("first", ["nobody", "the warden"])
async def test_kill_9_of_the_program_leaves_no_child(tmp_path: Path, first: str) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.helpers.children_parent", str(tmp_path), cwd=ROOT
    )
    pids = await stubborn_pids(tmp_path)
    (warden,) = [p for p in families.living()[0].values() if p.parent == parent.pid and p.pid != pids["leader"]]
    if first == "the warden":
        os.kill(warden.pid, signal.SIGKILL)
        await until(lambda: not lives(warden.pid))
    parent.kill()
    await parent.wait()
    await until(lambda: not lives(pids["leader"]))
    if first == "nobody":
        await until(lambda: not any(lives(pid) for pid in pids.values()))
        await until(lambda: not lives(warden.pid))
    else:
        # The kernel ended the leader alone; the rest is left to the next life of the program, or here to the test.
        for pid in pids.values():
            if lives(pid):
                os.kill(pid, signal.SIGKILL)


async def test_the_warden_goes_home_when_it_is_not_needed() -> None:
    host = ProcessHost()
    await host.prepare(scoped=False)
    (warden,) = [p for p in families.living()[0].values() if p.parent == os.getpid() and b"families.py" in _command_line(p.pid)]
    os.kill(warden.pid, signal.SIGTERM)  # as systemd sends to all of a unit at once
    await host.prepare(scoped=False)
    assert lives(warden.pid)
    await host.close()
    assert not lives(warden.pid)


def _command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _started(command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Not through Children: what another life of the program left."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, start_new_session=True, env={**os.environ, **env}, stdin=pipe, stdout=pipe)


def test_a_lease_tells_its_process_from_others() -> None:
    process = subprocess.Popen(["sleep", "1000"])
    lease = take_lease(process.pid)
    assert lease is not None
    assert lease_alive(lease)
    assert not lease_alive(replace(lease, started=lease.started - 1))
    assert not lease_alive(replace(lease, boot="another boot"))
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and nobody collected it yet
    assert not lease_alive(lease)
    assert take_lease(process.pid) is None
    process.wait()
    assert not lease_alive(lease)


async def test_ending_a_lease_ends_its_group_also_when_the_leader_is_gone(tmp_path: Path) -> None:
    process = _started([sys.executable, "-c", STUBBORN, str(tmp_path)], {families.MARK: "word.1"})
    pids = await stubborn_pids(tmp_path)
    lease = take_lease(process.pid)
    assert lease is not None
    await asyncio.to_thread(end_lease, replace(lease, boot="another boot"))
    await asyncio.to_thread(end_lease, replace(lease, started=lease.started + 5))
    assert all(lives(pid) for pid in pids.values()), "the pid belongs to somebody else now"
    await asyncio.to_thread(end_lease, lease)
    process.communicate()
    assert not any(lives(pid) for pid in pids.values())


async def test_ending_the_lease_of_a_dead_leader_ends_what_it_left_in_its_group(tmp_path: Path) -> None:
    process = _started(["sh", "-c", "sleep 1000 & echo $!; read wait"], {})
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    lease = take_lease(process.pid)
    assert lease is not None
    process.kill()
    process.wait()
    assert lives(pid)
    await asyncio.to_thread(end_lease, lease)
    assert not lives(pid)
    process.communicate()
