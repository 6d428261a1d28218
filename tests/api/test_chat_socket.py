"""The chat over a WebSocket: what is posted comes with its text, answers come as they are written, without a gap or a repeat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.keys import HUB
from chainbot_desktop.agents.kind import Result, Run
from chainbot_desktop.chat.commands import Answer, CommandSpec, Invocation, Place
from chainbot_desktop.core.events import AgentSpawned
from chainbot_desktop.core.events.agents import AgentFact
from tests.api.house import TOKEN, House, next_frame, open_house
from tests.api.slow_reader import read_frames, socket_that_reads_nothing
from tests.api.test_conversations import begin, say, texts
from tests.api.test_fuzz import Bench

Socket = aiohttp.ClientWebSocketResponse


async def send(socket: Socket, **frame: Any) -> None:
    await socket.send_str(orjson.dumps(frame).decode())


class Reader:
    """A client as one would write it: the text of every answer, from `text` and `delta` alone."""

    def __init__(self, socket: Socket | None = None) -> None:
        self._socket = socket
        self.answers: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.activity: dict[str, list[dict[str, Any]]] = {}
        self.messages: list[dict[str, Any]] = []
        self.frames = 0

    @property
    def socket(self) -> Socket:
        assert self._socket is not None
        return self._socket

    async def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self.take(await next_frame(self.socket))

    def take(self, frame: dict[str, Any]) -> None:
        assert frame["type"] not in ("dropped", "position_gone", "error"), frame
        data = frame["data"]
        if frame["type"] == "agent_response":
            self._take_answer(data)
        elif frame["type"] == "chat_activity":
            self.activity[data["conversation_id"]] = data["answers"]
        elif frame["type"] == "chat_message":
            self.messages.append(data["message"])

    def _take_answer(self, data: dict[str, Any]) -> None:
        run = data["run_id"]
        self.frames += 1
        if "text" in data:
            assert (data["offset"], data["seq"]) == (0, 1)
            self.answers[run] = data["text"]
        else:
            assert data["offset"] == len(self.answers[run]), "neither a gap nor a repeat"
            assert data["seq"] == self.counts[run] + 1
            self.answers[run] += data["delta"]
        self.counts[run] = data["seq"]
        self.states[run] = data["state"]


class Player:
    """What the agent of a run says is said by the test, when it says so."""

    def __init__(self, house: House) -> None:
        self.runs: dict[str, Run] = {}
        self._ends: dict[str, asyncio.Event] = {}
        self._begun = asyncio.Event()
        for worker in house.scripted.workers:
            worker.execute = self._execute  # type: ignore[method-assign]

    async def begun(self, run_id: str) -> Run:
        async with asyncio.timeout(10):
            while run_id not in self.runs:
                self._begun.clear()
                await self._begun.wait()
        return self.runs[run_id]

    def end(self, run_id: str) -> None:
        self._ends[run_id].set()

    async def _execute(self, run: Run) -> Any:
        said: list[str] = []
        stream = run.stream

        def keep(text: str) -> None:
            said.append(text)
            stream(text)

        run.stream = keep  # type: ignore[method-assign,assignment]
        self._ends[run.row.id] = asyncio.Event()
        self.runs[run.row.id] = run
        self._begun.set()
        await self._ends[run.row.id].wait()
        return Result("".join(said))


async def test_a_message_comes_with_its_text_also_for_who_resumes(house: House) -> None:
    chat = await begin(house, title="Letters")
    async with house.http.ws_connect(house.url + "/ws/chat") as socket:
        await next_frame(socket, "window_open")
        posted = await say(house, chat, "hello 🦊")
        frame = await next_frame(socket, "chat_message")
        assert frame["window_type"] == "chat"
        assert frame["data"]["type"] == "message_posted"
        assert frame["data"]["message"] == posted["message"]
    async with house.http.ws_connect(house.url + "/ws/chat") as socket:
        await send(socket, type="subscribe", since=0)
        assert (await next_frame(socket, "chat_history"))["data"]["type"] == "conversation_created"
        assert (await next_frame(socket, "chat_message"))["data"] == frame["data"]
    await house.post(f"/api/conversations/{chat}/clear", None)
    async with house.http.ws_connect(house.url + "/ws/chat") as socket:
        await send(socket, type="subscribe", since=0)
        assert (await next_frame(socket, "chat_message"))["data"]["message"] is None, "it is not there any more"


async def test_an_answer_comes_as_it_is_written(house: House) -> None:
    ada = await house.runs("Ada")
    player = Player(house)
    chat = await begin(house)
    async with house.http.ws_connect(house.url + "/ws/chat") as socket:
        reader = Reader(socket)
        [run] = (await say(house, chat, "@Ada tell me"))["runs"]
        work = await player.begun(run)
        work.stream("The cellar ")
        await reader.until(lambda: reader.answers.get(run) == "The cellar ")
        assert reader.states[run] == "working"
        work.stream("is dry")
        await reader.until(lambda: reader.answers[run] == "The cellar is dry")
        work.step("looking")
        await reader.until(lambda: bool(reader.activity.get(chat)) and reader.activity[chat][0]["step"] == "looking")
        assert (reader.activity[chat][0]["agent_id"], reader.activity[chat][0]["name"]) == (ada, "Ada")
        done = work.waits_for("your approval")
        await reader.until(lambda: reader.states[run] == "waiting")
        done()
        await reader.until(lambda: reader.states[run] == "working")
        player.end(run)
        await reader.until(lambda: reader.states[run] == "ended" and reader.activity.get(chat) == [])
    assert reader.answers[run] == "The cellar is dry"
    [_, answer] = reader.messages
    assert (answer["text"], answer["detail"]["run_id"]) == ("The cellar is dry", run)


async def test_who_comes_in_the_middle_has_the_text_so_far(house: House) -> None:
    await house.runs("Ada")
    player = Player(house)
    chat = await begin(house)
    [run] = (await say(house, chat, "@Ada tell me"))["runs"]
    work = await player.begun(run)
    work.stream("one ")
    async with house.http.ws_connect(house.url + "/ws/chat") as first, house.http.ws_connect(house.url + "/ws") as second:
        readers = [Reader(first), Reader(second)]
        for reader in readers:
            await reader.until(lambda reader=reader: reader.answers.get(run) == "one ")  # type: ignore[misc]
        work.stream("two ")
        await readers[0].until(lambda: readers[0].answers[run] == "one two ")
        await send(first, type="subscribe")
        await next_frame(first, "snapshot")
        readers[0].answers.clear()
        await readers[0].until(lambda: readers[0].answers.get(run) == "one two ")
        work.stream("three")
        player.end(run)
        for reader in readers:
            await reader.until(lambda reader=reader: reader.states.get(run) == "ended")  # type: ignore[misc]
            assert reader.answers[run] == "one two three"
    async with house.http.ws_connect(house.url + "/ws/chat") as late:
        await send(late, type="ping")
        while (frame := await next_frame(late))["type"] != "pong":
            assert frame["type"] != "agent_response"


async def test_many_tokens_are_few_frames(house: House) -> None:
    await house.runs("Ada")
    player = Player(house)
    chat = await begin(house)
    async with house.http.ws_connect(house.url + "/ws/chat") as socket:
        reader = Reader(socket)
        [run] = (await say(house, chat, "@Ada tell me"))["runs"]
        work = await player.begun(run)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(1000):
            work.stream(f"{number} ")
            if number % 10 == 0:
                await asyncio.sleep(0.001)
        player.end(run)
        await reader.until(lambda: reader.states.get(run) == "ended")
        seconds = loop.time() - began
    assert reader.answers[run] == "".join(f"{number} " for number in range(1000))
    assert reader.frames <= 20 * seconds + 3


async def test_a_slow_client_loses_events_and_nothing_of_an_answer(tmp_path: Path) -> None:
    async with open_house(tmp_path, {"websocket": {"queue_frames": 50}}) as house:
        await house.runs("Ada")
        player = Player(house)
        chat = await begin(house)
        [run] = (await say(house, chat, "@Ada tell me"))["runs"]
        work = await player.begun(run)
        slow = await socket_that_reads_nothing(house)
        said = []
        for number in range(80):
            said.append(f"{number} {'what a slow reader has to read ' * 300}")
            work.stream(said[-1])
            events = [AgentSpawned(data=AgentFact(agent_id="a", reason="x" * 8000)) for _ in range(25)]
            await asyncio.gather(*(house.store.journal.append(event) for event in events))
        assert house.application[HUB].connections[0].queued <= 50
        player.end(run)
        frames = await read_frames(slow, lambda frame: frame["type"] == "agent_response" and frame["data"]["state"] == "ended")
        assert any(frame["type"] == "dropped" for frame in frames)
        reader = Reader()
        for frame in frames:
            if frame["type"] == "agent_response":
                reader.take(frame)
        assert reader.answers[run] == "".join(said)
        assert reader.frames < 40, "larger pieces, not more of them"
        slow[1].close()


async def test_a_message_and_a_command_are_sent_over_the_socket(house: House) -> None:
    await house.runs("Ada")
    chat = await begin(house)
    async with house.http.ws_connect(house.url + "/ws/chat") as socket:
        await send(
            socket, type="chat_message", conversation_id=chat, text="@Ada say hello", idempotency_key="k", request_id="r-1"
        )
        accepted = (await next_frame(socket, "accepted"))["data"]
        assert (accepted["request_id"], accepted["message"]["text"]) == ("r-1", "@Ada say hello")
        assert len(accepted["runs"]) == 1
        await send(
            socket, type="chat_message", conversation_id=chat, text="@Ada say hello", idempotency_key="k", request_id="r-2"
        )
        again = (await next_frame(socket, "accepted"))["data"]
        assert {**again, "request_id": "r-1"} == accepted
        await send(socket, type="chat_message", conversation_id=chat, text="other", idempotency_key="k")
        assert (await next_frame(socket, "error"))["data"]["code"] == "idempotency_mismatch"
        await send(socket, type="slash_command", data={"conversation_id": chat, "text": "/help"})
        assert "/clear" in (await next_frame(socket, "accepted"))["data"]["answer"]["text"]
        await send(socket, type="slash_command", conversation_id=chat, text="help", request_id="r-3")
        error = (await next_frame(socket, "error"))["data"]
        assert (error["code"], error["request_id"], error["conversation_id"]) == ("not_a_command", "r-3", chat)
        await send(socket, type="chat_history", conversation_id=chat, limit=2, request_id="r-4")
        while "request_id" not in (page := (await next_frame(socket, "chat_history"))["data"]):
            pass
        assert (page["request_id"], len(page["items"])) == ("r-4", 2)
        for wrong, code in (
            ({"type": "chat_message", "conversation_id": "nowhere", "text": "x"}, "not_found"),
            ({"type": "chat_message", "conversation_id": chat}, "empty_message"),
            ({"type": "chat_message", "text": "x"}, "invalid_field"),
            ({"type": "chat_message", "conversation_id": chat, "text": "x", "colour": "red"}, "invalid_field"),
            ({"type": "chat_message", "conversation_id": chat, "text": "a\0b"}, "invalid_field"),
            ({"type": "chat_message", "conversation_id": chat, "text": "x", "idempotency_key": ""}, "invalid_key"),
            ({"type": "chat_history", "conversation_id": "nowhere"}, "not_found"),
            ({"type": "chat_history", "conversation_id": chat, "before": -1}, "invalid_field"),
        ):
            await send(socket, **wrong)
            assert (await next_frame(socket, "error"))["data"]["code"] == code
    assert (await texts(house, chat)).count("@Ada say hello") == 1


async def test_what_is_sent_later_is_not_done_earlier(house: House) -> None:
    chat = await begin(house)
    async with house.http.ws_connect(house.url + "/ws/chat") as socket:
        for number in range(20):
            await send(socket, type="chat_message", conversation_id=chat, text=str(number))
        for number in range(20):
            assert (await next_frame(socket, "accepted"))["data"]["message"]["text"] == str(number)
    assert await texts(house, chat) == [str(number) for number in range(20)]


async def test_a_command_that_takes_its_time_keeps_nobody_else(house: House) -> None:
    chat = await begin(house)
    goes_on = asyncio.Event()

    async def wait(_invocation: Invocation, _place: Place) -> Answer:
        await goes_on.wait()
        return Answer("waited")

    house.chat.commands.register(CommandSpec("wait", "Waits."), wait)
    async with house.http.ws_connect(house.url + "/ws/chat") as slow, house.http.ws_connect(house.url + "/ws/chat") as quick:
        await send(slow, type="slash_command", conversation_id=chat, text="/wait", idempotency_key="k-1")
        await send(slow, type="chat_message", conversation_id=chat, text="after it", request_id="second")
        await send(slow, type="ping")
        while (frame := await next_frame(slow))["type"] != "pong":
            assert frame["type"] != "accepted"
        await send(quick, type="chat_message", conversation_id=chat, text="meanwhile", idempotency_key="k-2")
        await next_frame(quick, "accepted")
        for number in range(100):
            await send(slow, type="chat_history", conversation_id=chat, limit=1, request_id=str(number))
        assert (await next_frame(slow, "error"))["data"]["code"] == "too_many_waiting"
        goes_on.set()
        assert (await next_frame(slow, "accepted"))["data"]["answer"]["text"] == "waited"
        assert (await next_frame(slow, "accepted"))["data"]["request_id"] == "second"
    assert await texts(house, chat) == ["meanwhile", "/wait", "waited", "after it"]


def test_no_gap_and_no_repeat_whenever_clients_come(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    house = bench.house
    bench.run(house.runs("Ada"))
    player = bench.run(_player(house))
    deeds = st.lists(
        st.one_of(
            st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).map(lambda text: ("say", text)),
            st.sampled_from((("come", ""), ("again", ""), ("breathe", ""))),
        ),
        max_size=14,
    )

    async def one(script: list[tuple[str, str]]) -> None:
        chat = await begin(house)
        [run] = (await say(house, chat, "@Ada tell me"))["runs"]
        work = await player.begun(run)
        readers: list[Reader] = []
        said = ""
        try:
            for deed, text in script:
                if deed == "say":
                    work.stream(text)
                    said += text
                elif deed == "come":
                    readers.append(Reader(await house.http.ws_connect(house.url + "/ws/chat")))
                elif deed == "again" and readers:
                    await send(readers[-1].socket, type="subscribe")
                else:
                    await asyncio.sleep(0.03)
            readers.append(Reader(await house.http.ws_connect(house.url + "/ws/chat")))
            await readers[-1].until(lambda: run in readers[-1].answers)
            player.end(run)
            for reader in readers:
                await reader.until(lambda reader=reader: reader.states.get(run) == "ended")  # type: ignore[misc]
                assert reader.answers[run] == said
        finally:
            for reader in readers:
                await reader.socket.close()

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(deeds)
    def check(script: list[tuple[str, str]]) -> None:
        bench.run(one(script))

    try:
        check()
    finally:
        bench.close()


async def _player(house: House) -> Player:
    return Player(house)


async def test_a_client_without_a_token_hears_nothing(house: House) -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
            await http.ws_connect(house.url + "/ws/chat", headers={"Authorization": f"Bearer {TOKEN}x"})
    assert raised.value.status == 401
