"""How a conversation is written down: as Markdown, as JSON, or as one HTML page that loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import orjson

from chainbot_desktop.chat.answer_stream import note_of
from chainbot_desktop.chat.markdown import Code, escape_markdown, render, visible
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.store.conversation_rows import Conversation, Message

_CSS = """
body { max-width: 48rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 Inter, sans-serif; color: #17202A; background: #FFFFFF; }
section { border-top: 1px solid #CBD3DB; padding: .75rem 0; } header { color: #52606D; font-size: .85rem; }
pre { background: #F5F7F9; border: 1px solid #CBD3DB; border-radius: 8px; padding: .75rem; overflow-x: auto; }
code { font-family: "JetBrains Mono", monospace; font-size: .9em; } td, th { border: 1px solid #CBD3DB; padding: .25rem .5rem; }
table { border-collapse: collapse; } blockquote { color: #52606D; margin-left: 1rem; }
section.thread { margin-left: 1.5rem; padding-left: 1rem; border-left: 3px solid #CBD3DB; }
.beside { color: #52606D; font-size: .85rem; } section.summary { background: #F5F7F9; padding: .75rem; }
"""

_COLORS = {
    "keyword": "#8B2FC9", "string": "#1B7F45", "number": "#A86400", "comment": "#66727E", "function": "#1768C4", "type": "#0B7F76",
    "builtin": "#0B7F76", "constant": "#A86400", "decorator": "#8B2FC9", "tag": "#1768C4", "attribute": "#A86400",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A message, and in how many threads it stands: 0 is the conversation itself."""

    message: Message
    depth: int


@dataclass(frozen=True, slots=True)
class Form:
    """How one format begins a file, writes a message (with whether it is the first) and ends."""

    ending: str
    media_type: str
    begin: Callable[[Conversation], str]
    message: Callable[[Line, bool], str]
    end: str


def form_named(name: str) -> Form:
    """InvalidInput for one that there is not."""
    if name not in FORMS:
        raise InvalidInput(f"There is no export as {name!r}.", hint=f"It may be {', '.join(FORMS)}.", code="no_such_format")
    return FORMS[name]


def _when(time: str) -> str:
    return f"{parse_time(time).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _author(message: Message) -> str:
    """An agent by the name that it had when it wrote."""
    note = note_of(message.detail)
    return f"agent:{note.name}" if note is not None and message.author.startswith("agent:") else message.author


def _beside(message: Message) -> Iterator[tuple[str, str]]:
    """What is told of a message besides its text, as a word and what it is about."""
    detail = message.detail
    if message.kind == "summary":
        yield (
            "Summary",
            "of what was said before" if detail.get("active") is not False else "of what was said before, not in use",
        )
    for attachment in _entries(detail.get("attachments")):
        yield "Attached", f"{attachment.get('name', '')} ({_size(attachment.get('size'))})"
    for recalled in _entries(detail.get("recalled")):
        yield "Recalled", str(recalled.get("title") or recalled.get("ref", ""))
    if isinstance(detail.get("merged_from"), Mapping):
        yield "From", "a branch of this conversation"


def _entries(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def _size(count: Any) -> str:
    if not isinstance(count, int):
        return "size unknown"
    return f"{count} bytes" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"


def _markdown_begin(conversation: Conversation) -> str:
    return f"# {conversation.title or 'Conversation'}\n\nBegun {_when(conversation.created_at)}\n"


def _markdown_message(line: Line, _first: bool) -> str:
    message = line.message
    told = [f"*{word}: {escape_markdown(about)}*" for word, about in _beside(message)]
    head = f"**{_author(message)}**, {_when(message.created_at)}"
    text = "\n\n".join(part for part in (head, "  \n".join(told), message.text.rstrip()) if part)
    if not line.depth:
        return f"\n---\n\n{text}\n"
    mark = "> " * line.depth
    return "\n" + "\n".join(f"{mark}{each}".rstrip() for each in text.split("\n")) + "\n"


def _json_begin(conversation: Conversation) -> str:
    names = ("id", "title", "created_at", "updated_at", "branched_from", "branched_at", "lead", "members", "turn_order")
    about = {name: getattr(conversation, name) for name in names}
    return f'{{"conversation":{orjson.dumps(about).decode()},"messages":['


def _json_message(line: Line, first: bool) -> str:
    return ("" if first else ",") + "\n" + orjson.dumps(asdict(line.message)).decode()


def _html_begin(conversation: Conversation) -> str:
    title = escape(visible(conversation.title or "Conversation"))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{_CSS}</style></head>\n<body><h1>{title}</h1>\n'
    )


def _html_message(line: Line, _first: bool) -> str:
    message = line.message
    rendered = render(message.text, _COLORS)
    parts = [f"<pre><code>{b.html}</code></pre>" if isinstance(b, Code) else b.html for b in rendered.blocks]
    if rendered.note:
        parts = [f"<pre>{escape(visible(message.text))}</pre>"]
    header = f"<header><b>{escape(visible(_author(message)))}</b> · {_when(message.created_at)}</header>"
    told = "".join(f'<p class="beside">{word}: {escape(visible(about))}</p>' for word, about in _beside(message))
    section = f"<section{_html_class(line)}>{header}\n{told}{''.join(parts)}</section>\n"
    return section if line.depth < 2 else f'<div style="margin-left:{1.5 * (line.depth - 1)}rem">{section}</div>\n'


def _html_class(line: Line) -> str:
    names = ["thread"] * bool(line.depth) + ["summary"] * (line.message.kind == "summary")
    return f' class="{" ".join(names)}"' if names else ""


FORMS: Mapping[str, Form] = {
    "markdown": Form(".md", "text/markdown; charset=utf-8", _markdown_begin, _markdown_message, ""),
    "json": Form(".json", "application/json", _json_begin, _json_message, "\n]}\n"),
    "html": Form(".html", "text/html; charset=utf-8", _html_begin, _html_message, "</body></html>\n"),
}
