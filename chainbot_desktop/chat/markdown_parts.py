"""What a message is made of once it is rendered: parts of HTML and blocks of code. Pure values, and text made visible."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

MAX_SHOWN = 10_000
"""Characters shown of a text that is not formatted; the rest is there to copy and to export."""

_INVISIBLE = {
    0x061C: "ALM", 0x200E: "LRM", 0x200F: "RLM", 0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO",
    0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0x00AD: "SHY", 0x2028: "LS", 0x2029: "PS", 0xFEFF: "BOM",
}  # fmt: skip
_MARKS: dict[int, str] = {
    **{code: f"‹{name}›" for code, name in _INVISIBLE.items()},
    **{code: f"‹{code:02X}›" for code in (*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0))},
    **{code: f"‹{code:X}›" for code in (*range(0xD800, 0xE000), *range(0xE0000, 0xE0080))},
}


@dataclass(frozen=True, slots=True)
class Prose:
    """A part of a message between its code blocks, as HTML."""

    html: str


@dataclass(frozen=True, slots=True)
class Code:
    """A code block: what was written (for copying), and the same as coloured HTML without `<pre>`.

    `name` is the file that the block says it is, as it was written there; nobody has checked it.
    """

    language: str
    text: str
    html: str
    name: str = ""

    @property
    def is_diff(self) -> bool:
        return self.language in {"diff", "patch", "udiff"}

    @property
    def is_runnable(self) -> bool:
        return self.language in {"python", "py", "python3", "bash", "sh", "shell", "zsh", "console"}

    def changed_lines(self) -> tuple[int, int]:
        """How many lines a diff adds and takes away."""
        lines = self.text.split("\n")
        added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
        return added, sum(line.startswith("-") and not line.startswith("---") for line in lines)


@dataclass(frozen=True, slots=True)
class Rendered:
    """`note` says what is not formatted and why; `links` are the addresses that it shows, in their order."""

    blocks: tuple[Prose | Code, ...]
    note: str = ""
    links: tuple[str, ...] = ()


def plain_html(text: str) -> str:
    """Text as HTML that shows just that text, its lines and its spaces."""
    return "<p>" + escape(visible(text)).replace("\n", "<br>").replace("  ", "&nbsp; ") + "</p>"


def visible(text: str) -> str:
    """`text` with a visible mark for each sign that would show nothing and change what is read (bidi overrides, NUL, ...)."""
    return text.translate(_MARKS)
