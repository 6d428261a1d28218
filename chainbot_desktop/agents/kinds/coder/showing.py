"""What a coding agent says of its tool calls, as text for a log and a card. Imports the protocol: lazily imported itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from acp import schema

from chainbot_desktop.agents.tools.differences import unified
from chainbot_desktop.agents.tools.shown import plain, quoted
from chainbot_desktop.core.errors import TooLarge

_COMPARED = 400_000
"""Characters: nobody reads the difference of more."""
_BRIEF = 40_000
"""Lines times lines that may be compared on the loop."""


def difference(diff: schema.Diff, *, brief: bool = False) -> str:
    """As `diff -u` writes it. TooLarge. For a thread: it may take a second. `brief` may not, and shows more rows than it must."""
    old, new = diff.old_text or "", diff.new_text
    if len(old) + len(new) > _COMPARED:
        raise TooLarge(f"The change of {plain(diff.path, kept='')} is too large to be shown.")
    name = plain(diff.path, kept="").lstrip("/")
    before = "/dev/null" if diff.old_text is None else f"a/{name}"
    effort = {"effort": _BRIEF} if brief else {}
    rows = unified(old.split("\n"), new.split("\n"), before, f"b/{name}", **effort)
    return "\n".join(plain(row, kept="\t") for row in rows) or f"{name}: no difference"


def text_of(block: Any) -> str:
    """What a content block says; of one that is no text, what it is."""
    if isinstance(block, schema.TextContentBlock):
        return block.text
    if isinstance(block, schema.ResourceContentBlock):
        return f"[{block.name}]({block.uri})"
    return f"[{getattr(block, 'type', 'something else')}]"


def diffs_of(call: schema.ToolCall | schema.ToolCallUpdate) -> list[schema.FileEditToolCallContent]:
    return [part for part in call.content or () if isinstance(part, schema.FileEditToolCallContent)]


def words_of(call: schema.ToolCall | schema.ToolCallUpdate) -> str:
    """The text among what a tool call shows."""
    parts = [part for part in call.content or () if isinstance(part, schema.ContentToolCallContent)]
    return "\n".join(text_of(part.content) for part in parts)


def command_of(raw: Any) -> str:
    """The command in the raw input of a tool call, where it holds one."""
    command = raw.get("command") if isinstance(raw, dict) else None
    if isinstance(command, str):
        return plain(command)
    if isinstance(command, list) and command and all(isinstance(word, str) for word in command):
        return quoted(command)
    return ""


def raw_text(raw: Any) -> str:
    return plain(json.dumps(raw, ensure_ascii=False, indent=1)) if raw not in (None, {}, []) else ""


def paths_of(call: schema.ToolCall | schema.ToolCallUpdate) -> tuple[str, ...]:
    """What it says it touches, each once."""
    found: Sequence[str] = [place.path for place in call.locations or ()] + [diff.path for diff in diffs_of(call)]
    return tuple(dict.fromkeys(plain(path, kept="") for path in found))
