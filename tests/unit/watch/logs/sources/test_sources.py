"""The sources beside the system journal: what they say reaches the timeline, once, and only while they are on."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from chainbot_desktop.agents.logs import AgentLine, AgentLog
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.events import AlexOsEventReceived
from chainbot_desktop.core.events.alexos import ReceivedEvent
from chainbot_desktop.core.events.envelope import Severity
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.log_ring import LogRing, LogRingHandler
from chainbot_desktop.watch.logs.records import LogRecord, Source
from chainbot_desktop.watch.logs.sources.agents import AgentOutput
from chainbot_desktop.watch.logs.sources.alexos import AlexOsEvents
from chainbot_desktop.watch.logs.sources.http_access import HttpAccess
from chainbot_desktop.watch.logs.sources.program import ProgramLog
from chainbot_desktop.watch.logs.sources.source import Trouble
from chainbot_desktop.watch.logs.sources.switches import LogSources
from chainbot_desktop.watch.logs.timeline import LogTimeline
from tests.helpers.processes import until
from tests.helpers.stores import open_store


class Heard(list[LogRecord]):
    def __call__(self, records: Iterable[LogRecord]) -> None:
        self.extend(records)

    @property
    def texts(self) -> list[str]:
        return [record.text for record in self]


class Asked:
    """A timeline that asks when the test wants it to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], Iterable[LogRecord]]] = []

    def __call__(self, source: Callable[[], Iterable[LogRecord]]) -> None:
        self.waiting.append(source)

    def records(self) -> list[LogRecord]:
        waiting, self.waiting = self.waiting, []
        return [record for source in waiting for record in source()]


@pytest.fixture
def logger() -> Iterator[tuple[logging.Logger, LogRing]]:
    ring = LogRing()
    handler = LogRingHandler(ring)
    log = logging.getLogger("tests.timeline")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    yield log, ring
    log.removeHandler(handler)
    log.propagate = True


async def test_the_program_is_heard_from_its_first_record_on(logger: tuple[logging.Logger, LogRing]) -> None:
    log, ring = logger
    ring.follow(asyncio.get_running_loop())
    log.warning("before anybody listened")
    heard = Heard()
    source = ProgramLog(heard, ring)
    source.start()
    try:
        raise KeyError("x")  # noqa: TRY301
    except KeyError:
        log.exception("with a traceback")
    await until(lambda: len(heard) == 2)
    assert heard[0].text == "before anybody listened"
    assert (heard[0].level, heard[0].source, heard[0].name) == (logging.WARNING, "program", "tests.timeline")
    assert heard[1].text.startswith("with a traceback\nTraceback")
    source.stop()
    log.info("not heard")
    source.start()
    log.info("heard again")
    await until(lambda: len(heard) == 3)
    assert heard[2].text == "heard again"
    ring.follow(None)


async def test_a_storm_from_many_threads_is_kept_whole(logger: tuple[logging.Logger, LogRing]) -> None:
    log, ring = logger
    ring.follow(asyncio.get_running_loop())
    tasks = Tasks()
    timeline = LogTimeline(tasks)
    source = ProgramLog(timeline.add, ring)
    source.start()

    def storm(thread: int) -> None:
        for number in range(2_000):
            log.info("thread %d says %d", thread, number)

    await asyncio.gather(*(asyncio.to_thread(storm, thread) for thread in range(8)))
    await until(lambda: timeline.end == 16_000, 60)
    said = [row.text for row in timeline.lines(0, 16_000)]
    for thread in range(8):
        assert [text for text in said if text.startswith(f"thread {thread} ")] == [
            f"thread {thread} says {n}" for n in range(2_000)
        ]
    source.stop()
    ring.follow(None)
    await timeline.close()
    await tasks.cancel_all()


async def test_what_the_ring_dropped_before_it_was_taken_is_counted() -> None:
    ring = LogRing(capacity=10)
    ring.follow(asyncio.get_running_loop())
    heard = Heard()
    source = ProgramLog(heard, ring)
    source.start()
    for number in range(25):
        ring.add(created=1.0, level=20, logger="x", text=str(number))
    await until(lambda: len(heard) == 11)
    assert heard.texts[0] == "15 records left out: they came faster than they could be taken over."
    assert heard.texts[1:] == [str(number) for number in range(15, 25)]
    ring.follow(None)


