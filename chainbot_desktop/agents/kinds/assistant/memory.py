"""What an assistant remembers of a conversation: a file for each, kept in its own folder, so that a restart forgets nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelRequest, UserPromptPart

from chainbot_desktop.agents.kinds.assistant.fitting import length

_log = logging.getLogger(__name__)


class ConversationMemory:
    """Its methods block: call them on a thread. An empty `conversation_id` remembers nothing."""

    def __init__(self, folder: Path, conversation_id: str) -> None:
        self._path = folder / f"{_file_name(conversation_id)}.json" if conversation_id else None

    def load(self, most_characters: int) -> list[ModelMessage]:
        """The newest exchanges that fit, whole ones: a tool's answer is never without its call."""
        if self._path is None:
            return []
        try:
            messages = ModelMessagesTypeAdapter.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, ValidationError, ValueError) as error:
            _log.warning("what was remembered in %s cannot be read and is set aside: %s", self._path.name, str(error)[:200])
            self._set_aside()
            return []
        return newest_exchanges(messages, most_characters)

    def save(self, messages: Sequence[ModelMessage]) -> None:
        """Whole or not at all."""
        if self._path is None:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._path.with_name(f"{self._path.name}.new")
        with new.open("wb") as file:
            file.write(ModelMessagesTypeAdapter.dump_json(list(messages)))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)

    def _set_aside(self) -> None:
        assert self._path is not None
        try:
            self._path.replace(self._path.with_name(f"{self._path.stem}.broken"))
        except OSError:
            _log.warning("it could not be set aside either")


def _file_name(conversation_id: str) -> str:
    """Different for different conversations, whatever others take for an id."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in conversation_id)[:80]
    return safe if safe == conversation_id else f"{safe}.{sha256(conversation_id.encode(errors='replace')).hexdigest()[:16]}"


def newest_exchanges(messages: Sequence[ModelMessage], most_characters: int) -> list[ModelMessage]:
    """The end of `messages`, from the first message of a person on whose follow-ups fit into `most_characters`."""
    kept = len(messages)
    size = 0
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        size += length(message)
        if size > most_characters:
            break
        if isinstance(message, ModelRequest) and any(isinstance(part, UserPromptPart) for part in message.parts):
            kept = index
    return list(messages[kept:])
