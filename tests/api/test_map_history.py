"""The map as it was, asked over HTTP: the same document as the present one gave then."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.api.house import House


async def _refused(house: House, path: str) -> tuple[int, dict[str, Any]]:
    async with house.http.get(house.url + path) as response:
        assert response.content_type == "application/problem+json"
        return response.status, orjson.loads(await response.read())


def _without_vitals(document: dict[str, Any]) -> dict[str, Any]:
    """They are of the present alone."""
    agents = [{**agent, "vitals": None} for agent in document["agents"]]
    return {
        **document,
        "agents": agents,
        "connections": [{**link, "rate_per_minute": None} for link in document["connections"]],
    }


async def test_each_moment_is_as_the_map_was_then(house: House) -> None:
    seen: dict[int, Any] = {}

    async def look(seq: int) -> None:
        seen[seq] = await house.get("/api/agents/map")

    await look(await house.spawn("a-1", agent_name="First", status="running"))
    await look(await house.spawn("a/2 ü"))
    linked = {"entanglement_id": "e-1", "agents": ["a-1", "a/2 ü"]}
    await look((await house.post("/api/webhooks/chainbot/entanglement/created", linked))["seq"])
    await look((await house.post("/api/agents/a-1/position", {"x": 3, "y": -4}))["seq"])
    await look((await house.post("/api/webhooks/chainbot/agent/terminated", {"agent_id": "a-1"}))["seq"])
    assert len(seen) == 5
    for seq, document in reversed(seen.items()):
        found = await house.get(f"/api/agents/map?at={seq}")
        at = found.pop("at")
        assert all(agent["vitals"] is None for agent in found["agents"])
        assert _without_vitals(found) == _without_vitals(document)
        assert at["seq"] == seq
        assert (await house.get("/api/agents/map", params={"time": at["time"]}))["at"] == at
    assert "at" not in await house.get("/api/agents/map")


async def test_an_agent_of_this_program_has_no_runtime_in_the_past(house: House) -> None:
    agent_id = await house.runs("Worker")
    last = (await house.get("/api/events?order=desc&limit=1"))["items"][0]["seq"]
    (now,) = (await house.get("/api/agents/map"))["agents"]
    (then,) = (await house.get(f"/api/agents/map?at={last}"))["agents"]
    assert then["id"] == agent_id
    assert now["runtime"] is not None
    assert then["runtime"] is None


async def test_what_never_was_is_refused_with_the_reason(house: House) -> None:
    status, problem = await _refused(house, "/api/agents/map?at=1")
    assert (status, problem["detail"]) == (404, "Nothing has happened yet.")
    await house.spawn("a")
    for query, status, words in (
        ("at=2", 404, "There is no event 2."),
        ("time=2001-01-01T00:00:00Z", 404, "Nothing was recorded by 2001-01-01"),
        ("at=0", 422, "'at'"),
        ("at=x", 422, "'at'"),
        ("at=99999999999999999999", 422, "'at'"),
        ("time=yesterday", 422, "'time'"),
        ("at=1&time=2026-01-01T00:00:00Z", 422, "either at or time"),
        ("when=1", 422, "'when'"),
    ):
        found, problem = await _refused(house, f"/api/agents/map?{query}")
        assert found == status, query
        assert words in problem["detail"], problem


async def test_the_history_tells_how_far_it_reaches_and_what_happened_when(house: House) -> None:
    empty = await house.get("/api/agents/map/history")
    assert empty["density"] == []
    assert empty["span"] == {"first_seq": 0, "first_time": None, "last_seq": 0, "last_time": None, "pruned": False}
    await house.spawn("a", agent_name="Coder")
    await house.post("/api/webhooks/chainbot/workflow/started", {"workflow_id": "w"})
    await house.spawn("a", status="waiting_for_input")
    found = await house.get("/api/agents/map/history?buckets=3")
    assert (found["span"]["first_seq"], found["span"]["last_seq"], found["span"]["pruned"]) == (1, 3, False)
    assert [bucket["count"] for bucket in found["density"]] == [1, 0, 1]
    assert found["density"][0]["marks"] == [{"seq": 1, "kind": "spawned", "agent_id": "a", "agent_name": "Coder"}]
    assert [mark["kind"] for mark in found["density"][2]["marks"]] == ["needed_input"]
    assert found["density"][0]["time"] == found["span"]["first_time"]


@pytest.mark.parametrize("buckets", ["0", "1001", "many"])
async def test_a_number_of_stretches_that_cannot_be_is_refused(house: House, buckets: str) -> None:
    status, problem = await _refused(house, f"/api/agents/map/history?buckets={buckets}")
    assert status == 422
    assert "'buckets'" in problem["detail"]
