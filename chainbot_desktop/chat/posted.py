"""What came of a line that was posted."""

from __future__ import annotations

from dataclasses import dataclass

from chainbot_desktop.chat.commands import Answer
from chainbot_desktop.store.conversation_rows import Message


@dataclass(frozen=True, slots=True)
class Posted:
    """The conversation that it went to, and the command's answer where it was a command."""

    conversation_id: str
    message: Message | None
    answer: Answer
    runs: tuple[str, ...] = ()
    """What agents were given with it: the runs that it began or reached."""
