"""A request that changes nothing is made again when that may help; one that changes something never."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.agents.kinds.api.retry import Pace, asked_wait
from tests.helpers.api_agents import ME, agent, do, said
from tests.helpers.raw_http import Arrived, RawServer, http, raw_server

EVERYTHING = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def fails_first(server: RawServer, times: int, answer: bytes) -> None:
    """`answer` for so many requests, then a good one."""
    server.answers = lambda _: answer if len(server.arrived) <= times else http(body=b'{"good": true}')


BUSY = http("503 Busy", b"later")


@pytest.mark.parametrize("status", ["429 Slow down", "502 Bad", "503 Busy", "504 Late"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_passes_is_waited_out_and_told(tmp_path: Path, status: str, method: str) -> None:
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1") as (house, agent_id):
        fails_first(api, 2, http(status, b""))
        row = await do(house, agent_id, f"{method} /things")
        assert row.state == "succeeded"
        assert [each.method for each in api.arrived] == [method] * 3
        assert f"127.0.0.1 answered {status}: again in 0.0 s (1 of 3)" in said(house, agent_id)
        assert "(2 of 3)" in said(house, agent_id)
        assert "(3 of 3)" not in said(house, agent_id)


async def test_a_broken_connection_is_tried_again(tmp_path: Path) -> None:
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1") as (house, agent_id):
        fails_first(api, 1, b"")
        assert (await do(house, agent_id, "GET /things")).state == "succeeded"
        assert "broke off" in said(house, agent_id)
        api.arrived.clear()
        fails_first(api, 1, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        assert (await do(house, agent_id, "GET /things")).state == "succeeded"
        assert len(api.arrived) == 2


async def test_it_gives_up_in_the_end(tmp_path: Path) -> None:
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1") as (house, agent_id):
        api.answers = lambda _: BUSY
        assert "answered 503 Busy: later" in (await do(house, agent_id, "GET /things")).reason
        assert len(api.arrived) == 4
        api.answers = lambda _: http("500 Broken", b"")
        assert "answered 500" in (await do(house, agent_id, "GET /things")).reason
        assert len(api.arrived) == 5, "a fault of the API does not pass by itself"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "answer", [BUSY, http("429 Slow down", Retry_After="0"), b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"]
)
async def test_what_changes_something_is_sent_once(tmp_path: Path, method: str, answer: bytes) -> None:
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1", allowed_methods=EVERYTHING) as (house, agent_id):
        api.answers = lambda _: answer
        row = await do(house, agent_id, "Do it", method=method, path="/things", body={"a": 1})
        assert row.state == "failed"
        assert (
            answer.startswith(b"HTTP/1.1 4") or answer == BUSY or f"Whether {method} had its effect is not known" in row.reason
        )
        assert len(api.arrived) == 1
        assert api.connections == 1


async def test_retry_after_is_honoured(tmp_path: Path) -> None:
    never = Pace(first=0)
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1", never) as (house, agent_id):
        fails_first(api, 1, http("503 Busy", Retry_After="1"))
        began = asyncio.get_running_loop().time()
        assert (await do(house, agent_id, "GET /things")).state == "succeeded"
        assert asyncio.get_running_loop().time() - began >= 1
        assert "again in 1.0 s" in said(house, agent_id)


@pytest.mark.parametrize(
    ("limits", "asked"),
    [({}, "3600"), ({}, "date"), ({"wall_seconds": 5}, "20"), ({}, "9" * 300), ({}, "Fri, 31 Dec 9999 23:59:59 GMT")],
)
async def test_a_wait_that_is_too_long_is_an_answer(tmp_path: Path, limits: dict[str, float], asked: str) -> None:
    if asked == "date":
        asked = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1", limits=limits) as (house, agent_id):
        api.answers = lambda _: http("429 Slow down", Retry_After=asked)
        row = await do(house, agent_id, "GET /things")
        assert "answered 429 Slow down" in row.reason
        assert "too long to wait" in row.reason
        assert len(api.arrived) == 1


async def test_a_wait_can_be_cancelled(tmp_path: Path) -> None:
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1") as (house, agent_id):
        api.answers = lambda _: http("503 Busy", Retry_After="50")
        run_id = await house.service.execute(agent_id, "GET /things", actor=ME)
        await house.until(agent_id, lambda _: "again in 50.0 s" in said(house, agent_id))
        await house.service.cancel_run(run_id, actor=ME)
        assert (await house.service.wait(run_id)).state == "cancelled"
        await house.becomes(agent_id, "idle")
        api.answers = lambda _: http()
        assert (await do(house, agent_id, "GET /things")).state == "succeeded"
        assert len(api.arrived) == 2


async def test_the_document_is_asked_for_again_too(tmp_path: Path) -> None:
    def answers(arrived: Arrived) -> bytes:
        document = b'{"openapi": "3.1.0", "paths": {"/things": {"get": {"operationId": "things"}}}}'
        return http(body=document) if len(api.arrived) > 1 else BUSY

    async with raw_server() as api:
        api.answers = answers
        async with agent(tmp_path, f"http://{api.host}/v1", openapi="/openapi.json") as (house, agent_id):
            assert (await do(house, agent_id, "things")).state == "succeeded"
            assert "answered 503 Busy: again in" in said(house, agent_id)


@given(st.integers(0, 10_000), st.integers(0, 20))
def test_waits_are_drawn_from_a_step_that_doubles_to_its_limit(seed: int, retry: int) -> None:
    wait = Pace(first=0.5, longest=60, draw=Random(seed)).wait(retry, None)
    assert 0 <= wait <= min(60, 0.5 * 2**retry)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), (" 7 ", 7.0), ("", None), ("soon", None), ("-1", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("²", None)],
)
def test_what_retry_after_says(header: str, seconds: float | None) -> None:
    assert asked_wait(header) == seconds
