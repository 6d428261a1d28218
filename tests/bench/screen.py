"""A webhook's way to the screen: from the client's send to the end of the frame that shows it.

The whole program with Watchtower showing, at rest (20 webhooks a second) and under 500 a second, beside a bare window whose label is
set by a bare aiohttp handler on a bare qasync loop. The yardstick of the target is two frames of 60 Hz, or the bare window where that is
worse.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import aiohttp

from tests.bench.load import PATH, webhook_body
from tests.bench.measure import Result, percentile
from tests.helpers.program import Running, control, program

TWO_FRAMES_MS = 33.3
SECONDS = 8.0
_RATES = {"at rest": 20.0, "under 500/s": 500.0}
_TARGETS = {"at rest": "<=1", "under 500/s": "<=2"}
_CONNECTIONS = 8


def run() -> list[Result]:
    results = []
    with (
        program(module="tests.bench.controls.watched_panel") as panel,
        control("bare_window_server") as bare,
    ):
        panel.show("watchtower")
        for name, rate in _RATES.items():
            ours = _latency_p95_ms(panel, rate)
            theirs = _latency_p95_ms(bare, rate)
            yardstick = max(TWO_FRAMES_MS, theirs)
            note = f"two frames, or the bare window if slower; the bare window took {theirs:.1f} ms"
            results.append(Result(f"webhook to screen {name}, p95", ours, "ms", yardstick, _TARGETS[name], note))
    return results


def _latency_p95_ms(server: Running, rate: float) -> float:
    sent = asyncio.run(_send(server, rate))
    time.sleep(1)
    frames = _frames(server)
    latencies = []
    index = 0
    for seq, at in sorted(sent.items()):
        while index < len(frames) and frames[index][1] < seq:
            index += 1
        if index == len(frames):
            raise RuntimeError(f"event {seq} was never shown; the last frame showed {frames[-1]}")
        latencies.append((frames[index][0] - at) * 1000)
    return percentile(latencies, 0.95)


def _frames(server: Running) -> list[tuple[float, int]]:
    """When each frame was painted (seconds of the system's monotonic clock), and the newest event it showed."""
    text = Path(server.data / "frames.jsonl").read_text(encoding="utf-8")
    return [(line[0], line[1]) for line in map(json.loads, text.splitlines())]


async def _send(server: Running, rate: float) -> dict[int, float]:
    sent: dict[int, float] = {}
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        begin = time.monotonic()

        async def client(number: int) -> None:
            step = 0
            while (due := begin + (step * _CONNECTIONS + number) / rate) < begin + SECONDS:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                at = time.monotonic()
                async with session.post(f"{server.url}{PATH}", data=webhook_body(f"w-{number}")) as answer:
                    sent[(await answer.json())["seq"]] = at
                step += 1

        await asyncio.gather(*(client(number) for number in range(_CONNECTIONS)))
    return sent
