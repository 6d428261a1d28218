"""An exported conversation is a tree, in which every edit and every second answer began a branch: its messages in an order to keep.

The path to the current node comes first, then what departs from it. A node that is not to be seen (what a tool said, what the
model thought) goes into the note of the answer that follows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

import orjson

from chainbot_desktop.chat.answer_stream import MAX_STEPS, MAX_THINKING, AnswerNote
from chainbot_desktop.chat.chatgpt.content import Content, FileRef, content_of
from chainbot_desktop.chat.plain_words import without_markup
from chainbot_desktop.core.ids import format_time, utc_now

_NAMESPACE = UUID("8d6f2c55-52a5-5a3c-a1c7-6b1f9a0c2e77")
AUTHOR = "agent:chatgpt"
"""No agent that runs here has this id; the note of an answer has none."""
MAX_TEXT = 1024 * 1024
"""Bytes of a message, as for those that are written here. A longer one becomes several, one after the other."""
_MAX_TITLE = 200
_STOPPED = "*No answer came.*"


@dataclass(frozen=True, slots=True)
class TreeMessage:
    """A message before its files are read."""

    id: str
    parent: str
    author: str
    text: str
    created_at: str
    detail: Mapping[str, Any]
    files: tuple[FileRef, ...] = ()
    is_current: bool = True
    """Whether it lies on the path to the current node."""


@dataclass(frozen=True, slots=True)
class TreeConversation:
    id: str
    title: str
    named_by: str
    archived: bool
    pinned: bool
    messages: tuple[TreeMessage, ...]


@dataclass(frozen=True, slots=True)
class _Past:
    """What came before a node: the message that it follows, and what the next answer is to tell."""

    message: str = ""
    time: str = ""
    thinking: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        return bool(self.thinking or self.steps)


class NotAConversation(Exception):
    """What stands in the export is none; its text says why."""


def conversation_of(raw: object, me: str) -> TreeConversation:
    """`me` is who wrote the person's messages. NotAConversation where it is none, or has nothing to be seen."""
    if not isinstance(raw, Mapping):
        raise NotAConversation("not a conversation")
    if "chat_messages" in raw:
        raise NotAConversation("of another program (Claude)")
    mapping = raw.get("mapping")
    if not isinstance(mapping, Mapping):
        raise NotAConversation("without messages")
    key = _key(raw)
    reading = _Reading(key, mapping, me, _time(raw.get("create_time")) or _time(raw.get("update_time")) or utc_now())
    reading.model = _string(raw.get("default_model_slug"))
    reading.read(_string(raw.get("current_node")))
    if not reading.messages:
        raise NotAConversation("empty")
    title = " ".join(_string(raw.get("title")).split())[:_MAX_TITLE]
    return TreeConversation(
        id=_id(key),
        title=title or _first_words(reading.messages),
        named_by="person" if title else "words",
        archived=raw.get("is_archived") is True,
        pinned=raw.get("is_starred") is True,
        messages=tuple(reading.messages),
    )


