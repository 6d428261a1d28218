"""The log lines through the API: pages in both directions, filters, exports, and what is asked wrongly."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import orjson
import pytest

from chainbot_desktop.watch.logs.records import LogRecord, Source
from chainbot_desktop.watch.logs.timeline import LogTimeline
from tests.api.house import TOKEN, House


@pytest.fixture
async def timeline(house: House) -> LogTimeline:
    assert house.services.timeline is not None
    return house.services.timeline


async def say(timeline: LogTimeline, *records: LogRecord) -> None:
    timeline.add(records)
    await timeline.kept()


def said(
    text: str, at: float = 1_800_000_000.0, level: int = logging.INFO, source: Source = "program", name: str = "house"
) -> LogRecord:
    return LogRecord(at, level, source, name, text)


def texts(page: dict[str, Any]) -> list[str]:
    return [item["text"] for item in page["items"] if item["source"] != "http"]


async def test_a_page_and_the_ways_from_it(house: House, timeline: LogTimeline) -> None:
    await say(timeline, *(said(f"line {n}", 1_800_000_000 + n) for n in range(10)))
    page = await house.get("/api/logs?limit=4&source=program")
    assert texts(page) == ["line 6", "line 7", "line 8", "line 9"]
    assert page["items"][0] == {
        "number": 6, "time": "2027-01-15T08:00:06.000000Z", "level": "info", "source": "program", "name": "house", "text": "line 6"
    }  # fmt: skip
    older = await house.get(f"/api/logs?limit=4&source=program&cursor={page['older']}")
    assert texts(older) == ["line 2", "line 3", "line 4", "line 5"]
    oldest = await house.get(f"/api/logs?limit=4&source=program&cursor={older['older']}")
    assert texts(oldest) == ["line 0", "line 1"]
    assert oldest["older"] is None
    again = await house.get(f"/api/logs?limit=3&source=program&cursor={oldest['newer']}")
    assert texts(again) == ["line 2", "line 3", "line 4"]
    assert texts(await house.get(f"/api/logs?limit=3&source=program&cursor={again['newer']}")) == ["line 5", "line 6", "line 7"]


async def test_asked_again_it_tells_what_came_since(house: House, timeline: LogTimeline) -> None:
    await say(timeline, said("before"))
    page = await house.get("/api/logs")
    await say(timeline, said("after\nwith a second line"), said("and more"))
    since = await house.get(f"/api/logs?source=program&cursor={page['newer']}")
    assert texts(since) == ["after\nwith a second line", "and more"]
    assert texts(await house.get(f"/api/logs?source=program&cursor={since['newer']}")) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("level=error", ["c"]),
        ("level=warning,error", ["b", "c"]),
        ("level=warning&level=error", ["b", "c"]),
        ("source=agent,journald", ["c", "d e"]),
        ("name=two&name=three", ["c", "d e"]),
        ("name=a,b", []),
        ("q=E d", ["d e"]),
        ("q=D&case=true", []),
        ("q=^[bd]&regex=true", ["b", "d e"]),
        ('q="d e"', ["d e"]),
        ("after=2027-01-15T08:00:02Z", ["c", "d e"]),
        ("before=2027-01-15T08:00:01Z&after=2027-01-15T08:00:01Z", ["b"]),
    ],
)
async def test_filters(house: House, timeline: LogTimeline, asked: str, found: list[str]) -> None:
    await say(
        timeline,
        said("a"),
        said("b", 1_800_000_001, logging.WARNING),
        said("c", 1_800_000_002, logging.ERROR, "agent", "two"),
        said("d e", 1_800_000_003, logging.DEBUG, "journald", "three"),
    )
    assert texts(await house.get(f"/api/logs?{asked}")) == found


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("q=(&regex=true", "invalid_pattern"),
        ("cursor=x", "invalid_cursor"),
        ("cursor=from.-1.x", "invalid_cursor"),
        ("cursor=from.1.another-life", "stale_cursor"),
        ("level=loud", "invalid_parameter"),
        ("limit=0", "invalid_parameter"),
        ("after=soon", "invalid_parameter"),
        ("colour=red", "invalid_parameter"),
        ("format=xml", "invalid_parameter"),
    ],
)
async def test_what_is_asked_wrongly(house: House, asked: str, code: str) -> None:
    async with house.http.get(f"{house.url}/api/logs?{asked}") as response:
        assert response.status == 422
        assert orjson.loads(await response.read())["code"] == code


async def test_an_expression_that_takes_too_long_is_refused(house: House, timeline: LogTimeline) -> None:
    await say(timeline, said("a" * 5000 + "!"))
    async with house.http.get(f"{house.url}/api/logs", params={"q": "(a|aa)+$", "regex": "true"}) as response:
        assert response.status == 422
        assert orjson.loads(await response.read())["code"] == "slow_pattern"


async def test_a_cursor_of_lines_that_are_gone_says_how_many(house: House, timeline: LogTimeline) -> None:
    await say(timeline, said("first"))
    page = await house.get("/api/logs?source=program")
    timeline._store.kept = 200_000
    for start in range(0, 20_000, 2_000):
        await say(timeline, *(said(f"line {n} {'x' * 30}") for n in range(start, start + 2_000)))
    assert timeline.first > 1
    since = await house.get(f"/api/logs?limit=1&cursor={page['newer']}")
    number = int(page["newer"].split(".")[1])
    assert since["dropped"] == timeline.first - number
    assert since["items"][0]["number"] == timeline.first


async def test_exports(house: House, timeline: LogTimeline) -> None:
    await say(timeline, *(said(f"line {n}\n\x1b[1mbold\x00", 1_800_000_000 + n, name="ä") for n in range(3000)))
    async with house.http.get(f"{house.url}/api/logs?format=jsonl&source=program") as response:
        assert response.headers["Content-Type"] == "application/x-ndjson"
        assert response.headers["Content-Disposition"].startswith('attachment; filename="logs-')
        lines = [orjson.loads(line) for line in (await response.read()).splitlines()]
    assert [line["text"] for line in lines] == [f"line {n}\n\x1b[1mbold\x00" for n in range(3000)]
    async with house.http.get(f"{house.url}/api/logs?format=text&source=program&q=2999") as response:
        assert await response.text() == "2027-01-15T08:49:59.000000Z info program/ä: line 2999\n\x1b[1mbold\x00\n"
    async with house.http.head(f"{house.url}/api/logs?format=text") as response:
        assert response.status == 200
        assert await response.read() == b""


async def test_an_export_that_breaks_off_does_not_look_whole(house: House, timeline: LogTimeline) -> None:
    await say(timeline, said("fine"), said("a" * 5000 + "!"))
    with pytest.raises(Exception, match=r"(?i)payload|closed|disconnected"):
        async with house.http.get(
            f"{house.url}/api/logs", params={"q": "(a|aa)+$", "regex": "true", "format": "text"}
        ) as response:
            await response.read()


async def test_requests_are_told_without_what_is_secret_in_them(house: House, timeline: LogTimeline) -> None:
    await house.get("/api/events?q=very-private")
    async with house.http.get(f"{house.url}/nowhere/very-private?token={TOKEN}") as response:
        assert response.status == 404
    async with house.http.get(f"{house.url}/api/logs", headers={"Authorization": "Bearer wrong"}) as response:
        assert response.status == 401
    async with asyncio.timeout(10):
        while timeline.end < 3:
            await timeline.kept()
            await asyncio.sleep(0.01)
    found = [(row.level, row.name, row.text.rsplit(" ", 4)[0]) for row in timeline.lines(0, 3)]
    assert found == [
        (logging.INFO, "/api/events", "GET /api/events 200"),
        (logging.WARNING, "(unknown)", "* (unknown) 404"),
        (logging.WARNING, "/api/logs", "GET /api/logs 401"),
    ]
    everything = "".join(row.text for row in timeline.lines(0, timeline.end))
    assert "very-private" not in everything
    assert TOKEN not in everything


async def test_without_a_timeline_it_is_unavailable(house: House) -> None:
    object.__setattr__(house.services, "timeline", None)
    async with house.http.get(f"{house.url}/api/logs") as response:
        assert response.status == 503
