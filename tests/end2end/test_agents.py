"""Agents in the whole program: killed in the middle of ten of them and a question to a human, it tells the truth after its restart."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.helpers.model_server import Call, ModelServer, Reply, model_server
from tests.helpers.program import Running, program

_STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)
print("ready", os.environ["WHO"], flush=True)
time.sleep(1000)
"""


@contextmanager
def served(*replies: Reply) -> Iterator[ModelServer]:
    """A model provider in a thread: the program's own requests to it come from outside of this test's loop."""
    started: list[ModelServer] = []
    ready, over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with model_server() as server:
            server.say(*replies)
            started.append(server)
            ready.set()
            while not over.is_set():
                await asyncio.sleep(0.02)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield started[0]
    finally:
        over.set()
        thread.join()


def _config(folder: Path, server: ModelServer) -> Path:
    path = folder / "config.yaml"
    path.write_text(json.dumps({"models": {"servers": [{"name": "lan", "base_url": f"{server.url}/v1", "model": "fake-1"}]}}))
    return path


def _spawn(running: Running, kind: str, name: str, **config: object) -> str:
    answer = running.post("/api/agents/spawn", {"agent_type": kind, "config": {"name": name, **config}})
    agent_id: str = answer["agent_id"]
    return agent_id


def _command(running: Running, mark: str, number: int, work: Path, restart: str) -> str:
    return _spawn(
        running,
        "command",
        f"Worker {number}",
        command=[sys.executable, "-c", _STUBBORN],
        env={"WHO": f"{mark}-{number}"},
        ready="ready",
        restart=restart,
        workspace=str(work),
    )


def _marked(mark: str) -> list[psutil.Process]:
    """The living processes that carry `mark` in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(mark in value for value in process.environ().values()):
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


def test_a_kill_in_the_middle_of_ten_agents_and_a_question(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    mark = f"mark-{os.getpid()}"
    write = Call("call-1", "write_file", {"path": "answer.txt", "content": "forty-two\n"})
    with served(Reply("", calls=[write]), Reply("It is written.")) as server:
        flags = ("--config", str(_config(tmp_path, server)))
        with program("--headless", *flags, data=tmp_path / "data") as running:
            dead = [_command(running, mark, number, work, "never") for number in range(8)]
            again = _command(running, mark, 8, work, "always")
            ada = _spawn(running, "assistant", "Ada", workspace=str(work), restart="always")
            for agent_id in (*dead, again):
                running.until(f"/api/agents/{agent_id}/status", lambda status: status["state"] == "running" or status["pid"])
            run_id = running.post(f"/api/agents/{ada}/execute", {"task": "Write the answer."})["run_id"]
            [card] = running.until("/api/approvals", lambda cards: len(cards) == 1)
            running.until(f"/api/agents/{ada}/status", lambda status: status["state"] == "waiting")
            assert len(_marked(mark)) >= 18
            running.process.kill()
            running.process.wait(10)

        with program("--headless", *flags, data=tmp_path / "data") as running:
            for agent_id in dead:
                status = running.get(f"/api/agents/{agent_id}/status")
                assert (status["state"], status["pid"]) == ("failed", None)
                assert "ended without stopping it" in status["reason"]
            running.until(f"/api/agents/{again}/status", lambda status: status["pid"] is not None)
            assert {_who(process) for process in _marked(mark)} == {f"{mark}-8"}, "somebody outlived the program"
            assert not (work / "answer.txt").exists()
            [waiting] = running.until("/api/approvals", lambda cards: len(cards) == 1)
            assert (waiting["id"], waiting["detail"]) == (card["id"], card["detail"])
            running.post(f"/api/approvals/{waiting['id']}", {"decision": "approve", "nonce": waiting["nonce"]})
            run = running.until(f"/api/runs/{run_id}", lambda row: row["state"] not in ("queued", "running", "waiting"))
            assert (run["state"], run["result"]) == ("succeeded", "It is written.")
            assert (work / "answer.txt").read_text() == "forty-two\n"
            stopped = running.post("/api/agents/stop-all", {})
            assert {agent["name"] for agent in stopped["stopped"]} == {"Worker 8", "Ada"}
            assert _marked(mark) == []
            assert running.get("/api/audit/verify")["ok"] is True


def _who(process: psutil.Process) -> str:
    return process.environ()["WHO"]


def test_the_demonstration_starts_three_agents_that_work(tmp_path: Path) -> None:
    with program("--demo", "--headless", data=tmp_path / "data") as running:
        listed = running.until("/api/agents", lambda agents: len([a for a in agents if a["origin"] == "own"]) >= 3)
        ids = {agent["name"]: agent["id"] for agent in listed}
        running.until(
            f"/api/agents/{ids['Tests']}/log", lambda log: any("tests passed" in line["text"] for line in log["lines"]), 30
        )
        [orders] = running.until(f"/api/agents/{ids['Orders']}/runs", lambda runs: runs and runs[0]["ended_at"], 30)
        assert orders["state"] == "succeeded", orders["reason"]
        paid = [json.loads(line)["customer"] for line in (tmp_path / "data-demo" / "paid.jsonl").read_text().splitlines()]
        assert paid == ["Ada", "Cleo", "Dora", "Finn"]
        [helper] = running.until(f"/api/agents/{ids['Helper']}/runs", lambda runs: runs and runs[0]["ended_at"], 60)
        assert helper["state"] == "succeeded", helper["reason"]
        assert helper["result"].strip()
        shop = tmp_path / "data-demo" / "shop.py"
        shop.write_text(shop.read_text().replace("// 100", "// 99"))
        running.until(
            f"/api/agents/{ids['Tests']}/log", lambda log: any("tests FAILED" in line["text"] for line in log["lines"]), 30
        )
        running.stop(seconds=20)
        assert not [line for line in running.log_text().splitlines() if '"level": "error"' in line]
