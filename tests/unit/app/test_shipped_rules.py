"""Every shipped rule, in the house it is shipped for: it fires on what really comes when there is trouble, and is silent without."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.door import TryLimit
from chainbot_desktop.agents.kind import Limits, Usage
from chainbot_desktop.agents.runtime.budget import Ledger, LimitReached, RunBudget
from chainbot_desktop.app.alert_figures import UNITS, HouseFigures
from chainbot_desktop.app.alert_wing import AlertWing, follow_logs
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.events import (
    AgentRemoved,
    AgentStateChanged,
    ApprovalDecided,
    ApprovalRequested,
    AttentionRequired,
    RunFinished,
    WorkflowStarted,
)
from chainbot_desktop.core.events.agents import AgentName, StateFact
from chainbot_desktop.core.events.envelope import Event
from chainbot_desktop.core.events.panel import Attention
from chainbot_desktop.core.events.runs import ApprovalAnswer, ApprovalFact, RunOutcome
from chainbot_desktop.core.events.webhooks import WorkflowFact
from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.core.resources import resource_path
from chainbot_desktop.core.settings import AgentsSettings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.security.verification import verdict_event
from chainbot_desktop.store.agents import UsageTable
from chainbot_desktop.store.deliveries import DeliveryTable
from chainbot_desktop.watch.alerts.rule_book import RuleBook
from chainbot_desktop.watch.figures import FIGURES, unit_of
from chainbot_desktop.watch.log_ring import LogRing, LogRingHandler
from chainbot_desktop.watch.logs.sources.program import ProgramLog
from chainbot_desktop.watch.logs.timeline import LogTimeline
from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from chainbot_desktop.watch.machine import MachineReading
from chainbot_desktop.watch.metrics import MetricsSampler
from chainbot_desktop.watch.sensors import Throttling
from tests.helpers.alert_desks import Alarm, open_alarm
from tests.helpers.alexos import until
from tests.unit.watch.conftest import CALM

HOUSE = {**{name: unit_of(name) for name in (*FIGURES, "queue:journal")}, **UNITS}
ALEX_OS = "http://alex-os.invalid:8000"
UNDERVOLTAGE, UNDERVOLTAGE_SINCE_START = 0x1, 0x10000


@dataclass
class House:
    """What the rules look at, from where it is measured, written or said; and the clocks."""

    alarm: Alarm
    sampler: MetricsSampler
    lag: LoopLagMonitor
    figures: HouseFigures
    ledger: Ledger
    timeline: LogTimeline
    folder: Path
    link: LinkState = LinkState.REGISTERED
    waiting: float = 0.0
    unset: bool = False
    """What the kernel says of the clock."""

    def seconds(self, count: int, *, lag: float = 0.001, **measured: Any) -> None:
        """So many samples of a machine that is calm but for what was `measured`."""
        for _ in range(count):
            self.alarm.hands.step(1)
            now = self.alarm.hands.steady_now
            self.lag.record(now, lag)
            reading: MachineReading = replace(CALM, at=now, **measured)
            self.sampler.take(reading)
            self.alarm.desk.tick()

    async def happen(self, *events: Event) -> None:
        for event in events:
            await self.alarm.store.journal.append(event)

    async def said(self) -> None:
        """Everything that was logged until now has been looked at."""
        logging.getLogger("chainbot_desktop.of_a_test").info("that was all")
        lines, end = self.timeline.lines, self.timeline.end
        await until(lambda: any(row.text == "that was all" for row in lines(end, self.timeline.end)))

    async def fired(self) -> list[str]:
        """The rules that ever did."""
        return sorted({alert.rule for alert in [*self.alarm.desk.active, *await self.alarm.desk.history()] if alert.fired_at})


@asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[House]:
    async with open_alarm(folder, shipped=True, figures=HOUSE) as alarm:
        house: House
        hands, store, tasks, ring = alarm.hands, alarm.store, Tasks(), LogRing()
        steady, wall = (lambda: hands.steady_now), (lambda: hands.wall_now)
        lag = LoopLagMonitor(steady)
        ledger = Ledger(UsageTable(store.database), AgentsSettings(day_tokens=1000))
        await ledger.open()
        figures = HouseFigures(
            link=lambda: LinkStatus(state=house.link),
            refused=lambda: store.journal.refused,
            ledger=ledger,
            steady=steady,
            wall=wall,
            clock_is_unset=lambda: house.unset,
        )
        queues = {"journal": lambda: house.waiting}
        sampler = MetricsSampler(
            folder, tasks, lag, event_count=lambda: store.journal.head_seq, queues=queues, clock=steady, wall=wall
        )
        timeline = LogTimeline(tasks)
        house = House(alarm, sampler, lag, figures, ledger, timeline, folder)
        # The same way as in the program: what is opened there is open here, so its listeners are all that is left.
        watch = cast(Any, SimpleNamespace(metrics=sampler))
        wing = AlertWing(alarm.desk, figures, watch, timeline, store.bus, cast(Any, None), True)
        with ExitStack() as stack, logged_to(ring):
            program = ProgramLog(timeline.add, ring)
            stack.callback(figures.follow(store.bus, []))
            stack.callback(sampler.on_sample(wing._on_sample))
            stack.callback(store.bus.subscribe(alarm.desk.feed_event).cancel)
            stack.callback(follow_logs(timeline, alarm.desk))
            program.start()
            yield house
            program.stop()
        await timeline.close()
        await sampler.close()
        await tasks.cancel_all()


@contextmanager
def logged_to(ring: LogRing) -> Iterator[None]:
    """As `set_up_logging` has it; the loop hears of new lines."""
    ring.follow(asyncio.get_running_loop())
    logger, handler = logging.getLogger(), LogRingHandler(ring)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        ring.follow(None)


# What there is to happen.


def agent(state: Any, reason: str = "") -> Event:
    fact = StateFact(agent_id="a", agent_name="Ada", state=state, before="running", reason=reason)
    return AgentStateChanged(subject="a", data=fact)


def run(state: Any, reason: str = "") -> Event:
    return RunFinished(data=RunOutcome(run_id="r", agent_id="a", agent_name="Ada", state=state, reason=reason))


def question(name: str) -> Event:
    fact = ApprovalFact(approval_id=name, run_id="r", agent_id="a", agent_name="Ada", tool="t", title="T", detail_sha256="")
    return ApprovalRequested(data=fact)


def answer(name: str) -> Event:
    return ApprovalDecided(data=ApprovalAnswer(approval_id=name, run_id="r", agent_id="a", decision="approve"))


async def task(house: House, level: str) -> None:
    """A background task of the program ends so."""

    async def work() -> None:
        if level == "fails":
            raise RuntimeError("no such file")
        if level == "is cancelled":
            await asyncio.Event().wait()

    tasks = Tasks()
    spawned = tasks.spawn("look at the models", work())
    await asyncio.sleep(0)
    spawned.cancel()
    await asyncio.wait([spawned])
    await house.said()


async def wrong_tokens(house: House, address: str, times: int) -> None:
    limit = TryLimit()
    for _ in range(times):
        limit.count(address)
    await house.said()


async def give_up(house: House, event: Event) -> None:
    """ALEX OS refuses it for good."""
    await house.happen(event)
    table = DeliveryTable(house.alarm.store.database, house.alarm.store.journal)
    await table.derive(ALEX_OS, {event.type}, (), 10)
    (delivery,) = await table.pending(ALEX_OS, 0, 10)
    await table.give_up(ALEX_OS, delivery, 1, 422, "No such workflow.")


async def full_disk(house: House) -> None:
    store = house.alarm.store
    writer = store.journal._writer
    assert writer is not None
    connection = writer._connection

    def pages(most: int | None) -> None:
        (now,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={most or now}")

    await store.database.on_writer(lambda: pages(None))
    with pytest.raises(Unavailable, match="full"):
        for _ in range(100):
            await house.happen(WorkflowStarted(data=WorkflowFact(workflow_id="w" * 200), subject="x" * 200))
    house.seconds(1)
    await store.database.on_writer(lambda: pages(1_000_000))


async def verified(house: House, *, changed: bool) -> None:
    store = house.alarm.store
    await house.happen(*(agent("running") for _ in range(5)))
    if changed:
        with closing(sqlite3.connect(house.folder / "journal.db")) as other, other:
            other.execute("UPDATE events SET data = replace(data, 'Ada', 'Eve') WHERE seq = 3")
    await house.happen(verdict_event(await store.journal.verify(), "system:chainbot"))


async def over_budget(house: House) -> None:
    await house.ledger.note("a", Usage("m", 800, 50))
    budget = RunBudget("a", Limits(), house.ledger, None, unpaused())
    with pytest.raises(LimitReached) as refused:
        await budget.reserve(500)
    await house.happen(run("failed", str(refused.value)))


def unpaused() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


# What each rule is there for, and what is near to it and no trouble.

Happening = Callable[[House], Awaitable[None]]


def measured(*stretches: tuple[int, dict[str, Any]]) -> Happening:
    """Seconds of a machine of which this was measured."""

    async def work(house: House) -> None:
        for count, values in stretches:
            house.seconds(count, **values)

    return work


async def long_away(house: House) -> None:
    house.link = LinkState.RETRYING
    house.seconds(902)


async def away_twice(house: House) -> None:
    for state in (LinkState.RETRYING, LinkState.REGISTERED, LinkState.RETRYING):
        house.link = state
        house.seconds(850)


async def jumped(house: House) -> None:
    house.seconds(2)
    house.alarm.hands.jump(-120)
    house.seconds(1)


async def slewed_and_slept(house: House) -> None:
    for _ in range(60):
        house.alarm.hands.jump(0.5)
        house.seconds(1)
    house.alarm.hands.step(8 * 3600)
    house.seconds(60)


async def never_set(house: House) -> None:
    house.unset = True
    house.seconds(3602 + 60)  # once a minute the kernel is asked


async def set_in_time(house: House) -> None:
    house.unset = True
    house.seconds(3400)
    house.unset = False
    house.seconds(600)


async def journal_waits(house: House, *stretches: tuple[int, int]) -> None:
    for waiting, seconds in stretches:
        house.waiting = waiting
        house.seconds(seconds)


async def asked(house: House, *, answered: bool) -> None:
    await house.happen(question("one"))
    house.seconds(850)
    if answered:
        await house.happen(answer("one"), question("two"))
    house.seconds(100)


async def spent(house: House, tokens: int) -> None:
    await house.ledger.note("a", Usage("m", tokens - 10, 10))
    house.seconds(2)


async def two_with_four(house: House) -> None:
    """Nobody guesses: two people have mistyped."""
    await wrong_tokens(house, "10.0.0.9", 4)
    await wrong_tokens(house, "10.0.0.10", 4)


TROUBLE: dict[str, Happening] = {
    "cpu-busy": measured((302, {"cpu": 97.0})),
    "memory-short": measured((62, {"memory": 92.0})),
    "memory-out": measured((17, {"memory": 98.0})),
    "disk-full": measured((32, {"disk": 92.0})),
    "disk-out": measured((1, {"disk": 98.0})),
    "disk-refuses": full_disk,
    "temperature": measured((32, {"temperature": 82.0})),
    "undervoltage": measured((1, {"throttling": Throttling(UNDERVOLTAGE | UNDERVOLTAGE_SINCE_START)})),
    "clock-jumped": jumped,
    "clock-not-set": never_set,
    "loop-lag": measured((32, {"lag": 0.4})),
    "task-failed": lambda house: task(house, "fails"),
    "writes-wait": lambda house: journal_waits(house, (15_000, 12)),
    "alexos-away": long_away,
    "delivery-given-up": lambda house: give_up(house, WorkflowStarted(data=WorkflowFact(workflow_id="w"))),
    "agent-failed": lambda house: house.happen(agent("failed", "no key")),
    "agent-waits": lambda house: asked(house, answered=False),
    "budget-nearly-spent": lambda house: spent(house, 900),
    "budget-refused": over_budget,
    "login-failures": lambda house: wrong_tokens(house, "10.0.0.9", 5),
    "chain-broken": lambda house: verified(house, changed=True),
}
HEALTHY: dict[str, Happening] = {
    "cpu-busy": measured((295, {"cpu": 99.0}), (2, {"cpu": 50.0}), (295, {"cpu": 99.0}), (400, {"cpu": 94.0})),
    "memory-short": measured((55, {"memory": 92.0}), (1, {"memory": 60.0}), (55, {"memory": 92.0}), (200, {"memory": 89.0})),
    "memory-out": measured((13, {"memory": 98.0}), (1, {"memory": 60.0}), (13, {"memory": 98.0})),
    "disk-full": measured((25, {"disk": 92.0}), (200, {"disk": 89.0})),
    "disk-out": measured((25, {"disk": 96.5})),
    "disk-refuses": lambda house: house.happen(agent("running")),
    "temperature": measured((25, {"temperature": 84.0}), (200, {"temperature": 79.0})),
    "undervoltage": measured((60, {"throttling": Throttling(UNDERVOLTAGE_SINCE_START)})),
    "clock-jumped": slewed_and_slept,
    "clock-not-set": set_in_time,
    "loop-lag": measured((25, {"lag": 0.4}), (2, {}), (25, {"lag": 0.4}), (100, {"lag": 0.1})),
    "task-failed": lambda house: task(house, "is cancelled"),
    "writes-wait": lambda house: journal_waits(house, (15_000, 8), (0, 1), (9_000, 60)),
    "alexos-away": away_twice,
    "delivery-given-up": lambda house: give_up(house, AttentionRequired(data=Attention(reason="x"))),
    "agent-failed": lambda house: house.happen(*map(agent, ("starting", "idle", "running", "waiting", "stopping", "stopped"))),
    "agent-waits": lambda house: asked(house, answered=True),
    "budget-nearly-spent": lambda house: spent(house, 890),
    "budget-refused": lambda house: house.happen(run("succeeded"), run("failed", "It took longer than 60 s.")),
    "login-failures": two_with_four,
    "chain-broken": lambda house: verified(house, changed=False),
}


def test_each_shipped_rule_is_tried_here(tmp_path: Path) -> None:
    shipped = {booked.rule.name for booked in RuleBook(resource_path("alert-rules.yaml"), tmp_path / "own.yaml").rules}
    assert len(shipped) == 21
    assert TROUBLE.keys() == HEALTHY.keys() == shipped


@pytest.mark.parametrize("rule", TROUBLE)
async def test_trouble_fires_its_rule_and_no_other(tmp_path: Path, rule: str) -> None:
    async with open_house(tmp_path) as house:
        house.seconds(5)
        await TROUBLE[rule](house)
        house.alarm.tick(1)
        assert await house.fired() == [rule]


@pytest.mark.parametrize("rule", HEALTHY)
async def test_what_is_healthy_fires_nothing(tmp_path: Path, rule: str) -> None:
    async with open_house(tmp_path) as house:
        house.seconds(5)
        await HEALTHY[rule](house)
        house.alarm.tick(1)
        assert await house.fired() == []


async def test_an_agent_that_is_gone_or_works_again_has_not_failed_any_more(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.happen(agent("failed"), agent("running"))
        assert house.alarm.desk.active == ()
        await house.happen(agent("failed"), AgentRemoved(data=AgentName(agent_id="a", agent_name="Ada")))
        assert house.alarm.desk.active == ()
        assert await house.fired() == ["agent-failed"]
