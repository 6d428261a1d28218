"""A ChatGPT export of 200 MB is imported: how long, how much memory, and what the loop and the journal notice of it.

The control is `json.load` of the same file in a process of its own: what any program needs that does not stream.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chainbot_desktop.core.events import AttentionRequired
from chainbot_desktop.core.events.panel import Attention
from tests.bench.measure import Result, percentile
from tests.helpers.chatgpt_exports import generated, write_json
from tests.helpers.imports import open_importing

_BYTES = 200 * 1024**2
_BEATS = 500
_CHILD = """
import json, resource, sys, time
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begun = time.perf_counter()
with open(sys.argv[1], "rb") as file:
    loaded = json.load(file)
seconds = time.perf_counter() - begun
print(json.dumps({"seconds": seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before}))
"""


def run() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="chat-import-") as folder:
        path = Path(folder) / "conversations.json"
        count = write_json(path, generated(10**9), until=_BYTES)
        control = _child([sys.executable, "-c", _CHILD, str(path)])
        ours = _child([sys.executable, "-m", "tests.bench.chat_import", folder, str(path)])
        note = f"{count} conversations, {ours['messages']:,.0f} messages in {ours['seconds']:.1f} s"
        lag = f"the control is the idle loop; journal appends: p50 {ours['append_p50']:.1f} ms, p99 {ours['append_p99']:.1f} ms"
        return [
            Result("chat_import.memory", ours["memory"] / 1024, "MB", control["memory"] / 1024, "<=0.1", note),
            Result("chat_import.seconds", ours["seconds"], "s", control["seconds"], "<=40", "json.load keeps nothing"),
            # Two frames, or what the idle loop has, if that is worse.
            Result("chat_import.lag_p99", ours["lag_p99"], "ms", max(33.3, ours["idle_p99"]), "<=1", lag),
        ]


def _child(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


async def _import(folder: Path, path: Path) -> dict[str, float]:
    import resource

    async with open_importing(folder / "data") as importing:
        idle = [await _beat() for _ in range(_BEATS)]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter()
        await importing.service.start(path)
        late: list[float] = []
        appends: list[float] = []
        while importing.service.is_running:
            late.append(await _beat())
            if len(late) % 10 == 0:
                sent = time.perf_counter()
                await importing.store.journal.append(AttentionRequired(data=Attention(reason="measured")))
                appends.append((time.perf_counter() - sent) * 1000)
        progress = await importing.service.wait()
        assert progress.state == "done", progress.problem
        return {
            "seconds": time.perf_counter() - begun,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before,
            "messages": progress.counts.messages,
            "lag_p99": percentile(late, 0.99),
            "idle_p99": percentile(idle, 0.99),
            "append_p50": percentile(appends, 0.5),
            "append_p99": percentile(appends, 0.99),
        }


async def _beat() -> float:
    """Milliseconds by which a timer of 5 ms is late."""
    begun = time.perf_counter()
    await asyncio.sleep(0.005)
    return (time.perf_counter() - begun - 0.005) * 1000


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_import(Path(sys.argv[1]), Path(sys.argv[2])))))
