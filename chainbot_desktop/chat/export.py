"""A conversation as a file: Markdown, JSON or one HTML page. Written beside its name first, and never over another file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import IO

import orjson

from chainbot_desktop.chat.answer_stream import note_of
from chainbot_desktop.chat.markdown import Code, render, visible
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.store.conversation_rows import Conversation, Message

ENDINGS: Mapping[str, str] = {"markdown": ".md", "json": ".json", "html": ".html"}

_CSS = """
body { max-width: 48rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 Inter, sans-serif; color: #17202A; background: #FFFFFF; }
section { border-top: 1px solid #CBD3DB; padding: .75rem 0; } header { color: #52606D; font-size: .85rem; }
pre { background: #F5F7F9; border: 1px solid #CBD3DB; border-radius: 8px; padding: .75rem; overflow-x: auto; }
code { font-family: "JetBrains Mono", monospace; font-size: .9em; } td, th { border: 1px solid #CBD3DB; padding: .25rem .5rem; }
table { border-collapse: collapse; } blockquote { color: #52606D; margin-left: 1rem; }
"""

_COLORS = {
    "keyword": "#8B2FC9", "string": "#1B7F45", "number": "#A86400", "comment": "#66727E", "function": "#1768C4", "type": "#0B7F76",
    "builtin": "#0B7F76", "constant": "#A86400", "decorator": "#8B2FC9", "tag": "#1768C4", "attribute": "#A86400",
}  # fmt: skip


class ExportFailed(ChainBotError):
    """The file could not be written: says which and why."""

    code = "export_failed"


@dataclass(frozen=True, slots=True)
class Form:
    """How one format begins a file, writes a message (with whether it is the first) and ends."""

    begin: Callable[[Conversation], str]
    message: Callable[[Message, bool], str]
    end: str


class ExportFile:
    """A file in the making. `finish` gives it its name; `abandon` leaves nothing behind. Blocking: use in an executor."""

    def __init__(self, conversation: Conversation, form: str, path: str, folder: Path) -> None:
        if form not in ENDINGS:
            raise InvalidInput(f"There is no export as {form!r}.", hint=f"It may be {', '.join(ENDINGS)}.")
        self._form = _FORMS[form]
        self._first = True
        try:
            self.path = _reserve(conversation, ENDINGS[form], path, folder)
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a ~user that does not exist
            raise _failed(path or str(folder), error) from error
        self._temporary = self.path.with_name(f".{self.path.stem[:40]}.part")
        try:
            self._stream: IO[str] = self._temporary.open("w", encoding="utf-8", errors="replace", newline="\n")
        except OSError as error:
            self.path.unlink()
            raise _failed(str(self.path), error) from error
        self._stream.write(self._form.begin(conversation))

    def add(self, messages: list[Message]) -> None:
        try:
            for message in messages:
                self._stream.write(self._form.message(message, self._first))
                self._first = False
        except OSError as error:
            raise _failed(str(self.path), error) from error

    def finish(self) -> Path:
        try:
            self._stream.write(self._form.end)
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            self._temporary.replace(self.path)
        except OSError as error:
            raise _failed(str(self.path), error) from error
        return self.path

    def abandon(self) -> None:
        self._stream.close()
        self._temporary.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


def _reserve(conversation: Conversation, ending: str, path: str, folder: Path) -> Path:
    """Take the name before anything is written, so that no other file of this name can be lost."""
    if not path:
        folder.mkdir(parents=True, exist_ok=True)
        return _free_name(folder, _file_name(conversation), ending)
    chosen = Path(path).expanduser()
    chosen = chosen if chosen.is_absolute() else folder / chosen
    if chosen.is_dir() or path.endswith("/"):
        chosen.mkdir(parents=True, exist_ok=True)
        return _free_name(chosen, _file_name(conversation), ending)
    chosen = chosen if chosen.suffix else chosen.with_suffix(ending)
    chosen.parent.mkdir(parents=True, exist_ok=True)
    try:
        chosen.touch(exist_ok=False, mode=0o600)
    except FileExistsError:
        raise Conflict(
            f"{chosen} is there already and was left as it is.", hint="Give another name, or none at all.", code="file_exists"
        ) from None
    return chosen


def _free_name(folder: Path, name: str, ending: str) -> Path:
    for number in range(1, 10_000):
        path = folder / (f"{name}{ending}" if number == 1 else f"{name} ({number}){ending}")
        try:
            path.touch(exist_ok=False, mode=0o600)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{folder} has thousands of files named {name}")


def _file_name(conversation: Conversation) -> str:
    words = re.sub(r"[^\w .-]", " ", visible(conversation.title) or "Conversation")
    return f"{' '.join(words.split()).strip('.')[:60].strip() or 'Conversation'} {conversation.created_at[:10]}"


def _failed(path: str, error: Exception) -> ExportFailed:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ExportFailed(f"{path} cannot be written: {reason}.", hint="Choose another folder, or free some space.")


def _when(time: str) -> str:
    return f"{parse_time(time).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _markdown_begin(conversation: Conversation) -> str:
    return f"# {conversation.title or 'Conversation'}\n\nBegun {_when(conversation.created_at)}\n"


def _author(message: Message) -> str:
    """An agent by the name that it had when it wrote."""
    note = note_of(message.detail)
    return f"agent:{note.name}" if note is not None and message.author.startswith("agent:") else message.author


def _markdown_message(message: Message, _first: bool) -> str:
    return f"\n---\n\n**{_author(message)}**, {_when(message.created_at)}\n\n{message.text.rstrip()}\n"


def _json_begin(conversation: Conversation) -> str:
    about = {name: getattr(conversation, name) for name in ("id", "title", "created_at", "updated_at")}
    return f'{{"conversation":{orjson.dumps(about).decode()},"messages":['


def _json_message(message: Message, first: bool) -> str:
    return ("" if first else ",") + "\n" + orjson.dumps(asdict(message)).decode()


def _html_begin(conversation: Conversation) -> str:
    title = escape(visible(conversation.title or "Conversation"))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{_CSS}</style></head>\n<body><h1>{title}</h1>\n'
    )


def _html_message(message: Message, _first: bool) -> str:
    rendered = render(message.text, _COLORS)
    parts = [f"<pre><code>{b.html}</code></pre>" if isinstance(b, Code) else b.html for b in rendered.blocks]
    if rendered.note:
        parts = [f"<pre>{escape(visible(message.text))}</pre>"]
    header = f"<header><b>{escape(visible(_author(message)))}</b> · {_when(message.created_at)}</header>"
    return f"<section>{header}\n{''.join(parts)}</section>\n"


_FORMS: Mapping[str, Form] = {
    "markdown": Form(_markdown_begin, _markdown_message, ""),
    "json": Form(_json_begin, _json_message, "\n]}\n"),
    "html": Form(_html_begin, _html_message, "</body></html>\n"),
}
