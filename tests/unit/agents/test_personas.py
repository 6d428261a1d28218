"""Personas: ours are all good, a person's own win, and a broken one is named without hiding the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.agents.personas import load_personas, parse_persona
from chainbot_desktop.core.errors import InvalidInput, NotFound

_GOOD = "---\nname: pirate\ntitle: A pirate\nmodel: local\ntools: [read_file]\n---\nSpeak like a pirate.\n"


def test_ours_come_along(tmp_path: Path) -> None:
    personas = load_personas(tmp_path / "nothing")
    assert set(personas.by_name) == {"general_assistant", "code_assistant", "analyst", "creative_writer"}
    assert not personas.problems
    assert personas.get("analyst").policy["rules"]
    with pytest.raises(NotFound, match="no persona 'pirate'"):
        personas.get("pirate")


def test_a_persons_own_win_over_ours(tmp_path: Path) -> None:
    (tmp_path / "pirate.md").write_text(_GOOD)
    (tmp_path / "mine.md").write_text("---\nname: analyst\n---\nMine.\n")
    personas = load_personas(tmp_path)
    pirate = personas.get("pirate")
    assert (pirate.title, pirate.model, pirate.tools, pirate.instructions) == (
        "A pirate",
        "local",
        ("read_file",),
        "Speak like a pirate.",
    )
    assert personas.get("analyst").instructions == "Mine."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "does not begin with front matter"),
        ("Speak.", "does not begin with front matter"),
        ("---\nname: x\nSpeak.", "has no end"),
        ("---\nname: [\n---\nSpeak.", "not YAML"),
        ("---\n- a\n---\nSpeak.", "front matter"),
        ("---\ntitle: x\n---\nSpeak.", "name"),
        ("---\nname: Not A Name\n---\nSpeak.", "name"),
        ("---\nname: x\ncolour: red\n---\nSpeak.", "colour"),
        ("---\nname: x\ntools: all\n---\nSpeak.", "tools"),
        ("---\nname: x\n---\n \n", "no instructions"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        parse_persona(text)


def test_broken_files_are_named_and_hide_nobody(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("no front matter")
    (tmp_path / "b.md").write_bytes(b"---\nname: b\n---\n\xff\xfe")
    (tmp_path / "c.md").write_text(f"---\nname: c\n---\n{'x' * 300_000}")
    (tmp_path / "d.md").write_text(_GOOD)
    (tmp_path / "e.md").mkdir()
    (tmp_path / "f.txt").write_text("not one of them")
    personas = load_personas(tmp_path)
    assert "pirate" in personas.by_name
    assert [problem.partition(":")[0] for problem in personas.problems] == ["a.md", "b.md", "c.md"]
