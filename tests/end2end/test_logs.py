"""Everything that speaks in the whole program is in its one timeline: itself, an agent's command, the system journal, requests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

from tests.helpers.journalctl import FakeJournalctl, entry
from tests.helpers.program import program


def test_all_that_speaks_is_in_one_timeline(tmp_path: Path) -> None:
    fake = FakeJournalctl(tmp_path, [("out", entry(1, "from the kernel", PRIORITY="4"))])
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CHAINBOT_LOGS__JOURNALD": "on"}
    with program("--headless", environment=environment) as running:
        config = {"name": "Speaker", "command": [sys.executable, "-c", "print('from the agent', flush=True)"]}
        running.post("/api/agents/spawn", {"agent_type": "command", "config": config})
        running.get("/api/events?q=not-to-be-seen")
        for source, word in (("journald", "kernel"), ("agent", "%5Efrom"), ("program", "listening"), ("http", "events")):
            found = running.until(f"/api/logs?source={source}&regex=true&q={word}", lambda page: page["items"])
            assert found["items"][-1]["source"] == source
        everything = running.get_bytes("/api/logs?format=text").decode()
        assert "warning journald/kernel: from the kernel" in everything
        assert "agent/Speaker: from the agent" in everything
        assert "not-to-be-seen" not in everything
        assert running.token not in everything
        assert len(fake.calls) == 1
        assert any(
            str(fake.path) in " ".join(p.cmdline()) for p in psutil.Process(running.process.pid).children(recursive=True)
        )
        assert running.stop() < 10
    assert not any(str(fake.path) in " ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))
