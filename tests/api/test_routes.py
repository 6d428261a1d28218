"""Every route answers what it promises."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import orjson
import pytest

from tests.api.house import BEARER, House, open_house


@pytest.mark.parametrize("path", ["/health", "/api/health", "/health/", "/api/health/"])
async def test_a_stranger_learns_whether_the_panel_is_well_and_no_more(house: House, path: str) -> None:
    async with aiohttp.ClientSession() as stranger, stranger.get(house.url + path) as response:
        found = orjson.loads(await response.read())
    assert response.status == 200
    assert found["status"] == found["status_id"] == "healthy"
    assert found["agent_name"] == "chainbot"
    assert "log_excerpt" not in found
    assert "system_resources" not in found


async def test_health_tells_everything_to_who_is_let_in(house: House) -> None:
    found = await house.get("/health")
    assert {"log_excerpt", "system_resources", "workflow_blockers", "attention_reason"} <= set(found)


async def test_a_wrong_token_on_an_open_path_is_not_held_against_the_caller(house: House) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer a-key-of-alex-os"}) as alexos:
        for _ in range(30):
            async with alexos.get(house.url + "/api/health") as response:
                assert response.status == 200
        async with alexos.get(house.url + "/status") as response:
            assert response.status == 401


async def test_status_shows_the_link_with_its_dialect_table(house: House) -> None:
    await house.spawn("a-1")
    found = await house.get("/status")
    assert found["mode"] == "headless"
    assert found["link"]["state"] == "degraded"
    assert found["link"]["rows"][0]["verdict"] == "works"
    assert found["journal"]["head"] == 1
    assert found["agents"] == {"own": 1, "guests": 0}


async def test_config_hides_secrets(tmp_path: Path) -> None:
    settings = {
        "openai": {"api_key": "sk-very-secret"},
        "alex_os": {"registry_url": "http://me:pass-word@10.0.0.1:8000", "api_key": "another-secret"},
        "security": {"secret_key": "third-secret"},
    }
    async with open_house(tmp_path, settings) as house, house.http.get(house.url + "/config") as response:
        text = await response.text()
    assert response.status == 200
    assert not any(secret in text for secret in ("sk-very-secret", "pass-word", "another-secret", "third-secret"))
    assert orjson.loads(text)["server"]["port"] == 9000


async def test_metrics_count_what_happened(house: House) -> None:
    await house.spawn("a-1")
    await house.spawn("a-2")
    async with house.http.get(house.url + "/nothing-here") as response:
        assert response.status == 404
    async with asyncio.timeout(5):
        while house.services.lag() is None:
            await asyncio.sleep(0.01)
    async with house.http.get(house.url + "/metrics") as response:
        lines = (await response.text()).splitlines()
        assert response.content_type == "text/plain"
    path = "/api/webhooks/chainbot/agent/spawned"
    assert f'chainbot_http_requests_total{{method="POST",path="{path}",status="200"}} 2.0' in lines
    assert 'chainbot_http_requests_total{method="*",path="(unknown)",status="404"} 1.0' in lines
    assert 'chainbot_events_total{severity="info",type="agent_spawned"} 2.0' in lines
    assert "chainbot_journal_head 2.0" in lines
    assert 'chainbot_agents{origin="own",state="idle"} 2.0' in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
    assert any(line.startswith("process_cpu_seconds_total ") for line in lines)
    assert any(line.startswith("chainbot_loop_lag_seconds ") for line in lines)


async def test_what_alexos_polls_holds_what_exists(house: House) -> None:
    await house.spawn("plain", agent_name="Plain", agent_type="command")
    await house.spawn("thinker", agent_name="Thinker", provider="openai", model="gpt-x")
    plain = await house.get("/api/chainbot/alex-agents")
    thinkers = await house.get("/api/chainbot/ai-agents/")
    assert [agent["id"] for agent in plain] == ["plain"]
    assert {"name", "status", "capabilities", "created_at", "last_active", "metadata"} <= set(plain[0])
    assert [(agent["id"], agent["provider"], agent["model"]) for agent in thinkers] == [("thinker", "openai", "gpt-x")]
    assert await house.get("/api/chainbot/workflows") == []


async def test_running_an_unknown_workflow_is_refused_with_the_reason(house: House) -> None:
    async with house.http.post(house.url + "/api/chainbot/workflows/wf%2F1/execute", json={"inputs": {}}) as response:
        found = orjson.loads(await response.read())
    assert response.status == 404
    assert "wf/1" in found["detail"]


async def test_agents_and_their_map(house: House) -> None:
    await house.spawn("a-1", agent_name="First")
    await house.spawn("a/2 ü")
    await house.post("/api/webhooks/chainbot/entanglement/created", {"entanglement_id": "e-1", "agents": ["a-1", "a/2 ü"]})
    assert [agent["id"] for agent in await house.get("/api/agents/")] == ["a-1", "a/2 ü"]
    assert (await house.get("/api/agents/a%2F2%20%C3%BC"))["id"] == "a/2 ü"
    found = await house.get("/api/agents/map")
    assert [agent["name"] for agent in found["agents"]] == ["First", "a/2 ü"]
    assert found["connections"][0]["agents"] == ["a-1", "a/2 ü"]
    assert found["layout"] == {}


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_an_agent_is_given_its_place(house: House, method: str) -> None:
    await house.spawn("a-1")
    async with house.http.request(method, house.url + "/api/agents/a-1/position/", json={"x": 12.5, "y": -3}) as response:
        assert response.status == 200, await response.text()
    assert (await house.get("/api/agents/map"))["layout"] == {"a-1": {"x": 12.5, "y": -3.0}}
    last = (await house.get("/api/events?order=desc&limit=1"))["items"][0]
    assert (last["type"], last["actor"]) == ("agent_moved", "user:admin")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"x": 1}, "y"),
        ({"x": 1, "y": "2"}, "y"),
        ({"x": 1e9, "y": 0}, "x"),
        ({"x": 1, "y": 2, "z": 3}, "z"),
        ({"x": None, "y": 1}, "x"),
    ],
)
async def test_a_place_that_is_none_is_refused_by_name(house: House, body: object, name: str) -> None:
    await house.spawn("a-1")
    async with house.http.put(house.url + "/api/agents/a-1/position", json=body) as response:
        found = orjson.loads(await response.read())
    assert response.status == 422
    assert f"'{name}'" in found["detail"]
    assert (await house.get("/api/agents/map"))["layout"] == {}


@pytest.mark.parametrize(
    "path", ["/api/agents/nobody", "/api/events/nothing", "/ws/kitchen", "/page/other.js", "/docs/index.html"]
)
async def test_what_is_not_there_is_a_404_with_a_hint(house: House, path: str) -> None:
    async with house.http.get(house.url + path) as response:
        found = orjson.loads(await response.read())
    assert response.status == 404
    assert found["hint"]


async def test_events_are_read_page_by_page_in_both_directions(house: House) -> None:
    for number in range(7):
        await house.spawn(f"a-{number}")
    for order, expected in (("asc", [1, 2, 3, 4, 5, 6, 7]), ("desc", [7, 6, 5, 4, 3, 2, 1])):
        seen: list[int] = []
        cursor: int | None = None
        while True:
            since = f"&since={cursor}" if cursor is not None else ""
            page = await house.get(f"/api/events?limit=3&order={order}{since}")
            seen += [item["seq"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == expected
    assert (await house.get("/api/events?since=7")) == {"items": [], "next": None}
    assert (await house.get("/api/events?since=4&limit=3"))["next"] is None


async def test_events_are_found_by_type_subject_words_and_time(house: House) -> None:
    await house.spawn("a-1", agent_name="Grandmother")
    await house.post("/api/webhooks/chainbot/workflow/started", {"workflow_id": "w-1"})
    await house.post("/api/webhooks/chainbot/workflow/failed", {"workflow_id": "w-1", "error": "the disk is full"})

    async def seqs(query: str) -> list[int]:
        return [item["seq"] for item in (await house.get(f"/api/events?{query}"))["items"]]

    assert await seqs("type=agent_spawned") == [1]
    assert await seqs("type=agent_spawned,workflow_failed") == [1, 3]
    assert await seqs("type=agent_spawned&type=workflow_failed") == [1, 3]
    assert await seqs("subject=w-1") == [2, 3]
    assert await seqs("severity=error") == [3]
    assert await seqs("severity=info,error&subject=w-1") == [2, 3]
    assert await seqs("source=webhook&attention=false") == [1, 2, 3]
    assert await seqs("attention=true") == []
    assert await seqs("q=grandm") == [1]
    assert await seqs("q=disk full") == [3]
    moment = (await house.get("/api/events?since=1&limit=1"))["items"][0]["time"]
    assert await seqs(f"after={moment}") == [2, 3]
    assert await seqs(f"before={moment}") == [1, 2]
    assert await seqs("after=2999-01-01T00:00:00%2B02:00") == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("since=-1", "since"),
        ("since=x", "since"),
        ("since=99999999999999999999", "since"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=1&limit=2", "limit"),
        ("order=up", "order"),
        ("severity=loud", "severity"),
        ("attention=perhaps", "attention"),
        ("after=yesterday", "after"),
        ("before=2026-01-01T00:00:00", "before"),
        ("after=0001-01-01T00:00:00%2B23:00", "after"),
        ("type=", "type"),
        ("q=" + "x" * 501, "q"),
        ("colour=red", "colour"),
    ],
)
@pytest.mark.parametrize("path", ["/api/events", "/api/audit"])
async def test_a_bad_parameter_is_named(house: House, path: str, query: str, name: str) -> None:
    async with house.http.get(f"{house.url}{path}?{query}") as response:
        found = orjson.loads(await response.read())
    assert response.status == 422
    assert f"'{name}" in found["detail"], found


async def test_one_event_by_its_id(house: House) -> None:
    answer = await house.post("/api/webhooks/chainbot/event", {"event_type": "door_bell", "volume": 11})
    found = await house.get(f"/api/events/{answer['event_id']}")
    assert found["seq"] == answer["seq"]
    assert found["data"] == {"event_type": "door_bell", "volume": 11}


async def test_the_audit_trail_says_who_did_what(house: House) -> None:
    await house.spawn("a-1")
    await house.spawn("a-2")
    page = await house.get("/api/audit?limit=1")
    entry = page["items"][0]
    assert (entry["actor"], entry["action"], entry["subject"]) == ("user:admin", "agent_spawned", "a-1")
    assert page["next"] == 1
    assert [item["subject"] for item in (await house.get("/api/audit?since=1"))["items"]] == ["a-2"]


async def test_the_chain_is_verified_and_tampering_is_found(house: House) -> None:
    for number in range(5):
        await house.spawn(f"a-{number}")
    assert await house.get("/api/audit/verify") == {"ok": True, "checked": 5, "broken_at": None, "reason": ""}
    await house.store.database.write(
        lambda c: c.exec_driver_sql("UPDATE journal SET envelope = json_set(envelope, '$.subject', 'x') WHERE seq = 3") and None
    )
    found = await house.get("/api/audit/verify")
    assert (found["ok"], found["broken_at"]) == (False, 3)


async def test_the_screen_is_shown_or_the_reason_why_not(tmp_path: Path) -> None:
    taken = 0

    async def screen() -> bytes:
        nonlocal taken
        taken += 1
        return b"\x89PNG\r\n\x1a\n" + bytes([taken])

    async with open_house(tmp_path / "panel", screen=screen, panel=True) as house:
        for _ in range(5):
            async with house.http.get(house.url + "/api/screen.png") as response:
                assert response.status == 200
                assert response.content_type == "image/png"
                assert (await response.read()).startswith(b"\x89PNG")
        assert taken < 5
    async with open_house(tmp_path / "headless") as house, house.http.get(house.url + "/api/screen.png") as response:
        assert response.status == 404
        assert orjson.loads(await response.read())["code"] == "headless"


async def test_the_webhooks_are_listed(house: House) -> None:
    rows = (await house.get("/api/webhooks/chainbot/"))["webhooks"]
    assert len(rows) == 10
    assert rows[0]["path"] == "/api/webhooks/chainbot/workflow/started"
    assert rows[0]["required"] == ["workflow_id"]
    for path in ("/api/webhooks/chainbot/health", "/api/webhooks/chainbot/status/"):
        assert (await house.get(path))["status"] == "healthy"


@pytest.mark.parametrize("path", ["/api/workflows"])
async def test_what_comes_later_is_simply_not_there(house: House, path: str) -> None:
    async with house.http.post(house.url + path, json={}) as response:
        assert response.status in (404, 405)


async def test_who_is_connected_is_listed(house: House) -> None:
    assert (await house.get("/api/websockets/stats"))["active_connections"] == 0
    async with house.http.ws_connect(house.url + "/ws/chat/grandma") as socket:
        await socket.receive(timeout=10)
        found = await house.get("/api/websockets/stats/")
    assert found["by_window"] == {"chat": 1}
    assert found["connections"][0]["user_id"] == "grandma"


async def test_head_answers_like_get_without_a_body(house: House) -> None:
    async with aiohttp.ClientSession(headers=BEARER) as http, http.head(house.url + "/status") as response:
        assert response.status == 200
        assert await response.read() == b""
