from __future__ import annotations

import io
from pathlib import Path

import pytest

from chainbot_desktop.app.command_line import parse_arguments
from chainbot_desktop.app.secret_commands import run_secret_command
from chainbot_desktop.security.admin_token import read_or_make_token
from chainbot_desktop.security.secret_store import SecretStore


def run(folder: Path, *words: str) -> int:
    config = folder / "config.yaml"
    config.write_text("security: {secret_store: file}\n")
    return run_secret_command(parse_arguments(["secret", *words, f"--data-dir={folder}", f"--config={config}"]))


def test_a_key_is_kept_listed_by_name_and_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = SecretStore(tmp_path, "file", None)
    token = read_or_make_token(store)
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-very-secret\n"))
    assert run(tmp_path, "set", "model.openai") == 0
    assert store.get("model.openai") == "sk-very-secret"
    assert run(tmp_path, "list") == 0
    assert run(tmp_path, "delete", "model.openai") == 0
    assert store.get("model.openai") is None
    said = capsys.readouterr().out
    assert "model.openai\n" in said
    assert "sk-very-secret" not in said
    assert token not in said
    assert "admin token" not in said


@pytest.mark.parametrize("words", [("set", "admin token"), ("delete", "admin token"), ("delete", "nothing"), ("set", "a\nb")])
def test_what_cannot_be_done_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, str]) -> None:
    token = read_or_make_token(SecretStore(tmp_path, "file", None))
    monkeypatch.setattr("sys.stdin", io.StringIO("value"))
    assert run(tmp_path, *words) == 1
    assert read_or_make_token(SecretStore(tmp_path, "file", None)) == token


def test_an_empty_value_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(" \n"))
    assert run(tmp_path, "set", "model.openai") == 1


@pytest.mark.parametrize("words", [[], ["set"], ["list", "x"], ["steal", "x"]])
def test_a_wrong_line_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["secret", *words])
