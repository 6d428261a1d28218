"""Files of models: what is taken, what is refused, and that a copy is whole or not there."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from chainbot_desktop.agents.models.discovery import find_servers
from chainbot_desktop.agents.models.model_files import DiskFull, ModelFolder
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound, Unavailable
from tests.helpers.model_server import model_server
from tests.helpers.models import models


def nothing(_done: int, _total: int) -> None: ...


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "my-model.gguf"
    path.write_bytes(b"GGUF" + bytes(9_000_000))
    return path


def test_a_model_is_copied_with_progress_and_chosen(tmp_path: Path, model: Path) -> None:
    folder = ModelFolder(tmp_path / "data" / "models")
    assert folder.chosen() is None
    heard: list[tuple[int, int]] = []
    added = folder.add(model, lambda done, total: heard.append((done, total)))
    assert added.read_bytes() == model.read_bytes()
    assert folder.chosen() == added
    assert folder.list() == (added,)
    assert len(heard) == 3
    assert heard[-1] == (9_000_004, 9_000_004)
    assert folder.add(added, nothing) == added, "one that is there already is only chosen"


async def test_the_added_model_is_the_local_one(tmp_path: Path, model: Path) -> None:
    ModelFolder(tmp_path / "models").add(model, nothing)
    async with models(folder=tmp_path / "models") as service:
        [choice] = await service.choose()
        assert (choice.name, choice.demonstration, choice.tools) == ("local/my-model", False, True)
        with pytest.raises(Unavailable, match="ended before it was ready"):
            await service.open_model(choice)


@pytest.mark.parametrize(("content", "error"), [(b"", InvalidInput), (b"PK\3\4 a zip", InvalidInput), (None, NotFound)])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes | None, error: type[ChainBotError]) -> None:
    path = tmp_path / "x.gguf"
    if content is not None:
        path.write_bytes(content)
    folder = ModelFolder(tmp_path / "models")
    with pytest.raises(error):
        folder.add(path, nothing)
    with pytest.raises(InvalidInput):
        folder.add(tmp_path, nothing)
    assert folder.list() == ()
    assert folder.chosen() is None


def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ModelFolder(tmp_path / "models")
    before = folder.add(model, nothing)
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF" + bytes(100))
    state = SimpleNamespace(f_bavail=1, f_frsize=4096)
    with monkeypatch.context() as patched:
        patched.setattr(os, "statvfs", lambda _: state)
        with pytest.raises(DiskFull, match="MB are free"):
            folder.add(other, nothing)

    def full(_done: int, _total: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(DiskFull, match="No space left"):
        folder.add(other, full)
    assert folder.chosen() == before
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["local.json", "my-model.gguf"]


@pytest.mark.parametrize("note", ["{", '{"file": "../../etc/passwd"}', "[]"])
async def test_a_note_that_cannot_be_understood_is_said(tmp_path: Path, note: str) -> None:
    (tmp_path / "local.json").write_text(note)
    async with models(folder=tmp_path) as service:
        status = service.statuses()[-1]
        assert status.state == "unconfigured"
        assert "cannot be understood" in status.reason


async def test_servers_on_this_machine_are_found_and_those_of_the_settings_left_out() -> None:
    async with model_server() as server:
        port = int(server.url.rpartition(":")[2])
        ports = {"ollama": port, "nobody": 1}
        [found] = await find_servers(ports=ports)
        assert (found.name, found.base_url, found.models) == ("ollama", f"{server.url}/v1", ("fake-1", "fake-2"))
        assert await find_servers([f"http://localhost:{port}/v1/"], ports) == []
