"""What a log line looks like on a grid of equally wide cells: colours read, control characters made visible, nothing that reorders text.

Pure: no Qt. A line comes from anywhere: it may hold escape sequences, half of one, NUL bytes, characters that turn the direction of the
text around, and a million letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

TAB = 8
RGB = 0x1000000
"""A colour is a number of the 256, or this plus red, green and blue."""

_ESCAPE = re.compile(
    r"\x1b(?:"
    r"\[(?P<sgr>[0-9;:]*)m"
    r"|\[[0-?]*[ -/]*[@-~]"  # moves of the cursor and the like
    r"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links
    r"|[PX^_][^\x1b]*\x1b\\"
    r"|[ -/]*[0-OQ-WYZ`-~\\]"  # the short ones
    r")"
)
_ODD = re.compile(r"[^\x20-\x7e]")
_RUN = re.compile(r"[\x20-\x7e]+|\t|[\x00-\x1f\x7f]+|[^\x00-\x7f]+(?: +[^\x00-\x7f]+)*")
_JOINERS = frozenset("\u200c\u200d")


@dataclass(frozen=True, slots=True)
class Style:
    """How a terminal would show a stretch of text. Colours: see `RGB`; None is the default."""

    ink: int | None = None
    ground: int | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    inverse: bool = False
    strike: bool = False


PLAIN = Style()
SIGN = Style(dim=True)
"""Of what stands for a letter that cannot be seen: `\\x1b` is not what was written."""


@dataclass(frozen=True, slots=True)
class Span:
    """Letters of one style from a column on. `simple`: each takes one cell."""

    text: str
    column: int
    width: int
    style: Style
    simple: bool

    @property
    def end(self) -> int:
        return self.column + self.width

    def cut(self, first: int, end: int) -> tuple[int, str]:
        """(column, text) of what lies in these columns; a letter that is half in belongs to where it begins."""
        if first <= self.column and self.end <= end:
            return self.column, self.text
        if self.simple:
            start = max(0, first - self.column)
            return self.column + start, self.text[start : max(0, end - self.column)]
        return _cut_wide(self, first, end)


@dataclass(frozen=True, slots=True)
class LineText:
    """`plain` is what can be read of it; `left_out` counts the characters that were not looked at."""

    plain: str
    spans: tuple[Span, ...]
    columns: int
    left_out: int = 0

    def column_of(self, index: int) -> int:
        """Where the letter at `index` of `plain` stands."""
        if len(self.plain) == self.columns:
            return index
        return columns_of(self.plain[:index])


def read_line(text: str, longest: int) -> LineText:
    """Of a line of more than `longest` characters only so many are read."""
    left_out = max(0, len(text) - longest)
    if left_out:
        text = text[:longest]
    if text.isascii() and text.isprintable():
        return LineText(text, (Span(text, 0, len(text), PLAIN, simple=True),) if text else (), len(text), left_out)
    spans: list[Span] = []
    column = 0
    for piece, style in _styled(text):
        for run, stands_in in _runs(piece, column):
            simple = run.isascii()
            width = len(run) if simple else columns_of(run)
            spans.append(Span(run, column, width, SIGN if stands_in else style, simple))
            column += width
    return LineText("".join(span.text for span in spans), tuple(spans), column, left_out)


def plain_text(text: str) -> str:
    """The whole line, to be copied and exported: without escape sequences, every other sign as it can be seen; tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return _ODD.sub(lambda found: found[0] if found[0] == "\t" else _sign(found[0]), _ESCAPE.sub("", text))


def columns_of(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_cells, text))


def _styled(text: str) -> Iterator[tuple[str, Style]]:
    style, at = PLAIN, 0
    for found in _ESCAPE.finditer(text):
        if found.start() > at:
            yield text[at : found.start()], style
        if found["sgr"] is not None:
            style = styled(style, found["sgr"])
        at = found.end()
    if at < len(text):
        yield text[at:], style


