"""Verifying a million chained events, beside hashing the same bytes alone: in one thread, out of memory, nothing else."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

from chainbot_desktop.core.events import Event, RunFinished, ToolCallJudged
from chainbot_desktop.core.events.envelope import GENESIS_HASH
from chainbot_desktop.core.events.runs import RunOutcome, ToolVerdict
from chainbot_desktop.core.ids import new_id
from chainbot_desktop.store.chain import _worth, verify_chain
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.event_rows import COLUMNS, row_of_event
from tests.bench.measure import Result

EVENTS = 1_000_000
ROUNDS = 3
_IN_MEMORY = 50_000
_FEW = 40_000


def run() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "few.db", Path(folder) / "many.db"
        for path, count in ((few, _FEW), (many, EVENTS)):
            asyncio.run(_make(path))
            _fill(path, count)
        _verified(few, _FEW)
        before = _peak()
        _verified(many, EVENTS)  # warm as well: what the disk takes is another question
        grown = max(1.0, _peak() - before)
        pairs = [(_hashing(many), _verified(many, EVENTS)) for _ in range(ROUNDS)]
    control, value = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    return [
        Result("verify 1,000,000 events", value, "s", control, "<=1.5"),
        Result("memory beyond that for 40,000", grown, "MB", 50.0, "<=1", "the control is a bound, not a measurement"),
    ]


def _verified(path: Path, count: int) -> float:
    begin = time.perf_counter()
    report = verify_chain(path)
    took = time.perf_counter() - begin
    assert report is not None
    assert (report.ok, report.checked) == (True, count)
    return took


def _hashing(path: Path) -> float:
    """The time of hashing alone, over stretches that were brought into memory before."""
    took = 0.0
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT prev_hash, envelope FROM journal ORDER BY seq")
        while part := rows.fetchmany(_IN_MEMORY):
            envelopes = [prev_hash.encode() + envelope.encode() for prev_hash, envelope in part]
            begin = time.perf_counter()
            for envelope in envelopes:
                sha256(envelope).hexdigest()
            took += time.perf_counter() - begin
    return took


def _peak() -> float:
    """Of this process, and of as many of the largest of its children as verify at once."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _worth(EVENTS)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + children) / 1024


async def _make(path: Path) -> None:
    database = Database(path)
    await database.open()
    await database.close()


def _fill(path: Path, count: int) -> None:
    """As the journal writes them, without its bookkeeping."""
    marks = ",".join("?" * len(COLUMNS))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(f"INSERT INTO journal ({','.join(COLUMNS)}) VALUES ({marks})", _rows(count))


def _rows(count: int) -> Iterator[tuple[Any, ...]]:
    kinds, previous = [*_kinds()], GENESIS_HASH
    for seq in range(1, count + 1):
        event = kinds[seq % len(kinds)].model_copy(update={"id": new_id()})
        row = row_of_event(seq, event, previous)
        yield row
        previous = row[-1]


def _kinds() -> Iterator[Event]:
    for number in range(500):
        fact = {"run_id": new_id(), "agent_id": new_id()}
        done = RunOutcome(
            agent_name="Researcher", state="succeeded", input_tokens=number, output_tokens=20, seconds=1.5, **fact
        )
        judged = ToolVerdict(tool="read_file", target=f"src/part {number}.py", verdict="allowed", rule="workspace", **fact)
        yield RunFinished(subject=fact["agent_id"], actor=f"agent:{fact['agent_id']}", data=done)
        yield ToolCallJudged(subject=fact["agent_id"], actor=f"agent:{fact['agent_id']}", data=judged)
