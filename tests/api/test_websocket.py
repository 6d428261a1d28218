"""Live events: in order, without a gap, nothing twice, whatever the client or the connection does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from api.keys import HUB
from chainbot_desktop.core.events import AgentSpawned, MessagePosted, PanelStarted
from chainbot_desktop.core.events.agents import AgentFact
from chainbot_desktop.core.events.chat import PostedMessage
from chainbot_desktop.core.events.panel import Start
from tests.api.house import House, next_frame, open_house
from tests.api.slow_reader import read_frames, socket_that_reads_nothing

Socket = aiohttp.ClientWebSocketResponse


async def send(socket: Socket, **frame: Any) -> None:
    await socket.send_str(orjson.dumps(frame).decode())


async def seqs(socket: Socket, upto: int) -> list[int]:
    """The `seq` of the event frames up to `upto`."""
    found: list[int] = []
    while not found or found[-1] < upto:
        frame = await next_frame(socket)
        assert frame["type"] not in ("error", "dropped", "position_gone"), frame
        if "hash" in frame["data"]:
            found.append(frame["seq"])
    return found


@pytest.mark.parametrize(
    ("path", "window"),
    [
        ("/ws", "all"),
        ("/ws/", "all"),
        ("/ws/agent-map", "agent-map"),
        ("/ws/chat/", "chat"),
        ("/ws/watchtower/some%20user", "watchtower"),
    ],
)
async def test_the_first_frame_says_where_one_is(house: House, path: str, window: str) -> None:
    async with house.http.ws_connect(house.url + path) as socket:
        frame = await next_frame(socket)
    assert set(frame) == {"type", "window_type", "timestamp", "data"}
    assert (frame["type"], frame["window_type"]) == ("window_open", window)
    assert frame["data"]["window_type"] == window
    assert frame["data"]["connection_id"]
    assert "subscribe" in frame["data"]["capabilities"]


async def test_an_unknown_window_and_a_plain_request_are_refused(house: House) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
        await house.http.ws_connect(house.url + "/ws/kitchen")
    assert raised.value.status == 404
    async with house.http.get(house.url + "/ws") as response:
        assert response.status == 426
        assert response.headers["Upgrade"] == "websocket"
    broken = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "short"}
    async with house.http.get(house.url + "/ws", headers=broken) as response:
        assert response.status in (400, 426)
    assert house.application[HUB].count == 0


@pytest.mark.parametrize(
    ("webhook", "body", "message"),
    [
        ("agent/spawned", {"agent_id": "a"}, "agent_spawn"),
        ("agent/terminated", {"agent_id": "a"}, "agent_kill"),
        ("entanglement/created", {"entanglement_id": "e"}, "agent_map_update"),
        ("workflow/started", {"workflow_id": "w"}, "workflow_start"),
        ("workflow/completed", {"workflow_id": "w"}, "workflow_complete"),
        ("workflow/failed", {"workflow_id": "w"}, "workflow_error"),
        ("event", {"event_type": "bell", "n": 2**70}, "log_update"),
        ("health", {"agent_name": "m"}, "log_update"),
    ],
)
async def test_an_event_arrives_as_the_message_that_clients_know(
    house: House, webhook: str, body: object, message: str
) -> None:
    async with house.http.ws_connect(house.url + "/ws") as socket:
        await next_frame(socket, "window_open")
        answer = await house.post(f"/api/webhooks/chainbot/{webhook}", body)
        frame = await next_frame(socket)
    assert frame["type"] == message
    assert frame["seq"] == answer["seq"]
    stored = await house.get(f"/api/events/{answer['event_id']}")
    assert frame["data"] == stored
    assert frame["timestamp"] == stored["time"]


async def test_each_window_gets_its_share_and_the_watchtower_all(house: House) -> None:
    journal = house.store.journal
    expected = {"agent-map": [1], "chat": [2], "code-agent": [], "watchtower": [1, 2, 3], "": [1, 2, 3]}
    opened: dict[str, Socket] = {}
    for window in expected:
        opened[window] = await house.http.ws_connect(f"{house.url}/ws/{window}")
        await next_frame(opened[window], "window_open")
    posted = PostedMessage(conversation_id="c", message_id="m", author="user:admin", kind="text", size=1, sha256="0")
    await journal.append(AgentSpawned(data=AgentFact(agent_id="a")))
    await journal.append(MessagePosted(data=posted))
    await journal.append(PanelStarted(data=Start(version="1", pid=1, host="h", port=1, mode="panel")))
    for window, socket in opened.items():
        await send(socket, type="ping")
        got: list[int] = []
        while (frame := await next_frame(socket))["type"] != "pong":
            if "seq" in frame:
                got.append(frame["seq"])
        assert got == expected[window], window
        await socket.close()


async def test_a_client_resumes_where_it_was(house: House) -> None:
    for number in range(6):
        await house.spawn(f"a-{number}")
    async with house.http.ws_connect(house.url + "/ws") as socket:
        await send(socket, type="subscribe", since=2)
        snapshot = await next_frame(socket, "snapshot")
        assert (snapshot["seq"], snapshot["data"]["since"]) == (6, 2)
        assert [agent["id"] for agent in snapshot["data"]["map"]["agents"]] == [f"a-{number}" for number in range(6)]
        assert snapshot["data"]["health"]["status_id"] == "healthy"
        assert await seqs(socket, 6) == [3, 4, 5, 6]
        await house.spawn("a-7")
        assert await seqs(socket, 7) == [7]


async def test_without_a_position_it_starts_now(house: House) -> None:
    await house.spawn("a-1")
    async with house.http.ws_connect(house.url + "/ws/agent-map") as socket:
        await send(socket, type="subscribe")
        assert (await next_frame(socket, "snapshot"))["seq"] == 1
        await house.spawn("a-2")
        assert await seqs(socket, 2) == [2]


async def test_nothing_is_lost_or_doubled_while_events_pour_in(house: House) -> None:
    total = 3000
    for number in range(500):
        house.services.tasks.spawn("append", house.store.journal.append(AgentSpawned(data=AgentFact(agent_id=str(number)))))

    async def pour() -> None:
        for start in range(500, total, 25):
            batch = [AgentSpawned(data=AgentFact(agent_id=str(number))) for number in range(start, start + 25)]
            await asyncio.gather(*(house.store.journal.append(event) for event in batch))

    pouring = house.services.tasks.spawn("pour", pour())
    async with house.http.ws_connect(house.url + "/ws") as socket:
        while house.store.journal.head_seq < 800:
            await asyncio.sleep(0)
        await send(socket, type="subscribe", since=100)
        await next_frame(socket, "snapshot")
        assert await seqs(socket, total) == list(range(101, total + 1))
    await pouring


async def test_subscribing_again_starts_over_in_the_middle_of_a_replay(house: House) -> None:
    events = [AgentSpawned(data=AgentFact(agent_id=str(number))) for number in range(1000)]
    await asyncio.gather(*(house.store.journal.append(event) for event in events))
    async with house.http.ws_connect(house.url + "/ws") as socket:
        await send(socket, type="subscribe", since=0)
        await send(socket, type="subscribe", since=990, types=["agent_spawned"])
        while (await next_frame(socket, "snapshot"))["data"]["since"] != 990:
            pass
        assert await seqs(socket, 1000) == list(range(991, 1001))


@pytest.mark.parametrize("types", [["workflow_started"], ["workflow_start"], ["workflow_start", "workflow_error"]])
async def test_a_subscription_can_name_event_types_or_message_types(house: House, types: list[str]) -> None:
    await house.spawn("a-1")
    await house.post("/api/webhooks/chainbot/workflow/started", {"workflow_id": "w"})
    async with house.http.ws_connect(house.url + "/ws") as socket:
        await send(socket, type="subscribe", since=0, types=types)
        await next_frame(socket, "snapshot")
        assert await seqs(socket, 2) == [2]
        await house.spawn("a-2")
        await house.post("/api/webhooks/chainbot/workflow/started", {"workflow_id": "w"})
        assert await seqs(socket, 4) == [4]


async def test_a_position_that_never_was_is_gone_and_the_client_goes_on_from_now(house: House) -> None:
    await house.spawn("a-1")
    async with house.http.ws_connect(house.url + "/ws") as socket:
        await send(socket, type="subscribe", since=99)
        gone = await next_frame(socket, "position_gone")
        assert gone["data"]["head"] == 1
        assert gone["data"]["since"] == 99
        await house.spawn("a-2")
        assert await seqs(socket, 2) == [2]


async def test_a_position_whose_events_were_pruned_is_gone(house: House) -> None:
    for number in range(5):
        await house.spawn(f"a-{number}")
    await house.store.database.write(lambda c: c.exec_driver_sql("DELETE FROM journal WHERE seq <= 3") and None)
    async with house.http.ws_connect(house.url + "/ws") as socket:
        await send(socket, type="subscribe", since=1)
        gone = await next_frame(socket, "position_gone")
        assert (gone["data"]["since"], gone["data"]["oldest"]) == (1, 4)
        assert await seqs(socket, 5) == [4, 5]


async def test_a_slow_client_loses_its_oldest_frames_hears_of_it_and_slows_nobody(tmp_path: Path) -> None:
    text = "x" * 8000
    async with open_house(tmp_path, {"websocket": {"queue_frames": 50}}) as house:
        slow = await socket_that_reads_nothing(house)
        async with house.http.ws_connect(house.url + "/ws", max_msg_size=0) as quick:
            reading = house.services.tasks.spawn("quick", seqs(quick, 2000))
            for _ in range(80):
                events = [AgentSpawned(data=AgentFact(agent_id="a", reason=text)) for _ in range(25)]
                await asyncio.gather(*(house.store.journal.append(event) for event in events))
            assert await asyncio.wait_for(reading, 20) == list(range(1, 2001))
        stats = await house.get("/api/websockets/stats")
        assert stats["connections"][0]["frames_dropped"] > 1000
        assert stats["connections"][0]["frames_queued"] <= 50
        frames = await read_frames(slow, lambda frame: frame.get("seq") == 2000)
        notice = next(frame for frame in frames if frame["type"] == "dropped")
        got = [frame["seq"] for frame in frames if "seq" in frame]
        lost = sum(frame["data"]["count"] for frame in frames if frame["type"] == "dropped")
        assert got == sorted(set(got))
        assert got[-1] == 2000
        assert len(got) + lost == 2000
        place = frames.index(notice)
        before = [frame["seq"] for frame in frames[:place] if "seq" in frame]
        after = [frame["seq"] for frame in frames[place:] if "seq" in frame]
        assert (notice["data"]["first_seq"], notice["data"]["last_seq"]) == (before[-1] + 1, after[0] - 1)
        slow[1].close()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("not json", "not_json"),
        ("[1]", "not_an_object"),
        ("{}", "unknown_type"),
        ('{"type":"dance"}', "unknown_type"),
        ('{"type":["ping"]}', "unknown_type"),
        ('{"type":"subscribe","since":-1}', "invalid_field"),
        ('{"type":"subscribe","since":"1"}', "invalid_field"),
        ('{"type":"subscribe","since":99999999999999999999}', "invalid_field"),
        ('{"type":"subscribe","types":"agent_spawn"}', "invalid_field"),
        ('{"type":"subscribe","sinse":1}', "invalid_field"),
        ('{"type":"hot_swap","target_window":"kitchen"}', "invalid_field"),
        ('{"type":"hot_swap","target_window":"chat","content":{"agent_id":"a"}}', "invalid_field"),
        ("[" * 10_000, "too_deep"),
        ('{"type":"ping","x":"' + "x" * 70_000 + '"}', "too_large"),
        (b"binary", "not_text"),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_a_bad_frame_gets_an_error_and_the_connection_stays(house: House, sent: str | bytes, code: str) -> None:
    async with house.http.ws_connect(house.url + "/ws") as socket:
        await next_frame(socket, "window_open")
        await (socket.send_bytes(sent) if isinstance(sent, bytes) else socket.send_str(sent))
        error = await next_frame(socket)
        assert (error["type"], error["data"]["code"]) == ("error", code)
        await send(socket, type="ping")
        assert (await next_frame(socket))["type"] == "pong"


async def test_a_frame_beyond_all_measure_ends_the_connection(house: House) -> None:
    async with house.http.ws_connect(house.url + "/ws") as socket:
        await next_frame(socket, "window_open")
        await socket.send_str("x" * 1_000_000)
        assert (await next_frame(socket))["data"]["code"] == "too_large"
        await socket.send_str("x" * 1_100_000)
        message = await socket.receive(timeout=10)
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert socket.close_code == 1009


async def test_health_is_answered(house: House) -> None:
    async with house.http.ws_connect(house.url + "/ws/watchtower") as socket:
        await send(socket, type="health_check")
        assert (await next_frame(socket, "health_check"))["data"]["status_id"] == "healthy"


async def test_the_watchtower_gets_the_machines_figures_every_second_and_others_do_not(house: House) -> None:
    async with (
        house.http.ws_connect(house.url + "/ws/watchtower") as watching,
        house.http.ws_connect(house.url + "/ws/chat") as chatting,
    ):
        first = await next_frame(watching, "system_stats")
        assert {"cpu_usage", "memory_usage", "loop_lag_ms"} <= set(first["data"])
        await next_frame(watching, "system_stats")
        await send(chatting, type="ping")
        assert [(await next_frame(chatting))["type"] for _ in range(2)] == ["window_open", "pong"]
    async with asyncio.timeout(5):
        while any("statistics" in name for name in house.services.tasks.names):
            await asyncio.sleep(0.05)


async def test_a_hot_swap_brings_a_window_of_the_panel_to_the_front(tmp_path: Path) -> None:
    async with open_house(tmp_path, panel=True) as house, house.http.ws_connect(house.url + "/ws") as socket:
        await send(socket, type="hot_swap", target_window="chat", swap_data={"agent_id": "a"})
        assert (await next_frame(socket, "hot_swap", "error"))["type"] == "hot_swap"
        await send(
            socket, type="hot_swap", window_type="all", data={"target_window": "code-agent", "swap_data": {"path": "x.py"}}
        )
        await next_frame(socket, "hot_swap")
        assert house.swaps == [("chat", {"agent_id": "a"}), ("code-agent", {"path": "x.py"})]


async def test_without_a_panel_a_hot_swap_is_refused_with_the_reason(house: House) -> None:
    async with house.http.ws_connect(house.url + "/ws") as socket:
        await send(socket, type="hot_swap", target_window="chat")
        assert (await next_frame(socket, "error"))["data"]["code"] == "headless"


async def test_a_mistake_of_ours_is_logged_and_does_not_end_the_connection(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house.http.ws_connect(house.url + "/ws") as socket:
        await next_frame(socket, "window_open")
        monkeypatch.setattr("api.websocket.hub.parse_request", lambda _: 1 / 0)
        await send(socket, type="ping")
        assert (await next_frame(socket))["data"]["code"] == "internal_error"
        monkeypatch.undo()
        await send(socket, type="ping")
        assert (await next_frame(socket))["type"] == "pong"
    assert [record.exc_info is not None for record in caplog.records if record.levelname == "ERROR"] == [True]


async def test_no_more_connections_than_the_settings_allow(tmp_path: Path) -> None:
    async with open_house(tmp_path, {"websocket": {"max_connections": 2}}) as house:
        async with house.http.ws_connect(house.url + "/ws"), house.http.ws_connect(house.url + "/ws"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
                await house.http.ws_connect(house.url + "/ws")
            assert raised.value.status == 503
            assert raised.value.headers is not None
            assert int(raised.value.headers["Retry-After"]) > 0
        async with asyncio.timeout(5):
            while house.application[HUB].count:
                await asyncio.sleep(0.01)
        async with house.http.ws_connect(house.url + "/ws") as socket:
            await next_frame(socket, "window_open")


async def test_a_client_that_vanished_is_noticed(tmp_path: Path) -> None:
    async with open_house(tmp_path, {"websocket": {"heartbeat": 1}}) as house:
        _, writer = await socket_that_reads_nothing(house)
        assert house.application[HUB].count == 1
        async with asyncio.timeout(10):
            while house.application[HUB].count:
                await asyncio.sleep(0.05)
        writer.close()


async def test_clients_are_told_when_the_panel_stops(house: House) -> None:
    async with house.http.ws_connect(house.url + "/ws") as socket:
        await next_frame(socket, "window_open")
        stopping = house.services.tasks.spawn("stop", house.server.stop())
        message = await socket.receive(timeout=5)
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert message.data == 1001
        await stopping
    assert house.application[HUB].count == 0
