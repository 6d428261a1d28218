"""The audit trail over HTTP: verified, and exported with a proof that holds without this program."""

from __future__ import annotations

import asyncio
from pathlib import Path

from chainbot_desktop.security.signed_exports import prove_export
from tests.api.house import House


async def test_an_export_is_streamed_and_its_four_files_prove_each_other(house: House, tmp_path: Path) -> None:
    for number in range(300):
        await house.spawn(f"a-{number}")
    async with house.http.get(house.url + "/api/audit/export?format=csv&first=2&last=250") as response:
        assert response.status == 200
        assert response.content_type == "text/csv"
        export_id = response.headers["X-Audit-Export"]
        body = await response.read()
    file = tmp_path / "trail.csv"
    file.write_bytes(body)
    for part, ending in (("manifest", ".manifest.json"), ("signature", ".manifest.sig"), ("key", ".pub")):
        async with house.http.get(f"{house.url}/api/audit/export/manifest?id={export_id}&part={part}") as response:
            assert response.status == 200
            (tmp_path / f"trail.csv{ending}").write_bytes(await response.read())
    assert house.services.audit is not None
    key = (await house.services.audit.signer()).public
    proof = await asyncio.to_thread(prove_export, file, key)
    assert proof is not None
    assert (proof.problem, proof.checked, proof.known_key) == ("", 249, True)
    told = (await house.get("/api/audit?type=audit_exported"))["items"]
    assert [(item["actor"], item["details"]["count"]) for item in told] == [("user:admin", 249)]


async def test_what_cannot_be_exported_is_an_ordinary_error(house: House) -> None:
    await house.spawn("a-1")
    for query, status in (("first=99", 404), ("format=xml", 422), ("after=yesterday", 422), ("last=0", 422)):
        async with house.http.get(f"{house.url}/api/audit/export?{query}") as response:
            assert response.status == status, query
            assert response.content_type == "application/problem+json"
    async with house.http.get(f"{house.url}/api/audit/export/manifest?id=none") as response:
        assert response.status == 404


async def test_two_who_verify_at_once_both_get_the_verdict(house: House) -> None:
    for number in range(20):
        await house.spawn(f"a-{number}")
    first, second = await asyncio.gather(house.get("/api/audit/verify"), house.get("/api/audit/verify"))
    assert (first["ok"], first["checked"]) == (True, 20)
    assert second["ok"]
    (told,) = (await house.get("/api/events?type=chain_verified"))["items"]
    assert told["data"]["ok"]


async def test_a_broken_chain_is_told_in_an_event_that_asks_for_attention(house: House) -> None:
    for number in range(5):
        await house.spawn(f"a-{number}")
    await house.get("/api/audit/verify")
    await house.store.database.write(
        lambda c: (
            c.exec_driver_sql("UPDATE journal SET envelope = json_set(envelope, '$.actor', 'user:x') WHERE seq = 2") and None
        )
    )
    found = await house.get("/api/audit/verify")
    assert (found["ok"], found["broken_at"]) == (False, 2)
    told = (await house.get("/api/events?type=chain_verified&attention=true"))["items"]
    assert [(item["severity"], item["data"]["broken_at"], item["data"]["fault"]) for item in told] == [
        ("critical", 2, "changed")
    ]


async def test_the_runs_of_all_agents_are_listed_page_by_page(house: House) -> None:
    one, two = await house.runs("one"), await house.runs("two")
    assert house.services.runtime is not None
    made = []
    for number in range(5):
        run_id = await house.services.runtime.execute(one if number % 2 else two, f"say {number} 100%", actor="user:test")
        await house.services.runtime.wait(run_id)
        made.append(run_id)
    first = await house.get("/api/runs?limit=2")
    assert [item["id"] for item in first["items"]] == made[:2:-1]
    rest = await house.get(f"/api/runs?limit=10&cursor={first['next']}")
    assert [item["id"] for item in rest["items"]] == made[2::-1]
    assert rest["next"] is None
    assert [item["id"] for item in (await house.get(f"/api/runs?agent={one}"))["items"]] == [made[3], made[1]]
    assert [item["id"] for item in (await house.get("/api/runs?q=3 100%25"))["items"]] == [made[3]]
    assert (await house.get("/api/runs?q=3 100_"))["items"] == []
    states = {item["state"] for item in (await house.get("/api/runs"))["items"]}
    assert len((await house.get(f"/api/runs?state={','.join(states)}"))["items"]) == 5
    assert (await house.get("/api/runs?state=queued"))["items"] == []
