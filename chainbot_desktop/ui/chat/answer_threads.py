"""What agents say to each other for an answer: folded to one line of its card, and under it as cards of their own when open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.ui.chat.answer_card import AnswerCard
from chainbot_desktop.ui.chat.message_card import MessageCard
from chainbot_desktop.ui.chat.message_pages import MessagePages, ShownMessage


class Threads(Protocol):
    """The messages of delegations, by the run of the answer that they are for."""

    async def thread(self, conversation_id: str, run_id: str) -> list[Message]:
        """In their order."""
        ...

    async def thread_counts(self, conversation_id: str, run_ids: Sequence[str]) -> Mapping[str, int]:
        """How many each has; those that have none may be left out."""
        ...


class AnswerThreads:
    """`look` for what a page needs, `load` what is open, and `with_threads` puts it in. `make` makes a card of a message.

    `at_work` names those who work in the thread of a run now.
    """

    def __init__(
        self,
        threads: Threads,
        make: Callable[[ShownMessage], MessageCard],
        at_work: Callable[[str], Sequence[str]] = lambda _run_id: (),
    ) -> None:
        self._threads = threads
        self._make = make
        self._counts: dict[str, int] = {}
        self._messages: dict[str, list[Message]] = {}
        self._cards: dict[str, list[MessageCard]] = {}
        self._at_work = at_work

    def clear(self) -> None:
        """Another conversation is shown."""
        self._counts.clear()
        self._messages.clear()
        self._cards.clear()

    def clear_cards(self) -> None:
        """The cards are of another theme."""
        self._cards.clear()

    async def look(self, conversation_id: str, messages: Sequence[Message], running: Sequence[str] = ()) -> None:
        """Learn how many messages the threads of these answers have, and who wrote in them."""
        wanted = [str(message.detail["run_id"]) for message in messages if isinstance(message.detail.get("run_id"), str)]
        asked = [*(run_id for run_id in wanted if run_id not in self._counts), *running]
        if not asked:
            return
        counts = await self._threads.thread_counts(conversation_id, asked)
        for run_id in asked:
            count = counts.get(run_id, 0)
            if count and count != self._counts.get(run_id):
                self._messages[run_id] = await self._threads.thread(conversation_id, run_id)
            self._counts[run_id] = count

    async def load(self, pages: MessagePages, open_: Sequence[AnswerCard]) -> None:
        """Make the cards of the threads that are open."""
        for card in open_:
            run_id = card.note.run_id
            shown = self._cards.get(run_id, [])
            known = {made.message.number for made in shown}
            fresh = [message for message in self._messages.get(run_id, []) if message.number not in known]
            made = [self._make(item) for item in await pages.render(fresh)]
            for nested in made:
                nested.indent = 1
            self._cards[run_id] = [*shown, *made]

    def with_threads(self, cards: Sequence[MessageCard]) -> list[MessageCard]:
        """The cards, those of open threads after the answer that they are for."""
        shown: list[MessageCard] = []
        for card in cards:
            if card.indent:
                continue
            shown.append(card)
            if isinstance(card, AnswerCard):
                run_id = card.note.run_id
                card.show_thread(self._counts.get(run_id, 0), self._names(run_id), self._at_work(run_id))
                if card.thread_is_open:
                    shown += self._cards.get(run_id, [])
        return shown

    def _names(self, run_id: str) -> list[str]:
        names = [_name_of(message) for message in self._messages.get(run_id, [])]
        return list(dict.fromkeys(name for name in names if name))


def _name_of(message: Message) -> str:
    """Who wrote it, as people read it."""
    name = message.detail.get("name")
    if isinstance(name, str) and name:
        return name
    return message.author.split(":", 1)[-1] if message.author.startswith("agent:") else ""
