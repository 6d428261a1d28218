"""The program as a process: started, used over the network, asked to stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from chainbot_desktop import __version__
from tests.helpers.program import Running, free_port, program


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "CHAINBOT_ALEX_OS__ENABLED": "false",
        "CHAINBOT_SECURITY__SECRET_STORE": "file",
        **environment,
    }
    command = [sys.executable, "-m", "chainbot_desktop", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=env, check=False)


def warnings_in(log: str) -> list[str]:
    """Lines of the log that nobody should have to read."""
    records = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    found = [record["event"] for record in records if record["level"] in {"warning", "error", "critical"}]
    return [*found, *(line for line in log.splitlines() if "Traceback" in line or "QObject" in line or "QPainter" in line)]


@pytest.mark.parametrize("flags", [(), ("--headless",)], ids=["panel", "headless"])
def test_a_webhook_arrives_and_the_program_stops_within_three_seconds(tmp_path: Path, flags: Sequence[str]) -> None:
    with program(*flags, data=tmp_path) as running:
        assert running.get("/health")["status"] == "healthy"
        answer = running.post("/api/webhooks/chainbot/agent/spawned", {"agent_id": "a-1", "agent_name": "Tests"})
        assert answer["status"] == "success"
        assert [agent["id"] for agent in running.get("/api/agents")] == ["a-1"]
        events = running.get("/api/events")["items"]
        assert [event["type"] for event in events] == ["panel_started", "agent_spawned"]
        children = psutil.Process(running.process.pid).children(recursive=True)
        assert running.stop() < 3
        assert running.process.returncode == 0
        assert not [child for child in children if child.is_running()]
        assert warnings_in(running.log_text()) == []
    with program("--headless", data=tmp_path) as again:
        types = [event["type"] for event in again.get("/api/events")["items"]]
        assert types == ["panel_started", "agent_spawned", "panel_stopped", "panel_started"]
        assert again.get("/api/audit/verify")["ok"] is True
        assert [agent["name"] for agent in again.get("/api/agents")] == ["Tests"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_other_signals_stop_it_as_well(number: signal.Signals) -> None:
    with program() as running:
        assert running.stop(number) < 3
        assert running.process.returncode == 0


def test_it_stops_in_time_with_clients_that_do_not_let_go() -> None:
    async def hold(running: Running) -> float:
        headers = {"Authorization": f"Bearer {running.token}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            sockets = [await session.ws_connect(f"{running.url}/ws") for _ in range(5)]
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(b"POST /api/webhooks/chainbot/event HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf a body")
            await writer.drain()
            try:
                seconds = await asyncio.to_thread(running.stop)
                for client in sockets:
                    while (message := await client.receive()).type is aiohttp.WSMsgType.TEXT:
                        pass
                    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.GOING_AWAY)
            finally:
                writer.close()
                await asyncio.gather(reader.read(), return_exceptions=True)
            return seconds

    with program() as running:
        assert asyncio.run(hold(running)) < 3


def test_headless_loads_no_qt() -> None:
    with program("--headless") as running:
        maps = Path(f"/proc/{running.process.pid}/maps").read_text()
        assert "uvloop" in maps
        assert "libQt6" not in maps
        assert "PySide6" not in maps


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(f"--port={port}", f"--data-dir={tmp_path}")
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("chainbot-desktop:")]) == 1


def test_a_wrong_setting_stops_the_start(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("server:\n  port: ninety\n", encoding="utf-8")
    done = run(f"--config={config}", f"--data-dir={tmp_path}")
    assert done.returncode == 2
    assert str(config) in done.stderr
    assert "server.port" in done.stderr
    assert "'ninety'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_program_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with program("--headless", data=tmp_path) as running:
        done = run("--headless", f"--port={free_port()}", f"--data-dir={tmp_path}")
        assert done.returncode == 1
        assert str(running.process.pid) in done.stderr
        assert running.get("/health")["status"] == "healthy"


def test_a_database_that_is_none_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "chainbot.db").write_bytes(b"not a database" * 1000)
    done = run("--headless", f"--port={free_port()}", f"--data-dir={tmp_path}")
    assert done.returncode == 1
    assert "chainbot.db" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "chainbot.db").read_bytes() == b"not a database" * 1000


@pytest.mark.parametrize(
    "arguments",
    [("--port=0",), ("--port=x",), ("fly",), ("--headless", "--kiosk"), ("doctor", "--demo"), ("--prot=9000",)],
)
def test_a_wrong_command_line_says_what_is_wrong(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_version() -> None:
    assert run("--version").stdout.strip() == f"chainbot-desktop {__version__}"


def test_the_token_opens_the_door_and_is_for_its_owner_only(tmp_path: Path) -> None:
    assert run("token", f"--data-dir={tmp_path}").returncode == 1
    with program("--headless", data=tmp_path) as running:
        token = run("token", f"--data-dir={tmp_path}").stdout.strip()
        assert token == running.token
        assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
        link = run("link", f"--data-dir={tmp_path}", f"--port={running.port}").stdout.strip()
        jar = asyncio.run(_follow(link))
        assert jar == 200
        assert token not in running.log_text()


async def _follow(link: str) -> int:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session, session.get(link) as answer:
        assert "ticket" not in str(answer.url)
        return answer.status


def test_link_says_so_when_nothing_runs(tmp_path: Path) -> None:
    with program("--headless", data=tmp_path):
        pass
    done = run("link", f"--data-dir={tmp_path}", f"--port={free_port()}")
    assert done.returncode == 1
    assert "Start it" in done.stderr


def test_doctor_reports_this_machine(tmp_path: Path) -> None:
    done = run("doctor", f"--data-dir={tmp_path}", f"--port={free_port()}")
    assert done.returncode == 0, done.stdout
    for subject in ("program:", "settings:", "Qt:", "port:", "disk:", "clock:", "keyring:", "ALEX OS:"):
        assert subject in done.stdout
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = run("doctor", f"--data-dir={tmp_path}", f"--port={taken.getsockname()[1]}")
    assert refused.returncode == 1
    assert "[problem]" in refused.stdout


def _has_both(rows: list[dict[str, Any]]) -> bool:
    """An agent that runs here and a guest that is at home."""
    return any(row["runtime"] is not None for row in rows) and any(
        row["origin"] == "guest" and row["status_word"] == "online" for row in rows
    )


def test_a_guest_of_the_demo_answers_over_the_real_protocol() -> None:
    with program("--demo", "--headless") as running:
        guests = running.until("/api/agents", _has_both)
        harry = next(row["id"] for row in guests if row["origin"] == "guest" and row["status_word"] == "online")
        own = next(row["id"] for row in guests if row["origin"] == "own" and row["runtime"] is not None)
        link = running.post("/api/entanglements", {"type": "control", "agents": [own, harry]})
        base = f"/api/entanglements/{link['id']}"
        sent = running.post(f"{base}/messages/send", {"to": harry, "text": "is the door shut?"})
        assert sent["note"] == "Sent to ALEX OS, no answer yet."
        said = running.until(f"{base}/messages", lambda rows: len(rows) > 1, seconds=40)
        assert (said[0]["note"], said[1]["kind"], said[1]["in_reply_to"]) == ("", "answer", sent["message_id"])
        assert said[1]["text"].endswith("heard you: “is the door shut?”")


def test_the_demo_brings_guests_over_the_real_protocol_and_leaves_no_child() -> None:
    with program("--demo") as running:
        listed = running.until("/api/agents", bool)
        assert all(agent["name"] for agent in listed)
        status = running.until("/status", lambda answer: answer["link"]["state"] == "registered")
        assert status["link"]["registry_url"].startswith("http://127.0.0.1:")
        running.until("/api/events?type=alexos_event_received", lambda answer: bool(answer["items"]))
        running.until("/api/agents", lambda agents: sum(agent["origin"] == "own" for agent in agents) == 3)
        children = psutil.Process(running.process.pid).children(recursive=True)
        assert children
        assert running.stop(seconds=20) < 10
        assert not [child for child in children if child.is_running()]


def test_an_alex_os_with_another_time_is_noticed() -> None:
    with program("--demo", "--headless") as running:
        status = running.until("/status", lambda answer: answer["link"]["state"] == "registered")
        switches = urllib.request.Request(
            f"{status['link']['registry_url']}/simulator/misbehave",
            data=json.dumps({"clock_ahead": -42}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(switches, timeout=10) as answer:
            assert answer.status == 200
        # Any event that is delivered brings an answer with the time.
        running.post("/api/webhooks/chainbot/event", {"event_type": "door_opened"})
        running.until(
            "/api/health",
            lambda found: any("s ahead of ALEX OS." in check["sentence"] for check in found["checks"]),
            seconds=90,
        )
        running.until(
            "/api/metrics?names=clock_skew&step=1",
            lambda found: any(abs((row["mean"] or 0) - 42) < 3 for line in found["figures"] for row in line["rows"]),
        )
        assert b"\nchainbot_clock_skew_seconds 4" in running.get_bytes("/metrics")


def test_everything_that_it_started_ends_with_a_killed_program() -> None:
    with program("--demo") as running:
        running.until("/api/agents", lambda agents: sum(agent["origin"] == "own" for agent in agents) == 3)
        children = psutil.Process(running.process.pid).children(recursive=True)
        assert children
        running.process.kill()
        running.process.wait()
        _, left = psutil.wait_procs(children, timeout=10)
        assert not left


def test_the_panel_shows_its_screen_and_headless_says_why_not() -> None:
    with program() as running:
        assert running.get_bytes("/api/screen.png").startswith(b"\x89PNG")
    with program("--headless") as headless, pytest.raises(Exception, match="404"):
        headless.get_bytes("/api/screen.png")


def test_data_goes_where_xdg_says(tmp_path: Path) -> None:
    port = free_port()
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "CHAINBOT_ALEX_OS__ENABLED": "false"}
    env["CHAINBOT_SECURITY__SECRET_STORE"] = "file"
    command = [sys.executable, "-m", "chainbot_desktop", "--headless", f"--port={port}"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 30
        while not (tmp_path / "chainbot-desktop" / "secrets.json").exists():
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        process.terminate()
        process.wait(10)
    with sqlite3.connect(tmp_path / "chainbot-desktop" / "chainbot.db") as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone()[0] >= 0
    connection.close()
