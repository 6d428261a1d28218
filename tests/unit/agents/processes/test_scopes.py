"""Scopes: what is said to systemd-run, and that nothing is claimed where systemd is not there.

Where no systemd runs a script in its place writes down what it was told and becomes the command, as `--scope` does.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from chainbot_desktop.agents.processes.children import Children
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.agents.processes.scopes import Scopes
from chainbot_desktop.core.tasks import Tasks
from tests.helpers.scopes_check import NO_SCOPES

_SYSTEMD_RUN = """#!/bin/sh
echo "$@" >> {told}
case "$*" in *MemoryMax=64M*) printf '{limits}'; exit 0;; esac
while [ "$1" != "--" ]; do shift; done
shift
exec "$@"
"""


async def _started(folder: Path, *, limits: str, running: bool = True) -> tuple[bool, str, list[str]]:
    """Whether it says that it is confined, its output, and what systemd-run was told."""
    told = folder / "told"
    told.touch()
    script = folder / "systemd-run"
    script.write_text(_SYSTEMD_RUN.format(told=told, limits=limits))
    script.chmod(0o755)
    host, tasks = ProcessHost(Scopes(str(script), folder if running else folder / "missing")), Tasks()
    children = Children(host, tasks, memory_mb=100, cpu_percent=150)
    try:
        child = await children.start(["echo", "a b"], cwd=folder)
        assert child.stdout is not None
        output = (await child.stdout.read()).decode()
        return child.confined, output, told.read_text().splitlines()
    finally:
        await children.stop_all()
        await host.close()


async def test_limits_are_given_to_systemd(tmp_path: Path) -> None:
    confined, output, (_, said) = await _started(tmp_path, limits="67108864\\n50000 100000\\n")
    assert confined
    assert output == "a b\n"
    assert "--scope" in said
    assert "-p MemoryMax=100M" in said
    assert "-p CPUQuota=150%" in said


async def test_limits_that_the_kernel_does_not_keep_are_not_claimed(tmp_path: Path) -> None:
    confined, output, told = await _started(tmp_path, limits="67108864\\nmax 100000\\n")
    assert not confined
    assert output == "a b\n"
    assert all("MemoryMax=64M" in line for line in told), "it was tried, and not used"


async def test_without_systemd_the_child_runs_and_says_that_it_is_not_confined(tmp_path: Path) -> None:
    confined, output, told = await _started(tmp_path, limits="1\\n1\\n", running=False)
    assert not confined
    assert output == "a b\n"
    assert told == []


@pytest.mark.skipif(not Path("/run/systemd/system").is_dir(), reason="systemd does not run here")
async def test_real_scopes_keep_their_limits_and_leave_nothing() -> None:
    check = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.helpers.scopes_check"),
        cwd=Path(__file__).parents[4],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await check.communicate()
    if check.returncode == NO_SCOPES:
        pytest.skip("systemd gives this user no scope with limits")
    assert check.returncode == 0, said.decode()
