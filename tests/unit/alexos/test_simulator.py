"""The simulator behaves as the ALEX OS that it stands for, good and bad, in a process of its own too."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, ClientTimeout, WSMsgType, WSServerHandshakeError

from chainbot_desktop.alexos.simulator import Misbehaviour, Simulator
from chainbot_desktop.alexos.simulator.house import House
from chainbot_desktop.alexos.simulator.life import Life

AGENT = {"uuid": "u1", "name": "n", "agent_type": "t", "status": "online", "score": 1.0}


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession(timeout=ClientTimeout(total=10)) as opened:
        yield opened


async def status_of(session: ClientSession, method: str, url: str, **more: object) -> tuple[int, str, str]:
    async with session.request(method, url, allow_redirects=False, **more) as answer:  # type: ignore[arg-type]  # as given
        return answer.status, answer.content_type, await answer.text()


async def test_the_observed_one_answers_as_it_was_seen_to(session: ClientSession) -> None:
    async with Simulator("observed", health_takes=0.05) as simulator:
        url = simulator.url
        assert (await status_of(session, "POST", url + "/api/agents/register", json={}))[0] == 405
        assert (await status_of(session, "POST", url + "/api/webhooks/chainbot/health", json={}))[0] == 405
        assert (await status_of(session, "POST", url + "/api/agents/", json=AGENT))[0] == 405
        status, kind, text = await status_of(session, "POST", url + "/api/agents/api/agents/", json=AGENT)
        assert (status, kind, text) == (500, "text/plain", "Internal Server Error")
        for path in ("/", "/api/agents", "/somewhere"):
            assert (await status_of(session, "GET", url + path))[:2] == (200, "text/html")
        assert (await status_of(session, "GET", url + "/api/agents/", headers={"Host": "elsewhere"}))[:2] == (400, "text/plain")
        assert (await status_of(session, "POST", url + "/api/events/", json={"event_type": "x"}))[0] == 405
        assert (await status_of(session, "POST", url + "/api/events/api/events/", json={"event_type": "x"}))[0] == 200
        assert (await status_of(session, "POST", url + "/api/events/api/events/", json={}))[0] == 422
        rows = json.loads((await status_of(session, "GET", url + "/api/events/api/events/?event_type=x"))[2])
        assert [(row["event_type"], row["severity"]) for row in rows] == [("x", "info")]
        assert (await status_of(session, "GET", url + "/api/events/api/events/?limit=1001"))[0] == 422
        assert json.loads((await status_of(session, "GET", url + "/api/health"))[2])["status"] == "healthy"
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect(simulator.ws_url)
        assert refused.value.status == 403


async def test_a_look_at_its_health_stops_the_observed_one(session: ClientSession) -> None:
    async with Simulator("observed", health_takes=0.3) as simulator:
        order: list[str] = []

        async def ask(path: str) -> None:
            await status_of(session, "GET", simulator.url + path)
            order.append(path)

        looking = asyncio.create_task(ask("/api/health"))
        while simulator._observed is None or simulator._observed._free.is_set():
            await asyncio.sleep(0)
        await asyncio.gather(ask("/api/agents/"), looking)
        assert order[0] == "/api/health"


async def test_the_repaired_one_registers_once_and_is_poisoned_by_null(session: ClientSession) -> None:
    async with Simulator("repaired") as simulator:
        url = simulator.url + "/api/agents/"
        assert (await status_of(session, "POST", url, json=AGENT))[0] == 200
        status, _, text = await status_of(session, "POST", url, json=AGENT)
        assert status == 400
        assert "UNIQUE constraint failed" in text
        assert len(json.loads((await status_of(session, "GET", url))[2])) == 6
        await status_of(session, "POST", url, json={**AGENT, "uuid": "u2", "status": None})
        assert (await status_of(session, "GET", url))[0] == 500


@pytest.mark.parametrize("poison", ['{"action":"get_status"}', b"\x00"])
async def test_the_observed_socket_falls_silent(session: ClientSession, poison: str | bytes) -> None:
    async with Simulator("observed") as simulator, session.ws_connect(simulator.url + "/ws") as socket:
        await socket.send_str('{"action":"subscribe","channels":["events"]}')
        assert (await socket.receive_json())["type"] == "subscription_confirmed"
        await socket.send_str("nonsense")
        assert (await socket.receive_json())["type"] == "error"
        await socket.send_str('{"action":"ping"}')
        assert await socket.receive_json() == {"type": "pong"}
        await (socket.send_str(poison) if isinstance(poison, str) else socket.send_bytes(poison))
        await socket.send_str('{"action":"ping"}')
        with pytest.raises(TimeoutError):
            await socket.receive(0.2)
        assert not socket.closed


async def test_switches_at_run_time(session: ClientSession) -> None:
    async with Simulator("documented") as simulator:
        url = simulator.url
        assert (await status_of(session, "POST", url + "/simulator/misbehave", json={"status": 503}))[0] == 200
        assert (await status_of(session, "GET", url + "/api/agents"))[0] == 503
        assert (await status_of(session, "POST", url + "/simulator/misbehave", json={"status": "ill"}))[0] == 422
        assert (await status_of(session, "POST", url + "/simulator/misbehave", json={"evil": True}))[0] == 422
        assert simulator.bad.status == 503
        await status_of(session, "POST", url + "/simulator/misbehave", json={"status": None})
        assert (await status_of(session, "GET", url + "/api/agents"))[0] == 200
        async with session.ws_connect(simulator.ws_url) as socket:
            await socket.send_str('{"action":"subscribe","channels":["*"]}')
            await socket.receive_json()
            await status_of(session, "POST", url + "/simulator/publish", json={"event_type": "hello", "data": {"a": 1}})
            heard = await socket.receive_json()
            assert (heard["event_type"], heard["data"], heard["source"]) == ("hello", {"a": 1}, "alex_os")
            await status_of(session, "POST", url + "/simulator/drop", json={})
            assert (await socket.receive()).type in {WSMsgType.CLOSE, WSMsgType.CLOSED}
        state = json.loads((await status_of(session, "GET", url + "/simulator/state"))[2])
        assert state["dialect"] == "documented"
        assert len(state["agents"]) == 5


async def test_events_of_modules_are_taken_once(session: ClientSession) -> None:
    event = {"event_id": "e1", "event_type": "agent_spawned", "data": {"agent_id": "p1", "agent_name": "Painter"}}
    async with Simulator("documented") as simulator:
        for _ in range(2):
            url = simulator.url + "/api/webhooks/chainbot/agent_spawned"
            assert (await status_of(session, "POST", url, json=event))[0] == 200
        assert (len(simulator.house.received), simulator.house.duplicates) == (1, 1)
        assert simulator.house.agents["p1"]["name"] == "Painter"


def test_the_house_lives() -> None:
    house = House()
    told: list[str] = []
    house.publishers.append(lambda event: told.append(event["event_type"]))
    life = Life(house, 1.0, seed=7)
    for _ in range(300):
        life.step()
    assert len(told) == 300
    assert {"agent_status_update", "workflow_started", "workflow_completed", "agent_terminated", "agent_spawned"} <= set(told)
    assert len(house.agents) >= 2


async def test_as_a_program(session: ClientSession) -> None:
    options = ["--port", "0", "--dialect", "documented", "--pace", "0.01", "--refuse-registration", "418"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chainbot_desktop.alexos.simulator", *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    url = next(word for word in line.split() if word.startswith("http://"))
    bus = next(word for word in line.split() if word.startswith("ws://"))
    assert (await status_of(session, "POST", url + "/api/agents/register", json={"agent_name": "x"}))[0] == 418
    async with session.ws_connect(bus) as socket:
        assert "event_type" in await socket.receive_json()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 5) == 0
    assert await process.stdout.read() == b""


async def test_it_ends_when_its_parent_is_gone() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "chainbot_desktop.alexos.simulator",
        "--port",
        "0",
        "--until-eof",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert await process.stdout.readline()
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 5) == 0


async def test_a_taken_port_is_one_sentence() -> None:
    async with Simulator("documented") as simulator:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "chainbot_desktop.alexos.simulator",
            "--port",
            str(simulator.port),
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
        assert process.returncode == 1
        assert errors.decode().count("\n") == 1
        assert str(simulator.port) in errors.decode()


async def test_it_starts_misbehaving_if_told_to(session: ClientSession) -> None:
    async with Simulator("documented", misbehaviour=Misbehaviour(html=True)) as simulator:
        assert (await status_of(session, "GET", simulator.url + "/api/agents"))[1] == "text/html"


async def test_a_guest_answers_what_it_is_told_unless_it_is_silent(session: ClientSession) -> None:
    house = House(guests_think=0)
    async with Simulator("documented", house=house) as simulator, session.ws_connect(simulator.ws_url) as bus:

        async def address(event_id: str, guest: str) -> None:
            data = {"agent_id": guest, "message_id": event_id, "text": "is  the\ndoor shut?", "conversation_id": "talk"}
            envelope = {"event_id": event_id, "event_type": "guest_addressed", "source": "chainbot", "data": data}
            await status_of(session, "POST", simulator.url + "/api/webhooks/chainbot/guest_addressed", json=envelope)

        harry = next(iter(house.agents))
        await simulator.misbehave(silent_guests=True)
        await address("0", harry)
        await simulator.misbehave(silent_guests=False)
        await address("1", "nobody")
        await address("2", harry)
        await address("2", harry)  # the same delivery twice is one question
        await address("3", harry)
        answers = [(await bus.receive_json(timeout=5)) for _ in range(2)]
    assert [answer["event_type"] for answer in answers] == ["agent_response"] * 2
    said = answers[0]["data"]
    assert (said["agent_id"], said["in_reply_to"], said["conversation_id"]) == (harry, "2", "talk")
    assert said["text"] == "Harry of the simulated ALEX OS heard you: “is the door shut?”"
    assert answers[1]["data"]["in_reply_to"] == "3"