def _runs(piece: str, column: int) -> Iterator[tuple[str, bool]]:
    """(text, whether it stands for something that cannot be seen) of stretches of the same kind."""
    for found in _RUN.finditer(piece):
        run = found[0]
        if run == "\t":
            run = " " * (TAB - column % TAB)
        if run.isprintable():
            yield run, False
            column += columns_of(run)
            continue
        for stands_in, letters in groupby(run, _needs_sign):
            shown = "".join(map(_sign, letters))
            yield shown, stands_in
            column += columns_of(shown)


def _needs_sign(letter: str) -> bool:
    return len(_sign(letter)) > 1


@lru_cache(maxsize=4096)
def _sign(letter: str) -> str:
    """What stands for a letter that cannot be seen, or that would change how others are seen."""
    code = ord(letter)
    if code == 0x0D:
        return "\\r"
    if 0xD800 <= code <= 0xDFFF:  # a byte that is no UTF-8, if whoever read it kept it that way
        return "\ufffd"
    if letter.isprintable() or letter in _JOINERS:
        return letter
    if unicodedata.category(letter) == "Zs":
        return " "
    return f"\\x{code:02x}" if code < 0x100 else f"<U+{code:04X}>"


@lru_cache(maxsize=8192)
def _cells(letter: str) -> int:
    if unicodedata.combining(letter) or letter in _JOINERS or unicodedata.category(letter) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def _cut_wide(span: Span, first: int, end: int) -> tuple[int, str]:
    column, start = span.column, None
    begins = span.column
    for index, letter in enumerate(span.text):
        width = _cells(letter)
        if column >= end and width:
            return begins, span.text[start:index] if start is not None else ""
        if start is None and column >= first:
            start, begins = index, column
        column += width
    return begins, span.text[start:] if start is not None else ""


_SIMPLE: dict[int, dict[str, object]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"inverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"inverse": False},
    29: {"strike": False},
    39: {"ink": None},
    49: {"ground": None},
}


@lru_cache(maxsize=1024)
def styled(style: Style, codes: str) -> Style:
    """The style after "select graphic rendition" with `codes` ("1;31", "38;5;208", "38:2::255:0:0"); what is unknown is passed over."""
    numbers = [_numbers(part) for part in codes.split(";")]
    index = 0
    while index < len(numbers):
        code = numbers[index][0]
        if code in {38, 48}:
            color, used = _extended(numbers[index:])
            style = _with_color(style, ink=code == 38, color=color)
            index += used
            continue
        style = _with_code(style, code, numbers[index])
        index += 1
    return style


def _with_code(style: Style, code: int, parts: Sequence[int]) -> Style:
    if code == 0:
        return PLAIN
    if code == 4 and parts[1:] == [0]:
        return replace(style, underline=False)
    if code in _SIMPLE:
        return replace(style, **_SIMPLE[code])  # type: ignore[arg-type]  # the table's values fit their names
    for start, base in ((30, 0), (40, 0), (90, 8), (100, 8)):
        if start <= code < start + 8:
            return _with_color(style, ink=start in {30, 90}, color=base + code - start)
    return style


def _with_color(style: Style, *, ink: bool, color: int | None) -> Style:
    if color is None:
        return style
    return replace(style, ink=color) if ink else replace(style, ground=color)


def _numbers(part: str) -> list[int]:
    return [int(piece[:9]) if piece else 0 for piece in part.split(":")]


def _extended(numbers: Sequence[Sequence[int]]) -> tuple[int | None, int]:
    """(colour, how many of the numbers it took) of 38 or 48 and what follows, parted by semicolons or by colons."""
    first = list(numbers[0])
    if len(first) > 1:
        values, used = first[1:], 1
        if values[0] == 2 and len(values) > 4:
            del values[1]  # the colour space, that nobody names
    else:
        rest = [part[0] for part in numbers[1:6]]
        wanted = {5: 2, 2: 4}.get(rest[0] if rest else -1, 0)
        values, used = rest[:wanted], 1 + min(len(rest), wanted)
    if values[:1] == [5] and len(values) > 1 and values[1] < 256:
        return values[1], used
    if values[:1] == [2] and len(values) > 3 and all(value < 256 for value in values[1:4]):
        return RGB | values[1] << 16 | values[2] << 8 | values[3], used
    return None, used