class Agents:
    """Agents' logs as the runtime has them."""

    def __init__(self, kept: int = 100) -> None:
        self.kept = kept
        self.logs: dict[str, AgentLog] = {}
        self.listeners: list[Callable[[str], None]] = []

    def say(self, agent_id: str, text: str, *, error: bool = False) -> None:
        self.logs.setdefault(agent_id, AgentLog(self.kept)).add("err" if error else "out", text)
        for listener in self.listeners:
            listener(agent_id)

    def ids(self) -> Iterable[str]:
        return list(self.logs)

    def name(self, agent_id: str) -> str:
        return agent_id.title()

    def since(self, agent_id: str, number: int) -> tuple[Sequence[AgentLine], int]:
        return self.logs[agent_id].since(number) if agent_id in self.logs else ((), 0)

    def last(self, agent_id: str) -> int:
        return self.logs[agent_id].last_number if agent_id in self.logs else 0

    def on_lines(self, listener: Callable[[str], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


async def test_agents_are_heard_line_by_line_and_only_while_that_is_on() -> None:
    agents, heard = Agents(), Heard()
    agents.say("ann", "before")
    source = AgentOutput(heard, agents)
    source.start()
    agents.say("ann", "one\ntwo", error=True)
    agents.say("bob", "\x1b[31mred")
    await until(lambda: len(heard) == 4)
    assert [(r.name, r.text) for r in heard] == [("Ann", "before"), ("Ann", "one"), ("Ann", "two"), ("Bob", "\x1b[31mred")]
    assert {r.source for r in heard} == {"agent"}
    assert all(abs(r.time - heard[0].time) < 60 for r in heard)
    source.stop()
    agents.say("ann", "not heard")
    source.start()
    agents.say("ann", "heard again")
    await until(lambda: len(heard) == 5)
    assert heard[4].text == "heard again"
    source.stop()


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("2026-11-30 12:00:00 ERROR it broke", 40),
        ("ERROR:root:it broke", 40),
        ("\x1b[31mWARNING\x1b[0m careful", 30),
        ("[info] hello", 20),
        ("level is CRITICAL", 50),
        ("no error here", 0),
        ("TERROR is a film, INFORMATION is a word", 0),
        ("MY_ERROR_CODE", 0),
        ("xWARN but DEBUG", 10),
        ("x" * 300 + " ERROR", 0),
    ],
)
async def test_a_line_of_a_process_has_the_level_that_it_names(text: str, level: int) -> None:
    agents, heard = Agents(), Heard()
    agents.say("ann", text, error=True)
    source = AgentOutput(heard, agents)
    source.start()
    assert [record.level for record in heard] == [level]
    source.stop()


async def test_lines_of_an_agent_that_came_too_fast_are_counted_and_one_that_is_gone_does_no_harm() -> None:
    agents, heard = Agents(kept=5), Heard()
    source = AgentOutput(heard, agents)
    source.start()
    for number in range(12):
        agents.say("ann", str(number))
    agents.say("bob", "gone in a moment")
    del agents.logs["bob"]
    await until(lambda: len(heard) == 6)
    assert heard.texts == ["7 lines left out: they came faster than they could be taken over.", "7", "8", "9", "10", "11"]
    source.stop()


