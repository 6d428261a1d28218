"""The loop's lag while a map of COUNT agents is shown and RATE of them change their state every second, through journal and bus.

`python -m tests.bench.controls.map_storm COUNT RATE` prints the 99th percentile of the lag in milliseconds, idle and in the storm.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.app.qt_loop import QtLoop
from chainbot_desktop.app.running import quieten_garbage_collection
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.view import AgentMapView
from chainbot_desktop.ui.theme import ThemeSource
from tests.bench.controls.map_graph import HEIGHT, STATES, WIDTH
from tests.bench.measure import percentile
from tests.helpers.agent_events import entangled, spawned
from tests.helpers.stores import open_store

_PROBE = 0.005
_SECONDS = 6.0


async def lag_of(seconds: float) -> list[float]:
    """Milliseconds by which timers of 5 ms came late."""
    found = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        due = time.perf_counter() + _PROBE
        await asyncio.sleep(_PROBE)
        found.append((time.perf_counter() - due) * 1000)
    return found


async def measure(count: int, rate: int, folder: Path) -> tuple[float, float]:
    async with open_store(folder) as store:
        directory = AgentDirectory(store.journal, store.bus, store.snapshots)
        await directory.open()
        for first in range(0, count, 250):
            await asyncio.gather(*(store.journal.append(spawned(f"a{n}")) for n in range(first, min(count, first + 250))))
        for first in range(0, count - 1, 250):
            links = range(first, min(count - 1, first + 250))
            await asyncio.gather(*(store.journal.append(entangled(f"e{n}", f"a{n}", f"a{n + 1}")) for n in links))
        tasks = Tasks()
        view = AgentMapView(directory, ThemeSource(), tasks)
        view.resize(WIDTH, HEIGHT)
        view.show()
        view.shown_first_time()
        await asyncio.sleep(2)
        view.canvas.fit()
        quieten_garbage_collection()
        await asyncio.sleep(0.5)
        idle = await lag_of(3.0)
        storm = asyncio.create_task(_storm(store.journal.append, count, rate))
        busy = await lag_of(_SECONDS)
        sent = await storm
        if sent < rate * _SECONDS * 0.9:
            raise RuntimeError(f"only {sent / _SECONDS:.0f} changes a second could be made")
        view.hide()
        view.deleteLater()
        await tasks.cancel_all()
        await directory.close()
        return percentile(idle, 0.99), percentile(busy, 0.99)


async def _storm(append: object, count: int, rate: int) -> int:
    dice = random.Random(3)
    began, sent = time.perf_counter(), 0
    waiting: set[asyncio.Future[object]] = set()
    while (passed := time.perf_counter() - began) < _SECONDS:
        for _ in range(int(passed * rate) - sent):
            event = spawned(f"a{dice.randrange(count)}", status=dice.choice(STATES))
            future = asyncio.ensure_future(append(event))  # type: ignore[operator]
            waiting.add(future)
            future.add_done_callback(waiting.discard)
            sent += 1
        await asyncio.sleep(0.01)
    await asyncio.gather(*waiting)
    return sent


def main() -> None:
    app = QApplication([])
    loop = QtLoop(app)
    asyncio.set_event_loop(loop)
    with tempfile.TemporaryDirectory() as folder:
        idle, busy = loop.run_until_complete(measure(int(sys.argv[1]), int(sys.argv[2]), Path(folder)))
    sys.stdout.write(f"{idle:.3f} {busy:.3f}\n")
    sys.stdout.flush()
    loop.close()


if __name__ == "__main__":
    main()
