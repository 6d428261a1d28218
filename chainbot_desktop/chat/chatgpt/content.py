"""What a message of an export says: its words for a conversation, or what it adds to how the next answer came about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MARKER = re.compile("\ue200.*?\ue201", re.DOTALL)
_STEP_LENGTH = 300


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that a message has or names."""

    id: str
    name: str
    media_type: str
    what: str


@dataclass(frozen=True, slots=True)
class Content:
    """`text` and `files` are the message's own; `thinking` and `step` belong to the answer that follows. All empty: not to be seen."""

    text: str = ""
    files: tuple[FileRef, ...] = ()
    thinking: str = ""
    step: str = ""


NOTHING = Content()


def content_of(message: Mapping[str, Any]) -> Content:
    """Of whatever is in there, known or not: an unknown kind with words in it is shown by its words."""
    content, metadata = _map(message.get("content")), _map(message.get("metadata"))
    role, kind = _map(message.get("author")).get("role"), _text(content.get("content_type"))
    if _is_hidden(message, metadata, role, kind):
        return NOTHING
    if kind in {"thoughts", "reasoning_recap"}:
        return Content(thinking=_thoughts(content), step=_step(content.get("content")))
    recipient = _text(message.get("recipient"))
    if role == "assistant" and recipient not in {"", "all"}:
        return _call(recipient, content)
    if role == "tool" and kind not in {"multimodal_text", "execution_output"}:
        return _tool_step(message, content)
    if kind in {"code", "execution_output"}:
        return Content(text=_fenced(_text(content.get("text")), _language(content, kind)))
    text, files = _parts(content)
    return Content(text=_without_markers(text, metadata), files=_with_attachments(files, metadata))


def _is_hidden(message: Mapping[str, Any], metadata: Mapping[str, Any], role: object, kind: str) -> bool:
    if role == "system" or role not in {"user", "assistant", "tool"}:
        return True
    if metadata.get("is_visually_hidden_from_conversation") is True or message.get("weight") == 0:
        return True
    return kind in {"user_editable_context", "model_editable_context"}


def _call(recipient: str, content: Mapping[str, Any]) -> Content:
    """What the model gave to a tool: code and documents were in sight, everything else is a step."""
    said = _text(content.get("text")) or _parts(content)[0]
    if recipient == "python" or recipient.startswith("canmore"):
        return Content(text=_fenced(said, "python" if recipient == "python" else _language(content, "")))
    return Content(step=_step(f"{recipient}: {said}"))


def _tool_step(message: Mapping[str, Any], content: Mapping[str, Any]) -> Content:
    name = _text(_map(message.get("author")).get("name")) or "tool"
    said = next((_text(content.get(key)) for key in ("title", "url", "summary", "result", "text") if content.get(key)), "")
    url = _text(content.get("url"))
    said = said or _parts(content)[0]
    return Content(step=_step(f"{name}: {said} {url if url != said else ''}")) if said else NOTHING


def _thoughts(content: Mapping[str, Any]) -> str:
    pieces: list[str] = []
    for thought in _list(content.get("thoughts")):
        summary, body = _text(_map(thought).get("summary")), _text(_map(thought).get("content"))
        pieces.append("\n".join(piece for piece in (summary, body) if piece))
    return "\n\n".join(piece for piece in pieces if piece)


def _parts(content: Mapping[str, Any]) -> tuple[str, tuple[FileRef, ...]]:
    texts: list[str] = []
    files: list[FileRef] = []
    for part in _list(content.get("parts")):
        if isinstance(part, str):
            texts.append(_text(part))
            continue
        fields = _map(part)
        pointer = _text(fields.get("asset_pointer")) or _text(_map(fields.get("audio_asset_pointer")).get("asset_pointer"))
        if pointer:
            kind = _text(fields.get("content_type"))
            files.append(FileRef(pointer.rsplit("/", 1)[-1].split("#")[0], "", "", "image" if "image" in kind else "recording"))
        else:
            texts.append(_text(fields.get("text")))
    if not texts and not files:
        texts = [_text(content.get(key)) for key in ("text", "result", "content")]
    return "\n\n".join(text for text in texts if text.strip()), tuple(files)


def _with_attachments(files: Sequence[FileRef], metadata: Mapping[str, Any]) -> tuple[FileRef, ...]:
    """What the message names as its attachments knows names; a picture in the text is one of them."""
    known = {file.id: file for file in files}
    for entry in _list(metadata.get("attachments")):
        fields = _map(entry)
        key, name = _text(fields.get("id")), _text(fields.get("name"))
        if key or name:
            media = _text(fields.get("mimeType")) or _text(fields.get("mime_type"))
            what = known[key].what if key in known else "file"
            known[key or name] = FileRef(key, name, media, what)
    return tuple(known.values())


def _without_markers(text: str, metadata: Mapping[str, Any]) -> str:
    """Citations stand in the text as marks that only the site can read: the links that they mean take their place."""
    if "\ue200" not in text:
        return text
    for reference in _list(metadata.get("content_references")):
        matched, shown = _text(_map(reference).get("matched_text")), _text(_map(reference).get("alt"))
        if matched.startswith("\ue200"):
            text = text.replace(matched, shown)
    return _MARKER.sub("", text)


def _fenced(text: str, language: str) -> str:
    if not text.strip():
        return ""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _language(content: Mapping[str, Any], kind: str) -> str:
    language = _text(content.get("language"))
    if kind == "execution_output" or language in {"", "unknown"}:
        return "text"
    return re.sub(r"[^0-9A-Za-z+#-]", "", language)[:30]


def _step(text: object) -> str:
    return " ".join(_text(text).split())[:_STEP_LENGTH]


def _text(value: object) -> str:
    """A string that a table and a screen can take."""
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
