"""Lines as they come from anywhere: nothing of them may move the cursor, hide, or turn the text around."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chainbot_desktop.ui.watchtower.logs.line_text import PLAIN, RGB, SIGN, Style, plain_text, read_line, styled

ANY = st.text(st.characters(categories=None)) | st.text(st.sampled_from("\x1b[]0;13m\x07\\\t é漢\u202e\udcff"))


def shown(text: str) -> str:
    return read_line(text, 10_000).plain


@given(ANY)
@example("\x1b[")
@example("\x1b]0;title without an end")
@example("\x1b[38;5m\x1b[38;2;1;2m\x1b[48:5:m")
def test_nothing_that_cannot_be_seen_is_left(text: str) -> None:
    line = read_line(text, 10_000)
    for letter in line.plain:
        assert letter.isprintable() or letter in "\u200c\u200d", f"U+{ord(letter):04X} is painted"
        assert unicodedata.bidirectional(letter) not in {"LRO", "RLO", "LRE", "RLE", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert line.columns == sum(span.width for span in line.spans)
    assert [span.column for span in line.spans] == [sum(s.width for s in line.spans[:n]) for n in range(len(line.spans))]


@given(ANY, st.integers(0, 30), st.integers(1, 30))
def test_what_is_cut_out_is_what_stands_there(text: str, first: int, width: int) -> None:
    for span in read_line(text, 10_000).spans:
        column, part = span.cut(first, first + width)
        assert part in span.text
        if span.simple:
            assert part == span.text[max(0, first - span.column) : max(0, first + width - span.column)]
        if part:
            assert column >= span.column


def test_control_characters_are_told_and_marked() -> None:
    line = read_line("a\x00b\x1b", 100)
    assert line.plain == "a\\x00b\\x1b"
    assert [span.text for span in line.spans if span.style is SIGN] == ["\\x00", "\\x1b"]
    assert shown("over\rwritten") == "over\\rwritten"
    assert shown("\x9bC1") == "\\x9bC1"
    assert shown("evil\u202egnp.exe") == "evil<U+202E>gnp.exe"
    assert shown("a\u00a0b") == "a b"
    assert shown("bad \udcff byte") == "bad \ufffd byte"


def test_tabs_reach_the_next_stop() -> None:
    assert shown("a\tb") == "a       b"
    assert shown("\x1b[31m1234567\t\x1b[0m|") == "1234567 |"
    assert plain_text("a\tb") == "a\tb", "a copied line keeps its tab"


def test_escape_sequences_go_and_colours_stay() -> None:
    line = read_line("\x1b]8;;http://x\x1b\\link\x1b]8;;\x07 \x1b[1;31mred\x1b[0m \x1b[2K\x1b(Bplain", 100)
    assert line.plain == "link red plain"
    assert [span.style for span in line.spans if span.text == "red"] == [Style(ink=1, bold=True)]
    assert line.spans[-1].style == PLAIN


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("", PLAIN),
        ("0", PLAIN),
        ("31", Style(ink=1)),
        ("97;104", Style(ink=15, ground=12)),
        ("38;5;208", Style(ink=208)),
        ("38;2;1;2;3", Style(ink=RGB | 0x010203)),
        ("38:2::1:2:3", Style(ink=RGB | 0x010203)),
        ("48:5:17;1", Style(ground=17, bold=True)),
        ("38;5", PLAIN),
        ("38;5;999", PLAIN),
        ("38;2;300;0;0", PLAIN),
        ("4:0", PLAIN),
        ("1;22;3;23;4;24;7;27;9;29", PLAIN),
        ("99999999999999999999", PLAIN),
    ],
)
def test_styles(codes: str, style: Style) -> None:
    assert styled(PLAIN, codes) == style


def test_a_million_letters_are_not_looked_at() -> None:
    line = read_line("x" * 1_000_000, 4_096)
    assert (line.columns, line.left_out) == (4_096, 995_904)


def test_columns_of_wide_and_combining_letters() -> None:
    line = read_line("漢e\u0301!", 100)
    assert line.columns == 4
    assert line.column_of(line.plain.index("!")) == 3
