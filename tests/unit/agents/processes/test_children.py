"""Children: real programs, among them some that do not want to end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from chainbot_desktop.agents.processes import families
from chainbot_desktop.agents.processes.children import ChildProcess
from chainbot_desktop.core.errors import Unavailable
from tests.helpers.processes import STUBBORN, children, lives, stubborn_pids, until


async def _output(child: ChildProcess) -> str:
    assert child.stdout is not None
    return (await child.stdout.read()).decode()


async def test_stop_leaves_no_descendant_of_one_that_ignores_sigterm(tmp_path: Path) -> None:
    async with children() as started:
        child = await started.start([sys.executable, "-c", STUBBORN, str(tmp_path)], cwd=tmp_path)
        pids = await stubborn_pids(tmp_path)
        assert os.getpgid(pids["leader"]) == pids["leader"] == child.pid
        assert os.getsid(pids["daemon"]) != child.pid
        begun = time.monotonic()
        await child.stop(grace=0.3)
        assert time.monotonic() - begun >= 0.3
        assert [name for name, pid in pids.items() if lives(pid)] == []
        assert await child.wait() == -signal.SIGKILL
        await child.stop()


async def test_a_polite_child_is_asked_and_not_killed(tmp_path: Path) -> None:
    program = "import signal,sys,time\nsignal.signal(15, lambda *a: sys.exit(7))\nprint('here', flush=True)\ntime.sleep(1000)"
    async with children() as started:
        child = await started.start([sys.executable, "-c", program], cwd=tmp_path)
        assert child.stdout is not None
        await child.stdout.readline()
        os.killpg(child.pid, signal.SIGSTOP)  # a paused one must hear it too
        async with asyncio.timeout(4):
            await child.stop()
        assert await child.wait() == 7


async def test_a_second_stop_cuts_the_grace_short(tmp_path: Path) -> None:
    async with children() as started:
        child = await started.start([sys.executable, "-c", STUBBORN, str(tmp_path)], cwd=tmp_path)
        await stubborn_pids(tmp_path)
        slow = asyncio.ensure_future(child.stop(grace=60))
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await started.stop_all(grace=0)
            await slow


async def test_a_cancelled_stop_still_stops(tmp_path: Path) -> None:
    async with children() as started:
        child = await started.start([sys.executable, "-c", STUBBORN, str(tmp_path)], cwd=tmp_path)
        pids = await stubborn_pids(tmp_path)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await child.stop(grace=0.2)
        await until(lambda: not any(lives(pid) for pid in pids.values()))


async def test_what_a_child_left_behind_when_it_ended_is_ended_too(tmp_path: Path) -> None:
    async with children() as started:
        child = await started.start(["sh", "-c", "setsid sleep 1000 & echo $!; exit 3"], cwd=tmp_path)
        assert child.stdout is not None
        pid = int(await child.stdout.readline())
        async with asyncio.timeout(5):
            assert await child.wait() == 3  # though a grandchild holds the pipe
        assert lives(pid)
        await child.stop(grace=1)
        assert not lives(pid)


async def test_one_that_is_just_becoming_another_program_is_ended_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with children() as started:
        child = await started.start(["sh", "-c", "setsid sleep 1000 & echo $!; exit 3"], cwd=tmp_path)
        assert child.stdout is not None
        pid = int(await child.stdout.readline())
        await child.wait()
        read = families._environ
        looks: list[int] = []

        def in_the_middle_of_its_exec(looked_at: int) -> list[bytes]:
            if looked_at == pid and len(looks) < 2:
                looks.append(pid)
                return [b""]  # what /proc shows until the new program has its environment
            return read(looked_at)

        monkeypatch.setattr(families, "_environ", in_the_middle_of_its_exec)
        await child.stop(grace=1)
        assert looks
        assert not lives(pid)


_CROWD = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
os.fork()
while True:
    time.sleep(0.1)
    if os.fork():
        os._exit(0)
    os.setsid()
"""
"""Four that keep moving on to new processes in new sessions, whose parents are gone."""


async def test_a_crowd_on_the_move_is_ended(tmp_path: Path) -> None:
    async with children() as started:
        child = await started.start([sys.executable, "-c", _CROWD], cwd=tmp_path, env={"CROWD": str(tmp_path)})
        await child.wait()
        await until(lambda: len(_with_variable(f"CROWD={tmp_path}")) > 1)
        await child.stop(grace=0.2)
        assert _with_variable(f"CROWD={tmp_path}") == []


def _with_variable(entry: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if entry.encode() in (folder / "environ").read_bytes().split(b"\0") and lives(int(folder.name)):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


async def test_our_secrets_do_not_reach_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINBOT_SERVER__PORT", "9000")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("github_token", "g")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:pass@host/db")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("HARMLESS", "yes")
    async with children() as started:
        child = await started.start(["env"], cwd=tmp_path, env={"MY_TOKEN": "meant for it", "odd.name": "kept"})
        names = dict(line.partition("=")[::2] for line in (await _output(child)).splitlines())
    assert names["HARMLESS"] == "yes"
    assert names["MY_TOKEN"] == "meant for it"
    assert names["odd.name"] == "kept"
    assert not {"CHAINBOT_SERVER__PORT", "OPENAI_API_KEY", "github_token", "DATABASE_URL", "NOTIFY_SOCKET"} & set(names)


async def test_arguments_reach_the_program_as_they_are(tmp_path: Path) -> None:
    odd = ["; rm -rf /", "$(id)", "--pdeathsig", "", "a b\nc", "*"]
    async with children() as started:
        child = await started.start([sys.executable, "-c", "import sys; print(sys.argv[1:])", *odd], cwd=tmp_path)
        assert (await _output(child)).strip() == repr(odd)


async def test_input_and_merged_output(tmp_path: Path) -> None:
    async with children() as started:
        child = await started.start(["sh", "-c", "cat; echo bad >&2"], cwd=tmp_path, stdin=True, merge_stderr=True)
        assert child.stdin is not None
        assert child.stderr is None
        child.stdin.write(b"hello\n")
        child.stdin.close()
        assert await _output(child) == "hello\nbad\n"
        assert await child.wait() == 0


@pytest.mark.parametrize(
    ("program", "code"),
    [("no-such-program", "no_program"), ("./missing", "no_program"), ("./plain.txt", "not_executable"), (".", "no_program")],
)
async def test_what_cannot_be_run_is_said_before(tmp_path: Path, program: str, code: str) -> None:
    (tmp_path / "plain.txt").write_text("#!/bin/sh\n")
    async with children() as started:
        with pytest.raises(Unavailable) as caught:
            await started.start([program], cwd=tmp_path)
        assert caught.value.code == code
        assert program.removeprefix("./") in caught.value.message


async def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    async with children() as started:
        with pytest.raises(Unavailable, match="does not exist"):
            await started.start(["true"], cwd=tmp_path / "gone")


async def test_too_long_an_argument_is_an_error_and_no_crash(tmp_path: Path) -> None:
    async with children() as started:
        with pytest.raises(Unavailable):
            await started.start(["true", "\0"], cwd=tmp_path)


async def test_one_that_died_at_once_is_reported(tmp_path: Path) -> None:
    async with children() as started:
        child = await started.start(["sh", "-c", "kill -SEGV $$"], cwd=tmp_path)
        assert await child.wait() == -signal.SIGSEGV


async def test_output_that_nobody_reads_does_not_hold_a_stop_up(tmp_path: Path) -> None:
    async with children() as started:
        child = await started.start(["yes"], cwd=tmp_path)
        async with asyncio.timeout(5):
            await child.stop()
        assert not lives(child.pid)
