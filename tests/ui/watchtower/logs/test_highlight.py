from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.logs.ansi_colors import AnsiColors, contrast
from chainbot_desktop.ui.watchtower.logs.highlight import Highlight
from chainbot_desktop.ui.watchtower.logs.line_text import RGB, Style
from chainbot_desktop.watch.logs.document import LogQuery


def found(query: LogQuery, text: str) -> list[str]:
    highlight = Highlight.of(query)
    assert highlight is not None
    highlight.begin_frame()
    return [text[start:end] for start, end in highlight.find(text)]


def test_what_is_searched_is_found() -> None:
    assert found(LogQuery(text="door Hall"), "the hall, the DOOR") == ["hall", "DOOR"]
    assert found(LogQuery(text='"the door" hall'), "hall: the door, the roof") == ["hall", "the door"]
    assert found(LogQuery(text="a.c", case=True), "abc a.c A.C") == ["a.c"]
    assert found(LogQuery(text="[0-9]*", regex=True), "a 12 b") == ["12"], "nothing is no hit"
    assert Highlight.of(LogQuery(text="  ")) is None
    with pytest.raises(InvalidInput):
        Highlight.of(LogQuery(text="(", regex=True))


def test_an_expression_without_end_is_given_up() -> None:
    highlight = Highlight.of(LogQuery(text="(a|aa)+$", regex=True))
    assert highlight is not None
    highlight.begin_frame()
    assert highlight.find("a" * 100 + "!") == []
    highlight.begin_frame()
    assert list(highlight.find("aaa")) == [], "it would take as long in each frame"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_colour_can_be_read(theme_source: ThemeSource, theme: str) -> None:
    theme_source.select("dark" if theme == "dark" else "light")
    colors, ground = AnsiColors(theme_source.current), theme_source.current.color("ground")
    codes = [*range(256), RGB | 0x000000, RGB | 0xFFFFFF, RGB | 0x7F7F7F]
    for code in codes:
        for style in (
            Style(ink=code),
            Style(ink=code, ground=code),
            Style(ground=code, inverse=True),
            Style(ink=code, dim=True),
        ):
            ink, under = colors.of(style)
            assert contrast(under or ground, ink) >= 4.5, f"{style} on {theme}"
    assert colors.of(Style(ink=RGB | 0xFF0000))[0] != colors.of(Style(ink=RGB | 0x0000FF))[0]
    assert isinstance(colors.of(Style())[0], QColor)
