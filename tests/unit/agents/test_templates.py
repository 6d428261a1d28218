"""Templates: those that come along are ones that their kinds take, a person's own survive a restart, and none holds a secret."""

from __future__ import annotations

import asyncio
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.agents.kind import AgentConfig
from chainbot_desktop.agents.kinds.assistant.kind import AssistantConfig
from chainbot_desktop.agents.kinds.command_config import CommandConfig
from chainbot_desktop.agents.kinds.data_processor.config import DataProcessorConfig
from chainbot_desktop.agents.personas import load_personas
from chainbot_desktop.agents.programs.watch_address import look
from chainbot_desktop.agents.programs.watch_tests import run_once, stamps
from chainbot_desktop.agents.templates import AgentTemplates, without_secrets
from chainbot_desktop.core.errors import Conflict, InvalidInput

CONFIGS: Mapping[str, type[AgentConfig]] = {
    "command": CommandConfig,
    "assistant": AssistantConfig,
    "data_processor": DataProcessorConfig,
}


async def _open(folder: Path) -> AgentTemplates:
    templates = AgentTemplates(folder)
    await templates.open()
    return templates


async def test_each_of_ours_is_taken_by_its_kind(tmp_path: Path) -> None:
    found = (await _open(tmp_path)).list()
    assert len(found) >= 5
    personas = await asyncio.to_thread(load_personas, tmp_path)
    for template in found:
        config = CONFIGS[template.kind].model_validate(dict(template.config))
        assert template.description
        if isinstance(config, AssistantConfig):
            personas.get(config.persona)


async def test_a_persons_own_survive_and_a_broken_file_keeps_nobody_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    templates = await _open(tmp_path)
    kept, _ = await templates.save("My  build", "command", {"command": ["make"]})
    assert (kept.id, kept.title) == ("my_build", "My build")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "strange.json").write_text(json.dumps({"title": "x", "agent_type": "command", "colour": "red"}))
    again = await _open(tmp_path)
    assert again.get("my_build") == kept
    assert [template.title for template in again.list() if template.own] == ["My build"]
    assert "broken.json" in caplog.text
    assert "colour" in caplog.text
    with pytest.raises(Conflict):
        await again.save("my build", "command", {"command": ["make"]})
    other, _ = await again.save("My build!", "command", {"command": ["make"]})
    assert other.id == "my_build_2"
    with pytest.raises(InvalidInput):
        await again.save("x" * 201, "command", {})


def test_what_looks_like_a_secret_is_left_out_and_named() -> None:
    kept, left_out = without_secrets(
        {
            "command": ["deploy", "--token", "abc", "--api-key=def", "--verbose", "postgres://me:pw@host/db"],
            "env": {"GITHUB_TOKEN": "ghp", "LANG": "C"},
            "secret_env": {"DB_PASSWORD": "name-in-keyring"},
            "auth": {"type": "bearer", "secret": "name-in-keyring"},
            "limits": {"run_tokens": 5},
        }
    )
    assert kept == {
        "command": ["deploy", "--token", "", "--api-key=", "--verbose", ""],
        "env": {"LANG": "C"},
        "secret_env": {"DB_PASSWORD": "name-in-keyring"},
        "auth": {"type": "bearer", "secret": "name-in-keyring"},
        "limits": {"run_tokens": 5},
    }
    assert set(left_out) == {"command.2", "command.3", "command.5", "env.GITHUB_TOKEN"}


@given(
    st.text(min_size=8, max_size=40).filter(lambda text: not text.startswith("-")),
    st.sampled_from(["PASSWORD", "api_key", "X_TOKEN"]),
)
def test_no_value_of_a_secrets_name_is_kept(value: str, name: str) -> None:
    kept, left_out = without_secrets({"env": {name: value}, "command": ["x", f"--{name}", value]})
    assert kept == {"env": {}, "command": ["x", f"--{name}", ""]}
    assert len(left_out) == 2


def test_the_tests_of_a_project_are_run_and_a_change_is_seen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "test_it.py").write_text("def test_it():\n    assert 1\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / "hidden.py").write_text("")
    before = stamps(tmp_path)
    assert set(before) == {str(tmp_path / "test_it.py")}
    run_once(tmp_path)
    (tmp_path / "test_more.py").write_text(
        "import unittest\nclass T(unittest.TestCase):\n    def test_no(self): self.fail('no')\n"
    )
    assert stamps(tmp_path) != before
    assert run_once(tmp_path) != 0
    said = capfd.readouterr().out
    assert "tests FAILED at " in said


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if self.path == "/ill" else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_an_address_is_up_down_or_silent(server: str) -> None:
    assert look(f"{server}/")[0]
    assert look(f"{server}/ill") == (False, "DOWN: 503 Service Unavailable")
    well, words = look("http://127.0.0.1:1/")
    assert (well, words.startswith("DOWN: ")) == (False, True)
    refused = subprocess.run(
        [sys.executable, "-m", "chainbot_desktop.agents.programs.watch_address", "file:///etc/passwd"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "begins with http" in refused.stderr
