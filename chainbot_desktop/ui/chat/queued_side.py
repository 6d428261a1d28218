"""Between what waits for agents at work and the bar that shows it: edited or taken back until its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.ui.chat.composer import Composer
from chainbot_desktop.ui.chat.queued_bar import QueuedLine


class Waiting(Protocol):
    """A message that an agent has not begun with."""

    @property
    def run_id(self) -> str: ...

    @property
    def name(self) -> str:
        """Of the agent."""
        ...

    @property
    def text(self) -> str: ...


class Queue(Protocol):
    """What waits, by conversation. Conflict where its turn has come meanwhile."""

    def queued(self, conversation_id: str) -> Sequence[Waiting]: ...

    async def edit(self, run_id: str, text: str, *, actor: Actor) -> None: ...

    async def take_back(self, run_id: str, *, actor: Actor) -> None: ...


class QueuedSide:
    """`current` is the id of the open conversation. Call `refresh` when that, an agent or an answer is different."""

    def __init__(
        self,
        queue: Queue,
        composer: Composer,
        current: Callable[[], str],
        start: Callable[[str, Coroutine[Any, Any, None]], object],
        me: Actor,
    ) -> None:
        self._queue = queue
        self._composer = composer
        self._current = current
        self._start = start
        self._me = me
        composer.queued.edit_wanted.connect(self._on_edit_wanted)
        composer.queued.take_back_wanted.connect(self._on_take_back_wanted)
        composer.queued_edited.connect(self._on_edited)

    def refresh(self) -> None:
        conversation_id = self._current()
        waiting = self._queue.queued(conversation_id) if conversation_id else ()
        self._composer.queued.set_lines([QueuedLine(each.run_id, each.name, each.text) for each in waiting])

    def _on_edit_wanted(self, line: QueuedLine) -> None:
        self._composer.begin_queued_edit(line.run_id, line.agent_name, line.text)

    def _on_take_back_wanted(self, line: QueuedLine) -> None:
        self._start("chat-take-back", self._take_back(line))

    def _on_edited(self, run_id: str, text: str) -> None:
        self._start("chat-edit-queued", self._edit(run_id, text))

    async def _take_back(self, line: QueuedLine) -> None:
        await self._queue.take_back(line.run_id, actor=self._me)
        self._composer.insert(line.text)
        self.refresh()

    async def _edit(self, run_id: str, text: str) -> None:
        try:
            await self._queue.edit(run_id, text, actor=self._me)
        except ChainBotError as error:  # its turn came meanwhile: the words are not lost
            self._composer.refused(text, str(error))
        self.refresh()
