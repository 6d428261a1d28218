"""Markdown: what people expect of it, and that nothing anybody writes gets out of its frame or holds up the panel."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainbot_desktop.chat.links import may_be_opened, panel_link, parse_panel_link
from chainbot_desktop.chat.markdown import ALLOWED, MAX_SHOWN, Code, Prose, Rendered, escape_markdown, render, visible

COLORS = {"keyword": "#aa0000", "string": "#00aa00", "comment": "#999999", "function": "#0000aa"}


def html(text: str) -> str:
    return "".join(block.html for block in render(text, COLORS).blocks if isinstance(block, Prose))


class _Audit(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag == "li" and name == "class" and value in ("checked", "unchecked"):
                continue
            if name not in ALLOWED.get(tag, set()):
                self.wrong.append(f"{tag} {name}={value}")
            if name == "href" and not may_be_opened(value or ""):
                self.wrong.append(f"href={value}")
        if tag not in ALLOWED:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"comment {data}")


class _CodeAudit(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "span" or [name for name, _ in attrs] != ["style"] or not (attrs[0][1] or "").startswith("color:#"):
            self.wrong.append(f"{tag} {attrs}")

    def handle_data(self, data: str) -> None:
        self.text += data


def audit(rendered: Rendered) -> None:
    for block in rendered.blocks:
        if isinstance(block, Code):
            code = _CodeAudit()
            code.feed(block.html)
            code.close()
            assert code.wrong == []
            assert code.text.rstrip("\n") == block.text.rstrip("\n")
        else:
            prose = _Audit()
            prose.feed(block.html)
            prose.close()
            assert prose.wrong == []
    assert all(may_be_opened(address) for address in rendered.links)


_PIECES = [
    "<script>",
    "<b",
    "onclick=x>",
    "[a](javascript:x)",
    "[b](data:text/html,x)",
    "![i](http://x/y.png)",
    "<img",
    "src=x>",
    "```",
    "~~~",
    "`",
    "**",
    "*",
    "_",
    "|",
    "---",
    "-",
    "1.",
    ">",
    "#",
    "[^1]",
    "[^1]:",
    "<http://x>",
    "<javascript:x>",
    "https://a.b",
    "&lt;",
    "&#106;",
    "codeblockn0",
    "<!--",
    "-->",
    "\\",
    "]",
    "(",
    ")",
    ":-:",
    "python",
    "mailto:a@b",
    "[x]:",
    "javascript:a",
    "'q'",
    '"',
    "<a",
    "href='x'>",
    "</p>",
    "<a@b.c>",
    "[x]",
    "style=x",
    "\n",
    "\n\n",
    "\t",
    "\x00",
    "\x02",
    "\x03",
    "\u202e",
    "\r",
    "    ",
]
_pieces = st.sampled_from(_PIECES)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.one_of(_pieces, st.text(max_size=8)), max_size=40).map(" ".join) | st.lists(_pieces, max_size=40).map("".join)
)
def test_nothing_outside_of_the_allow_list_ever_comes_out(text: str) -> None:
    audit(render(text, COLORS))


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=60))
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    shown = _Audit()
    shown.feed(html(f"x {escape_markdown(text)} y"))
    shown.close()
    assert "".join(shown.text).strip() == f"x {visible(text)} y"


def test_the_parts_people_use() -> None:
    shown = html("# Title\n**bold** *em* ~~gone~~ `code`\nnext line\n\n> quote\n\n| a | b |\n|---|--:|\n| 1 | 2 |")
    for part in (
        "<h1>Title</h1>",
        "<strong>bold</strong>",
        "<em>em</em>",
        "<s>gone</s>",
        "<code>code</code><br>",
        "<blockquote>",
        '<td align="right">2</td>',
    ):
        assert part in shown


def test_lists_nest_as_they_are_written() -> None:
    assert (
        html("Intro:\n- a\n  - b\n- c\n").replace("\n", "") == "<p>Intro:</p><ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"
    )
    assert html("1. x\n   - y\n2. z").replace("\n", "") == "<ol><li>x<ul><li>y</li></ul></li><li>z</li></ol>"


def test_task_lists_become_boxes() -> None:
    assert '<li class="checked">done</li>' in html("- [ ] open\n- [x] done")
    assert '<li class="unchecked">open</li>' in html("- [ ] open\n- [x] done")


def test_a_table_needs_no_empty_line_before_it() -> None:
    assert "<table>" in html("Here:\n| a | b |\n|---|---|\n| 1 | 2 |")


def test_a_number_sign_without_a_space_is_no_heading() -> None:
    assert html("#42 is fixed") == "<p>#42 is fixed</p>"


def test_code_blocks_stand_alone_also_inside_lists() -> None:
    blocks = render("1. Do\n   ```python\n   def f():\n       return 'x'\n   ```\n   then\n2. Rest", COLORS).blocks
    assert [type(block) for block in blocks] == [Prose, Code, Prose]
    code = blocks[1]
    assert isinstance(code, Code)
    assert (code.language, code.text) == ("python", "def f():\n    return 'x'")
    assert '<span style="color:#aa0000">def</span>' in code.html
    assert '<ol start="2">' in blocks[2].html


def test_an_open_fence_and_an_unknown_language_are_plain_code() -> None:
    (code,) = render("```klingon\n<b> & co", COLORS).blocks
    assert code == Code("klingon", "<b> & co", "&lt;b&gt; &amp; co")


@pytest.mark.parametrize(
    "text",
    [
        "[a](javascript:alert(1))",
        "[a](file:///etc/passwd)",
        "[a](data:text/html,x)",
        "[a](/etc)",
        "[a](chainbot:chat?x=1)",
        "<a href='x'>a</a>",
    ],
)
def test_links_to_anywhere_else_are_no_links(text: str) -> None:
    assert "<a" not in html(text)


def test_links_and_bare_addresses() -> None:
    rendered = render("See https://example.com/a_(b)?x=1&y=2, [mail](mailto:a@b.c) (http://x.y/z).", COLORS)
    assert rendered.links == ("https://example.com/a_(b)?x=1&y=2", "mailto:a@b.c", "http://x.y/z")
    assert html("`http://x.y`") == "<p><code>http://x.y</code></p>"


def test_images_are_never_loaded() -> None:
    assert "<img" not in html("![x](http://evil/x.png) <img src=http://evil>")


def test_own_answers_may_link_into_the_panel() -> None:
    address = panel_link("chat", {"conversation_id": "a b", "message_id": "ü"})
    assert render(f"[go]({address})", COLORS, internal_links=True).links == (address,)
    assert parse_panel_link(address) == ("chat", {"conversation_id": "a b", "message_id": "ü"})
    assert parse_panel_link("http://chat?x=1") is None


def test_invisible_signs_are_shown() -> None:
    shown = html("a\u202eb \x00 c\u2066d")
    assert "a‹RLO›b ‹00› c‹LRI›d" in shown


HOSTILE = {
    "line": "a" * 1_000_000,
    "megabytes": "word " * 400_000,
    "quotes": ">" * 5_000 + " x",
    "deep quotes": "\n".join("> " * i + "x" for i in range(60)),
    "deep lists": "\n".join("  " * i + "- x" for i in range(300)),
    "numbers": "1. " * 2_600,
    "brackets": "[" * 3_000,
    "brackets at the limit": ("[" * 299 + "\n\n") * 5,
    "links": "[a](" * 1_500,
    "stars at the limit": ("*a " * 1_900 + "\n\n") * 6,
    "two stars": ("**" * 950 + "\n\n") * 15,
    "backticks": ("`" * 1_999 + "\n\n") * 18,
    "backticks apart": ("`a``b" * 600 + "\n\n") * 10,
    "lines": "a\n" * 2_999,
    "items": "- a\n" * 2_999,
    "headings": "# a\n" * 2_999,
    "headings at the limit": ("# a\n" * 499 + "\n") * 5,
    "wide table": "|".join("a" * 999) + "\n" + "|".join("-" * 999) + "\n" + "|".join("b" * 999),
    "entities": ("&a;" * 1_900 + "\n\n") * 6,
    "footnotes": "".join(f"[^{i}]\n\n[^{i}]: x\n\n" for i in range(700)),
    "fences": "```\n```\n" * 7_000,
    "parentheses": "```python\n" + "(" * 1_900 + "\n" + '"' * 1_900 + "\n```",
    "backslashes": "\\" * 7_900,
    "NUL": "\0" * 39_000,
    "addresses": ("http://" + "a)" * 900 + "\n") * 20,
    "strikes": ("~~a" * 660 + "\n\n") * 18,
    "spaces": (" " * 7_900 + "x\n") * 4,
    "a hundred thousand footnotes": "".join(f"[^{i}]: x\n" for i in range(100_000)),
    "footnotes within the limit": "".join(f"[^{i}]: x\n" for i in range(16_000)),
    "notes asked for": ("[^1] " * 290 + "\n\n") * 130 + "\n[^1]: x\n",
    "definitions": "".join(f"[a{i}]: http://x/{i}\n" for i in range(8_000)),
    "a link that never closes": "[a]: " + "x" * 190_000,
    "table of many rows": "| a | b |\n|--|--|\n" + "| 1 | 2 |\n" * 900,
    "dollars": ("$a " * 600 + "\n\n") * 90,
    "two dollars": ("$$a" * 600 + "\n\n") * 90,
    "loose lists": "".join("  " * (i % 6) + "- x\n\n" for i in range(2_900)),
    "quotes over and over": ("> a\n" * 400 + "\n") * 20,
    "brackets again and again": ("[" * 299 + "\n\n") * 600,
    "headings again and again": ("# a\n" * 499 + "\n") * 90,
}


@pytest.fixture(scope="module")
def ordinary() -> float:
    """Processor time of an ordinary message that is as long as one may be: the yardstick of hostile ones."""
    part = "## Step\n\nSome **words** and `code`, a [link](https://a.b/c) and more of it.\n\n- one\n- two\n\n" + "text " * 60
    text = (part + "\n\n") * (195_000 // (len(part) + 2))
    took = []
    for _ in range(3):
        begin = time.process_time()
        assert render(text, COLORS).note == ""
        took.append(time.process_time() - begin)
    return min(took)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_no_longer_than_a_long_message(name: str, ordinary: float) -> None:
    begin = time.process_time()
    rendered = render(HOSTILE[name], COLORS)
    assert time.process_time() - begin < 4 * ordinary
    audit(rendered)
    assert rendered.blocks


def test_math_is_left_alone() -> None:
    assert "$\\sum_{i}^n x_i * y_i$" in html("The sum $\\sum_{i}^n x_i * y_i$ is *it*")
    assert "<em>it</em>" in html("The sum $a_b$ is *it*")
    assert "$$a_1 *b* c_2$$" in html("So $$a_1 *b* c_2$$ holds")
    assert html("It costs $5 and *then* $6") == "<p>It costs $5 and <em>then</em> $6</p>"
    (_, math, after) = render("So:\n\n$$\na_1 = b_2 * c\n- d\n$$\n\nand on", COLORS).blocks
    assert isinstance(math, Code)
    assert (math.language, math.text) == ("math", "a_1 = b_2 * c\n- d")
    assert "and on" in after.html


@pytest.mark.parametrize(
    ("info", "language", "name"),
    [
        ("python", "python", ""),
        ("python title=src/a.py", "python", "src/a.py"),
        ('js filename="a b.js"', "js", "a b.js"),
        ("rust:src/main.rs", "rust", "src/main.rs"),
        ("src/a.py", "py", "src/a.py"),
        ("toml pyproject.toml", "toml", "pyproject.toml"),
        ("asp.net", "asp.net", ""),
    ],
)
def test_a_block_may_name_its_file(info: str, language: str, name: str) -> None:
    (code,) = render(f"```{info}\nx\n```", COLORS).blocks
    assert isinstance(code, Code)
    assert (code.language, code.name) == (language, name)


def test_links_are_defined_anywhere_and_the_first_one_counts() -> None:
    rendered = render("[a][x] [b][X] [none][y]\n\n[x]: https://one.example\n[x]: https://two.example\n", COLORS)
    assert rendered.links == ("https://one.example",)
    assert "[none][y]" in html("[none][y]")


def test_footnotes_are_numbered_and_stand_at_the_end() -> None:
    shown = html("One[^b], two[^a], none[^c].\n[^a]: the *first*\n[^b]: the second\n    goes on\n\nAnd more.")
    assert "One<sup>2</sup>, two<sup>1</sup>, none[^c]." in shown
    assert shown.index("And more.") < shown.index("<em>first</em>") < shown.index("goes on")


def test_beyond_the_limit_the_text_is_plain_and_says_so() -> None:
    rendered = render("**x** " * 200_000, COLORS)
    assert rendered.note.startswith("Shown without formatting, because it is long: the first 10,000 of 1,200,000 characters.")
    (block,) = rendered.blocks
    assert block.html.startswith("<p>**x** **x**")
    assert len(block.html) < MAX_SHOWN * 2


def test_a_bar_that_was_escaped_for_its_cell_is_shown_as_a_bar() -> None:
    (block,) = render("| a |\n| --- |\n| `x\\|y` |", {}).blocks
    assert isinstance(block, Prose)
    assert "x|y" in block.html
