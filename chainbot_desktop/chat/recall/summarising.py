"""Summaries that somebody asks for: made in the background, and told of in the conversation when they are there or cannot be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.chat.summaries import Summaries
from chainbot_desktop.core.errors import ChainBotError, InvalidInput
from chainbot_desktop.core.tasks import Tasks

Tell = Callable[[str, str], Awaitable[object]]
"""Says a sentence (Markdown) in a conversation: (conversation_id, text)."""


class Summarising:
    """Use on the loop's thread. The sentences are for who asked."""

    def __init__(self, summaries: Summaries, tasks: Tasks, tell: Tell, context: Callable[[str], Awaitable[int | None]]) -> None:
        """`context` tells what the model that leads a conversation takes in."""
        self._summaries = summaries
        self._tasks = tasks
        self._tell = tell
        self._context = context

    def under_way(self, conversation_id: str) -> str:
        """How far it has come; "" where none is being made."""
        progress = self._summaries.progress(conversation_id)
        if progress is None:
            return ""
        parts = f"{progress.done} of {progress.total} parts are read" if progress.total else "it has just begun"
        return f"The older messages are being summarised: {parts}. `/summarise stop` ends it."

    async def begin(self, conversation_id: str) -> None:
        """What comes of it is told in the conversation."""
        self._tasks.spawn(f"chat-summarise-{conversation_id}", self._make(conversation_id))

    def stop(self, conversation_id: str) -> str:
        if not self._summaries.stop(conversation_id):
            raise InvalidInput("No summary is being made here.", code="none_under_way")
        return "The summary is being stopped."

    async def undo(self, conversation_id: str) -> str:
        standing = await self._summaries.standing(conversation_id)
        if standing is None:
            raise InvalidInput("No summary stands for anything here.", code="no_summary")
        await self._summaries.undo(standing.id)
        return "The summary stands for nothing any more: the messages themselves are used again."

    async def _make(self, conversation_id: str) -> None:
        try:
            await self._summaries.summarise(conversation_id, context=await self._context(conversation_id))
        except ChainBotError as error:
            await self._say(conversation_id, f"No summary was made. {escape_markdown(str(error))}")

    async def _say(self, conversation_id: str, text: str) -> None:
        try:
            await self._tell(conversation_id, text)
        except ChainBotError:
            return  # the conversation is gone: there is nobody to tell
