"""Entanglements over HTTP."""

from __future__ import annotations

from typing import Any

import orjson

from tests.api.house import House


async def call(house: House, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    async with house.http.request(method, house.url + path, json=body, headers=headers) as response:
        return response.status, orjson.loads(await response.read())


async def pair(house: House, kind: str) -> tuple[str, str, str]:
    ada, bea = await house.runs("Ada"), await house.runs("Bea")
    status, made = await call(house, "POST", "/api/entanglements", {"name": "Pair", "type": kind, "agents": [ada, bea]})
    assert (status, made["type"], made["connections"]) == (201, kind, [{"source": ada, "target": bea}])
    return f"/api/entanglements/{made['id']}", ada, bea


async def test_a_link_is_made_listed_changed_and_released(house: House) -> None:
    link, ada, bea = await pair(house, "data")
    cem = await house.runs("Cem")
    await house.post("/api/webhooks/chainbot/entanglement/created", {"entanglement_id": "told", "agents": [ada, "x"]})
    listed = await house.get("/api/entanglements/")
    assert [(row["name"], row["made_here"], row["type"]) for row in listed] == [("Pair", True, "data"), ("", False, "")]
    assert await house.get("/api/agents/connections") == listed
    assert (await house.post(f"{link}/agents/add", {"agent_id": cem}))["agents"] == [ada, bea, cem]
    assert (await house.post(f"{link}/agents/remove/", {"agent_id": bea}))["agents"] == [ada, cem]
    assert (await call(house, "POST", f"{link}/agents/add", {"agent_id": "nobody"}))[0] == 404
    assert (await call(house, "DELETE", "/api/entanglements/told"))[1]["code"] == "made_elsewhere"
    assert (await call(house, "DELETE", link))[0] == 200
    assert (await call(house, "GET", link))[1]["code"] == "no_such_entanglement"


async def test_the_same_order_makes_one_link(house: House) -> None:
    agents = [await house.runs("Ada"), await house.runs("Bea")]
    order = {"type": "data", "agents": agents}
    answers = [await call(house, "POST", "/api/entanglements", order, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert [status for status, _ in answers] == [201, 200]
    assert answers[0][1] == answers[1][1]
    assert (await call(house, "POST", "/api/entanglements", {"type": "magic", "agents": agents}))[0] == 422


async def test_messages_pass_and_are_read(house: House) -> None:
    link, ada, bea = await pair(house, "control")
    sent = await house.post(f"{link}/messages/send", {"to": "Bea", "text": "say hello"})
    assert sent["recipient"] == bea
    assert (await house.runtime.wait(sent["run_id"])).result == "hello"
    for tail in ("broadcast", "messages/broadcast"):
        report = await house.post(f"{link}/{tail}", {"text": "say all"})
        assert [one["recipient"] for one in report["delivered"]] == [ada, bea]
    await house.runtime.stop(ada, actor="user:test")
    report = await house.post(f"{link}/broadcast", {"text": "say some"})
    assert [one["recipient"] for one in report["refused"]] == [ada]
    said = await house.get(f"{link}/messages")
    assert [(row["sender"], row["text"]) for row in said[:2]] == [("user:admin", "say hello"), ("user:admin", "say all")]
    assert await house.get(f"{link}/messages?since={said[-1]['number']}") == []
    assert (await call(house, "POST", f"{link}/messages/send", {"to": "nobody", "text": "x"}))[0] == 404


async def test_one_task_for_all_and_its_answers(house: House) -> None:
    link, ada, bea = await pair(house, "data")
    begun = await house.post(f"{link}/coordinate", {"task": "say hello"})
    assert [part["agent_id"] for part in begun["plan"]] == [ada, bea]
    assert house.services.entanglements is not None
    await house.services.entanglements.wait_for(begun["id"])
    found = await house.get(f"{link}/coordinate/{begun['id']}")
    assert (found["status"], found["merged_by"]) == ("succeeded", None)
    assert found["answer"].startswith("## Ada\n\nhello")
    assert (await house.get(f"{link}/status"))["coordinations"] == [found]
    status, problem = await call(house, "POST", f"{link}/coordinate/{begun['id']}/cancel")
    assert (status, problem["code"]) == (409, "coordination_ended")
    other, *_ = (row["id"] for row in [(await call(house, "POST", "/api/entanglements", {"agents": [ada, bea]}))[1]])
    assert (await call(house, "GET", f"/api/entanglements/{other}/coordinate/{begun['id']}"))[0] == 404


async def test_a_shared_task_is_cancelled(house: House) -> None:
    link, _, _ = await pair(house, "data")
    begun = await house.post(f"{link}/coordinate", {"task": "forever"})
    ended = await house.post(f"{link}/coordinate/{begun['id']}/cancel/", {})
    assert (ended["status"], [part["state"] for part in ended["plan"]]) == ("cancelled", ["cancelled", "cancelled"])
