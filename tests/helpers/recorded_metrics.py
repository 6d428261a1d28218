"""Figures as a small house has them: nights are quiet, agents come in bursts, the machine slept once and was throttled once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.store.metric_file import MetricFile
from chainbot_desktop.watch.metric_store import MetricStore

Values = NDArray[np.float64]


def figures(seconds: int, seed: int = 7) -> tuple[Mapping[str, Values], NDArray[np.bool_]]:
    """By name, a value a second; and the seconds in which the machine was awake."""
    random = np.random.default_rng(seed)
    at = np.arange(seconds)
    day = 0.5 - 0.5 * np.cos(2 * np.pi * at / 86_400)
    work = np.zeros(seconds)
    for begin in random.integers(0, seconds, max(2, seconds // 2400)):
        length = int(random.integers(60, 1200))
        work[begin : begin + length] += random.uniform(15, 60)
    cpu = np.clip(6 + 14 * day + work + random.normal(0, 4, seconds), 0.5, 100)
    hot = _smooth(cpu, 180)
    throttled = (hot > 72).astype(float)
    memory = np.clip(38 + 10 * day + _smooth(work, 600) * 0.3, 0, 96)
    found: dict[str, Values] = {
        "cpu": cpu,
        "memory": memory,
        "swap": np.clip(memory - 45, 0, 30) * 0.4,
        "temperature": 44 + hot * 0.38,
        "frequency": np.where(throttled > 0, 1000, np.where(cpu > 25, 2400, 1500)).astype(float),
        "throttled": throttled,
        "undervoltage": ((at % 39_000) < 240).astype(float),
        "load": hot / 25,
        "disk": 61 + at / 86_400 * 0.8,
        "disk_read": np.abs(random.normal(0, 0.3, seconds)) + (work > 30) * 2.5,
        "disk_written": np.abs(random.normal(0, 0.2, seconds)) + ((at % 60) == 0) * 3.0,
        "received": np.abs(random.normal(0, 0.05, seconds)) + (work > 0) * 0.4,
        "sent": np.abs(random.normal(0, 0.02, seconds)) + (work > 0) * 0.1,
        "wear": np.full(seconds, 20.0),
        "own_memory": 182 + 20 * day + random.normal(0, 0.2, seconds),
        "own_pss": 158 + 18 * day + random.normal(0, 0.2, seconds),
        "loop_lag": 3 + np.abs(random.normal(0, 2, seconds)) + (random.random(seconds) > 0.999) * 180,
        "events": random.poisson(0.4 + work / 20).astype(float),
        "queue:journal": random.poisson(0.1 + work / 60).astype(float),
        "queue:outbox": np.where((at % 50_000) < 3000, (at % 50_000) / 20, 0.0),
        "queue:tasks": (work > 40).astype(float) * 2,
        "database": 212 + at / 86_400 * 14,
        "tokens": np.where(work > 25, 900 + random.normal(0, 150, seconds), 0).clip(0),
        "cost": np.where(work > 25, 0.012, 0.0),
    }
    for core in range(4):
        found[f"core{core}"] = np.clip(cpu + random.normal(0, 14, seconds) + (core == 1) * 8, 0, 100)
    for number, agent in enumerate(("researcher", "coder", "night-watch")):
        lives = (at % (20_000 + 9000 * number)) < 12_000
        found[f"agent_memory:{agent}"] = np.where(lives, 90 + 60 * number + _smooth(work, 300), np.nan)
    awake = np.ones(seconds, np.bool_)
    awake[int(seconds * 0.55) : int(seconds * 0.55) + min(2700, seconds // 10)] = False
    return found, awake


async def record(path: Path, end: int, seconds: int) -> None:
    """Put `seconds` seconds that end with `end` through a real store into its file."""
    values, awake = figures(seconds)
    names = list(values)
    table = np.stack([values[name] for name in names], axis=1)
    store = MetricStore(MetricFile(path))
    await store.open()
    start = end - seconds
    for second in np.flatnonzero(awake).tolist():
        store.add(start + second, dict(zip(names, table[second].tolist(), strict=True)))
        if second % 3000 == 0:
            await store.flush()
    await store.close()


def _smooth(values: Values, over: int) -> Values:
    kernel = np.ones(over) / over
    return np.convolve(values, kernel)[: len(values)]
