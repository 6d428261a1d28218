"""The client against each ALEX OS that was met: it finds out which it is, says so, and does what can be done."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import aiohttp
import pytest

from chainbot_desktop.alexos.identity import OwnAgent, own_uuid, reachable_url
from chainbot_desktop.alexos.simulator import Simulator
from chainbot_desktop.core.events import DialectDetected, LinkChanged, RegistrationSucceeded, WorkflowStarted
from chainbot_desktop.core.events.envelope import Event
from chainbot_desktop.core.events.webhooks import WorkflowFact
from chainbot_desktop.core.link import LinkState, LinkStatus, Verdict
from tests.helpers.alexos import UUID, Linked, linked, until
from tests.helpers.stores import open_store

QUICK_HEALTH = 0.02
ALL = ["documented", "observed", "repaired"]


async def work(link: Linked, *subjects: str) -> list[str]:
    ids = []
    for subject in subjects:
        event = WorkflowStarted(data=WorkflowFact(workflow_id=subject), subject=subject, source="webhook")
        ids.append((await link.store.journal.append(event)).event.id)
    return ids


def states_of(events: list[Event]) -> list[LinkState]:
    return [event.data.state for event in events if isinstance(event, LinkChanged)]


def received_ids(simulator: Simulator, event_type: str = "workflow_started") -> list[str]:
    rows = [row for row in simulator.house.received if row["event_type"] == event_type]
    return [row["event_id"] if "event_id" in row else row["payload"]["event_id"] for row in rows]


async def test_documented(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await link.reaches(LinkState.REGISTERED)
        (payload,) = simulator.house.registrations
        assert payload["agent_name"] == "chainbot"
        assert payload["capabilities"] == [
            "gui",
            "agent_manager",
            "multi_agent_coordination",
            "websocket",
            "real_time_monitoring",
            "audit_logging",
        ]
        assert payload["webhook_url"] == "http://127.0.0.1:9000"
        assert payload["health_endpoint"] == "/health"
        await until(lambda: link.client.status.bus_connected)
        assert link.client.status.dialect == "documented"
        assert link.row("registration", "/api/agents/register").verdict is Verdict.WORKS
        assert link.row("bus", "/ws/events").verdict is Verdict.WORKS
        assert link.row("health", "/api/webhooks/chainbot/health").verdict is Verdict.WORKS
        ids = await work(link, "a", "b", "a")
        await until(lambda: len(received_ids(simulator)) == 3)
        by_subject = [row["event_id"] for row in simulator.house.received if row["data"].get("workflow_id") == "a"]
        assert by_subject == [ids[0], ids[2]]
        envelope = simulator.house.received[-1]
        assert set(envelope) == {"event_id", "event_type", "timestamp", "source", "data", "severity", "requires_attention"}
        assert envelope["source"] == "chainbot"
        await until(lambda: simulator.house.bus_frames >= 3)
        found = await link.journals(lambda found: any(event.type == "link_changed" for event in found))
        registered = [event for event in found if isinstance(event, RegistrationSucceeded)]
        assert [event.data.dialect for event in registered] == ["documented"]


async def test_observed_as_shipped_is_degraded_and_events_flow(tmp_path: Path) -> None:
    async with Simulator("observed", health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator) as link:
        await link.reaches(LinkState.DEGRADED)
        status = link.client.status
        assert "POST /api/agents/register answers 405" in status.reason
        assert "POST /api/agents/api/agents/ answers 500: Internal Server Error" in status.reason
        assert status.dialect == "observed"
        assert link.row("registration", "/api/agents/").verdict is Verdict.ABSENT
        assert link.row("registration", "/api/agents/api/agents/").verdict is Verdict.REFUSES
        assert link.row("events", "/api/events/").verdict is Verdict.ABSENT
        assert link.row("events", "/api/events/api/events/").verdict is Verdict.WORKS
        assert (link.row("bus", "/ws/events").verdict, link.row("bus", "/ws/events").status) == (Verdict.REFUSES, 403)
        assert link.row("index", "/api/agents").verdict is Verdict.ABSENT
        await until(lambda: link.client.status.bus_connected)
        ids = await work(link, "a", "b")
        await until(lambda: sorted(received_ids(simulator)) == sorted(ids))
        await until(lambda: link.client.status.guests == 5)
        report = simulator.house.health_reports[0]
        assert (report["agent_uuid"], report["payload"]["status_id"]) == (UUID, "healthy")
        assert simulator.house.registrations == []


@pytest.mark.parametrize("doubled", [False, True])
async def test_repaired_registers_without_nulls(tmp_path: Path, doubled: bool) -> None:
    ours = OwnAgent("agent-7", "Painter", "painter")
    repaired = Simulator("repaired", doubled_registration=doubled, health_takes=QUICK_HEALTH)
    async with repaired as simulator, linked(tmp_path, simulator, ours=lambda: (ours,)) as link:
        await link.reaches(LinkState.REGISTERED)
        assert link.client.status.dialect == "repaired"
        path = "/api/agents/api/agents/" if doubled else "/api/agents/"
        assert link.row("registration", path).verdict is Verdict.WORKS
        await until(lambda: len(simulator.house.registrations) == 2)
        for row in simulator.house.registrations:
            assert None not in row.values()
            assert row["status"] == "online"
        assert [row["name"] for row in simulator.house.registrations] == ["chainbot", "Painter"]
        await until(lambda: link.client.status.guests == 5)


async def test_repaired_knows_us_already_after_a_restart(tmp_path: Path) -> None:
    async with Simulator("repaired", health_takes=QUICK_HEALTH) as simulator:
        async with linked(tmp_path, simulator) as link:
            await link.journals(lambda found: len(states_of(found)) == 1)
        async with linked(tmp_path, simulator) as link:
            await link.reaches(LinkState.REGISTERED)
            assert len(simulator.house.registrations) == 1
            row = link.row("registration", "/api/agents/")
            assert (row.verdict, row.status, row.detail) == (Verdict.WORKS, 400, "registered already")
            events = await link.journals(lambda found: len(states_of(found)) == 2)
            registrations = [event for event in events if isinstance(event, RegistrationSucceeded)]
            assert [event.data.already_registered for event in registrations] == [False, True]


async def test_a_dialect_is_remembered_and_journaled_once(tmp_path: Path) -> None:
    async with Simulator("observed", health_takes=QUICK_HEALTH) as simulator:
        async with linked(tmp_path, simulator) as link:
            await link.reaches(LinkState.DEGRADED)
            await until(lambda: link.client.status.guests == 5)
            rows = {(row.capability, row.path) for row in link.client.status.rows}
        async with linked(tmp_path, simulator, start=False) as link:
            simulator.bad.down = True
            await link.client.start()
            assert link.client.status.dialect == "observed"
            shown = {(row.capability, row.path) for row in link.client.status.rows}
            assert ("registration", "/api/agents/register") in shown
            assert shown <= rows
            simulator.bad.down = False
            await link.reaches(LinkState.DEGRADED)
            assert len([event for event in await link.events() if isinstance(event, DialectDetected)]) == 1


async def test_an_alex_os_that_is_repaired_meanwhile_is_noticed(tmp_path: Path) -> None:
    async with Simulator("observed", health_takes=QUICK_HEALTH) as shipped, linked(tmp_path, shipped) as link:
        await link.reaches(LinkState.DEGRADED)
        port = shipped.port
        await shipped.stop()
        await link.reaches(LinkState.RETRYING, LinkState.FAILED)
        async with Simulator("repaired", port=port, house=shipped.house, health_takes=QUICK_HEALTH):
            await link.reaches(LinkState.REGISTERED)
            assert link.client.status.dialect == "repaired"
            events = await link.journals(lambda found: LinkState.REGISTERED in states_of(found))
            assert states_of(events)[0] is LinkState.DEGRADED
            assert states_of(events)[1] is LinkState.RETRYING


async def test_new_capabilities_are_registered(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await link.reaches(LinkState.REGISTERED)
        link.client.introduce_again(dataclasses.replace(link.identity, headless=True))
        await until(lambda: len(simulator.house.registrations) == 2)
        assert "gui" in simulator.house.registrations[0]["capabilities"]
        assert "gui" not in simulator.house.registrations[1]["capabilities"]
        assert simulator.house.registrations[1]["ui_features"] == []


async def test_our_id_stays_ours(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        made = await own_uuid(store.preferences)
    async with open_store(tmp_path) as store:
        assert await own_uuid(store.preferences) == made


def test_where_alex_os_reaches_us() -> None:
    assert reachable_url("127.0.0.1", 9000, "127.0.0.1") == "http://127.0.0.1:9000"
    assert reachable_url("0.0.0.0", 9000, "127.0.0.1") == "http://127.0.0.1:9000"
    assert reachable_url("::1", 9001, "127.0.0.1") == "http://[::1]:9001"


async def test_switched_off(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator, enabled=False) as link:
        await work(link, "a")
        assert link.client.status.state is LinkState.DISABLED
        assert link.client.status.reason
        assert simulator.house.deliveries == 0
        link.client.report_now()


@pytest.mark.parametrize("dialect", ALL)
async def test_goodbye(tmp_path: Path, dialect: str) -> None:
    async with Simulator(dialect, health_takes=QUICK_HEALTH) as simulator:
        async with linked(tmp_path, simulator) as link:
            await link.reaches(LinkState.REGISTERED, LinkState.DEGRADED)
            await until(lambda: link.client.status.bus_connected)
        last = simulator.house.health_reports[-1]
        assert last.get("payload", last)["status_id"] == "offline"
        await until(lambda: simulator.connected == 0)


@pytest.mark.parametrize("dialect", ALL)
async def test_a_change_of_health_is_told_at_once(tmp_path: Path, dialect: str) -> None:
    async with Simulator(dialect, health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator) as link:
        await link.reaches(LinkState.REGISTERED, LinkState.DEGRADED)
        link.health.update(status_id="degraded", workflow_blockers=["the disk is full"], requires_attention=True)
        link.client.report_now()
        await until(lambda: len(simulator.house.health_reports) == 2)
        report = simulator.house.health_reports[-1]
        report = report.get("payload", report)
        assert report["status_id"] == "degraded"
        assert report["workflow_blockers"] == ["the disk is full"]
        assert report["agent_name"] == "chainbot"


async def test_health_is_reported_by_the_clock(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator, health_interval=1) as link:
        await link.reaches(LinkState.REGISTERED)
        await until(lambda: len(simulator.house.health_reports) >= 2)


async def test_our_events_are_not_taken_for_news(tmp_path: Path) -> None:
    """The bus tells everybody everything, so we hear ourselves."""
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await until(lambda: link.client.status.bus_connected)
        await work(link, "a", "b")
        link.client.report_now()
        await until(lambda: simulator.house.bus_frames >= 3)
        simulator.house.publish("after_all_that", {})
        assert await link.receives("after_all_that") == ["after_all_that"]


async def test_status_is_told_to_listeners_in_order(tmp_path: Path) -> None:
    heard: list[LinkStatus] = []
    async with Simulator("documented") as simulator, linked(tmp_path, simulator, start=False) as link:
        end = link.client.on_change(heard.append)
        await link.client.start()
        await until(lambda: any(status.state is LinkState.REGISTERED for status in heard))
        states = [status.state for status in heard]
        assert states.index(LinkState.REGISTERING) < states.index(LinkState.REGISTERED)
        end()
        told = len(heard)
        link.client.report_now()
        await work(link, "a")
        await until(lambda: len(received_ids(simulator)) == 1)
        assert len(heard) == told


async def test_the_key_is_sent_and_shown_nowhere(tmp_path: Path) -> None:
    headers: list[str] = []

    async def on_request(_session: object, _context: object, params: aiohttp.TraceRequestStartParams) -> None:
        headers.append(params.headers.get("Authorization", ""))

    async with Simulator("documented") as simulator, linked(tmp_path, simulator, api_key="s3cret", start=False) as link:
        await link.client.start()
        assert link.client._session is not None
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(on_request)
        trace.freeze()
        link.client._session._trace_configs.append(trace)
        await link.reaches(LinkState.REGISTERED)
        assert headers
        assert set(headers) == {"Bearer s3cret"}
        assert "s3cret" not in link.client.status.model_dump_json()