@dataclass(slots=True)
class _Reading:
    key: str
    mapping: Mapping[str, Any]
    me: str
    began: str
    model: str = ""
    is_current: bool = True
    messages: list[TreeMessage] = field(default_factory=list)
    past: dict[str, _Past] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)

    def read(self, current: str) -> None:
        for name in self.mapping:
            self.children.setdefault(self.parent(name), []).append(name)
        for name in self._main_path(current if current in self.mapping else self._newest()):
            self._take(name)
        self.is_current = False
        for name in self._everything():
            self._take(name)

    def parent(self, name: str) -> str:
        node = self.mapping[name]
        parent = _string(node.get("parent")) if isinstance(node, Mapping) else ""
        return parent if parent in self.mapping and parent != name else ""

    def _main_path(self, leaf: str) -> list[str]:
        path: list[str] = []
        seen: set[str] = set()
        while leaf and leaf not in seen:
            seen.add(leaf)
            path.append(leaf)
            leaf = self.parent(leaf)
        return path[::-1]

    def _newest(self) -> str:
        leaves = [name for name in self.mapping if name not in self.children]
        return max(leaves, key=lambda name: _time(_message(self.mapping[name]).get("create_time")), default="")

    def _everything(self) -> Iterator[str]:
        """Parents before children; at last what hangs on a ring of nodes that name each other as parents."""
        stack = self.children.get("", [])[::-1]
        seen: set[str] = set()
        rest = iter(self.mapping)
        while True:
            while stack:
                name = stack.pop()
                if name not in seen:
                    seen.add(name)
                    yield name
                    stack.extend(reversed(self.children.get(name, [])))
            left = next((name for name in rest if name not in seen), None)
            if left is None:
                return
            stack.append(left)

    def _take(self, name: str) -> None:
        if name in self.past:
            return
        before = self.past.get(self.parent(name), _Past(time=self.began))
        message = _message(self.mapping[name])
        content = content_of(message)
        time = _time(message.get("create_time")) or before.time
        thinking = (*before.thinking, content.thinking) if content.thinking else before.thinking
        steps = (*before.steps, content.step) if content.step else before.steps
        past = _Past(before.message, time, thinking, steps)
        if content.text.strip() or content.files:
            past = self._keep(name, message, content, past)
        elif past.is_open and name not in self.children:
            past = self._keep(name, {"author": {"role": "assistant"}, "status": "in_progress"}, Content(_STOPPED), past)
        self.past[name] = past

    def _keep(self, name: str, message: Mapping[str, Any], content: Content, past: _Past) -> _Past:
        mine = _message_role(message) == "user"
        own_id = _id(f"{self.key}/{name}")
        detail = {"imported_from": "chatgpt"} | ({} if mine else self._note(own_id, message, past))
        parent = past.message
        for number, text in enumerate(_pieces(content.text), start=1):
            piece_id = own_id if number == 1 else _id(f"{self.key}/{name}/{number}")
            files = content.files if number == 1 else ()
            author = self.me if mine else AUTHOR
            made = TreeMessage(piece_id, parent, author, text, past.time, detail, files, self.is_current)
            self.messages.append(made)
            parent = piece_id
        return _Past(parent, past.time, *((past.thinking, past.steps) if mine else ((), ())))

    def _note(self, own_id: str, message: Mapping[str, Any], past: _Past) -> dict[str, Any]:
        metadata = message.get("metadata")
        model = (_string(metadata.get("model_slug")) if isinstance(metadata, Mapping) else "") or self.model
        return AnswerNote(
            run_id=f"imported:{own_id}",
            agent_id="",
            name=f"ChatGPT ({model})" if model else "ChatGPT",
            state="cancelled" if message.get("status") == "in_progress" else "succeeded",
            model=model,
            steps=past.steps[-MAX_STEPS:],
            steps_before=max(0, len(past.steps) - MAX_STEPS),
            thinking="\n\n".join(past.thinking)[-MAX_THINKING:],
        ).as_detail()


def _pieces(text: str) -> list[str]:
    """Texts of at most MAX_TEXT bytes; cut at the end of a line where there is one in the second half."""
    data = text.encode()
    if len(data) <= MAX_TEXT:
        return [text]
    pieces: list[str] = []
    while data:
        end = len(data) if len(data) <= MAX_TEXT else data.rfind(b"\n", MAX_TEXT // 2, MAX_TEXT) + 1 or MAX_TEXT
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1  # not in the middle of a character
        pieces.append(data[:end].decode())
        data = data[end:]
    return pieces


def _key(raw: Mapping[str, Any]) -> str:
    key = _string(raw.get("conversation_id")) or _string(raw.get("id"))
    return key or sha256(orjson.dumps([raw.get("title"), raw.get("create_time"), sorted(raw["mapping"])[:1]])).hexdigest()


def _id(key: str) -> str:
    return str(uuid5(_NAMESPACE, key))


def _message(node: object) -> Mapping[str, Any]:
    message = node.get("message") if isinstance(node, Mapping) else None
    return message if isinstance(message, Mapping) else {}


def _message_role(message: Mapping[str, Any]) -> object:
    author = message.get("author")
    return author.get("role") if isinstance(author, Mapping) else None


def _first_words(messages: list[TreeMessage]) -> str:
    words = without_markup(messages[0].text.lstrip()[:400].split("\n", 1)[0]).strip("#*> ")
    return words if len(words) <= 48 else words[:47].rsplit(" ", 1)[0] + "…"


def _time(value: object) -> str:
    """RFC 3339 of seconds since 1970; "" where it is no time."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or value <= 0:
        return ""
    try:
        return format_time(datetime.fromtimestamp(value, UTC))
    except (ValueError, OverflowError, OSError):
        return ""


def _string(value: object) -> str:
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode() if isinstance(value, str) else ""
