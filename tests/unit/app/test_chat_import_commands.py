"""`chainbot-desktop chat import`, as a person types it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from chainbot_desktop.__main__ import main
from tests.helpers.chatgpt_exports import generated, talk, write_json
from tests.helpers.stores import open_store


def run(folder: Path, *words: str) -> int:
    return main(["chat", *words, "--data-dir", str(folder), "--config", str(folder / "config.yaml")])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text("")
    return tmp_path


def test_an_export_is_imported_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = data / "conversations.json"
    write_json(path, [talk("a", ["one", "two"]), {"x": 1}])
    assert run(data, "import", str(path)) == 0
    said = capsys.readouterr().out
    assert said.startswith("2 messages in 1 conversations")
    assert "Left out: 1 without messages." in said
    assert run(data, "import", str(path)) == 0
    assert capsys.readouterr().out.endswith("2 messages were here already.\nLeft out: 1 without messages.\n")
    with sqlite3.connect(data / "chainbot.db") as connection:
        assert connection.execute("SELECT author FROM messages ORDER BY number").fetchall() == [
            ("user:admin",),
            ("agent:chatgpt",),
        ]


def test_what_is_wrong_is_a_sentence_and_an_exit_code(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(data, "import", str(data / "gone.json")) == 1
    assert "There is no file" in capsys.readouterr().err
    path = data / "conversations.json"
    write_json(path, list(generated(20, turns=4)))
    path.write_bytes(path.read_bytes()[:-2000])
    assert run(data, "import", str(path)) == 1
    assert "ends in the middle" in capsys.readouterr().err


@contextmanager
def _panel(data: Path) -> Iterator[None]:
    """Another program that has the database open, as the panel has."""
    opened, done = Event(), Event()

    async def hold() -> None:
        async with open_store(data):
            opened.set()
            await asyncio.to_thread(done.wait, 30)

    thread = Thread(target=lambda: asyncio.run(hold()))
    thread.start()
    assert opened.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_while_the_panel_runs_it_says_where_to_import(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "config.yaml").write_text(f"database:\n  url: sqlite:///{data / 'journal.db'}\n")
    path = data / "conversations.json"
    write_json(path, [talk("a", ["one"])])
    with _panel(data):
        assert run(data, "import", str(path)) == 1
    said = capsys.readouterr().err
    assert "Another ChainBot Desktop" in said
    assert "Import from ChatGPT" in said


@pytest.mark.parametrize("words", [(), ("import",), ("export", "x")])
def test_other_words_are_refused(data: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(data, *words)
    assert ended.value.code == 2
    assert "'import FILE'" in capsys.readouterr().err
