"""What is kept of what happened, for trying a rule: figures of the store, events of the journal, lines of the timeline."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from fnmatch import translate
from re import compile as compiled

import numpy as np

from chainbot_desktop.app.alert_figures import HouseFigures
from chainbot_desktop.core.events import EVENT_CLASSES
from chainbot_desktop.core.ports import EventQuery, Journal
from chainbot_desktop.store.metric_rows import MINUTE, Floats, Line
from chainbot_desktop.watch.alerts.engine import event_patterns
from chainbot_desktop.watch.alerts.records import AlertRule
from chainbot_desktop.watch.alerts.scopes import event_moment
from chainbot_desktop.watch.alerts.trial import PastEvents, PastFigures, PastLines
from chainbot_desktop.watch.logs.document import LogRow
from chainbot_desktop.watch.logs.timeline import LogTimeline
from chainbot_desktop.watch.metric_store import MetricStore, MetricWindow
from chainbot_desktop.watch.metrics import MetricsSampler
from chainbot_desktop.watch.series import CAPACITY

MOST_EVENTS = 10_000
MOST_LINES = 20_000
_LINES_AT_ONCE = 500
_MOST_VALUES = 1_000_000
"""Of all figures together: some 60 MB while a rule is tried."""
_PULSE = "queue:journal"
"""Measured whenever anything is: where it is missing, nobody looked."""


class KeptPast:
    """Implements `watch.alerts.trial.Past`."""

    def __init__(
        self,
        metrics: MetricsSampler,
        store: MetricStore,
        house: HouseFigures,
        timeline: LogTimeline,
        journal: Journal,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._metrics = metrics
        self._store = store
        self._house = house
        self._timeline = timeline
        self._journal = journal
        self._wall = wall

    async def figures(self, names: Sequence[str], span: float) -> PastFigures:
        mine = [name for name in names if name in self._house.series]
        asked = sorted({*names, _PULSE}.difference(mine))
        now = self._wall()
        span = min(span, CAPACITY if len(mine) == len(names) else span, _MOST_VALUES / len(asked) * MINUTE)
        # Before anything is waited for: both are of this second.
        house = self._of_house(mine, math.floor(now))
        windows = await self._store.finest(asked, now - span, math.floor(now) + 1)
        note = (
            f"{' and '.join(mine)} {'is' if len(mine) == 1 else 'are'} kept for an hour, and not over a restart."
            if mine
            else ""
        )
        return PastFigures([_with(window, house) for window in windows], note)

    async def lines(self) -> PastLines:
        end = self._timeline.end
        found: list[LogRow] = []
        for number in range(max(self._timeline.first, end - MOST_LINES), end, _LINES_AT_ONCE):
            found += self._timeline.lines(number, min(end, number + _LINES_AT_ONCE))
            await asyncio.sleep(0)
        rows = [row for row in found if not row.continues]
        return PastLines(rows, f"Lines looked at, the newest in memory: {len(rows):,}.")

    async def events(self, event: str) -> PastEvents:
        found = await self._journal.read(EventQuery(types=_types(event), limit=MOST_EVENTS, order="desc"))
        return PastEvents(list(reversed(found)), len(found) < MOST_EVENTS)

    async def age_of_last(self, rule: AlertRule) -> float | None:
        if not rule.event:
            return None
        found = await self._journal.read(EventQuery(types=_types(rule.event), limit=1, order="desc"))
        return max(0.0, self._wall() - event_moment(found[0])) if found else None

    def _of_house(self, names: Sequence[str], second: int) -> MetricWindow:
        """The hour that ends with this second of the wall clock, which is the sampler's newest."""
        lines = {name: self._house.series[name].window(CAPACITY, self._metrics.slot) for name in names}
        first = second + 1 - CAPACITY
        return MetricWindow(first, 1, CAPACITY, {name: _of_seconds(np.array(line, np.float32)) for name, line in lines.items()})


def _with(window: MetricWindow, house: MetricWindow) -> MetricWindow:
    """With the lines of `house`, as far as they reach and seconds are looked at."""
    start, end = max(window.start, house.start), min(window.end, house.end)
    lines = dict(window.lines)
    for name, line in house.lines.items():
        values = np.full(window.steps, np.nan, np.float32)
        if window.step == 1 and start < end:
            values[start - window.start : end - window.start] = line.mean[start - house.start : end - house.start]
        lines[name] = _of_seconds(values)
    return MetricWindow(window.start, window.step, window.steps, lines)


def _of_seconds(values: Floats) -> Line:
    return Line(values, values, values, (~np.isnan(values)).astype(np.uint32))


def _types(event: str) -> tuple[str, ...]:
    expressions = [compiled(translate(pattern)) for pattern in event_patterns(event)]
    return tuple(name for name in EVENT_CLASSES if any(expression.match(name) for expression in expressions))
