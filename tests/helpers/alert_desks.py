"""A real desk of alerts on a real store, whose clocks a test sets and whose past it writes."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chainbot_desktop.core.events import EVENT_CLASSES
from chainbot_desktop.core.events.envelope import Event
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.core.resources import resource_path
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.alerts import AlertTable, NoticeTable
from chainbot_desktop.store.metric_rows import Line
from chainbot_desktop.watch.alerts.clocks import Clocks
from chainbot_desktop.watch.alerts.delivery import ChannelPlan, Courier
from chainbot_desktop.watch.alerts.delivery_lane import LanePace
from chainbot_desktop.watch.alerts.delivery_quiet import QuietHours
from chainbot_desktop.watch.alerts.desk import Desk
from chainbot_desktop.watch.alerts.records import AlertRule
from chainbot_desktop.watch.alerts.rule_book import RuleBook
from chainbot_desktop.watch.alerts.rule_checks import Known
from chainbot_desktop.watch.alerts.rule_desk import RuleDesk
from chainbot_desktop.watch.alerts.scopes import Figures
from chainbot_desktop.watch.alerts.trial import PastEvents, PastFigures, PastLines
from chainbot_desktop.watch.logs.document import LogRow
from chainbot_desktop.watch.metric_store import MetricWindow
from tests.helpers.stores import Store, open_store

FIGURES: Mapping[str, str] = {"cpu": "%", "memory": "%", "disk": "%", "loop_lag": "ms", "queue:journal": ""}
ME = "user:admin"
FAST = LanePace(gather=0.05, first=0.05, longest=0.2, give_up=60)


@dataclass
class Hands:
    """Both clocks, set by hand: a step moves them together, `jump` the wall clock alone."""

    steady_now: float = 1000.0
    wall_now: float = 1_800_000_000.0

    def step(self, seconds: float) -> None:
        self.steady_now += seconds
        self.wall_now += seconds

    def jump(self, seconds: float) -> None:
        self.wall_now += seconds

    @property
    def clocks(self) -> Clocks:
        return Clocks(lambda: self.steady_now, lambda: self.wall_now)


@dataclass
class WrittenPast:
    """What a test says was kept."""

    samples: list[tuple[float, Figures]] = field(default_factory=list)
    rows: list[LogRow] = field(default_factory=list)
    recorded: list[Any] = field(default_factory=list)
    age: float | None = None
    windows: list[MetricWindow] = field(default_factory=list)
    """What is kept of figures before `samples`."""

    async def figures(self, names: Sequence[str], span: float) -> PastFigures:
        return PastFigures([*self.windows, *seconds_of(self.samples)])

    async def lines(self) -> PastLines:
        return PastLines(self.rows, "")

    async def events(self, event: str) -> PastEvents:
        return PastEvents(self.recorded, True)

    async def age_of_last(self, rule: AlertRule) -> float | None:
        return self.age


def seconds_of(samples: Sequence[tuple[float, Figures]]) -> list[MetricWindow]:
    """A window for each second, at the whole second before each sample."""
    return [
        MetricWindow(
            math.floor(at),
            1,
            1,
            {
                name: Line(*(np.array([value], np.float32),) * 3, np.array([1], np.uint32))
                for name, value in figures.items()
                if value is not None
            },
        )
        for at, figures in samples
    ]


@dataclass
class Alarm:
    """A desk and what is around it. No task of it ticks with fake clocks but those that `tick` moves."""

    desk: Desk
    store: Store
    hands: Hands
    courier: Courier
    book: RuleBook
    past: WrittenPast

    def sample(self, seconds: int = 1, **figures: float | None) -> None:
        """The same sample so many times, a second apart."""
        for _ in range(seconds):
            self.hands.step(1)
            self.desk.feed_sample({name.replace("__", ":"): value for name, value in figures.items()})
            self.desk.tick()

    def tick(self, seconds: int) -> None:
        for _ in range(seconds):
            self.hands.step(1)
            self.desk.tick()

    async def events(self, *types: str) -> list[Event]:
        found = await self.store.journal.read(EventQuery(types=types, limit=1000))
        return [recorded.event for recorded in found]


@asynccontextmanager
async def open_alarm(
    folder: Path,
    *rules: AlertRule,
    channels: Sequence[ChannelPlan] = (),
    hands: Hands | None = None,
    shipped: bool = False,
    hours: QuietHours | None = None,
    critical_breaks_quiet: bool = True,
    pace: LanePace = FAST,
    past: WrittenPast | None = None,
    real_clocks: bool = False,
    figures: Mapping[str, str] = FIGURES,
) -> AsyncIterator[Alarm]:
    """With the rules of its file and `rules`; `shipped`: those of the program too."""
    hands = hands or Hands()
    clocks = Clocks() if real_clocks else hands.clocks
    past = past or WrittenPast()
    if shipped:
        ours = resource_path("alert-rules.yaml")
    else:
        ours = folder / "shipped.yaml"
        ours.write_text("")
    failures: list[BaseException] = []
    tasks = Tasks(lambda _name, error: failures.append(error))
    async with open_store(folder) as store:
        book = RuleBook(ours, folder / "alert-rules.yaml")
        for rule in rules:
            book.save(rule)
        courier = Courier(
            channels,
            NoticeTable(store.database, store.journal),
            store.journal,
            store.preferences,
            tasks,
            sender="chainbot",
            hours=hours or QuietHours(None, None),
            critical_breaks_quiet=critical_breaks_quiet,
            clocks=clocks,
            pace=pace,
        )
        desk = make_desk(store, book, courier, tasks, clocks, past, figures, [plan.name for plan in channels])
        await desk.open()
        try:
            yield Alarm(desk, store, hands, courier, book, past)
        finally:
            await desk.close()
            await tasks.cancel_all()
        assert failures == []


def make_desk(
    store: Store,
    book: RuleBook,
    courier: Courier,
    tasks: Tasks,
    clocks: Clocks,
    past: WrittenPast,
    figures: Mapping[str, str] = FIGURES,
    channels: Sequence[str] = (),
) -> Desk:
    rules = RuleDesk(book, store.journal, Known(figures, tuple(EVENT_CLASSES), channels))
    table = AlertTable(store.database, store.journal)
    return Desk(table, rules, courier, tasks, past=past, clocks=clocks)


@asynccontextmanager
async def open_plain_desk(store: Store, folder: Path, tasks: Tasks) -> AsyncIterator[Desk]:
    """The desk of a whole server: with the rules that are shipped, the panel as its one channel, and the clocks of the machine."""
    book = RuleBook(resource_path("alert-rules.yaml"), folder / "alert-rules.yaml")
    panel = ChannelPlan("panel", "panel", "this screen", True, "info", False, None)
    table = NoticeTable(store.database, store.journal)
    courier = Courier(
        [panel],
        table,
        store.journal,
        store.preferences,
        tasks,
        sender="chainbot",
        hours=QuietHours(None, None),
        critical_breaks_quiet=True,
        clocks=Clocks(),
        pace=FAST,
    )
    desk = make_desk(store, book, courier, tasks, Clocks(), WrittenPast(), channels=["panel"])
    await desk.open()
    events = store.bus.subscribe(desk.feed_event)
    try:
        yield desk
    finally:
        events.cancel()
        await desk.close()
