"""What is looked for, in ripgrep's words.

`TextMatcher` decides what a hit is; ripgrep only finds hits faster. On lines of ASCII the two agree exactly. On other lines an expression
given to ripgrep meets at least what the matcher's does (`wide`), or nothing is known of them (`wide` is false): the matcher then looks at
them again, or at all of them. What cannot be translated is left to the matcher altogether.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.query import words_of

_HIGH = r"(?-u:[\x80-\xFF]{1,4})"
"""A character beyond ASCII, or bytes that are none."""
_TOKEN = re.compile(
    r"""
    (?P<start>\^(?![*+?{]))
  | (?P<end>\$(?![*+?{]))
  | (?P<border>\\[bB](?![*+?{]))
  | (?P<class>\\[wdsWDS])
  | (?P<any>\.)
  | \[(?P<not>\^?)(?P<set>(?:[A-Za-z]-[A-Za-z] | [0-9]-[0-9] | [A-Za-z0-9_\ ,:;/@=.(){}+*?$|<>"'] | \\[wds.\-\]\[\\/])+-?)\]
  | (?P<group>\((?:\?:|\?P<[A-Za-z_]\w*>)?(?![*+?{]))
  | (?P<same>\) | \|(?![*+?{]) | [*+?]\?? (?![*+?{]) | \{\d{1,3}(?:,\d{0,3})?\}\?? (?![*+?{]))
  | (?P<tab>\\t)
  | \\(?P<escaped>[^A-Za-z0-9\s])
  | (?P<plain>[^\\\[\](){}*+?|^$.\n\r])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Expression:
    """For ripgrep. `exact`: it meets what the matcher meets, on any line. `wide`: at least that."""

    pattern: str
    exact: bool
    wide: bool


def expressions_of(query: LogQuery) -> tuple[Expression, ...] | None:
    """One for each term of the query, in the matcher's order; None where ripgrep is no help."""
    if query.regex:
        if not query.text:
            return ()
        translated = _translated(query.text, case=query.case)
        return (translated,) if translated is not None else None
    words = list(dict.fromkeys(word if query.case else word.lower() for word in words_of(query.text)))
    if any("\n" in word or "\r" in word for word in words):
        return None
    ascii_first = [word for word in words if word.isascii()] + [word for word in words if not word.isascii()]
    return tuple(_word(word, case=query.case) for word in ascii_first)


def _word(word: str, *, case: bool) -> Expression:
    letters = "".join(map(_character, word))
    if word.isascii():
        return Expression(f"(?-u:{letters})" if case else f"(?i-u:{letters})", exact=True, wide=True)
    known = case and "\ufffd" not in word
    return Expression(letters if case else f"(?i:{letters})", exact=known, wide=known)


def _translated(pattern: str, *, case: bool) -> Expression | None:
    wide = "\ufffd" not in pattern and (case or pattern.isascii())
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            return None
        at = token.end()
        wide = wide and token["border"] is None
        parts.append(_part(token, case=case))
    body = "".join(parts)
    return Expression(body if case else f"(?i){body}", exact=False, wide=wide)


def _part(token: re.Match[str], *, case: bool) -> str:
    kind, text = token.lastgroup or "", token[0]
    if kind in {"start", "end", "border", "group"}:
        return {"start": "^", "end": r"(?:\r?$)", "border": f"(?-u:{text})", "group": "(?:"}[kind]
    if kind == "class":
        return _set(rf"^\{text[1].lower()}" if text[1].isupper() else text)
    if kind in {"any", "set"}:
        return _set("^" if kind == "any" else token["not"] + _escaped_set(token["set"]))
    if kind == "same":
        return text
    character = "\t" if kind == "tab" else token[kind]
    if not case and character in "iI":
        return "[i\\x{130}\\x{131}]"  # the matcher takes the Turkish ones for the same letter
    return _character(character)


def _set(inside: str) -> str:
    if inside.startswith("^"):
        return rf"(?:(?-u:[{inside}\n\x80-\xFF])|{_HIGH})"
    return rf"(?:(?-u:[{inside}])|{_HIGH})"


def _escaped_set(inside: str) -> str:
    """Ranges and classes stay; `[`, `&&`, `~~` and `--` would mean something else to ripgrep."""
    return re.sub(r"\\.|[^\w\-]|-$", lambda found: found[0] if found[0][0] == "\\" else rf"\x{ord(found[0]):02X}", inside)


def _character(character: str) -> str:
    return character if character.isalnum() or not character.isascii() else rf"\x{ord(character):02X}"
