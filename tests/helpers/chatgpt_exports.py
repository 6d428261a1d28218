"""Exports as ChatGPT makes them, of any size, written as they are made: no more than one conversation is in memory."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

BEGAN = 1_700_000_000.0
_WORDS = (
    "garden",
    "sensor",
    "backup",
    "disk",
    "lamp",
    "window",
    "kernel",
    "pepper",
    "router",
    "sunday",
    "ticket",
    "violin",
    "harbour",
    "engine",
    "letter",
    "winter",
    "copper",
    "python",
    "table",
    "index",
    "value",
    "token",
    "answer",
    "question",
    "because",
    "however",
    "instead",
    "between",
    "without",
    "second",
    "morning",
    "careful",
)


def message(
    role: str,
    content: dict[str, Any] | str,
    *,
    at: float | None = BEGAN,
    metadata: dict[str, Any] | None = None,
    recipient: str = "all",
    name: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    return {
        "author": {"role": role, "name": name, "metadata": {}},
        "create_time": at,
        "update_time": None,
        "content": content,
        "status": "finished_successfully",
        "end_turn": True,
        "weight": 1.0,
        "metadata": metadata or {},
        "recipient": recipient,
        "channel": None,
        **more,
    }


def node(key: str, parent: str | None, said: dict[str, Any] | None) -> dict[str, Any]:
    if said is not None:
        said = {"id": key, **said}
    return {"id": key, "message": said, "parent": parent, "children": []}


def conversation(
    key: str, nodes: Sequence[dict[str, Any]], current: str, title: str | None = "A talk", **more: Any
) -> dict[str, Any]:
    mapping = {"client-created-root": node("client-created-root", None, None), **{entry["id"]: entry for entry in nodes}}
    for entry in mapping.values():
        if entry["parent"] in mapping:
            mapping[entry["parent"]]["children"].append(entry["id"])
    return {
        "title": title,
        "create_time": BEGAN,
        "update_time": BEGAN + 60,
        "mapping": mapping,
        "moderation_results": [],
        "current_node": current,
        "plugin_ids": None,
        "conversation_id": key,
        "default_model_slug": "gpt-4o",
        "is_archived": False,
        "id": key,
        **more,
    }


def talk(key: str, lines: Sequence[str], **more: Any) -> dict[str, Any]:
    """Questions and answers by turns; node ids are the key and a number."""
    nodes = []
    parent = "client-created-root"
    for number, line in enumerate(lines):
        role = "assistant" if number % 2 else "user"
        name = f"{key}-{number}"
        nodes.append(node(name, parent, message(role, line, at=BEGAN + number, metadata={"model_slug": "gpt-4o"})))
        parent = name
    return conversation(key, nodes, parent, **more)


def generated(count: int, *, turns: int = 24, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Conversations of random words; every tenth has a branch."""
    chance = random.Random(seed)
    for number in range(count):
        key = str(UUID(int=chance.getrandbits(128)))
        lines = [" ".join(chance.choices(_WORDS, k=chance.randint(5, 140))) for _ in range(turns)]
        made = talk(key, lines, title=f"Talk {number} of the {chance.choice(_WORDS)}")
        if number % 10 == 0:
            said = message("assistant", f"another answer {number}", at=BEGAN + 500)
            made["mapping"][f"{key}-b"] = node(f"{key}-b", f"{key}-2", said)
        yield made


def write_json(path: Path, conversations: Iterator[dict[str, Any]] | Sequence[dict[str, Any]], *, until: int = 0) -> int:
    """Their number. With `until`, it ends when the file has as many bytes."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for entry in conversations:
            file.write(("," if count else "") + json.dumps(entry))
            count += 1
            if until and file.tell() >= until:
                break
        file.write("]")
    return count


def write_zip(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)


def as_bytes(*conversations: dict[str, Any]) -> bytes:
    return json.dumps(conversations).encode()
