"""Vitals over HTTP and over the WebSocket of the map, of agents with real processes."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chainbot_desktop.agents.kinds.command import CommandKind
from chainbot_desktop.agents.processes.children import Children
from chainbot_desktop.agents.processes.host import ProcessHost
from tests.api.house import House, next_frame, open_house

BURNS = [sys.executable, "-c", "eaten = b'x' * 80_000_000\nprint('here', flush=True)\nwhile True: pass"]


@asynccontextmanager
async def _working_house(folder: Path) -> AsyncIterator[House]:
    host = ProcessHost()
    try:
        async with open_house(folder, kinds=[CommandKind(None)], children=lambda _, tasks: Children(host, tasks)) as opened:
            yield opened
    finally:
        await host.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with _working_house(tmp_path) as opened:
        yield opened


async def _burning(house: House) -> str:
    agent_id = await house.runtime.spawn("command", "Burns", {"command": BURNS}, actor="user:test")
    changed = asyncio.Event()
    cancel = house.runtime.log(agent_id).subscribe(changed.set)
    async with asyncio.timeout(20):
        await changed.wait()
        while "here" not in [line.text for line in house.runtime.log(agent_id).since(0)[0]]:
            changed.clear()
            await changed.wait()
    cancel()
    return agent_id


async def _on_map(house: House, agent_id: str, query: str = "") -> dict[str, Any]:
    found = await house.get(f"/api/agents/map{query}")
    vitals: dict[str, Any] = next(agent["vitals"] for agent in found["agents"] if agent["id"] == agent_id)
    return vitals


async def test_the_status_measures_an_agents_processes(house: House) -> None:
    agent_id = await _burning(house)
    async with asyncio.timeout(20):
        while (found := await house.get(f"/api/agents/{agent_id}/status"))["cpu_percent"] < 15:
            pass
    assert 80e6 < found["memory_bytes"] < 400e6
    at_rest = await house.runs("Rests")
    found = await house.get(f"/api/agents/{at_rest}/status")
    assert (found["cpu_percent"], found["memory_bytes"]) == (None, None)


async def test_the_map_has_vitals_and_the_lines_of_activity_when_it_is_asked_for_them(house: House) -> None:
    agent_id = await _burning(house)
    await house.spawn("told")
    plain = await _on_map(house, agent_id)
    assert plain["activity"] is None
    assert plain["activity_per_minute"] > 0
    assert (plain["tokens_task"], plain["tokens_today"], plain["cost_today"]) == (None, 0, 0)
    full = await _on_map(house, agent_id, "?vitals=true")
    assert len(full["activity"]) == 60
    assert sum(full["activity"]) == full["activity_per_minute"]
    assert full["memory_bytes"] > 80e6
    assert full["cpu_percent"] is not None
    told = await _on_map(house, "told", "?vitals=true")
    assert told["activity_per_minute"] == 1
    assert (told["cpu_percent"], told["memory_bytes"], told["tokens_today"]) == (None, None, None)
    async with house.http.get(f"{house.url}/api/agents/map?vitals=maybe") as response:
        assert response.status == 422


async def test_a_connection_has_the_rate_of_what_passed(house: House) -> None:
    one, other = await house.runs("One"), await house.runs("Other")
    assert house.services.entanglements is not None
    link = await house.services.entanglements.create("", "data", [one, other], actor="user:test")
    for _ in range(2):
        await house.post(f"/api/entanglements/{link.id}/broadcast", {"text": "hello"})
    found = await house.get("/api/agents/map")
    assert [(connection["id"], connection["rate_per_minute"]) for connection in found["connections"]] == [(link.id, 2)]


async def test_who_has_the_map_open_hears_of_changed_agents_once_a_second(house: House) -> None:
    quiet = await house.runs("Quiet")
    async with _socket(house, "agent-map") as map_open, _socket(house, "chat") as chat:
        agent_id = await _burning(house)
        log = house.runtime.log(agent_id)
        frames: list[dict[str, Any]] = []
        times: list[float] = []
        while len(frames) < 3 or not any(_of(frame, agent_id).get("cpu_percent") for frame in frames):
            log.add("out", "and on it goes")
            frames.append(await next_frame(map_open, "agent_vitals"))
            times.append(time.monotonic())
        assert all("seq" not in frame for frame in frames)
        assert (times[-1] - times[0]) / (len(times) - 1) > 0.8
        spoken = [_of(frame, agent_id) for frame in frames if agent_id in frame["data"]["agents"]]
        assert all(before != after for before, after in pairwise(spoken))
        assert spoken[-1]["activity_per_minute"] > spoken[0]["activity_per_minute"]
        assert any((vitals["memory_bytes"] or 0) > 80e6 for vitals in spoken)
        assert sum(quiet in frame["data"]["agents"] for frame in frames) <= 1  # what it did before the map was opened
        await chat.send_json({"type": "ping"})
        assert (await next_frame(chat, "agent_vitals", "pong"))["type"] == "pong"
    async with asyncio.timeout(5):  # nobody watches any more, and nothing is measured
        while {"agents: processes", "websocket vitals"} & set(house.services.tasks.names):
            await asyncio.sleep(0.01)


async def test_who_wants_other_frames_hears_none_of_it(house: House) -> None:
    async with _socket(house, "agent-map") as socket:
        await socket.send_json({"type": "subscribe", "types": ["agent_spawn"]})
        snapshot = await next_frame(socket, "snapshot")
        assert snapshot["data"]["map"] == {"agents": [], "connections": [], "layout": {}}
        async with asyncio.timeout(5):
            while "websocket vitals" in house.services.tasks.names:
                await asyncio.sleep(0.01)
        await house.spawn("told")
        assert (await next_frame(socket))["type"] == "agent_spawn"


def _of(frame: dict[str, Any], agent_id: str) -> dict[str, Any]:
    found: dict[str, Any] = frame["data"]["agents"].get(agent_id, {})
    return found


@asynccontextmanager
async def _socket(house: House, window: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with house.http.ws_connect(f"{house.url}/ws/{window}") as socket:
        await next_frame(socket, "window_open")
        yield socket
