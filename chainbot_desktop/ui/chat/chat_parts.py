"""What a chat window can have besides the conversations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QWidget

from chainbot_desktop.chat.chatgpt.service import ChatGptImport
from chainbot_desktop.chat.code_actions import CodeActions
from chainbot_desktop.chat.recall.notes import NotesService
from chainbot_desktop.chat.recall.service import RecallService
from chainbot_desktop.chat.summaries import Summaries


@dataclass(frozen=True, slots=True)
class ChatParts:
    """What is None is not offered. `choose_file` asks inside the window; without it files are attached by pasting and dropping alone."""

    choose_file: Callable[[QWidget], Awaitable[Path | None]] | None = None
    code: CodeActions | None = None
    recall: RecallService | None = None
    notes: NotesService | None = None
    summaries: Summaries | None = None
    importer: ChatGptImport | None = None
    recalled_files: Callable[[], str] = lambda: ""
    """What is to be said of the files of the workspace: how many are searched, or why none are."""
