"""Reads what the charts show from the store, a little more than is seen, one question at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.watchtower.metric_axis import TimeAxis
from chainbot_desktop.ui.watchtower.metric_chart import Trace
from chainbot_desktop.ui.watchtower.metric_plans import FAMILY_TOKENS, MOST_MEMBERS, ChartPlan, TracePlan
from chainbot_desktop.watch.figures import family_of
from chainbot_desktop.watch.metric_store import SPANS, MetricStore, MetricWindow

_LEAST = 4000
"""Values of a figure that are welcome however narrow the charts are: an hour is shown by the second."""
_BESIDE = 0.5
"""How much of the span is read beside it: a pan shows it at once."""
_REFRESH = {1: 1.0, 60: 10.0, 3600: 60.0}
"""Seconds of the axis after which a window that follows the present is read again."""


class MetricReading:
    """`show` is called when `window` is another one. Without a store there is nothing to show."""

    def __init__(self, store: MetricStore | None, tasks: Tasks, show: Callable[[], None]) -> None:
        self._store = store
        self._tasks = tasks
        self._show = show
        self._wanted: tuple[float, float, int] | None = None
        self._has = (0.0, 0.0, 0)
        self._busy = False
        self.window = MetricWindow(0, 1, 0, {})

    def want(self, axis: TimeAxis, width: int) -> None:
        """Read what the axis shows, unless that is here already."""
        if self._store is None:
            return
        step = self._store.step_for(axis.start, axis.end, max(_LEAST, 2 * width))
        start, end, has_step = self._has
        fresh = axis.end <= end + 0.01 or (axis.end - end < _REFRESH[step] and axis.following)
        if step == has_step and axis.start >= start and fresh:
            self._show()
            return
        self._wanted = (axis.start - _BESIDE * axis.span, axis.end, step)
        if not self._busy:
            self._busy = True
            self._tasks.spawn("read the metrics", self._read())

    async def _read(self) -> None:
        assert self._store is not None
        try:
            while self._wanted is not None:
                (start, end, step), self._wanted = self._wanted, None
                start = max(0.0, start, end - SPANS[3600] - step)
                self.window = await self._store.query(None, start, end, step)
                self._has = (start, end, step)
                self._show()
        finally:
            self._busy = False

    def traces(self, plan: ChartPlan, agent_name: Callable[[str], str]) -> Sequence[Trace]:
        """The figures of a chart that were measured, those of a family the largest first."""
        return [trace for part in plan.traces for trace in self._of(part, agent_name)]

    def _of(self, part: TracePlan, agent_name: Callable[[str], str]) -> Iterator[Trace]:
        if not part.name.endswith("*"):
            if self._measured(part.name):
                yield Trace(part.name, part.label, part.token, part.thin)
            return
        head = part.name[:-1]
        members = [name for name in self.window.lines if name.startswith(head) and family_of(name) and self._measured(name)]
        if part.thin:
            members.sort(key=lambda name: (len(name), name))
            yield from (Trace(name, part.label, part.token, thin=True) for name in members)
            return
        members = sorted(sorted(members, key=self._size, reverse=True)[:MOST_MEMBERS])
        for number, name in enumerate(members):
            member = name.partition(":")[2]
            label = agent_name(member) if head.startswith("agent") else member
            yield Trace(name, label, FAMILY_TOKENS[number % len(FAMILY_TOKENS)])

    def _measured(self, name: str) -> bool:
        line = self.window.lines.get(name)
        return line is not None and bool(line.count.any())

    def _size(self, name: str) -> float:
        return float(np.nanmax(self.window.lines[name].high))
