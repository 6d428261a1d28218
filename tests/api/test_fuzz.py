"""Whatever is sent, the server answers, and never that it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.application import ENDPOINTS
from tests.api.house import TOKEN, House, next_frame, open_house

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    (
        "workflow_id",
        "agent_id",
        "entanglement_id",
        "event_type",
        "agents",
        "event_id",
        "severity",
        "requires_attention",
        "x",
        "y",
        "token",
        "agent_type",
        "config",
        "task",
        "context",
        "text",
        "decision",
        "nonce",
        "type",
        "to",
        "title",
        "members",
        "turn_order",
        "lead",
        "pinned",
        "message_id",
        "attachments",
        "delivery",
    )
)
BODIES = st.one_of(
    st.binary(max_size=300),
    JSON.map(lambda value: orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS) if _encodable(value) else b"{"),
    st.dictionaries(FIELDS, JSON, max_size=6).map(lambda value: orjson.dumps(value) if _encodable(value) else b"["),
)
PARTS = st.one_of(st.text(max_size=30), st.sampled_from(("..", ".", "%", "\x00", "ü", "a/b", "map", " ")))
TYPES = st.sampled_from(
    (None, "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "\t;;")
)
NAMES = st.sampled_from(
    (
        "since",
        "limit",
        "type",
        "subject",
        "q",
        "order",
        "after",
        "before",
        "ticket",
        "colour",
        "cursor",
        "around",
        "thread",
        "format",
        "state",
        "preview",
    )
)
QUERIES = st.lists(st.tuples(NAMES, st.text(max_size=20) | st.integers().map(str)), max_size=4)
QUICKLY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def _encodable(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


class Bench:
    """One house for many examples: hypothesis is not asynchronous, so it has a loop of its own."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._context = open_house(folder)
        self.house: House = self.run(self._context.__aenter__())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def close(self) -> None:
        self.run(self._context.__aexit__(None, None, None))
        self._runner.close()


def test_no_request_makes_it_fail(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    @QUICKLY
    @given(
        endpoint=st.sampled_from(ENDPOINTS),
        parts=st.lists(PARTS, min_size=3, max_size=3),
        query=QUERIES,
        body=BODIES,
        declared=TYPES,
        key=st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=400),
        slash=st.booleans(),
        known=st.booleans(),
    )
    def check(
        endpoint: Any,
        parts: list[str],
        query: list[tuple[str, str]],
        body: bytes,
        declared: str | None,
        key: str | None,
        slash: bool,
        known: bool,
    ) -> None:
        path = endpoint.paths[-1 if slash else 0]
        for name, part in zip(endpoint.parameters, parts, strict=False):
            path = path.replace("{" + name + "}", quote(part.encode(errors="replace"), safe=""))
        asked = "&".join(f"{name}={quote(value.encode(errors='replace'))}" for name, value in query)
        lines = [f"{endpoint.method} {path}{'?' + asked if asked else ''} HTTP/1.1", "Host: x", "Connection: close"]
        lines += [f"Authorization: Bearer {TOKEN}"] if known else []
        lines += [f"Content-Type: {declared}"] if declared is not None else []
        lines += [f"Idempotency-Key: {key}"] if key is not None else []
        lines += [f"Content-Length: {len(body)}"]
        status = bench.run(_status(bench.house, "\r\n".join(lines).encode() + b"\r\n\r\n" + body))
        assert 200 <= status < 500

    try:
        check()
        bench.run(_still_well(bench.house))
    finally:
        bench.close()


def test_no_bytes_make_it_fail(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    @QUICKLY
    @given(
        method=st.sampled_from((b"GET", b"POST", b"PUT", b"OPTIONS", b"BREW", b"")) | st.binary(max_size=5),
        target=st.binary(max_size=60).map(lambda b: b"/" + b) | st.sampled_from((b"*", b"http://x/health", b"/%", b"/\xff")),
        header=st.binary(max_size=60),
        body=st.binary(max_size=60),
    )
    def check(method: bytes, target: bytes, header: bytes, body: bytes) -> None:
        request = method + b" " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        request += f"Authorization: Bearer {TOKEN}\r\n".encode() + header + b"\r\n\r\n" + body
        status = bench.run(_status(bench.house, request, half_close=True))
        assert status is None or 200 <= status < 500

    try:
        check()
        bench.run(_still_well(bench.house))
    finally:
        bench.close()


def test_no_frame_makes_a_websocket_fail(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    known = st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ("subscribe", "ping", "hot_swap", "health_check", "chat_message", "slash_command", "chat_history")
            )
        },
        optional={
            "since": JSON,
            "types": JSON,
            "data": JSON,
            "target_window": JSON,
            "swap_data": JSON,
            "conversation_id": JSON,
            "text": JSON,
            "to": JSON,
            "before": JSON,
            "idempotency_key": JSON,
            "request_id": JSON,
        },
    )

    @QUICKLY
    @given(
        frames=st.lists(
            (JSON | known).filter(_encodable).map(lambda value: orjson.dumps(value).decode()) | st.text(max_size=50), max_size=6
        )
    )
    def check(frames: list[str]) -> None:
        bench.run(_converse(bench.house, frames))

    try:
        check()
        bench.run(_still_well(bench.house))
    finally:
        bench.close()


async def _status(house: House, request: bytes, *, half_close: bool = False) -> int | None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    writer.write(request)
    if half_close:
        writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return int(answer[9:12]) if answer else None


async def _converse(house: House, frames: list[str]) -> None:
    async with house.http.ws_connect(house.url + "/ws") as socket:
        for text in frames:
            await socket.send_str(text)
        # What comes last is answered last: everything before it was taken.
        await socket.send_str('{"type":"the end"}')
        while (frame := await next_frame(socket))["type"] != "error" or "the end" not in frame["data"]["message"]:
            assert frame["data"].get("code") != "internal_error", frame


async def _still_well(house: House) -> None:
    assert (await house.get("/health"))["status"] == "healthy"
    assert (await house.get("/api/audit/verify"))["ok"]
