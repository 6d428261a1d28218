"""From what a lexer calls a piece of text to the theme's `syntax.*` token: one table for forty lexers and for Pygments."""

from __future__ import annotations

import re

from pygments import token
from pygments.token import _TokenType

ROLES = (
    "text",
    "comment",
    "keyword",
    "string",
    "number",
    "function",
    "type",
    "operator",
    "constant",
    "builtin",
    "escape",
    "regex",
    "link",
    "decorator",
    "tag",
    "attribute",
    "property",
    "heading",
    "strong",
    "emphasis",
    "added",
    "removed",
    "error",
    "faint",
)
"""What is told apart. A custom lexer's style numbers are the places in this tuple."""

# The first word found in a style's description decides, in this order.
_BY_DESCRIPTION: tuple[tuple[str, str], ...] = (
    (r"^inactive", "faint"),
    (r"keyword error|syntax error|parsing error|^error$|unclosed|bad ", "error"),
    (r"comment|^pod", "comment"),
    (r"added", "added"),
    (r"removed", "removed"),
    (r"changed line|^position$", "number"),
    (r"level \d header|^header$|^section$", "heading"),
    (r"strong", "strong"),
    (r"emphasis", "emphasis"),
    (r"code b|block quote", "string"),
    (r"^link$|iri|reference", "link"),
    (r"decorator|preprocessor|pre-processor|directive|@-rule|^entity|sgml", "decorator"),
    (r"escape", "escape"),
    (r"regular expression", "regex"),
    (r"scalar|variable|symbol$|substitution|expansion", "builtin"),
    (r"string|character|quoted|here document|backtick|cdata|verbatim", "string"),
    (r"number|literal|uuid|^value$", "number"),
    (r"function|method|task$|target", "function"),
    (r"class|module|type|package|pseudo|selector", "type"),
    (r"attribute", "attribute"),
    (r"property|^key$|^label$|assignment", "property"),
    (r"tag|start of|end of an|list item|rule", "tag"),
    (r"keyword|instruction|command|important|word$|modifier", "keyword"),
    (r"operator|delimiter|parenthesis|marker", "operator"),
)

_BY_TOKEN: tuple[tuple[_TokenType, str], ...] = (
    (token.Comment.Preproc, "decorator"),
    (token.Comment.PreprocFile, "string"),
    (token.Comment, "comment"),
    (token.Keyword.Type, "type"),
    (token.Keyword.Constant, "constant"),
    (token.Keyword, "keyword"),
    (token.Operator.Word, "keyword"),
    (token.Operator, "operator"),
    (token.Punctuation, "text"),
    (token.String.Escape, "escape"),
    (token.String.Regex, "regex"),
    (token.String.Interpol, "escape"),
    (token.String, "string"),
    (token.Number, "number"),
    (token.Literal, "number"),
    (token.Name.Function, "function"),
    (token.Name.Class, "type"),
    (token.Name.Namespace, "type"),
    (token.Name.Decorator, "decorator"),
    (token.Name.Tag, "tag"),
    (token.Name.Attribute, "property"),
    (token.Name.Property, "property"),
    (token.Name.Constant, "constant"),
    (token.Name.Variable, "builtin"),
    (token.Name.Builtin, "builtin"),
    (token.Name.Exception, "type"),
    (token.Generic.Heading, "heading"),
    (token.Generic.Subheading, "heading"),
    (token.Generic.Strong, "strong"),
    (token.Generic.Emph, "emphasis"),
    (token.Generic.Inserted, "added"),
    (token.Generic.Deleted, "removed"),
    (token.Error, "text"),
)

_PATTERNS = tuple((re.compile(pattern), role) for pattern, role in _BY_DESCRIPTION)


def role_of_description(description: str) -> str:
    """The role of a style that QScintilla describes in English."""
    lowered = description.lower()
    return next((role for pattern, role in _PATTERNS if pattern.search(lowered)), "text")


def role_of_token(kind: _TokenType) -> str:
    """The role of a Pygments token."""
    return next((role for parent, role in _BY_TOKEN if kind in parent), "text")  # type: ignore[comparison-overlap]  # a token "contains" its subtypes
