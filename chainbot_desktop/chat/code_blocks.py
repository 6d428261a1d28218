"""What a code block of a message is, besides code: a patch, or the whole of a file that it names. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chainbot_desktop.chat.patches import looks_like_patch, normal

_FENCE = re.compile(r"^ {0,3}(?:> ?)*\s*(`{3,}|~{3,})[ \t]*([^\n`]*)$")
_TITLE = re.compile(r"""(?:title|file|filename|path)\s*=\s*(?:"([^"]+)"|'([^']+)'|(\S+))""")
_PATH = re.compile(r"(?:[\w.@+-]+/)*[\w@+-]*\.?[\w.@+-]*\.[A-Za-z0-9_]{1,12}|(?:[\w.@+-]+/)+[\w.@+-]+|Makefile|Dockerfile")
_COMMENT = re.compile(r"^\s*(?:#(?!!)|//|--|;|%|/\*|<!--)\s*(?:[Ff]ile(?:name)?:\s*)?(\S+?)\s*(?:\*/|-->)?\s*$")


@dataclass(frozen=True, slots=True)
class WholeFile:
    path: str
    text: str


def whole_file(language: str, text: str, source: str) -> WholeFile | None:
    """The file that a block is meant to be. `source` is the message in Markdown: what stands behind the language is looked for in it."""
    if not text.strip() or looks_like_patch(language, text):
        return None
    named = _named_in_info(_info_of(text, source))
    if named:
        return WholeFile(normal(named), _ended(text))
    first, _, rest = text.partition("\n")
    comment = _COMMENT.match(first)
    # A word alone in a comment may be a word; with a folder or an ending it is a path.
    if comment is not None and _PATH.fullmatch(comment[1]) and rest.strip():
        return WholeFile(normal(comment[1]), _ended(rest.removeprefix("\n")))
    return None


def _named_in_info(info: str) -> str:
    title = _TITLE.search(info)
    if title is not None:
        return title[1] or title[2] or title[3]
    words = info.replace("{", " ").replace("}", " ").split()
    for word in words[:3]:
        _, colon, after = word.partition(":")
        for candidate in (after if colon else word, word):
            if _may_be_path(candidate):
                return candidate
    return ""


def _may_be_path(word: str) -> bool:
    """Paths that lead out of the workspace too: they are refused with a word, not overlooked."""
    return ("/" in word or "." in word) and (".." in word or _PATH.fullmatch(word.removeprefix("./").lstrip("/")) is not None)


def _info_of(text: str, source: str) -> str:
    """What stands behind the opening fence of the block that holds `text`."""
    lines = source.replace("\r\n", "\n").split("\n")
    wanted = [line.strip() for line in text.strip("\n").split("\n")]
    for at, line in enumerate(lines):
        fence = _FENCE.match(line)
        if fence is not None and fence[2].strip():
            inside = [_bare(each) for each in lines[at + 1 : at + 1 + len(wanted)]]
            if inside == wanted:
                return fence[2].strip()
    return ""


def _bare(line: str) -> str:
    return re.sub(r"^ {0,3}(?:> ?)+", "", line).strip()


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
