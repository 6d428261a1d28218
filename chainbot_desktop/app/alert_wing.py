"""Alerts, wired: what rules look at, where they are kept, and who is told."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from re import compile as compiled

from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.app.alert_figures import MEANINGS, UNITS, HouseFigures, Question
from chainbot_desktop.app.opened_store import OpenedStore
from chainbot_desktop.app.stopping import closed_within
from chainbot_desktop.app.watch_wing import WatchWing
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.events import EVENT_CLASSES
from chainbot_desktop.core.link import LinkStatus
from chainbot_desktop.core.ports import EventQuery, Journal
from chainbot_desktop.core.resources import resource_path
from chainbot_desktop.core.settings import AlertsSettings, Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.alerts import AlertTable, NoticeTable
from chainbot_desktop.watch.alerts.clocks import Clocks
from chainbot_desktop.watch.alerts.delivery import ChannelPlan, Courier
from chainbot_desktop.watch.alerts.delivery_lane import LanePace
from chainbot_desktop.watch.alerts.delivery_quiet import QuietHours, clock_time
from chainbot_desktop.watch.alerts.desk import Desk
from chainbot_desktop.watch.alerts.engine import event_patterns
from chainbot_desktop.watch.alerts.records import AlertRule
from chainbot_desktop.watch.alerts.rule_book import RuleBook
from chainbot_desktop.watch.alerts.rule_checks import Known
from chainbot_desktop.watch.alerts.rule_desk import RuleDesk
from chainbot_desktop.watch.alerts.scopes import Figures, event_moment
from chainbot_desktop.watch.alerts.trial import PastEvents
from chainbot_desktop.watch.log_ring import LogLine, LogRing
from chainbot_desktop.watch.logs.document import LogRow
from chainbot_desktop.watch.machine import boot_time_clock
from chainbot_desktop.watch.metrics import UNITS as MACHINE_UNITS
from chainbot_desktop.watch.metrics import MetricsSampler, Sample

RULE_FILE = "alert-rules.yaml"
_MOST_PAST = 10_000


@dataclass(frozen=True, slots=True)
class AlertWing:
    desk: Desk
    figures: HouseFigures
    watch: WatchWing
    bus: EventBus
    questions: Callable[[], Awaitable[Sequence[Question]]]
    enabled: bool

    async def open(self, stack: AsyncExitStack) -> None:
        """Closed by `stack`. The journal, the agents and what watches are open."""
        await self.desk.open()
        stack.push_async_callback(closed_within, 2.0, "the alerts", self.desk.close)
        if not self.enabled:
            return
        stack.callback(self.figures.follow(self.bus, await self.questions()))
        stack.callback(self.watch.metrics.on_sample(self._on_sample))
        stack.callback(self.bus.subscribe(self.desk.feed_event).cancel)
        stack.callback(_follow_logs(self.watch.logs, self.desk.feed_logs))

    def _on_sample(self, sample: Sample) -> None:
        self.desk.feed_sample({**self.figures.read(sample.slot), **sample.values})


def make_alert_wing(
    settings: Settings,
    data_dir: Path,
    store: OpenedStore,
    watch: WatchWing,
    tasks: Tasks,
    *,
    link: Callable[[], LinkStatus],
    ledger: Ledger,
    questions: Callable[[], Awaitable[Sequence[Question]]],
) -> AlertWing:
    """Reads the rules that were shipped. `questions` are those that wait for a person now."""
    journal, database = store.journal, store.database
    figures = HouseFigures(link=link, refused=lambda: journal.refused, ledger=ledger, steady=boot_time_clock)
    plans = channel_plans(settings)
    known = Known(
        {**MACHINE_UNITS, **UNITS, **_queue_units(watch.metrics)}, tuple(EVENT_CLASSES), [plan.name for plan in plans]
    )
    book = RuleBook(resource_path("alert-rules.yaml"), data_dir / RULE_FILE)
    clocks = Clocks()
    options = settings.alerts
    courier = Courier(
        plans,
        NoticeTable(database, journal),
        journal,
        store.preferences,
        tasks,
        sender=settings.chainbot.name,
        hours=QuietHours(clock_time(options.quiet_from), clock_time(options.quiet_to)),
        critical_breaks_quiet=options.critical_breaks_quiet,
        clocks=clocks,
        pace=LanePace(gather=options.gather, give_up=options.give_up),
    )
    desk = Desk(
        AlertTable(database, journal),
        RuleDesk(book, journal, known),
        courier,
        tasks,
        past=KeptPast(watch.metrics, figures, watch.logs, journal),
        clocks=clocks,
        meanings=MEANINGS,
    )
    return AlertWing(desk, figures, watch, store.bus, questions, options.enabled)


def channel_plans(settings: Settings) -> list[ChannelPlan]:
    options: AlertsSettings = settings.alerts
    return [ChannelPlan("panel", "panel", "this screen", options.panel, "info", False, None)]


class KeptPast:
    """Implements `watch.alerts.trial.Past`."""

    def __init__(self, metrics: MetricsSampler, figures: HouseFigures, logs: LogRing, journal: Journal) -> None:
        self._metrics = metrics
        self._figures = figures
        self._logs = logs
        self._journal = journal

    def figures(self) -> Sequence[tuple[float, Figures]]:
        series = {**self._metrics.series, **self._figures.series}
        newest = self._metrics.slot
        epoch = time.time() - newest
        slots = range(max(0, newest - 3600), newest + 1)
        samples = ((slot, {name: one.at(slot) for name, one in series.items()}) for slot in slots)
        return [(epoch + slot, sample) for slot, sample in samples if any(value is not None for value in sample.values())]

    def lines(self) -> Sequence[LogRow]:
        return [row_of_line(line) for line in self._logs.since(0)]

    async def events(self, event: str) -> PastEvents:
        found = await self._journal.read(EventQuery(types=_types(event), limit=_MOST_PAST, order="desc"))
        return PastEvents(list(reversed(found)), len(found) < _MOST_PAST)

    async def age_of_last(self, rule: AlertRule) -> float | None:
        if not rule.event:
            return None
        found = await self._journal.read(EventQuery(types=_types(rule.event), limit=1, order="desc"))
        return max(0.0, time.time() - event_moment(found[0])) if found else None


def row_of_line(line: LogLine) -> LogRow:
    return LogRow(line.number, line.created, line.level, "program", line.logger, line.full_text)


def _types(event: str) -> tuple[str, ...]:
    expressions = [compiled(translate(pattern)) for pattern in event_patterns(event)]
    return tuple(name for name in EVENT_CLASSES if any(expression.match(name) for expression in expressions))


def _queue_units(metrics: MetricsSampler) -> Mapping[str, str]:
    return {name: series.unit for name, series in metrics.series.items()}


def _follow_logs(ring: LogRing, feed: Callable[[Sequence[LogRow]], None]) -> Callable[[], None]:
    read = ring.count

    def on_lines() -> None:
        nonlocal read
        lines = ring.since(read)
        if lines:
            read = lines[-1].number
            feed([row_of_line(line) for line in lines])

    return ring.subscribe(on_lines)
