"""Deliveries through the API: what came in, what was refused, what is played again; and what goes out."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest

from chainbot_desktop.alexos.backlog import NOT_TOLD
from chainbot_desktop.core.events import PUBLIC_TYPES
from chainbot_desktop.store.deliveries import DeliveryTable
from tests.api.house import House
from tests.helpers.deliveries import HERE

HOOKS = "/api/webhooks/chainbot"
IN = "/api/deliveries/incoming"


async def refused(house: House, count: int) -> dict[str, Any]:
    """The page of refused ones, once there are so many: they are written a moment later."""
    async with asyncio.timeout(10):
        while True:
            page: dict[str, Any] = await house.get(f"{IN}?state=refused")
            if len(page["items"]) >= count:
                return page
            await asyncio.sleep(0.02)


async def test_a_webhook_is_kept_with_its_bytes_and_its_event(house: House) -> None:
    body = b'{ "workflow_id": "w-1",  "x": [1, 2] }'
    headers = {"webhook-id": "d-1", "X-Secret": "not-to-be-kept"}
    async with house.http.post(f"{house.url}{HOOKS}/workflow/started", data=body, headers=headers) as response:
        made = await response.json()
    page = await house.get(IN)
    (row,) = page["items"]
    assert (page["next"], page["kept"], page["refused"], page["not_kept"]) == (None, 1, 0, 0)
    assert (row["path"], row["key"], row["status"], row["state"]) == ("workflow/started", "d-1", 200, "accepted")
    assert (row["size"], row["event_id"], row["event_type"]) == (len(body), made["event_id"], "workflow_started")
    assert await house.get(f"{IN}/{row['number']}") == row
    async with house.http.get(f"{house.url}{IN}/{row['number']}/body") as response:
        assert await response.read() == body
        assert response.content_type == "application/octet-stream"
    assert "not-to-be-kept" not in str(page)
    assert "the-token" not in str(page)


async def test_refused_ones_say_why(house: House) -> None:
    url = house.url + HOOKS
    async with house.http.post(f"{url}/workflow/started", data=b"{") as response:
        assert response.status == 422
    async with house.http.post(f"{url}/workflow/started", data=io.BytesIO(b"x" * 2_000_000)) as response:
        assert response.status == 413
    async with house.http.post(f"{url}/no/such/hook", json={}) as response:
        assert response.status == 404
    async with house.http.post(f"{url}/event", json={}, headers={"Authorization": "Bearer wrong"}) as response:
        assert response.status == 401
    page = await refused(house, 4)
    rows = {row["status"]: row for row in page["items"]}
    assert set(rows) == {422, 413, 404, 401}
    assert rows[422]["body_kept"]
    assert rows[422]["caller"] == "user:admin"
    assert not rows[401]["body_kept"]
    assert rows[401]["caller"] == "system:webhook@127.0.0.1"
    assert rows[404]["path"] == "no/such/hook"
    assert all(row["reason"] and row["event_id"] is None for row in rows.values())


async def test_a_replay_with_its_preview(house: House) -> None:
    first = await house.post(f"{HOOKS}/agent/spawned", {"agent_id": "a1", "agent_name": "One"})
    number = (await house.get(IN))["items"][0]["number"]
    preview = await house.post(f"{IN}/{number}/replay?preview=true", None)
    assert (preview["valid"], preview["same"], preview["event"], preview["event_type"]) == (True, True, None, "agent_spawned")
    assert (await house.get(IN))["kept"] == 1
    done = await house.post(f"{IN}/{number}/replay", None)
    event = done["event"]
    assert (event["source"], event["actor"]) == ("replay", "user:admin")
    assert event["data"]["replay_of"] == {"delivery": number, "event_id": first["event_id"]}
    newest = (await house.get(IN))["items"][0]
    assert (newest["state"], newest["replay_of"], newest["event_id"]) == ("replayed", number, event["id"])


@pytest.mark.parametrize("wrong", ["0", "999", "999999999999999999", "1e3", "-1", "x", "9" * 40, "%00"])
async def test_numbers_that_are_none(house: House, wrong: str) -> None:
    for path in (f"{IN}/{wrong}", f"{IN}/{wrong}/body", f"/api/deliveries/{wrong}"):
        async with house.http.get(house.url + path) as response:
            assert response.status in {404, 422}, path
    for path in (f"{IN}/{wrong}/replay", f"/api/deliveries/{wrong}/retry", f"/api/deliveries/{wrong}/give-up"):
        async with house.http.post(house.url + path) as response:
            assert response.status in {404, 422}, path


async def test_outgoing_ones(house: House) -> None:
    for number in range(3):
        await house.post(f"{HOOKS}/workflow/started", {"workflow_id": f"w{number}"})
    table = DeliveryTable(house.store.database, house.store.journal)
    await table.begin(HERE, 100)
    await table.derive(HERE, PUBLIC_TYPES, NOT_TOLD, 100)
    page = await house.get("/api/deliveries?limit=2")
    assert [row["subject"] for row in page["items"]] == ["w2", "w1"]
    assert (page["pending"], page["given_up"]) == (3, 0)
    rest = await house.get(f"/api/deliveries?limit=2&cursor={page['next']}")
    assert ([row["subject"] for row in rest["items"]], rest["next"]) == (["w0"], None)
    seq = page["items"][0]["seq"]
    full = await house.get(f"/api/deliveries/{seq}")
    assert full["event"]["seq"] == seq
    assert full["body"] == {"event_id": full["event"]["id"]}
    assert (await house.post(f"/api/deliveries/{seq}/give-up", None))["state"] == "given_up"
    async with house.http.post(f"{house.url}/api/deliveries/{seq}/give-up") as response:
        assert response.status == 409
    assert (await house.get("/api/deliveries?state=given_up"))["items"][0]["seq"] == seq
    assert await house.post("/api/deliveries/retry", None) == {"count": 1}
    assert await house.post("/api/deliveries/give-up", None) == {"count": 3}
    assert (await house.post(f"/api/deliveries/{seq}/retry", None))["state"] == "pending"
    decided = await house.get("/api/events?type=deliveries_decided")
    assert [event["data"]["action"] for event in decided["items"]] == ["give_up", "retry", "give_up", "retry"]
    assert all(event["actor"] == "user:admin" for event in decided["items"])
