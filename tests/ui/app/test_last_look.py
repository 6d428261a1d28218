"""The first frame looks as the last one did."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.app.panel import LastLook
from chainbot_desktop.ui.theme import ThemeSource


def test_what_was_kept_is_applied(tmp_path: Path, theme_source: ThemeSource) -> None:
    theme_source.select("light")
    theme_source.set_text_size("largest")
    LastLook(tmp_path).keep(theme_source)
    theme_source.select("dark")
    theme_source.set_text_size("normal")
    LastLook(tmp_path).apply_to(theme_source)
    assert (theme_source.choice, theme_source.text_size) == ("light", "largest")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"theme": "pink", "text_size": "normal"}', '{"theme": "light", "text_size": []}']
)
def test_a_damaged_cache_is_ignored(tmp_path: Path, theme_source: ThemeSource, content: str) -> None:
    (tmp_path / "last-look.json").write_text(content, encoding="utf-8")
    LastLook(tmp_path).apply_to(theme_source)
    assert (theme_source.choice, theme_source.text_size) == ("auto", "normal")


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path, theme_source: ThemeSource) -> None:
    LastLook(tmp_path / "gone").keep(theme_source)
    assert not (tmp_path / "gone").exists()
