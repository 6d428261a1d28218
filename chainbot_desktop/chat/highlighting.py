"""Code to coloured HTML: the tokens of pygments in the colours of the theme. Nothing is guessed: no language, no colours."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Error, Generic, Keyword, Literal, Name, Number, Operator, Punctuation, String, Token
from pygments.util import ClassNotFound

MAX_CODE = 50_000
"""Characters of code that are still coloured."""

MAX_CODE_LINE = 2_000
"""Some lexers need quadratic time for one endless line: such code stays without colours."""

_PARTS: Mapping[object, str] = {
    Comment: "comment",
    Comment.Preproc: "keyword",
    Keyword: "keyword",
    Keyword.Type: "type",
    Keyword.Constant: "constant",
    Name.Builtin: "builtin",
    Name.Builtin.Pseudo: "constant",
    Name.Class: "type",
    Name.Constant: "constant",
    Name.Decorator: "decorator",
    Name.Entity: "constant",
    Name.Exception: "type",
    Name.Function: "function",
    Name.Attribute: "attribute",
    Name.Tag: "tag",
    Name.Variable: "variable",
    String: "string",
    String.Escape: "escape",
    String.Doc: "comment",
    Number: "number",
    Literal: "string",
    Operator: "operator",
    Operator.Word: "keyword",
    Punctuation: "punctuation",
    Generic.Deleted: "deleted",
    Generic.Inserted: "inserted",
    Generic.Heading: "keyword",
    Generic.Subheading: "keyword",
    Generic.Prompt: "comment",
    Error: "error",
}


def highlighted(code: str, language: str, colors: Mapping[str, str]) -> str:
    """`code` as HTML of text and `<span style="color:#rrggbb">`; `colors` maps parts ("keyword", ...) to #rrggbb."""
    lexer = _lexer(language) if len(code) <= MAX_CODE and all(len(line) <= MAX_CODE_LINE for line in code.split("\n")) else None
    if lexer is None:
        return escape(code)
    pieces: list[str] = []
    for kind, value in lexer.get_tokens(code):
        color = _color(kind, colors)
        pieces.append(f'<span style="color:{color}">{escape(value)}</span>' if color and value.strip() else escape(value))
    html = "".join(pieces)
    return html if code.endswith("\n") else html.removesuffix("\n")  # the lexer wants a whole line


def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language, stripnl=False) if language else None
    except ClassNotFound:
        return None


def _color(kind: object, colors: Mapping[str, str]) -> str:
    """The colour of the nearest ancestor of a token type that has one."""
    while kind is not Token and kind is not None:
        part = _PARTS.get(kind)
        if part is not None and part in colors:
            return colors[part]
        kind = getattr(kind, "parent", None)
    return ""
