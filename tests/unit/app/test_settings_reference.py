from __future__ import annotations

from pathlib import Path

from chainbot_desktop.app.settings_reference import reference

ROOT = Path(__file__).resolve().parents[3]


def test_the_settings_page_speaks_of_the_program_as_it_is() -> None:
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == reference(), "run `python -m chainbot_desktop.app.settings_reference`"
