"""kill -9 at any moment loses no acknowledged event, and the next start needs no repair."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from pathlib import Path

import aiohttp

from tests.helpers.program import Running, program

WEBHOOKS = 20_000
CLIENTS = 8


async def _client(number: int, running: Running, share: int, acknowledged: dict[str, int]) -> None:
    headers = {"Authorization": f"Bearer {running.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for step in range(share):
            delivery = f"d-{number}-{step}"
            body = {"workflow_id": f"w-{number}", "step": step, "delivery": delivery}
            # Half of the deliveries carry an id of their own, as careful clients do.
            own_id = {"webhook-id": delivery} if step % 2 else {}
            try:
                async with session.post(
                    f"{running.url}/api/webhooks/chainbot/workflow/started", json=body, headers=own_id
                ) as answer:
                    if answer.status == 200:
                        acknowledged[delivery] = (await answer.json())["seq"]
            except aiohttp.ClientError:
                return


async def _storm(running: Running, kill_at: int, acknowledged: dict[str, int]) -> None:
    async def executioner() -> None:
        while len(acknowledged) < kill_at:
            await asyncio.sleep(0.001)
        running.process.kill()

    killer = asyncio.ensure_future(executioner())
    await asyncio.gather(*(_client(number, running, WEBHOOKS // CLIENTS, acknowledged) for number in range(CLIENTS)))
    killer.cancel()
    await asyncio.gather(killer, return_exceptions=True)


def test_twenty_thousand_webhooks_and_a_kill_in_the_middle(tmp_path: Path) -> None:
    acknowledged: dict[str, int] = {}
    with program(data=tmp_path) as running:
        asyncio.run(_storm(running, random.randrange(2_000, 12_000), acknowledged))
        assert running.process.wait(10) == -9
    assert 2_000 <= len(acknowledged) < WEBHOOKS

    with program("--headless", data=tmp_path) as again:
        assert again.get("/api/audit/verify")["ok"] is True
        asyncio.run(_send_again(again, acknowledged))
        again.stop()

    with sqlite3.connect(tmp_path / "chainbot.db") as connection:
        rows = connection.execute(
            "SELECT json_extract(data, '$.delivery'), seq FROM events WHERE type = 'workflow_started' ORDER BY seq"
        ).fetchall()
        (count, last) = connection.execute("SELECT count(*), max(seq) FROM events").fetchone()
    connection.close()
    stored = dict(rows)
    assert len(stored) == len(rows), "an event is there twice"
    assert {delivery: stored.get(delivery) for delivery in acknowledged} == acknowledged
    assert count == last, "there is a gap"


async def _send_again(running: Running, acknowledged: dict[str, int]) -> None:
    """A client that did not hear the answer sends its delivery again: it is told what it was told the first time."""
    headers = {"Authorization": f"Bearer {running.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for delivery, seq in [item for item in acknowledged.items() if int(item[0].split("-")[2]) % 2][-50:]:
            _, number, step = delivery.split("-")
            body = {"workflow_id": f"w-{number}", "step": int(step), "delivery": delivery}
            async with session.post(
                f"{running.url}/api/webhooks/chainbot/workflow/started", json=body, headers={"webhook-id": delivery}
            ) as answer:
                assert (await answer.json())["seq"] == seq
