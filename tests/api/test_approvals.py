"""Approvals over HTTP: read with their nonce, answered once."""

from __future__ import annotations

from typing import Any

import orjson

from tests.api.house import House, next_frame


async def decide(house: House, approval_id: str, body: Any) -> tuple[int, Any]:
    async with house.http.post(f"{house.url}/api/approvals/{approval_id}", json=body) as response:
        return response.status, orjson.loads(await response.read())


async def asked(house: House, what: str = "rm -r build") -> tuple[str, dict[str, Any]]:
    """The run of an agent that asks, and its request."""
    agent_id = await house.runs(f"Ada {len(house.runtime.living())}")
    run = await house.runtime.execute(agent_id, f"ask {what}", actor="user:test")
    await house.becomes(agent_id, "waiting")
    while True:
        for found in await house.get("/api/approvals"):
            if found["run_id"] == run:
                return run, found


async def test_a_request_is_shown_exactly_and_approved_once(house: House) -> None:
    run, found = await asked(house, "rm -r build; echo $(id)")
    assert (found["detail"], found["detail_kind"], found["tool"], found["state"]) == (
        "rm -r build; echo $(id)",
        "command",
        "run_command",
        "pending",
    )
    assert await house.get(f"/api/approvals/{found['id']}/") == found
    status, settled = await decide(house, found["id"], {"decision": "approve", "nonce": found["nonce"]})
    assert (status, settled["state"], settled["decided_by"]) == (200, "approved", "user:admin")
    assert (await house.runtime.wait(run)).result == "approved True"
    status, again = await decide(house, found["id"], {"decision": "deny", "nonce": found["nonce"]})
    assert (status, again["code"]) == (409, "already_answered")
    assert await house.get("/api/approvals") == []
    assert [row["state"] for row in await house.get("/api/approvals?state=all")] == ["approved"]


async def test_a_denial_carries_its_reason(house: House) -> None:
    run, found = await asked(house)
    status, settled = await decide(house, found["id"], {"decision": "deny", "nonce": found["nonce"], "reason": "not today"})
    assert (status, settled["state"], settled["answer"]) == (200, "denied", "not today")
    assert (await house.runtime.wait(run)).result == "approved False not today"


async def test_who_has_not_read_it_cannot_answer(house: House) -> None:
    run, found = await asked(house)
    for body, code in (
        ({"decision": "approve"}, "nonce_missing"),
        ({"decision": "approve", "nonce": "guessed"}, "wrong_nonce"),
        ({"decision": "maybe", "nonce": found["nonce"]}, "invalid_field"),
        ({"nonce": found["nonce"]}, "invalid_field"),
    ):
        status, problem = await decide(house, found["id"], body)
        assert (status, problem["code"]) == (422, code)
    assert (await decide(house, "nothing", {"decision": "deny", "nonce": "x"}))[0] == 404
    assert (await house.get(f"/api/approvals/{found['id']}"))["state"] == "pending"
    assert (await house.runtime.run(run)).state not in ("succeeded", "failed")


async def test_a_client_hears_of_a_request_and_of_its_end(house: House) -> None:
    async with house.http.ws_connect(f"{house.url}/ws") as socket:
        await next_frame(socket, "window_open")
        _, found = await asked(house)
        alert = await next_frame(socket, "alert")
        assert alert["data"]["data"]["approval_id"] == found["id"]
        assert found["nonce"] not in str(alert)
        await decide(house, found["id"], {"decision": "deny", "nonce": found["nonce"]})
        while (frame := await next_frame(socket, "log_update"))["data"]["type"] != "approval_decided":
            pass
        assert frame["data"]["data"]["approval_id"] == found["id"]


async def test_a_client_sees_agents_change(house: House) -> None:
    async with house.http.ws_connect(f"{house.url}/ws/agent-map") as socket:
        await next_frame(socket, "window_open")
        agent_id = await house.runs("Ada")
        spawned = await next_frame(socket, "agent_spawn")
        assert spawned["data"]["subject"] == agent_id
        while (frame := await next_frame(socket, "agent_status_update"))["data"]["data"]["state"] != "idle":
            pass
        assert frame["data"]["data"]["agent_name"] == "Ada"
        await house.post(f"/api/agents/{agent_id}/stop", {})
        assert (await next_frame(socket, "agent_kill"))["data"]["subject"] == agent_id
