"""Real tool servers: as children over pipes, and over HTTP."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from chainbot_desktop.agents.processes.child import Child
from chainbot_desktop.agents.processes.children import Children
from chainbot_desktop.agents.tools.mcp_servers import McpServers
from chainbot_desktop.agents.tools.mcp_tools import Offer, offered_name, tools_of
from chainbot_desktop.agents.tools.tool import ToolFailed
from chainbot_desktop.core.settings import McpServer, ToolRule
from chainbot_desktop.core.tasks import Tasks
from tests.helpers import mcp_server
from tests.helpers.processes import children
from tests.helpers.toolboxes import Bench, open_bench

_PROGRAM = str(Path(mcp_server.__file__))
_ALLOW = ToolRule(tool="mcp__*", action="allow")


def stdio(name: str = "test", **more: Any) -> McpServer:
    return McpServer(name=name, command=sys.executable, args=(_PROGRAM, "stdio"), **more)


@asynccontextmanager
async def served(
    folder: Path, *servers: McpServer, rules: tuple[ToolRule, ...] = (_ALLOW,)
) -> AsyncIterator[tuple[Bench, McpServers]]:
    tasks = Tasks()
    async with children() as own:
        secrets = {"MCP_TOKEN": "from the keyring"}
        mcp = McpServers(servers, own, tasks, folder, secrets.get, pauses=(0.05,))
        async with open_bench(folder, rules=rules, more=mcp, sandbox="off") as bench:
            try:
                yield bench, mcp
            finally:
                await mcp.stop()
                assert tasks.names == ()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_server_as_a_child(tmp_path: Path) -> None:
    async with served(tmp_path, stdio(env={"GIVEN_TO_IT": "secret:MCP_TOKEN"})) as (bench, mcp):
        assert mcp.statuses()[0].state == "off", "nothing is started before it is needed"
        infos = {info.name: info for info in await bench.box.infos()}
        assert infos["mcp__test__add"].description == "(tool server test) Add two numbers.\\x1b[31m"
        assert infos["mcp__test__add"].parameters["required"] == ["a", "b"]
        assert await bench.execute("mcp__test__add", a=2, b=3) == "2 + 3 = 5"
        pid, group, given = (await bench.execute("mcp__test__identity")).split(maxsplit=2)
        assert given == "from the keyring"
        assert int(group) != os.getpgid(0), "a process group of its own"
        with pytest.raises(ToolFailed, match="the tool has a reason"):
            await bench.execute("mcp__test__fail")
        with pytest.raises(ToolFailed):
            await bench.execute("mcp__test__add", a="no number", b=3)
        process = psutil.Process(int(pid))
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def test_a_call_is_asked_by_default_and_the_card_shows_the_arguments(tmp_path: Path) -> None:
    async with served(tmp_path, stdio(), rules=()) as (bench, _):
        call = bench.call("mcp__test__add", a=2, b=3)
        draft = await bench.approve(call)
        assert draft.detail == 'add {\n "a": 2,\n "b": 3\n}'
        assert draft.sandboxed is False
        assert await bench.box.execute(call, bench.run) == "2 + 3 = 5"


async def test_a_slow_call_ends_at_its_deadline_and_the_server_goes_on(tmp_path: Path) -> None:
    async with served(tmp_path, stdio(call_seconds=0.5)) as (bench, _):
        await bench.box.infos()
        with pytest.raises(ToolFailed, match="did not answer within"):
            await bench.execute("mcp__test__slow")
        assert await bench.execute("mcp__test__add", a=1, b=1) == "1 + 1 = 2"


async def test_a_crash_is_told_and_the_server_is_started_again(tmp_path: Path) -> None:
    async with served(tmp_path, stdio()) as (bench, mcp):
        before = (await bench.execute("mcp__test__identity")).split()[0]
        with pytest.raises(ToolFailed):
            await bench.execute("mcp__test__crash")
        await until(lambda: mcp.statuses()[0].state == "failed" or "exit code 3" in mcp.statuses()[0].reason)
        await until(lambda: mcp.statuses()[0].state == "ready")
        assert (await bench.execute("mcp__test__identity")).split()[0] != before


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (McpServer(name="gone", command="/no/such/program"), "no/such/program"),
        (McpServer(name="gone", command="sleep", args=("600",), start_seconds=0.3), "not ready within 0.3 s"),
        (McpServer(name="gone", command="sh", args=("-c", "echo broken >&2; exit 4")), "exit code 4|broken|closed"),
        (McpServer(name="gone", command="true", env={"A": "secret:NOT_THERE"}), "not in the keyring"),
        (McpServer(name="gone", url="http://127.0.0.1:1/mcp"), "."),
    ],
)
async def test_a_server_that_does_not_start_says_why_and_disturbs_nobody(
    tmp_path: Path, server: McpServer, reason: str
) -> None:
    async with served(tmp_path, server, stdio()) as (bench, mcp):
        names = {info.name for info in await bench.box.infos()}
        assert "mcp__test__add" in names
        assert not any(name.startswith("mcp__gone") for name in names)
        status = mcp.statuses()[0]
        assert status.state == "failed"
        assert re.search(reason, status.reason), status.reason


async def test_a_server_that_is_switched_off_is_not_started(tmp_path: Path) -> None:
    async with served(tmp_path, stdio(enabled=False)) as (bench, mcp):
        assert not any(info.name.startswith("mcp__") for info in await bench.box.infos())
        assert mcp.statuses()[0].state == "off"


async def _started_over_http(own: Children, folder: Path) -> tuple[Child, str]:
    child = await own.start([sys.executable, _PROGRAM, "http"], cwd=folder)
    assert child.stdout is not None
    return child, f"http://127.0.0.1:{int(await child.stdout.readline())}/mcp"


async def test_a_server_over_http_also_after_its_loss(tmp_path: Path) -> None:
    async with children() as own:
        child, url = await _started_over_http(own, tmp_path)
        server = McpServer(name="web", url=url, call_seconds=1.5)
        async with served(tmp_path, server) as (bench, mcp):
            await bench.box.infos()
            await until(lambda: mcp.statuses()[0].state == "ready")
            assert await bench.execute("mcp__web__add", a=2, b=3) == "2 + 3 = 5"
            with pytest.raises(ToolFailed, match="did not answer"):
                await bench.execute("mcp__web__slow")
            await child.stop(grace=0)
            call = bench.call("mcp__web__add", a=2, b=3)
            with pytest.raises(ToolFailed, match=r"tool server web|no tool"):
                await bench.box.execute(call, bench.run)
            await until(lambda: mcp.statuses()[0].state == "failed")


def test_what_a_server_says_of_itself_is_bounded() -> None:
    class Nobody:
        async def call(self, tool: str, arguments: Any) -> str:
            return ""

    schema = {"type": "object", "properties": {"a": {"description": "\x1b[2Jdo \u202eevil"}}}
    offers = [
        Offer("../../x y", "d" * 5000, schema),
        Offer("a/b", "", {"type": "object"}),
        Offer("a b", "", {"type": "object"}),
        Offer("n" * 200, "", {"type": "object"}),
        Offer("large", "", {"type": "object", "description": "x" * 100_000}),
    ]
    tools = tools_of("s", offers, Nobody())
    assert list(tools) == ["mcp__s________x_y", "mcp__s__a_b", offered_name("s", "n" * 200)]
    assert all(len(name) <= 64 for name in tools)
    first = tools["mcp__s________x_y"].info
    assert len(first.description) < 1100
    assert first.parameters["properties"]["a"]["description"] == "\\x1b[2Jdo \\u202eevil"
    assert offered_name("s", "n" * 200) != offered_name("s", "n" * 201)
    assert len(tools_of("s", [Offer(f"t{number}", "", {}) for number in range(500)], Nobody())) == 128


@pytest.mark.parametrize(
    "wrong", [{}, {"command": "a", "url": "http://b"}, {"command": "a", "nme": "x"}, {"command": "a", "name": "Bad Name"}]
)
def test_settings_of_a_server_are_checked(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        McpServer.model_validate({"name": "x", **wrong})
