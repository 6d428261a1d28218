"""CPU and memory of real processes: a family that burns and eats, one that keeps starting short ones, one that ends meanwhile."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chainbot_desktop.agents.processes import families
from chainbot_desktop.agents.processes.children import ChildProcess
from chainbot_desktop.agents.vitals.processes import Load, ProcessLoads
from chainbot_desktop.agents.vitals.sampling import LoadSampler
from chainbot_desktop.core.tasks import Tasks
from tests.helpers.processes import children

MEGABYTE = 1_000_000

BURNS = "print('here', flush=True)\nwhile True: pass"
# The one that eats and the one that burns have left the group and the parent; only the mark ties them to the leader.
FAMILY = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        eaten = b"x" * 80_000_000
        print("here", flush=True)
        while True: pass
    os._exit(0)
os.wait()
time.sleep(1000)
"""
# The shell itself does nearly nothing: what it waits for does.
STARTS_SHORT_ONES = f"echo here; while :; do {sys.executable} -I -S -c 'sum(range(10**6))'; done"
RESTS = "import time\nprint('here', flush=True)\ntime.sleep(1000)"


async def _is_there(child: ChildProcess) -> ChildProcess:
    assert child.stdout is not None
    assert await child.stdout.readline() == b"here\n"
    return child


async def _until(sampler: LoadSampler, agent_id: str, holds: Callable[[Load | None], bool]) -> Load | None:
    async with asyncio.timeout(30):
        while True:
            await sampler.ask(agent_id)
            load = sampler.of(agent_id)
            if holds(load):
                return load
            await asyncio.sleep(0.05)


async def test_what_a_family_burns_and_eats_is_its_agents(tmp_path: Path) -> None:
    tasks = Tasks()
    async with children() as started:
        family = await _is_there(await started.start([sys.executable, "-c", FAMILY], cwd=tmp_path))
        rests = await _is_there(await started.start([sys.executable, "-c", RESTS], cwd=tmp_path))
        agents = {"family": (family.leader,), "rests": (rests.leader,)}
        sampler = LoadSampler(lambda: agents, tasks, lambda _: None)
        await sampler.ask()
        burnt = await _until(sampler, "family", lambda load: load is not None and (load.cpu_percent or 0) > 15)
        assert burnt is not None
        assert 80 * MEGABYTE < burnt.memory_bytes < 300 * MEGABYTE
        rested = sampler.of("rests")
        assert rested is not None
        assert rested.cpu_percent is not None
        assert rested.cpu_percent < 10
        assert rested.memory_bytes < 60 * MEGABYTE
        await family.stop(grace=0)
        await _until(sampler, "family", lambda load: load is None)  # none, not 0
        assert sampler.of("rests") is not None
    assert tasks.names == ()


async def test_what_ended_between_two_looks_counts_with_who_waited_for_it(tmp_path: Path) -> None:
    async with children() as started:
        shell = await _is_there(await started.start(["sh", "-c", STARTS_SHORT_ONES], cwd=tmp_path))
        sampler = LoadSampler(lambda: {"shell": (shell.leader,)}, Tasks(), lambda _: None)
        await _until(
            sampler, "shell", lambda load: load is not None and (load.cpu_percent or 0) > 3
        )  # of itself it would have none


async def test_an_agent_with_two_children_is_the_sum_of_them(tmp_path: Path) -> None:
    async with children() as started:
        both = [await _is_there(await started.start([sys.executable, "-c", RESTS], cwd=tmp_path)) for _ in range(2)]
        loads = ProcessLoads()
        one = loads.look({"one": (both[0].leader,)})["one"].memory_bytes
        assert loads.look({"two": tuple(child.leader for child in both)})["two"].memory_bytes > 1.5 * one


async def test_the_first_look_knows_memory_and_no_cpu(tmp_path: Path) -> None:
    async with children() as started:
        child = await _is_there(await started.start([sys.executable, "-c", BURNS], cwd=tmp_path))
        loads = ProcessLoads()
        first = loads.look({"burns": (child.leader,)})["burns"]
        assert first.cpu_percent is None
        assert first.memory_bytes > MEGABYTE
        assert loads.look({"burns": (child.leader,)})["burns"].cpu_percent is not None


async def test_a_process_that_ends_in_the_middle_of_a_look_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with children() as started:
        child = await _is_there(await started.start([sys.executable, "-c", RESTS], cwd=tmp_path))
        loads = ProcessLoads()
        assert set(loads.look({"ends": (child.leader,)})) == {"ends"}
        seen = families.living()
        await child.stop(grace=0)
        monkeypatch.setattr(families, "living", lambda: seen)
        assert loads.look({"ends": (child.leader,)}) == {}
        assert ProcessLoads().look({"ends": (child.leader,)}) == {}


async def test_nobody_looks_unless_somebody_watches(tmp_path: Path) -> None:
    tasks, told = Tasks(), asyncio.Event()
    async with children() as started:
        child = await _is_there(await started.start([sys.executable, "-c", BURNS], cwd=tmp_path))
        sampler = LoadSampler(lambda: {"burns": (child.leader,)}, tasks, lambda _: told.set())
        assert sampler.of("burns") is None
        assert list(tasks.names) == []
        ends = [sampler.watch(), sampler.watch()]
        async with asyncio.timeout(20):
            while (load := sampler.of("burns")) is None or not load.cpu_percent:
                told.clear()
                await told.wait()
        ends[0]()
        ends[0]()
        assert list(tasks.names) == ["agents: processes"]
        ends[1]()
        async with asyncio.timeout(1):
            while tasks.names:
                await asyncio.sleep(0.01)
        again = sampler.watch()
        assert list(tasks.names) == ["agents: processes"]
        await sampler.close()
        again()
        assert list(tasks.names) == []


async def test_what_processes_share_is_divided_among_them(tmp_path: Path) -> None:
    async with children() as started:
        family = await _is_there(await started.start([sys.executable, "-c", FAMILY], cwd=tmp_path))
        rests = await _is_there(await started.start([sys.executable, "-c", RESTS], cwd=tmp_path))
        agents = {"family": (family.leader,), "rests": (rests.leader,)}
        loads = ProcessLoads()
        resident, proportional = loads.look(agents), loads.proportional(agents)
        assert proportional.keys() == {"family", "rests"}
        assert 80 * MEGABYTE < proportional["family"] <= resident["family"].memory_bytes + MEGABYTE
        assert 0 < proportional["rests"] < proportional["family"]
        await family.stop(grace=0)
        assert "family" not in loads.proportional(agents)
