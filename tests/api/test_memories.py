"""Notes over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.house import House
from tests.api.test_conversations import begin, call
from tests.api.test_fuzz import Bench

NOTES = "/api/memories"


async def remember(house: House, text: str, **more: Any) -> dict[str, Any]:
    status, note = await call(house, "POST", NOTES, {"text": text, **more})
    assert status == 201, note
    found: dict[str, Any] = note
    return found


async def test_a_note_is_kept_found_changed_forgotten_and_put_back(house: House) -> None:
    chat = await begin(house)
    note = await remember(house, " The backup runs at two. ", conversation_id=chat)
    assert (note["text"], note["author"], note["conversation_id"]) == ("The backup runs at two.", "user:admin", chat)
    other = await remember(house, "The key is under the mat.")
    assert [row["id"] for row in (await house.get(NOTES))["items"]] == [other["id"], note["id"]]
    assert [row["id"] for row in (await house.get(NOTES + "?q=backup"))["items"]] == [note["id"]]
    assert await call(house, "POST", NOTES, {"text": "The backup runs at two."}) == (200, note), "it was known"
    status, changed = await call(house, "PATCH", f"{NOTES}/{note['id']}", {"text": "The backup runs at three."})
    assert (status, changed) == (200, {**note, "text": "The backup runs at three."})
    assert await house.get(f"{NOTES}/{note['id']}") == changed
    status, taken = await call(house, "DELETE", f"{NOTES}/{note['id']}")
    assert (status, taken["undo"]["url"]) == (200, f"{NOTES}/{note['id']}/restore")
    assert (await call(house, "GET", f"{NOTES}/{note['id']}"))[0] == 404
    assert (await call(house, "POST", taken["undo"]["url"])) == (200, changed)
    assert (await call(house, "POST", taken["undo"]["url"]))[1]["code"] == "nothing_to_undo"
    types = {row["type"] for row in (await house.get("/api/events?limit=1000"))["items"]}
    assert {"memory_kept", "memory_changed", "memory_forgotten"} <= types


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "", {"text": ""}, 422, "empty_note"),
        ("POST", "", {"text": " \n"}, 422, "empty_note"),
        ("POST", "", {"text": "a\0b"}, 422, "invalid_field"),
        ("POST", "", {"text": ["a"]}, 422, "invalid_field"),
        ("POST", "", {}, 422, "invalid_field"),
        ("POST", "", {"text": "a", "colour": 1}, 422, "invalid_field"),
        ("POST", "", {"text": "x" * 16_385}, 422, "invalid_field"),
        ("POST", "", {"text": "ü" * 16_000}, 413, "note_too_long"),
        ("POST", "", {"text": "a", "conversation_id": "nowhere"}, 404, "not_found"),
        ("PATCH", "/nowhere", {"text": "a"}, 404, "no_such_note"),
        ("PATCH", "/ID", {"text": "Taken."}, 409, "note_exists"),
        ("PATCH", "/ID", {}, 422, "invalid_field"),
        ("DELETE", "/nowhere", None, 404, "no_such_note"),
        ("GET", "/nowhere", None, 404, "no_such_note"),
        ("POST", "/ID/restore", None, 404, "nothing_to_undo"),
        ("GET", "?limit=0", None, 422, "invalid_parameter"),
        ("GET", "?before=-1", None, 422, "invalid_parameter"),
        ("GET", "?q=a%00", None, 422, "invalid_parameter"),
    ],
)
async def test_what_cannot_be_meant_is_refused(house: House, method: str, path: str, body: Any, status: int, code: str) -> None:
    note = await remember(house, "Kept.")
    await remember(house, "Taken.")
    head = house.store.journal.head_seq
    found, problem = await call(house, method, NOTES + path.replace("ID", note["id"]), body)
    assert (found, problem["code"]) == (status, code), problem
    assert house.store.journal.head_seq == head, "nothing was done"


def test_the_pages_are_all_notes_once_while_others_are_made(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    house = bench.house
    made: list[str] = []

    async def one(limit: int, meanwhile: int) -> None:
        for _ in range(3):
            made.append((await remember(house, f"note {len(made)}"))["id"])
        begun = list(made)
        seen: list[str] = []
        place: int | None = 0
        while place is not None:
            page = await house.get(f"{NOTES}?q=note&before={place}&limit={limit}")
            seen += [row["id"] for row in page["items"]]
            place = page["next"]
            for _ in range(meanwhile):
                made.append((await remember(house, f"note {len(made)}"))["id"])
        assert seen == begun[::-1]

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(limit=st.integers(1, 9), meanwhile=st.integers(0, 1))
    def check(limit: int, meanwhile: int) -> None:
        bench.run(one(limit, meanwhile))

    try:
        check()
    finally:
        bench.close()
