"""Whoever verifies the journal may be killed at any moment: the processes that hash for it end by themselves."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from chainbot_desktop.agents.processes import families
from chainbot_desktop.core.events import UnknownEvent
from tests.helpers.processes import lives, until
from tests.helpers.stores import open_store

ROOT = Path(__file__).parents[3]
EVENTS = 300
VERIFYING = """
import sys
from pathlib import Path
from chainbot_desktop.store.chain_workers import ChainWorkers

path, events, what = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
workers = ChainWorkers(path, 2)
assert workers.ends() == [(1, events)] * 2
while what == "hashing":
    assert all(answer[2] is not None for answer in workers.look(1, events, lambda: False))
    print("hashed", flush=True)
print("opened", flush=True)
sys.stdin.read()
"""


@pytest.fixture
async def journal(tmp_path: Path) -> Path:
    async with open_store(tmp_path) as store:
        await asyncio.gather(*(store.journal.append(UnknownEvent(type="made", data={"n": n})) for n in range(EVENTS)))
    return tmp_path / "journal.db"


@pytest.mark.parametrize("what", ["waiting", "hashing"])
async def test_a_killed_verification_leaves_no_process(journal: Path, what: str) -> None:
    verifying = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        VERIFYING,
        str(journal),
        str(EVENTS),
        what,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert verifying.stdout is not None
    assert verifying.stderr is not None
    pids: list[int] = []
    try:
        assert await verifying.stdout.readline() in (b"opened\n", b"hashed\n"), await verifying.stderr.read()
        pids = [process.pid for process in families.living()[0].values() if process.parent == verifying.pid]
        assert len(pids) == 2, "each of them is a child of whoever verifies"
        verifying.kill()
        await until(lambda: not any(lives(pid) for pid in pids))
    finally:
        for pid in (verifying.pid, *filter(lives, pids)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await verifying.wait()
    assert verifying.returncode == -signal.SIGKILL
    assert await verifying.stderr.read() == b"", "they go without a word"
