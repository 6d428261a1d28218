"""kill -9 at any moment: what was acknowledged reaches ALEX OS, once in its eyes, in the order of its subject."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from chainbot_desktop.alexos.simulator import Simulator
from chainbot_desktop.core.events import WorkflowStarted
from tests.helpers.alexos import linked, migrated_database, until

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("dialect", ["documented", "observed"])
async def test_killed_twice_while_delivering(tmp_path: Path, dialect: str) -> None:
    acknowledged: list[str] = []
    shutil.copytree(await asyncio.to_thread(migrated_database), tmp_path, dirs_exist_ok=True)
    async with Simulator(dialect, health_takes=0.02) as simulator:
        for life in (1, 2):
            arrived_before = len(simulator.house.received)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.helpers.alexos_child",
                str(tmp_path),
                simulator.url,
                simulator.ws_url,
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
            )
            assert process.stdout is not None
            while len(acknowledged) < 100 * life or len(simulator.house.received) < arrived_before + 20:
                line = await asyncio.wait_for(process.stdout.readline(), 20)
                assert line, "the child ended by itself"
                acknowledged.append(line.decode().strip())
            process.kill()
            await process.wait()
            acknowledged += (await process.stdout.read()).decode().split("\n")[:-1]
        async with linked(tmp_path, simulator) as link:
            await until(lambda: link.client.status.outbox_pending == 0)
            journal = [event for event in await link.events("workflow_started") if isinstance(event, WorkflowStarted)]
            await until(lambda: len(of_workflows(simulator)) >= len(journal))
        got = of_workflows(simulator)
        assert set(acknowledged) <= {event_id for _, event_id in got}
        for name in ("w0", "w1", "w2"):
            expected = [event.id for event in journal if event.subject == name]
            assert [event_id for subject, event_id in got if subject == name] == expected
        if dialect == "observed":
            stored = [item["row"] for item in simulator.house.stored if item["row"]["event_type"] == "workflow_started"]
            assert len(stored) == len(journal)


def of_workflows(simulator: Simulator) -> list[tuple[str, str]]:
    rows = [row for row in simulator.house.received if row["event_type"] == "workflow_started"]
    payloads = [row.get("payload", row) for row in rows]
    return [(payload["data"]["workflow_id"], payload["event_id"]) for payload in payloads]
