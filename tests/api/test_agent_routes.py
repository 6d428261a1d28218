"""Agents that run here, over HTTP: made, told, watched, stopped."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from api.run_streams import Feed
from chainbot_desktop.agents.kinds.command import CommandKind
from chainbot_desktop.agents.processes.children import Children
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.agents.runtime.live import RunUpdate
from chainbot_desktop.core.tasks import Tasks
from tests.api.house import House, open_house


async def call(house: House, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    async with house.http.request(method, house.url + path, json=body, headers=headers) as response:
        return response.status, orjson.loads(await response.read())


async def refused(house: House, method: str, path: str, body: Any = None) -> tuple[int, str]:
    status, found = await call(house, method, path, body)
    return status, found["code"]


async def ended(house: House, run_id: str) -> dict[str, Any]:
    await house.runtime.wait(run_id)
    found: dict[str, Any] = await house.get(f"/api/runs/{run_id}")
    return found


ORDER = {"agent_type": "scripted", "config": {"name": "Ada", "model": "m-1"}}


@pytest.mark.parametrize("path", ["/api/agents/spawn", "/api/agents/spawn/", "/api/agents", "/api/agents/"])
async def test_an_agent_is_spawned_and_does_a_task(house: House, path: str) -> None:
    status, made = await call(house, "POST", path, ORDER)
    assert (status, made["status"]) == (201, "starting")
    agent = f"/api/agents/{made['agent_id']}"
    await house.becomes(made["agent_id"], "idle")
    begun = await house.post(f"{agent}/execute", {"task": "say hello there", "context": {"file": "a.txt"}})
    run = await ended(house, begun["run_id"])
    assert (run["state"], run["result"], run["context"], run["actor"]) == (
        "succeeded",
        "hello there",
        {"file": "a.txt"},
        "user:admin",
    )
    assert [found["id"] for found in await house.get(f"{agent}/runs/")] == [run["id"]]
    said = (await house.get(f"/api/gpt/conversation/{made['agent_id']}"))["messages"]
    assert [(message["role"], message["content"]) for message in said] == [
        ("user", "say hello there"),
        ("assistant", "hello there"),
    ]


async def test_it_is_in_the_lists_with_how_it_is(house: House) -> None:
    agent_id = await house.runs("Ada")
    await house.spawn("told")
    run = await house.runtime.execute(agent_id, "wait", actor="user:test")
    await house.becomes(agent_id, "running")
    listed = {agent["id"]: agent for agent in await house.get("/api/agents")}
    assert listed["told"]["runtime"] is None
    here = listed[agent_id]["runtime"]
    assert (here["state"], here["run_id"], here["task"], here["usage"]["cost"]) == ("running", run, "wait", 0.0)
    assert (await house.get(f"/api/agents/{agent_id}"))["runtime"]["state"] == "running"
    assert {a["id"]: a["runtime"] is None for a in (await house.get("/api/agents/map"))["agents"]} == {
        "told": True,
        agent_id: False,
    }
    # Its kind says that a model drives it, whatever else is said of it.
    assert [agent["id"] for agent in await house.get("/api/chainbot/ai-agents")] == [agent_id]
    assert [agent["id"] for agent in await house.get("/api/chainbot/alex-agents")] == ["told"]
    status = await house.get(f"/api/agents/{agent_id}/status")
    assert (status["status"], status["task"], status["agent_type"], status["pid"]) == ("running", "wait", "scripted", None)
    assert status["since"]


async def test_the_list_is_filtered_as_the_map_is(house: House) -> None:
    await house.spawn("a", agent_name="Tests", agent_type="command", status="failed", task="pytest -x")
    await house.spawn("b", agent_name="Build", agent_type="command", status="running")
    await house.spawn("c", agent_name="Coder", agent_type="assistant", status="failed")
    await house.spawn("d", agent_name="Docs", agent_type="writer", status="idle")

    async def ids(query: str) -> str:
        return "".join(sorted(agent["id"] for agent in await house.get(f"/api/agents?{query}")))

    assert await ids("state=&kind=&q=") == "abcd"
    assert await ids("state=failed") == "ac"
    assert await ids("state=failed&state=idle") == await ids("state=failed,idle") == "acd"
    assert await ids("kind=command") == "ab"
    assert await ids("kind=command&kind=writer") == "abd"
    assert await ids("q=PYTEST+tests") == "a"
    assert await ids("state=failed&kind=assistant&q=coder") == "c"
    assert await ids("state=done") == await ids("kind=nothing") == await ids("state=failed&q=docs") == ""
    assert await refused(house, "GET", "/api/agents?state=asleep") == (422, "invalid_parameter")
    assert await refused(house, "GET", "/api/agents?sate=failed") == (422, "invalid_parameter")
    assert "needs_input" in (await call(house, "GET", "/api/agents?state=asleep"))[1]["detail"]


async def test_life_over_http(house: House) -> None:
    agent_id = await house.runs("Ada")
    agent = f"/api/agents/{agent_id}"
    assert (await house.post(f"{agent}/pause", {}))["status"] == "paused"
    assert await refused(house, "POST", f"{agent}/pause") == (409, "conflict")
    assert (await house.post(f"{agent}/resume/", {}))["status"] == "idle"
    assert (await house.post(f"{agent}/stop", {}))["status"] == "stopped"
    assert await refused(house, "POST", f"{agent}/stop") == (409, "not_running")
    assert await refused(house, "POST", f"{agent}/execute", {"task": "say x"}) == (409, "not_running")
    await house.post(f"{agent}/restart", {})
    await house.becomes(agent_id, "idle")
    assert (await house.post(f"{agent}/kill", {}))["status"] == "stopped"
    await house.post(f"{agent}/restart", {})
    assert (await house.post(f"{agent}/terminate", {}))["status"] == "stopped"
    status, gone = await call(house, "DELETE", agent)
    assert (status, gone["status"]) == (200, "removed")
    assert await refused(house, "GET", f"{agent}/status") == (404, "no_such_agent")
    assert await refused(house, "DELETE", agent) == (404, "no_such_agent")


async def test_hot_swap_keeps_the_identity(house: House) -> None:
    agent_id = await house.runs("Ada", model="m-1", restart="never")
    agent = f"/api/agents/{agent_id}"
    status, found = await call(house, "PATCH", agent, {"config": {"model": "m-2"}})
    assert (status, found["config"]) == (200, {"model": "m-2", "restart": "never"})
    status, found = await call(house, "PUT", f"{agent}/config", {"name": "Bea", "config": {"model": "m-3"}})
    assert (found["name"], found["config"]["model"]) == ("Bea", "m-3")
    assert (await house.get(f"{agent}/config"))["agent_id"] == agent_id
    assert (await house.get(agent))["name"] == "Bea"
    assert await refused(house, "PATCH", agent, {"config": {"modle": "x"}}) == (422, "invalid_config")
    assert await refused(house, "PUT", agent, {"agent_type": "nothing"}) == (404, "no_such_kind")
    assert (await house.get(f"{agent}/config"))["config"]["model"] == "m-3"
    status, found = await call(house, "PATCH", agent, {"config": {"model": None}})
    assert "model" not in found["config"]


async def test_wrong_orders_are_refused_by_name(house: House) -> None:
    await house.runs("Ada")
    for body, expected in (
        ({"agent_type": "scripted"}, (422, "invalid_field")),
        ({"agent_type": "scripted", "config": {}}, (422, "invalid_name")),
        ({"agent_type": "scripted", "config": {"name": 3}}, (422, "invalid_name")),
        ({"agent_type": "scripted", "config": {"name": "x", "colour": 1}}, (422, "invalid_config")),
        ({"agent_type": "nothing", "config": {"name": "x"}}, (404, "no_such_kind")),
        ({"agent_type": "scripted", "config": {"name": "ada"}}, (409, "name_taken")),
        ({"agent_type": "scripted", "config": {"name": "x"}, "extra": 1}, (422, "invalid_field")),
    ):
        assert await refused(house, "POST", "/api/agents/spawn", body) == expected
    assert len(house.runtime.living()) == 1


async def test_a_repeated_request_does_nothing_twice(house: House) -> None:
    answers = await asyncio.gather(
        *(call(house, "POST", "/api/agents/spawn", ORDER, **{"Idempotency-Key": "once"}) for _ in range(4))
    )
    assert sorted(status for status, _ in answers) == [200, 200, 200, 201]
    assert len({made["agent_id"] for _, made in answers}) == 1
    agent = f"/api/agents/{answers[0][1]['agent_id']}"
    await house.becomes(answers[0][1]["agent_id"], "idle")
    tasks = [await call(house, "POST", f"{agent}/execute", {"task": "say x"}, **{"Idempotency-Key": "task"}) for _ in range(2)]
    assert tasks[0][1]["run_id"] == tasks[1][1]["run_id"]
    assert len(await house.get(f"{agent}/runs")) == 1
    status, found = await call(house, "POST", f"{agent}/execute", {"task": "say y"}, **{"Idempotency-Key": "task"})
    assert (status, found["code"]) == (422, "idempotency_mismatch")
    status, found = await call(house, "POST", "/api/agents/spawn", ORDER, **{"Idempotency-Key": "k" * 301})
    assert (status, found["code"]) == (422, "invalid_key")


async def test_what_others_run_is_not_obeyed_here(house: House) -> None:
    await house.spawn("told")
    for method, path, body in (
        ("POST", "/stop", None),
        ("POST", "/execute", {"task": "x"}),
        ("POST", "/message", {"text": "x"}),
        ("GET", "/status", None),
        ("GET", "/log", None),
        ("GET", "/config", None),
        ("DELETE", "", None),
        ("PUT", "", {"name": "x"}),
    ):
        assert await refused(house, method, f"/api/agents/told{path}", body) == (409, "does_not_run_here")
        assert await refused(house, method, f"/api/agents/nobody{path}", body) == (404, "no_such_agent")


async def test_messages_steer_or_begin(house: House) -> None:
    agent_id = await house.runs("Ada")
    agent = f"/api/agents/{agent_id}"
    run = (await house.post(f"{agent}/execute", {"task": "wait"}))["run_id"]
    await house.becomes(agent_id, "running")
    while (await house.get(f"{agent}/status"))["activity"] != "waiting to be released":
        await asyncio.sleep(0.01)
    told = await house.post(f"{agent}/message", {"text": "hurry up"})
    assert told["run_id"] == run
    house.scripted.workers[0].release.set()
    assert (await ended(house, run))["result"] == "released hurry up"
    begun = await house.post(f"{agent}/message", {"text": "say again"})
    assert (await ended(house, begun["run_id"]))["result"] == "again"


async def test_a_run_is_cancelled_once(house: House) -> None:
    agent_id = await house.runs("Ada")
    run = (await house.post(f"/api/agents/{agent_id}/execute", {"task": "forever"}))["run_id"]
    found = await house.post(f"/api/runs/{run}/cancel", {})
    assert (found["state"], found["reason"]) == ("cancelled", "Cancelled by admin.")
    assert await refused(house, "POST", f"/api/runs/{run}/cancel") == (409, "run_ended")
    assert await refused(house, "GET", "/api/runs/nothing") == (404, "not_found")


async def test_a_task_that_waits_gets_other_words(house: House) -> None:
    agent_id = await house.runs("Ada")
    execute = f"/api/agents/{agent_id}/execute"
    first = (await house.post(execute, {"task": "forever"}))["run_id"]
    await house.becomes(agent_id, "running")
    second = (await house.post(execute, {"task": "say old"}))["run_id"]
    status, found = await call(house, "PATCH", f"/api/runs/{second}", {"task": "say new"})
    assert (status, found["task"]) == (200, "say new")
    assert await refused(house, "PATCH", f"/api/runs/{first}", {"task": "say new"}) == (409, "task_begun")
    assert (await refused(house, "PATCH", f"/api/runs/{second}", {"task": " "}))[0] == 422
    assert (await refused(house, "PATCH", f"/api/runs/{second}", {"words": "x"}))[0] == 422
    assert await refused(house, "PATCH", "/api/runs/nothing", {"task": "say new"}) == (404, "not_found")
    await house.post(f"/api/runs/{first}/cancel", {})
    assert (await ended(house, second))["result"] == "new"


async def test_a_task_goes_over_to_another_agent(house: House) -> None:
    ada, bea = await house.runs("Ada"), await house.runs("Bea")
    first = (await house.post(f"/api/agents/{ada}/execute", {"task": "forever"}))["run_id"]
    await house.becomes(ada, "running")
    second = await house.post(f"/api/agents/{ada}/handover", {"to": bea})
    assert second["agent_id"] == bea
    assert (await ended(house, first))["state"] == "cancelled"
    assert (await house.get(f"/api/runs/{second['run_id']}"))["context"]["handed_over_run"] == first


async def test_stop_all_says_what_it_stopped(house: House) -> None:
    ada, bea = await house.runs("Ada"), await house.runs("Bea")
    await house.post(f"/api/agents/{ada}/execute", {"task": "forever"})
    report = await house.post("/api/agents/stop-all", {})
    assert {row["agent_id"]: row["name"] for row in report["stopped"]} == {ada: "Ada", bea: "Bea"}
    assert report["runs"] == 1
    assert await house.post("/api/agents/stop-all/", {}) == {"stopped": [], "runs": 0}


async def test_kinds_come_with_their_schema(house: House) -> None:
    (kind,) = await house.get("/api/agents/types")
    assert (kind["name"], kind["model_backed"]) == ("scripted", True)
    assert "fails_to_start" in kind["config_schema"]["properties"]


async def test_a_run_is_followed_as_it_happens(house: House) -> None:
    agent_id = await house.runs("Ada")
    run = (await house.post(f"/api/agents/{agent_id}/execute", {"task": "wait"}))["run_id"]
    events: list[tuple[str, Any]] = []
    async with house.http.get(f"{house.url}/api/runs/{run}/stream") as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        release = house.scripted.workers[0].release
        asyncio.get_running_loop().call_later(0.05, release.set)
        name = ""
        async for line in response.content:
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                events.append((name, orjson.loads(line[6:])))
    assert events[-1][0] == "end"
    assert (events[-1][1]["state"], events[-1][1]["result"]) == ("succeeded", "released")
    async with house.http.get(f"{house.url}/api/runs/{run}/stream/") as response:
        assert (await response.text()).startswith('event: end\ndata: {"id":')


async def test_a_follower_does_not_keep_the_program_from_stopping(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        agent_id = await house.runs("Ada")
        run = (await house.post(f"/api/agents/{agent_id}/execute", {"task": "forever"}))["run_id"]
        response = await house.http.get(f"{house.url}/api/runs/{run}/stream")
        async with asyncio.timeout(3):
            await house.server.stop()
        assert b"event: end" not in await response.content.read()
        response.close()


async def test_a_reader_that_goes_is_let_go(house: House) -> None:
    agent_id = await house.runs("Ada")
    run = (await house.post(f"/api/agents/{agent_id}/execute", {"task": "wait"}))["run_id"]
    response = await house.http.get(f"{house.url}/api/runs/{run}/stream")
    response.close()
    house.scripted.workers[0].release.set()
    assert (await ended(house, run))["state"] == "succeeded"
    assert (await house.get("/health"))["status"] == "healthy"


def test_what_waits_for_a_slow_reader_is_bounded() -> None:
    feed = Feed()
    for number in range(3000):
        feed.push(RunUpdate("r", "answer", f"{number} "))
    feed.push(RunUpdate("r", "step", "a step"))
    (kind, text), step = feed.take()
    assert (kind, text.split()[-1], step) == ("answer", "2999", ("step", "a step"))
    assert feed.dropped == 0
    for number in range(1500):
        feed.push(RunUpdate("r", "step", str(number)))
    taken = feed.take()
    assert (len(taken), taken[-1][1], feed.dropped) == (1000, "1499", 500)


async def test_numbers_of_any_length_come_back(house: House) -> None:
    long = 10**30
    agent_id = await house.runs("Ada")
    await house.post("/api/webhooks/chainbot/agent/spawned", {"agent_id": "told", "count": long})
    begun = await house.post(f"/api/agents/{agent_id}/execute", {"task": "say x", "context": {"count": long}})
    async with house.http.get(f"{house.url}/api/runs/{begun['run_id']}") as response:
        assert json.loads(await response.read())["context"] == {"count": long}
    async with house.http.get(f"{house.url}/api/agents/told") as response:
        assert json.loads(await response.read())["metadata"]["count"] == long
    async with house.http.get(f"{house.url}/api/runs/{begun['run_id']}/stream") as response:
        assert str(long) in await response.text()
    async with house.http.ws_connect(f"{house.url}/ws") as socket:
        await socket.send_str('{"type":"subscribe"}')
        while '"type":"snapshot"' not in (text := (await socket.receive_str(timeout=10)).replace(" ", "")):
            pass
        assert str(long) in text


async def test_without_agents_it_says_so(tmp_path: Path) -> None:
    async with open_house(tmp_path, agents=False) as house:
        await house.spawn("told")
        for method, path in (
            ("GET", "/api/agents/types"),
            ("POST", "/api/agents/spawn"),
            ("GET", "/api/approvals"),
            ("GET", "/api/entanglements"),
            ("POST", "/api/agents/stop-all"),
            ("POST", "/api/agents/told/stop"),
        ):
            assert await refused(house, method, path, {}) == (503, "no_runtime")
        assert [agent["id"] for agent in await house.get("/api/agents")] == ["told"]


async def test_strangers_are_kept_out(house: House) -> None:
    agent_id = await house.runs("Ada")
    async with aiohttp.ClientSession() as stranger:
        for method, path in (
            ("POST", "/api/agents/spawn"),
            ("POST", f"/api/agents/{agent_id}/stop"),
            ("GET", "/api/approvals"),
            ("POST", "/api/agents/stop-all"),
            ("GET", f"/api/agents/{agent_id}/log"),
        ):
            async with stranger.request(method, house.url + path) as response:
                assert response.status == 401
    assert (await house.get(f"/api/agents/{agent_id}/status"))["status"] == "idle"


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    file = tmp_path / "watch.py"
    file.write_text(
        "import time\nprint('ready to go', flush=True)\nfor n in range(3): print('line', n, flush=True)\ntime.sleep(600)\n"
    )
    return [sys.executable, str(file)]


async def test_a_command_runs_is_read_and_is_gone_when_stopped(tmp_path: Path, program: list[str]) -> None:
    host = ProcessHost()

    def children(limits: Any, tasks: Tasks) -> Children:
        return Children(host, tasks)

    async with open_house(tmp_path / "house", kinds=[CommandKind(None)], children=children) as house:
        order = {"agent_type": "command", "config": {"name": "Watch", "command": program, "ready": "ready to go"}}
        status, made = await call(house, "POST", "/api/agents/spawn", order)
        assert status == 201
        agent = f"/api/agents/{made['agent_id']}"
        await house.becomes(made["agent_id"], "running")
        pid = (await house.get(f"{agent}/status"))["pid"]
        assert alive(pid)
        async with asyncio.timeout(10):
            while True:
                page = await house.get(f"{agent}/log")
                if "line 2" in [line["text"] for line in page["lines"]]:
                    break
                await asyncio.sleep(0.02)
        out = [line["text"] for line in page["lines"] if line["stream"] == "out"]
        assert out == ["ready to go", "line 0", "line 1", "line 2"]
        rest = await house.get(f"{agent}/log?since={page['next'] - 1}&limit=1")
        assert [line["number"] for line in rest["lines"]] == [page["next"]]
        assert (await house.get(f"{agent}/log?since={page['next']}"))["lines"] == []
        assert await refused(house, "GET", f"{agent}/log?since=-1") == (422, "invalid_parameter")
        assert (await house.post(f"{agent}/stop", {}))["status"] == "stopped"
        assert not alive(pid)
        assert (await house.get(f"{agent}/status"))["pid"] is None