async def test_alex_os_is_heard_with_its_own_times(tmp_path: Path) -> None:
    heard = Heard()
    async with open_store(tmp_path) as store:
        source = AlexOsEvents(heard, store.bus)
        source.start()
        for stamp, payload in (
            ("2027-01-15T08:00:00Z", {"source": "planner", "n": 1}),
            ("yesterday", {}),
            ("", {"agent_name": "x"}),
        ):
            data = ReceivedEvent(event_type="task_done", timestamp=stamp, payload=payload)
            recorded = await store.journal.append(AlexOsEventReceived(data=data, severity=Severity.ERROR))
        source.stop()
        await store.journal.append(AlexOsEventReceived(data=ReceivedEvent(event_type="not heard")))
    assert [(r.name, r.text) for r in heard] == [
        ("planner", 'task_done {"n":1,"source":"planner"}'), ("alexos", "task_done {}"), ("x", 'task_done {"agent_name":"x"}')
    ]  # fmt: skip
    assert heard[0].time == 1_800_000_000
    assert heard[0].level == logging.ERROR
    assert recorded.event.time.startswith(("202", "203"))
    assert abs(heard[1].time - heard[2].time) < 60


@pytest.mark.parametrize(
    ("route", "status", "level"),
    [("/api/x", 200, 20), ("/api/x", 404, 30), ("/api/x", 503, 40), ("/health", 200, 10), ("/health", 503, 40)],
)
def test_requests_have_the_level_of_what_became_of_them(route: str, status: int, level: int) -> None:
    asked = Asked()
    access = HttpAccess(asked)
    access.answered("GET", route, status, 0.0123, 5)
    access.start()
    access.answered("GET", route, status, 0.0123, 5)
    access.answered("GET", route, status, 0.0123, None)
    records = asked.records()
    assert [record.text for record in records] == [f"GET {route} {status} 12.3 ms 5 B", f"GET {route} {status} 12.3 ms"]
    assert {(r.level, r.name, r.source) for r in records} == {(level, route, "http")}


async def test_requests_are_in_the_timeline_in_order_with_the_time_of_their_answers() -> None:
    timeline = LogTimeline(Tasks())
    access = HttpAccess(timeline.ask)
    access.start()
    begun = time.time()
    for number in range(3):
        access.answered("GET", f"/api/{number}", 200, 0.001, 1)
    answered = time.time()
    await timeline.kept()
    access.answered("GET", "/api/late", 500, 0.001, 1)
    access.stop()
    await timeline.close()
    rows = timeline.lines(0, 10)
    assert [row.name for row in rows] == ["/api/0", "/api/1", "/api/2", "/api/late"]
    assert all(begun - 0.001 <= row.time <= answered + 0.001 for row in rows[:3] if row.time is not None)


def test_who_reads_the_log_writes_nothing_into_it_but_what_went_wrong() -> None:
    asked = Asked()
    access = HttpAccess(asked)
    access.start()
    access.answered("GET", "/api/logs", 200, 0.1, 5)
    access.answered("GET", "/api/logs", 422, 0.1, 5)
    assert [record.level for record in asked.records()] == [logging.WARNING]


@pytest.fixture
async def switched() -> AsyncIterator[tuple[LogSources, HttpAccess, list[tuple[Source, bool]]]]:
    chosen: list[tuple[Source, bool]] = []
    access = HttpAccess(Asked())
    sources = LogSources([access, ProgramLog(Heard(), LogRing())], lambda source, on: chosen.append((source, on)))
    yield sources, access, chosen
    await sources.close()


async def test_switches_tell_what_is_on_and_remember_what_was_chosen(
    switched: tuple[LogSources, HttpAccess, list[tuple[Source, bool]]],
) -> None:
    sources, access, chosen = switched
    sources.open({"http": False})
    assert [(s.source, s.on) for s in sources.statuses] == [("http", False), ("program", True)]
    changes: list[bool] = []
    cancel = sources.on_change(lambda: changes.append(sources.statuses[0].on))
    sources.turn("http", True)
    sources.turn("http", True)
    sources.turn("http", False)
    cancel()
    sources.turn("http", True)
    assert changes == [True, False]
    assert chosen == [("http", True), ("http", True), ("http", False), ("http", True)]
    access._set_trouble(Trouble("no room", "make some"))
    assert (sources.statuses[0].trouble, sources.statuses[0].hint) == ("no room", "make some")
    sources.turn("http", False)
    assert sources.statuses[0].trouble == ""
    with pytest.raises(NotFound, match="There are http, program"):
        sources.turn("nonsense", True)
