"""An answer that is still written: however it comes in pieces, at its end it is what the whole text would be."""

from __future__ import annotations

import re
import time
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainbot_desktop.chat.markdown import Code, MarkdownStream, Prose, render
from chainbot_desktop.chat.markdown_blocks import Fence
from chainbot_desktop.chat.markdown_html import SectionRenderer
from chainbot_desktop.chat.markdown_sections import LEAST_SECTION
from tests.unit.chat.test_markdown import HOSTILE

COLORS = {"keyword": "#aa0000", "string": "#00aa00", "comment": "#999999", "function": "#0000aa"}

LINES = st.sampled_from(
    [
        "plain words that fill a line of a paragraph so that sections are cut somewhere " * 8,
        "",
        "",
        "# Title",
        "- item",
        "  - nested",
        "1. first",
        "   more of it",
        "> quote",
        "| a | b |",
        "|---|---|",
        "| 1 | 2 |",
        "```python",
        "```",
        "   ```",
        "~~~",
        "def f(): return 'x'",
        "See [the page][here] and [here] and a note[^n], another[^1].",
        "[here]: https://example.com/a",
        "[^n]: the *note*",
        "[^1]: another",
        "    indented",
        "$$",
        "x_1 = $a_b * c_d$",
        "**bold** `code` ~~gone~~ https://example.com/b",
        "\u202e\x00",
        "===",
    ]
)


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, list[int]]:
    ends = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])
    text = "".join(line + draw(ends) for line in draw(st.lists(LINES, max_size=30)))
    return text, draw(st.lists(st.integers(0, len(text)), max_size=12).map(sorted))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts(), st.booleans())
def test_after_the_last_piece_it_is_the_whole(made: tuple[str, list[int]], looked_at: bool) -> None:
    text, cuts = made
    stream = MarkdownStream(SectionRenderer(COLORS))
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        stream.feed(text[begin:end])
        if looked_at:
            stream.rendered(complete=False)
    assert stream.rendered() == render(text, COLORS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts())
def test_at_every_piece_all_that_was_written_is_there(made: tuple[str, list[int]]) -> None:
    """Looking early never shows less than a look at the same beginning would: only colours of an open block may differ."""
    text, cuts = made
    stream = MarkdownStream(SectionRenderer(COLORS))
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        stream.feed(text[begin:end])
        early, whole = stream.rendered(complete=False), render(text[:end], COLORS)
        assert [_words(block) for block in early.blocks] == [_words(block) for block in whole.blocks]


def _words(block: Prose | Code) -> str:
    return unescape(re.sub(r"<[^>]*>", "", block.html)).rstrip("\n")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_comes_out_the_same_in_pieces(name: str) -> None:
    text = HOSTILE[name][:60_000]
    stream = MarkdownStream(SectionRenderer(COLORS))
    for start in range(0, len(text), 7_001):
        stream.feed(text[start : start + 7_001])
        stream.rendered(complete=False)
    assert stream.rendered() == render(text, COLORS)


def test_what_is_finished_is_rendered_once() -> None:
    paragraph = "Some **words** with `code` in them. " * 20 + "\n\n"
    stream = MarkdownStream(SectionRenderer({}))
    for _ in range(200):
        stream.feed(paragraph)
        stream.rendered(complete=False)
    # Each look renders the open end (one section) and what closed since; not the two hundred paragraphs before.
    assert stream.sections_rendered <= 200 * 2 + 200 * len(paragraph) // LEAST_SECTION
    assert len(stream.rendered().blocks) >= 100


def test_a_link_that_is_defined_at_the_end_reaches_back() -> None:
    stream = MarkdownStream(SectionRenderer({}))
    stream.feed("See [here][a] and[^1].\n\n" + ("filler words " * 120 + "\n\n") * 3)
    first = stream.rendered(complete=False).blocks[0]
    assert "<a" not in first.html
    assert "[^1]" in first.html
    before = stream.sections_rendered
    stream.feed("[a]: https://example.com/x\n\n[^1]: the note\n")
    rendered = stream.rendered()
    assert 'href="https://example.com/x"' in rendered.blocks[0].html
    assert "<sup>1</sup>" in rendered.blocks[0].html
    assert "the note" in rendered.blocks[-1].html
    assert rendered.links == ("https://example.com/x",)
    assert stream.sections_rendered - before <= 3


def test_an_open_code_block_grows_without_being_coloured_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured: list[int] = []
    real = SectionRenderer.code

    def counted(renderer: SectionRenderer, fence: Fence) -> Code:
        coloured.append(len(fence.text))
        return real(renderer, fence)

    monkeypatch.setattr(SectionRenderer, "code", counted)
    stream = MarkdownStream(SectionRenderer(COLORS))
    stream.feed("```python\n")
    line = "def name(x):  # a comment\n"
    for n in range(400):
        stream.feed(line)
        (code,) = stream.rendered(complete=False).blocks
        assert isinstance(code, Code)
        assert code.text == line * (n + 1)
    assert sum(coloured) < 8 * len(line) * 400
    stream.feed("```\n")
    assert stream.rendered() == render("```python\n" + line * 400 + "```\n", COLORS)


def test_a_growing_text_costs_as_much_as_it_is_long() -> None:
    """Sixty kilobytes in pieces, looked at each time, beside one rendering of the whole: not its square."""
    text = (
        "## Step\n\nSome **words** and `code`, a [link](https://a.b/c).\n\n```python\nx = f(1)\n```\n\n" + "text " * 60 + "\n\n"
    ) * 140
    begin = time.process_time()
    render(text, COLORS)
    once = time.process_time() - begin
    stream = MarkdownStream(SectionRenderer(COLORS))
    begin = time.process_time()
    for start in range(0, len(text), 120):
        stream.feed(text[start : start + 120])
        stream.rendered(complete=False)
    # 500 looks: rendered anew each time it would be 250 times as much.
    assert time.process_time() - begin < once * 40
