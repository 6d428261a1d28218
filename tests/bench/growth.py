"""Appending and reading a range in a journal of ten thousand and of one million events."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from pathlib import Path
from statistics import median

from chainbot_desktop.core.events import WorkflowStarted
from chainbot_desktop.core.ports import EventQuery
from tests.bench.measure import Result
from tests.helpers.stores import Store, open_store

SMALL = 10_000
LARGE = 1_000_000
_WRITERS = 256
_APPENDS = 4_000
_READS = 200
_RANGE = 100
ROUNDS = 5


def run() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        small, large = asyncio.run(_measure(Path(folder)))
    return [
        Result("append at 1,000,000 events", large[0], "us", small[0], "<=1.5"),
        Result("read 100 events at 1,000,000", large[1], "us", small[1], "<=1.5"),
    ]


async def _measure(folder: Path) -> tuple[tuple[float, float], tuple[float, float]]:
    async with open_store(folder / "small") as small, open_store(folder / "large") as large:
        await _fill(small, SMALL)
        await _fill(large, LARGE)
        await _settle(small)
        await _settle(large)
        found: dict[str, list[tuple[float, float]]] = {"small": [], "large": []}
        for _ in range(ROUNDS):
            for name, store in (("small", small), ("large", large)):
                gc.collect()
                found[name].append((await _append_time(store), await _read_time(store)))
    return _middle(found["small"]), _middle(found["large"])


def _middle(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


async def _fill(store: Store, count: int) -> None:
    async def writer(number: int) -> None:
        for _ in range(count // _WRITERS):
            await store.journal.append(_event(number))

    await asyncio.gather(*(writer(number) for number in range(_WRITERS)))


async def _settle(store: Store) -> None:
    """Let the full-text index catch up, as it does in a quiet hour."""
    await store.journal.read(EventQuery(text="settle", limit=1))


async def _append_time(store: Store) -> float:
    begin = time.perf_counter()
    await _fill(store, _APPENDS)
    return (time.perf_counter() - begin) / (_APPENDS // _WRITERS * _WRITERS) * 1e6


async def _read_time(store: Store) -> float:
    head = store.journal.head_seq
    begin = time.perf_counter()
    for number in range(_READS):
        found = await store.journal.read(EventQuery(since=(number * 7919) % (head - _RANGE), limit=_RANGE))
        assert len(found) == _RANGE
    return (time.perf_counter() - begin) / _READS * 1e6


def _event(number: int) -> WorkflowStarted:
    return WorkflowStarted.model_validate(
        {"subject": f"w-{number}", "data": {"workflow_id": f"w-{number}", "note": "x" * 150, "status": "started"}}
    )
