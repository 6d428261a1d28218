"""ALEX OS down, slow, ill, talking HTML or nonsense: nothing is lost, nothing crashes, and the status says what is wrong."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import AnyUrl

from chainbot_desktop.alexos.answers import bare_url, basic_auth
from chainbot_desktop.alexos.simulator import Misbehaviour, Simulator
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.events import AgentSpawned, WorkflowFailed, WorkflowStarted
from chainbot_desktop.core.events.agents import AgentFact
from chainbot_desktop.core.events.envelope import Event
from chainbot_desktop.core.events.webhooks import WorkflowFact
from chainbot_desktop.core.link import LinkState, Verdict
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.store.journal import SqliteJournal
from tests.helpers.alexos import HURRIED, Linked, linked, until

QUICK_HEALTH = 0.02
BOTH = ["documented", "observed"]


async def work(link: Linked, count: int, subjects: int = 3) -> list[str]:
    ids = []
    for number in range(count):
        name = f"w{number % subjects}"
        event = WorkflowStarted(data=WorkflowFact(workflow_id=name), subject=name, source="webhook")
        ids.append((await link.store.journal.append(event)).event.id)
    return ids


def arrived(simulator: Simulator) -> list[tuple[str, str]]:
    """(subject, event id) of what ALEX OS has, in its order."""
    found = []
    for row in simulator.house.received:
        if row["event_type"] == "workflow_started":
            payload = row.get("payload", row)
            found.append((payload["data"]["workflow_id"], payload["event_id"]))
    return found


def assert_complete(simulator: Simulator, ids: list[str], subjects: int = 3) -> None:
    """Every event is there, once, and those of a subject in their order."""
    got = arrived(simulator)
    assert sorted(event_id for _, event_id in got) == sorted(ids)
    for number in range(subjects):
        assert [event_id for name, event_id in got if name == f"w{number}"] == ids[number::subjects]


async def test_nobody_there(tmp_path: Path) -> None:
    async with linked(tmp_path, None, max_registration_attempts=3) as link:
        await link.reaches(LinkState.RETRYING)
        assert "no connection" in link.client.status.reason
        await link.reaches(LinkState.FAILED)
        await work(link, 5)
        await until(lambda: link.client.status.attempts >= 5)
        assert link.client.status.next_attempt_at
        events = await link.events("attention_required")
        assert len(events) == 1
        assert events[0].requires_attention
        await until(lambda: link.client.status.outbox_pending == 6)
        assert not link.client.status.bus_connected


@pytest.mark.parametrize("dialect", BOTH)
async def test_what_happened_while_it_was_down_arrives_in_order(tmp_path: Path, dialect: str) -> None:
    async with Simulator(dialect, health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator) as link:
        await link.reaches(LinkState.REGISTERED, LinkState.DEGRADED)
        ids = await work(link, 10)
        await until(lambda: len(arrived(simulator)) == 10)
        await simulator.misbehave(down=True)
        await link.reaches(LinkState.RETRYING, LinkState.FAILED)
        ids += await work(link, 30)
        assert len(arrived(simulator)) == 10
        await until(lambda: link.client.status.outbox_pending >= 30)
        await simulator.misbehave(down=False)
        await link.reaches(LinkState.REGISTERED, LinkState.DEGRADED)
        await until(lambda: len(arrived(simulator)) == 40, lambda: f"{len(arrived(simulator))} {link.client.status}")
        await until(lambda: link.client.status.outbox_pending == 0)
        # The subjects start anew in each call of `work`, so each half has its own order.
        got = arrived(simulator)
        for number in range(3):
            expected = [*ids[:10][number::3], *ids[10:][number::3]]
            assert [event_id for name, event_id in got if name == f"w{number}"] == expected


@pytest.mark.parametrize("dialect", BOTH)
async def test_what_happened_before_a_restart_arrives_after_it(tmp_path: Path, dialect: str) -> None:
    async with Simulator(dialect, health_takes=QUICK_HEALTH, misbehaviour=Misbehaviour(down=True)) as simulator:
        async with linked(tmp_path, simulator) as link:
            ids = await work(link, 9)
        simulator.bad.down = False
        async with linked(tmp_path, simulator) as link:
            await until(lambda: len(arrived(simulator)) == 9)
            assert_complete(simulator, ids)


@pytest.mark.parametrize("dialect", BOTH)
async def test_lost_answers_do_not_double_events(tmp_path: Path, dialect: str) -> None:
    """The observed event store drops no doubles: what it has is looked up before anything is sent again."""
    async with Simulator(dialect, health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator) as link:
        await link.reaches(LinkState.REGISTERED, LinkState.DEGRADED)
        await until(lambda: link.client.status.guests == 5 and link.client._outbox.idle)
        # The first health report is through: what loses its answer from here on is an event.
        await until(lambda: simulator.house.health_reports)
        simulator.bad.lose_answers = True
        ids = await work(link, 9)
        await until(lambda: len(arrived(simulator)) >= 1)
        await link.reaches(LinkState.RETRYING, LinkState.FAILED)
        simulator.bad.lose_answers = False
        await until(lambda: len(arrived(simulator)) == 9)
        await until(lambda: link.client.status.outbox_pending == 0)
        assert_complete(simulator, ids)
        if dialect == "observed":
            stored = [item["row"] for item in simulator.house.stored if item["row"]["event_type"] == "workflow_started"]
            assert len(stored) == 9


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Misbehaviour(status=500), "answers 500: Internal Server Error"),
        (Misbehaviour(status=503), "answers 503"),
        (Misbehaviour(html=True), "answers 200 with a web page"),
        (Misbehaviour(slow=30), "no answer within"),
        (Misbehaviour(down=True), "no connection"),
        (Misbehaviour(refuse_registration=403), "answers 403: Registration refused"),
        (Misbehaviour(lose_answers=True), "no connection"),
    ],
    ids=lambda value: "" if isinstance(value, str) else ",".join(value.model_dump(exclude_defaults=True)),
)
async def test_each_way_of_being_ill_is_named_and_outlived(tmp_path: Path, bad: Misbehaviour, words: str) -> None:
    # Only who is too slow is given up on quickly: a busy machine may take 0.3 s over an answer too.
    timeout = 0.3 if bad.slow else 20
    async with Simulator("documented", misbehaviour=bad) as simulator, linked(tmp_path, simulator, timeout=timeout) as link:
        await link.reaches(LinkState.RETRYING, LinkState.FAILED)
        assert words in link.client.status.reason
        ids = await work(link, 6)
        await simulator.misbehave(**Misbehaviour().model_dump())
        await link.reaches(LinkState.REGISTERED)
        assert link.client.status.reason == ""
        await until(lambda: len(arrived(simulator)) == 6)
        assert_complete(simulator, ids)


@pytest.mark.parametrize("change", [{"status": 500}, {"html": True}, {"slow": 30.0}, {"status": 401}])
@pytest.mark.parametrize("dialect", BOTH)
async def test_illness_in_the_middle_loses_nothing(tmp_path: Path, dialect: str, change: dict[str, object]) -> None:
    async with Simulator(dialect, health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator, timeout=0.3) as link:
        await link.reaches(LinkState.REGISTERED, LinkState.DEGRADED)
        await until(lambda: link.client.status.bus_connected)
        await simulator.misbehave(**change)
        ids = await work(link, 12)
        await link.reaches(LinkState.RETRYING, LinkState.FAILED)
        await simulator.misbehave(status=None, html=False, slow=0)
        await until(lambda: len(arrived(simulator)) == 12, lambda: f"{link.client.status}")
        assert_complete(simulator, ids)
        await link.reaches(LinkState.REGISTERED, LinkState.DEGRADED)


@pytest.mark.parametrize("dialect", BOTH)
async def test_an_event_that_is_refused_for_good_is_given_up(tmp_path: Path, dialect: str) -> None:
    async with Simulator(dialect, health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator) as link:
        simulator.bad.refuse_events = {"workflow_failed": 422}
        await link.reaches(LinkState.REGISTERED, LinkState.DEGRADED)
        refused = WorkflowFailed(data=WorkflowFact(workflow_id="w0"), subject="w0", source="webhook")
        await link.store.journal.append(refused)
        ids = await work(link, 3)
        await until(lambda: len(arrived(simulator)) == 3)
        assert_complete(simulator, ids)
        (event,) = await link.events("delivery_given_up")
        assert (event.data.event_id, event.data.attempts) == (refused.id, 3)
        assert "422" in event.data.reason
        await until(lambda: link.client.status.outbox_given_up == 1)
        await until(lambda: link.client.status.outbox_pending == 0)


@pytest.mark.parametrize("dialect", BOTH)
async def test_nothing_is_given_up_where_everything_is_refused(tmp_path: Path, dialect: str) -> None:
    """As when its list of trusted hosts was changed under us: a 400 then says nothing about the event."""
    async with Simulator(dialect, health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator) as link:
        await link.reaches(LinkState.REGISTERED, LinkState.DEGRADED)
        await until(lambda: link.client.status.guests == 5 and link.client._outbox.idle)
        simulator.bad.status = 400
        ids = await work(link, 6)
        await link.reaches(LinkState.FAILED, LinkState.RETRYING)
        await until(lambda: link.client.status.attempts >= 4)
        assert arrived(simulator) == []
        simulator.bad.status = None
        await until(lambda: len(arrived(simulator)) == 6)
        assert_complete(simulator, ids)
        assert await link.events("delivery_given_up") == []


async def test_a_host_name_that_it_does_not_trust(tmp_path: Path) -> None:
    observed = Simulator("observed", host="0.0.0.0", health_takes=QUICK_HEALTH)
    async with observed as simulator:
        url = f"http://127.0.0.2:{simulator.port}"
        async with linked(tmp_path, simulator, registry_url=url) as link:
            await link.reaches(LinkState.FAILED, LinkState.RETRYING)
            assert "answers 400: Invalid host header" in link.client.status.reason
            await work(link, 3)
            await until(lambda: link.client.status.attempts >= 3)
            assert arrived(simulator) == []
            assert await link.events("delivery_given_up") == []


async def test_an_event_type_it_does_not_know_waits_and_others_go_on(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        simulator.bad.refuse_events = {"agent_spawned": 404}
        await link.reaches(LinkState.REGISTERED)
        spawned = AgentSpawned(data=AgentFact(agent_id="a"), subject="a", source="webhook")
        await link.store.journal.append(spawned)
        ids = await work(link, 9)
        await until(lambda: len(arrived(simulator)) == 9)
        assert_complete(simulator, ids)
        await until(lambda: link.client.status.outbox_pending == 1)
        assert link.client.status.outbox_given_up == 0
        simulator.bad.refuse_events = {}
        await until(lambda: any(row["event_id"] == spawned.id for row in simulator.house.received))


async def test_a_health_report_of_nobody_it_knows_registers_again(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await link.reaches(LinkState.REGISTERED)
        await until(lambda: len(simulator.house.health_reports) == 1)
        simulator.bad.unknown_agent = True
        link.client.report_now()
        await until(lambda: len(simulator.house.registrations) == 2)
        await until(lambda: len(simulator.house.health_reports) == 2)
        assert link.client.status.state is LinkState.REGISTERED


async def test_an_alex_os_that_was_started_again_is_registered_with_again(tmp_path: Path) -> None:
    async with Simulator("documented") as first, linked(tmp_path, first) as link:
        await until(lambda: link.client.status.bus_connected)
        port = first.port
        await first.stop()
        async with Simulator("documented", port=port) as second:
            await until(lambda: second.house.registered)
            await until(lambda: link.client.status.bus_connected)
            await link.reaches(LinkState.REGISTERED)


@pytest.mark.parametrize("garbage", ["null", "html", "no_ids", "wrong_types", "huge", "invalid_utf8", "deep"])
@pytest.mark.parametrize("dialect", BOTH)
async def test_nonsense_instead_of_listings_is_named(tmp_path: Path, dialect: str, garbage: str) -> None:
    pace = dataclasses.replace(HURRIED, index=0.05)
    async with Simulator(dialect, health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator, pace=pace) as link:
        await until(lambda: link.client.status.guests == 5)
        path = "/api/agents" if dialect == "documented" else "/api/agents/"
        await simulator.misbehave(garbage=garbage)
        await until(lambda: link.row("index", path).detail != "")
        detail = link.row("index", path).detail
        words = {
            "null": "not a list",
            "html": "web page",
            "no_ids": "4 of 4 listed agents have no id",
            "wrong_types": "4 of 5 listed agents have no id",
            "huge": "larger than 4 MiB",
            "invalid_utf8": "not JSON",
            "deep": "nested deeper",
        }
        assert words[garbage] in detail, detail
        # Nobody is sent away by an answer that cannot be read.
        assert link.client.status.guests >= 5
        await simulator.misbehave(garbage=None)
        await until(lambda: link.client.status.guests == 5 and link.row("index", path).detail == "")
        ids = await work(link, 3)
        await until(lambda: len(arrived(simulator)) == 3)
        assert_complete(simulator, ids)


async def test_a_listing_that_was_poisoned_by_somebody(tmp_path: Path) -> None:
    pace = dataclasses.replace(HURRIED, index=0.05)
    async with Simulator("observed", health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator, pace=pace) as link:
        await until(lambda: link.client.status.guests == 5)
        next(iter(simulator.house.agents.values()))["status"] = None
        await until(lambda: link.row("index", "/api/agents/").verdict is Verdict.REFUSES)
        row = link.row("index", "/api/agents/")
        assert (row.status, row.detail) == (500, "answers 500: Internal Server Error")
        assert link.client.status.guests == 5


async def test_a_full_disk_does_not_end_the_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = SqliteJournal.append
    full = True

    async def append(self: SqliteJournal, event: Event, *args: Any, **more: Any) -> Any:
        if full:
            raise Unavailable("The disk is full.")
        return await real(self, event, *args, **more)

    monkeypatch.setattr(SqliteJournal, "append", append)
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await until(lambda: len(simulator.house.registrations) >= 3)
        simulator.house.publish("unheard", {})
        full = False
        await link.reaches(LinkState.REGISTERED)
        await link.journals(lambda found: any(event.type == "registration_success" for event in found))
        await until(lambda: link.client.status.guests == 5)
        ids = await work(link, 3)
        await until(lambda: len(arrived(simulator)) == 3)
        assert_complete(simulator, ids)


async def test_stopping_is_quick_however_slow_the_other_side_is(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator, timeout=20) as link:
        await until(lambda: link.client.status.bus_connected)
        await simulator.misbehave(slow=20)
        await work(link, 20)
        began = time.monotonic()
        await link.client.stop()
        assert time.monotonic() - began < 2.5
        await simulator.misbehave(slow=0)


async def test_a_password_in_the_address_is_used_and_never_shown(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator:
        url = simulator.url.replace("http://", "http://user:p%40ss@")
        bus = simulator.ws_url.replace("ws://", "ws://user:p%40ss@")
        async with linked(tmp_path, simulator, registry_url=AnyUrl(url), event_bus_url=AnyUrl(bus)) as link:
            await link.reaches(LinkState.REGISTERED)
            assert "p%40ss" not in link.client.status.model_dump_json()
            for recorded in await link.store.journal.read(EventQuery()):
                assert "p%40ss" not in recorded.event.data_json() + recorded.event.subject


def test_a_password_in_the_address_becomes_a_header() -> None:
    url = AnyUrl("http://user:p%40ss@10.0.0.1:8000/")
    assert basic_auth(url) == "Basic dXNlcjpwQHNz"
    assert bare_url(url) == "http://10.0.0.1:8000"
    assert basic_auth(AnyUrl("http://10.0.0.1:8000")) is None
