"""Ten agents that stream at once, and what an assistant costs while it does nothing.

The whole program, offscreen, with Chat showing; the provider is a process of its own that speaks OpenAI's protocol at 50 tokens a
second. The lag of the idle program in the same run is the control.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.bench.measure import Result, percentile
from tests.helpers.program import Running, program

AGENTS = 10
RATE = 50.0
SECONDS = 15.0
IDLE_AGENTS = 80
TWO_FRAMES_MS = 33.3
FRAME_MS = 16.7


def run() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder, _provider() as url:
        config = Path(folder) / "config.yaml"
        servers = [{"name": "fake", "base_url": f"{url}/v1", "model": "fake-1"}]
        config.write_text(json.dumps({"models": {"servers": servers}, "agents": {"max_agents": 100}}))
        with program("--config", str(config), module="tests.bench.controls.measured_panel") as panel:
            return [*_lag(panel), _memory(panel)]


def _lag(panel: Running) -> list[Result]:
    agents = [_spawn(panel, number) for number in range(AGENTS)]
    _finish(panel, agents, "Say a word.")  # the framework is imported now, and does not count
    panel.show("chat")
    time.sleep(3)
    idle = _lag_p99_ms(panel, lambda: time.sleep(SECONDS))
    busy = _lag_p99_ms(panel, lambda: _finish(panel, agents, "Say many words."))
    return [
        Result("loop lag, ten agents streaming, p99", busy, "ms", max(TWO_FRAMES_MS, idle), "<=1", "of two frames"),
        Result("the same against the idle program", busy, "ms", 1.3 * idle + FRAME_MS, "<=1", "1.3 times idle and a frame"),
    ]


def _memory(panel: Running) -> Result:
    """Of agents beyond those that ran: what the framework takes once is not theirs."""
    process = psutil.Process(panel.process.pid)
    time.sleep(2)
    before = process.memory_full_info().uss
    for number in range(IDLE_AGENTS):
        _spawn(panel, AGENTS + number)
    time.sleep(2)
    each = (process.memory_full_info().uss - before) / IDLE_AGENTS / 1e6
    return Result("memory of an idle assistant", each, "MB", 1.0, "<=1", "of 1 MB")


def _spawn(panel: Running, number: int) -> str:
    answer = panel.post(
        "/api/agents/spawn", {"agent_type": "assistant", "config": {"name": f"Bench {number}", "restart": "never"}}
    )
    agent_id: str = answer["agent_id"]
    panel.until(f"/api/agents/{agent_id}/status", lambda status: status["state"] == "idle")
    return agent_id


def _finish(panel: Running, agents: list[str], task: str) -> None:
    """Give all of them the task at once and wait until all have done it."""
    runs = [panel.post(f"/api/agents/{agent_id}/execute", {"task": task})["run_id"] for agent_id in agents]
    for run_id in runs:
        end = time.monotonic() + 120
        while (row := panel.get(f"/api/runs/{run_id}"))["ended_at"] is None:
            if time.monotonic() > end:
                raise TimeoutError(f"{row} has not ended")
            time.sleep(0.5)  # not often: this is no load of agents
        if row["state"] != "succeeded":
            raise RuntimeError(f"a run failed: {row['reason']}")


def _lag_p99_ms(panel: Running, work: object) -> float:
    begin = time.monotonic()
    assert callable(work)
    work()
    end = time.monotonic()
    lines = (panel.data / "lags.jsonl").read_text(encoding="utf-8").splitlines()
    beats = [json.loads(line) for line in lines[:-1]]
    lags = [lag for at, lag in beats if begin <= at <= end]
    return percentile(lags, 0.99) * 1000


@contextmanager
def _provider() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.helpers.model_server", f"--tokens={int(RATE * SECONDS)}", f"--rate={RATE}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
