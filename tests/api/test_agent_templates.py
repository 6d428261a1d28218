"""Templates of agents over HTTP, tasks for chosen agents, and a word to a guest."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import orjson

from chainbot_desktop.core.events import GuestAddressed
from chainbot_desktop.core.ports import EventQuery
from tests.api.house import House
from tests.helpers.agent_events import guest_appeared


async def call(house: House, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with house.http.request(method, house.url + path, json=body) as response:
        return response.status, orjson.loads(await response.read())


async def test_ours_are_listed_and_stay(house: House) -> None:
    found = {row["id"]: row for row in await house.get("/api/agent-templates")}
    assert {"test_watcher", "file_report", "general_assistant", "code_reviewer", "address_watcher"} <= set(found)
    assert not any(row["own"] for row in found.values())
    assert found["test_watcher"]["config"]["command"][0].startswith("/"), "the Python is named"
    assert (await call(house, "DELETE", "/api/agent-templates/test_watcher"))[1]["code"] == "built_in_template"


async def test_an_agent_is_kept_as_a_template_spawned_from_it_and_the_template_deleted(house: House, tmp_path: Path) -> None:
    ada = await house.runs("Ada", model="m-7")
    status, kept = await call(house, "POST", "/api/agent-templates", {"title": "Like Ada", "agent_id": ada})
    assert (status, kept["agent_type"], kept["config"]["model"], kept["own"], kept["left_out"]) == (
        201,
        "scripted",
        "m-7",
        True,
        [],
    )
    [file] = (tmp_path / "templates").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    listed = await house.get("/api/agent-templates")
    assert listed[-1]["title"] == "Like Ada"
    order = {"agent_type": kept["agent_type"], "config": {**kept["config"], "name": "Bea"}}
    made = (await call(house, "POST", "/api/agents/spawn", order))[1]
    assert house.runtime.definition(made["agent_id"]).config["model"] == "m-7"
    assert (await call(house, "POST", "/api/agent-templates", {"title": "like ADA", "agent_id": ada}))[1][
        "code"
    ] == "title_taken"
    assert (await call(house, "DELETE", f"/api/agent-templates/{kept['id']}"))[0] == 200
    assert (await call(house, "DELETE", f"/api/agent-templates/{kept['id']}"))[1]["code"] == "no_such_template"
    assert list((tmp_path / "templates").iterdir()) == []


async def test_what_cannot_be_meant_is_refused(house: House) -> None:
    ada = await house.runs("Ada")
    for body, code in (
        ({"title": "x"}, "invalid_template"),
        ({"title": "x", "agent_id": ada, "agent_type": "scripted"}, "invalid_template"),
        ({"title": "x", "agent_type": "scripted", "config": {"modle": "m"}}, "invalid_config"),
        ({"title": "x", "agent_type": "magic", "config": {}}, "no_such_kind"),
        ({"title": "x", "agent_id": "nobody"}, "no_such_agent"),
        ({"title": " \n ", "agent_id": ada}, "invalid_title"),
    ):
        assert (await call(house, "POST", "/api/agent-templates", body))[1]["code"] == code, body


async def test_chosen_agents_share_a_task_without_a_link(house: House) -> None:
    ada, bea = await house.runs("Ada"), await house.runs("Bea")
    begun = await house.post("/api/coordinations", {"agents": [ada, bea, ada], "task": "say hello"})
    assert [part["agent_id"] for part in begun["plan"]] == [ada, bea]
    assert begun["entanglement_id"] is None
    assert house.services.entanglements is not None
    await house.services.entanglements.wait_for(begun["id"])
    done = await house.get(f"/api/coordinations/{begun['id']}")
    assert (done["status"], [part["answer"].split()[0] for part in done["plan"]]) == ("succeeded", ["hello", "hello"])
    assert "## Ada" in done["answer"]
    assert (await call(house, "POST", f"/api/coordinations/{begun['id']}/cancel"))[0] == 409
    assert (await call(house, "POST", "/api/coordinations", {"agents": ["nobody"], "task": "x"}))[0] == 404


async def test_a_guest_is_told_over_the_event_bus(house: House) -> None:
    await house.store.journal.append(guest_appeared("g", name="fleet", status="online"))
    told = await house.post("/api/agents/g/message", {"text": "hello fleet"})
    assert (told["status"], told["run_id"], told["agent_id"]) == ("told", None, "g")
    [recorded] = await house.store.journal.read(EventQuery(types=(GuestAddressed.model_fields["type"].default,)))
    assert isinstance(recorded.event, GuestAddressed)
    assert (recorded.event.data.text, recorded.event.data.message_id) == ("hello fleet", told["message_id"])
    assert (await call(house, "POST", "/api/agents/g/message", {"text": "x" * 20_000}))[1]["code"] == "text_too_long"
    assert (await call(house, "POST", "/api/agents/g/execute", {"task": "x"}))[1]["code"] == "does_not_run_here"
