"""`chainbot-desktop model`, as a person types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.__main__ import main


def run(folder: Path, *words: str) -> int:
    return main(["model", *words, "--data-dir", str(folder), "--config", str(folder / "config.yaml")])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text("")
    return tmp_path


def test_a_file_is_added_and_listed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(data, "list") == 0
    assert capsys.readouterr().out.startswith("* smollm2-135m (embedded, for demonstration)")
    source = data / "better.gguf"
    source.write_bytes(b"GGUF" + bytes(1000))
    assert run(data, "add", str(source)) == 0
    assert "better is the local model now" in capsys.readouterr().out
    source.unlink()
    assert run(data, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("* better ")
    assert lines[1].startswith("  smollm2")


def test_what_is_no_model_is_refused_with_a_sentence(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "x.gguf").write_text("text")
    assert run(data, "add", str(data / "x.gguf")) == 1
    assert "is not a GGUF file" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("add",), ("add", "a", "b"), ("list", "x"), ("remove",)])
def test_other_words_are_refused(data: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(data, *words)
    assert ended.value.code == 2
    assert "'list' or by 'add FILE'" in capsys.readouterr().err
