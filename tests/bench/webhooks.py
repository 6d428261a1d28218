"""Durable webhooks: the whole program offscreen with Watchtower showing, against a bare handler on a bare qasync loop.

Program and control take turns on a machine that does nothing else; the figures are the medians of the turns. A second control, the
same bare handler on the program's own loop, shows how much of the result is the loop and how much the path of an event.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from statistics import median

from tests.bench.measure import Result
from tests.helpers.program import Running, control, program

ROUNDS = 3
SECONDS = 4.0
LEVELS = {32: 0.6, 256: 0.8}
"""Connections, and the share of the control's throughput to be reached."""


def run() -> list[Result]:
    found: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    with program() as panel, control("bare_server", "qasync") as bare, control("bare_server", "ours") as bare_on_ours:
        panel.show("watchtower")
        for _ in range(ROUNDS):
            for connections in LEVELS:
                for name, server in (("bare", bare), ("program", panel), ("bare on our loop", bare_on_ours)):
                    for figure, value in _load(server, connections).items():
                        found[name, connections, figure].append(value)
    results = []
    for connections, share in LEVELS.items():
        middle = {(name, figure): median(values) for (name, level, figure), values in found.items() if level == connections}
        own_loop = middle["bare on our loop", "throughput"]
        results += [
            Result(
                f"webhooks at {connections} connections",
                middle["program", "throughput"],
                "1/s",
                middle["bare", "throughput"],
                f">={share}",
                f"the bare handler on the program's own loop: {own_loop:.0f}/s",
            ),
            Result(
                f"webhooks at {connections} connections, p99",
                middle["program", "p99_ms"],
                "ms",
                middle["bare", "p99_ms"],
                "<=3",
            ),
        ]
    return results


def _load(server: Running, connections: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.load", str(server.port), str(connections), str(SECONDS), server.token]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS + 60)
    if done.returncode:
        raise RuntimeError(f"{done.stderr[-2000:]}\n{server.log.read_text(encoding='utf-8')[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
