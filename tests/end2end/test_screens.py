"""The whole panel with real traffic, as a person sees it: build/screens/panel-*.png, to be looked at."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.helpers.program import ROOT, Running, program

SCREENS = ROOT / "build" / "screens"
WEBHOOKS = (
    ("agent/spawned", {"agent_id": "planner", "agent_name": "Planner", "agent_type": "assistant", "status": "working"}),
    ("agent/spawned", {"agent_id": "coder", "agent_name": "Coder", "agent_type": "coder", "status": "running"}),
    ("agent/spawned", {"agent_id": "tests", "agent_name": "Tests", "agent_type": "command", "status": "waiting for approval"}),
    ("entanglement/created", {"entanglement_id": "review", "name": "review", "agents": ["planner", "coder"]}),
    ("entanglement/created", {"entanglement_id": "checks", "name": "checks", "agents": ["coder", "tests"]}),
    ("workflow/started", {"workflow_id": "w-1", "workflow_name": "nightly backup"}),
    ("workflow/failed", {"workflow_id": "w-1", "workflow_name": "nightly backup", "error": "disk full", "duration": 12.5}),
    ("health", {"agent_name": "maclink", "status_id": "degraded", "attention_reason": "model not loaded"}),
)
VIEWS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("map", "agent-map", {"agent_id": "coder"}),
    ("events", "watchtower", {"page": "events"}),
    ("logs", "watchtower", {"page": "logs"}),
    ("metrics", "watchtower", {"page": "metrics"}),
    ("alerts", "watchtower", {"page": "alerts"}),
    ("runs", "watchtower", {"page": "runs"}),
    ("deliveries", "watchtower", {"page": "deliveries", "list": "incoming"}),
    ("audit", "watchtower", {"page": "audit"}),
    ("link", "watchtower", {"page": "link"}),
    ("health", "watchtower", {"page": "health"}),
    ("chat", "chat", {"draft": "/status"}),
    ("code", "code-agent", {"path": str(ROOT / "chainbot_desktop" / "core" / "bus.py"), "line": 20}),
)


@pytest.mark.screens
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(800, 480), (1280, 800)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_four_windows(tmp_path: Path, size: tuple[int, int], theme: str) -> None:
    screen = tmp_path / "screen.json"
    part = {
        "name": "panel",
        "x": 0,
        "y": 0,
        "width": size[0],
        "height": size[1],
        "logicalDpi": 96,
        "logicalBaseDpi": 96,
        "dpr": 1,
    }
    screen.write_text(json.dumps({"screens": [part]}), encoding="utf-8")
    environment = {"QT_QPA_PLATFORM": f"offscreen:configfile={screen}", "CHAINBOT_GUI__THEME": theme}
    data = tmp_path / "data"
    with program("--demo", "--kiosk", data=data, environment=environment) as running:
        running.until("/status", lambda status: status["link"]["state"] == "registered")
        _keep(_settled(running), "welcome", size, theme)
    _close_welcome(data)
    with program("--demo", "--kiosk", data=data, environment=environment) as running:
        running.until("/status", lambda status: status["link"]["state"] == "registered")
        for path, body in WEBHOOKS:
            running.post(f"/api/webhooks/chainbot/{path}", body)
        for name, window, content in VIEWS:
            running.show(window, content)
            _keep(_settled(running), name, size, theme)


def _keep(image: QImage, name: str, size: tuple[int, int], theme: str) -> None:
    assert (image.width(), image.height()) == size
    SCREENS.mkdir(parents=True, exist_ok=True)
    assert image.save(str(SCREENS / f"panel-{name}-{size[0]}x{size[1]}-{theme}.png"))
    colours = {image.pixel(x, y) for x in range(0, size[0], 7) for y in range(0, size[1], 7)}
    assert len(colours) > 5, f"{name} is empty"


def _close_welcome(data: Path) -> None:
    """As its Close button does: it covers part of the map."""
    with closing(sqlite3.connect(data / "chainbot.db")) as connection, connection:
        connection.execute("INSERT INTO preferences (name, value) VALUES ('welcome.closed', 'true')")


def _settled(running: Running) -> QImage:
    """The screen once its window has been built and painted."""
    time.sleep(1.2)
    return QImage.fromData(running.get_bytes("/api/screen.png"))
