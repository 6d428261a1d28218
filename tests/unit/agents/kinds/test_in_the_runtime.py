"""Commands and data processors as the runtime runs them: spawned, working, stopped, and found again after a crash."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chainbot_desktop.agents.kind import AgentKind, Limits
from chainbot_desktop.agents.kinds.command import CommandKind
from chainbot_desktop.agents.kinds.data_processor import DataProcessorKind
from chainbot_desktop.agents.processes.children import Children
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.agents.processes.leases import end_lease, lease_alive, take_lease
from chainbot_desktop.agents.runtime.shared import Leases
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.tasks import Tasks
from tests.helpers.agent_house import AgentHouse, open_agent_house
from tests.helpers.processes import STUBBORN, lives, stubborn_pids

ME = "user:me"


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[AgentHouse]:
    host, tasks = ProcessHost(), Tasks()

    def children(limits: Limits) -> Children:
        return Children(host, tasks, memory_mb=limits.memory_mb, cpu_percent=limits.cpu_percent)

    kinds: list[AgentKind] = [CommandKind(None), DataProcessorKind(None)]
    leases = Leases(take_lease, lease_alive, end_lease)
    try:
        async with open_agent_house(folder, kinds=kinds, children=children, leases=leases) as opened:
            yield opened
    finally:
        await host.close()
        assert tasks.names == ()


async def test_a_command_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    async with house(tmp_path) as opened:
        config = {"command": [sys.executable, "-c", STUBBORN, str(tmp_path)], "limits": {"memory_mb": 64}}
        agent = await opened.service.spawn("command", "Stubborn", config, actor=ME)
        pids = await stubborn_pids(tmp_path)
        live = await opened.until(agent, lambda known: known.pid == pids["leader"] and known.state == "running")
        await opened.service.kill(live.id, actor=ME)
        await opened.becomes(agent, "stopped")
        assert not any(lives(pid) for pid in pids.values())


async def test_a_command_that_ends_badly_leaves_a_failed_agent_with_the_reason(tmp_path: Path) -> None:
    async with house(tmp_path) as opened:
        config = {"command": ["sh", "-c", "echo the port is taken; exit 98"], "restart": "never"}
        agent = await opened.service.spawn("command", "Server", config, actor=ME)
        live = await opened.becomes(agent, "failed")
        assert "exit code 98" in live.reason
        assert "the port is taken" in live.reason
        assert "the port is taken" in [line.text for line in opened.service.log(agent).since(0)[0]]


async def test_a_data_processor_does_a_task(tmp_path: Path) -> None:
    async with house(tmp_path) as opened:
        config = {
            "source": [1, 2, 0],
            "transform": {"cel": "10 / record"},
            "destination": "out.json",
            "workspace": str(tmp_path),
        }
        agent = await opened.service.spawn("data_processor", "Divider", config, actor=ME)
        await opened.becomes(agent, "idle")
        run = await opened.service.wait(await opened.service.execute(agent, "go", actor=ME))
        assert run.state == "succeeded"
        assert "failed 1" in run.result
        assert json.loads((tmp_path / "out.json").read_text()) == [10, 5]


async def test_a_string_for_a_command_is_refused_with_what_to_write(tmp_path: Path) -> None:
    async with house(tmp_path) as opened:
        with pytest.raises(InvalidInput, match=r'a list such as \["make", "test"\]'):
            await opened.service.spawn("command", "Maker", {"command": "make test"}, actor=ME)
