"""Vitals in a storm: 5,000 agents, 2,000 events a second, somebody who watches all of them; and what they cost at rest.

The control of an event is the least that counting can be: a subscriber of the same bus that adds one in a dict.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.processes.child import Leader
from chainbot_desktop.agents.processes.children import Children
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.agents.runtime.live import AgentUsage, LiveAgent
from chainbot_desktop.agents.vitals import AgentVitals
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.events import ExternalEventReceived, Recorded
from chainbot_desktop.core.events.webhooks import ExternalFact
from chainbot_desktop.core.tasks import Tasks
from tests.bench.measure import Result
from tests.helpers.agent_events import spawned
from tests.helpers.stores import open_store

AGENTS = 5_000
EVENTS_PER_SECOND = 2_000
SECONDS = 5
ROUNDS = 5
CHILDREN = 5
FRAME_MS = 16.7
REST_SECONDS = 10.0


class _Elsewhere:
    """All agents but a few idle processes run elsewhere."""

    def __init__(self) -> None:
        self.children: Mapping[str, Sequence[Leader]] = {}

    def live(self, agent_id: str) -> LiveAgent | None:
        return None

    def usage(self, agent_id: str) -> AgentUsage | None:
        return None

    def log(self, agent_id: str) -> AgentLog:
        raise KeyError(agent_id)

    def leaders(self) -> Mapping[str, Sequence[Leader]]:
        return self.children

    def on_change(self, listener: Callable[[str], None]) -> Callable[[], None]:
        return lambda: None

    def on_work(self, listener: Callable[[str, int], None]) -> Callable[[], None]:
        return lambda: None


def run() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> list[Result]:
    tasks, runtime = Tasks(), _Elsewhere()
    host = ProcessHost()
    children = Children(host, tasks)
    async with open_store(folder) as store:
        directory = AgentDirectory(store.journal, store.bus, store.snapshots)
        await directory.open()
        ids = [f"agent-{number}" for number in range(AGENTS)]
        store.bus.publish([Recorded(number + 1, spawned(agent_id), "", "") for number, agent_id in enumerate(ids)])
        vitals = AgentVitals(directory, store.bus, runtime, tasks)
        vitals.open()
        told: set[str] = set()
        leave = vitals.on_change(told.update)
        unwatch = vitals.watch()
        per_event = [_per_event(store.bus, ids) for _ in range(ROUNDS)]
        storm_ms = await _storm(store.bus, ids)
        assert len(told) == AGENTS, "everybody's change was told of"
        levels_ms = _levels(vitals, ids)
        await _until_empty(vitals)
        await _start_children(children, runtime, folder)
        rest = await _rest()
        unwatch()
        leave()
        await vitals.close()
        await children.stop_all(grace=0)
        await host.close()
        await directory.close()
    event, control = (median(values) for values in zip(*per_event, strict=True))
    return [
        Result("vitals: an event counted", event, "us", control, "<=3", "against a subscriber that adds one in a dict"),
        Result("vitals: a second of 2,000 events, 5,000 agents", storm_ms, "ms", FRAME_MS, "<=0.5", "of one frame"),
        Result("vitals: the lines of 5,000 agents", levels_ms, "ms", FRAME_MS, "<=0.3", "of one frame"),
        Result("vitals: a second at rest, watched", rest * 1000, "ms", 20.0, "<=1", f"of 2 % of a core; {CHILDREN} processes"),
    ]


def _event(number: int, agent_id: str) -> Recorded[Any]:
    fact = ExternalFact.model_validate({"event_type": "step", "agent_id": agent_id})
    return Recorded(AGENTS + number + 1, ExternalEventReceived(subject="step", data=fact), "", "")


def _per_event(bus: EventBus, ids: Sequence[str]) -> tuple[float, float]:
    """Microseconds of the vitals and of the control, each without the bus's own."""
    batch = [_event(number, ids[number % AGENTS]) for number in range(2 * AGENTS)]
    with_vitals = _publish(bus, batch)
    bare, counts = EventBus(), Counter[str]()

    def count(recorded: Recorded[Any]) -> None:
        counts[recorded.event.data.agent_id] += 1

    bare.subscribe(count)
    return with_vitals, _publish(bare, batch)


def _publish(bus: EventBus, batch: Sequence[Recorded[Any]]) -> float:
    begin = time.perf_counter()
    bus.publish(batch)
    return (time.perf_counter() - begin) / len(batch) * 1e6


async def _storm(bus: EventBus, ids: Sequence[str]) -> float:
    """Milliseconds of the loop's thread a second, notices and the moving of 5,000 lines included; the storm's own are taken off."""
    steps = 50
    batches = [
        [_event(number, ids[(step * 40 + number * 7) % AGENTS]) for number in range(EVENTS_PER_SECOND // steps)]
        for step in range(steps * SECONDS)
    ]
    spent = []
    for target in (bus, EventBus()):
        begin, cpu = time.monotonic(), time.thread_time()
        for step, batch in enumerate(batches):
            target.publish(batch)
            await asyncio.sleep(max(0.0, begin + (step + 1) / steps - time.monotonic()))
        spent.append((time.thread_time() - cpu) / SECONDS * 1000)
    return spent[0] - spent[1]


def _levels(vitals: AgentVitals, ids: Sequence[str]) -> float:
    times = []
    for _ in range(20):
        begin = time.perf_counter()
        assert vitals.activity_levels(ids).shape == (AGENTS, 60)
        times.append(time.perf_counter() - begin)
    return median(times) * 1000


async def _until_empty(vitals: AgentVitals) -> None:
    """At rest is when the last line has run out."""
    while vitals._activity.moving():
        await asyncio.sleep(1)


async def _start_children(children: Children, runtime: _Elsewhere, folder: Path) -> None:
    program = "import time; time.sleep(1000)"
    started = [await children.start([sys.executable, "-I", "-c", program], cwd=folder) for _ in range(CHILDREN)]
    runtime.children = {f"agent-{number}": (child.leader,) for number, child in enumerate(started)}
    await asyncio.sleep(3)


async def _rest() -> float:
    """CPU seconds a second of the whole process, its threads included."""
    begin, cpu = time.monotonic(), time.process_time()
    await asyncio.sleep(REST_SECONDS)
    return (time.process_time() - cpu) / (time.monotonic() - begin)
