"""The cards of answers that are being written: they grow with each frame, and become Markdown a few times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from PySide6.QtCore import QObject, QTimer

from chainbot_desktop.chat.agent_answers import AgentAnswers
from chainbot_desktop.chat.markdown import MarkdownStream, Rendered, SectionRenderer
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.ui.chat.answer_card import AnswerCard, note_of_answer
from chainbot_desktop.ui.chat.message_list import MessageListView
from chainbot_desktop.ui.chat.message_pages import MessagePages, ShownMessage
from chainbot_desktop.ui.frames import FrameClock

RENDER_SECONDS = 0.35
_RENDER_SHARE = 12
"""A render that took long is followed by a pause of so many times that."""

_DEAR_SECONDS = 0.006
"""A render that takes longer is done on a thread."""

_MUCH = 4_000
"""Characters that are not rendered yet: what was said while the window showed something else."""


class AnswerFeed(QObject):
    """`show` puts the cards of `cards_after` anew, `posted` loads what was posted: what an answer becomes at its end is that."""

    def __init__(
        self,
        answers: AgentAnswers,
        view: MessageListView,
        start: Callable[[str, Coroutine[Any, Any, None]], object],
        *,
        show: Callable[[], None],
        posted: Callable[[], None],
    ) -> None:
        super().__init__(view)
        self._answers = answers
        self._view = view
        self._start = start
        self._show = show
        self._posted = posted
        self._pages: MessagePages | None = None
        self._cards: dict[str, AnswerCard] = {}
        self._streams: dict[str, MarkdownStream] = {}
        self._ending: set[str] = set()
        self._place = 0
        self._rendering = False
        self._rendered_at = 0.0
        self._took = 0.0
        self.renders = 0
        """How many times a text was made Markdown while it was written."""
        self._frames = FrameClock(view)
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._render_soon)

    def follow(self, pages: MessagePages | None) -> None:
        """Show the answers of another conversation, or none."""
        self._pages = pages
        self.forget()

    def forget(self) -> None:
        """Make all cards anew at the next `cards_after`."""
        self._cards.clear()
        self._streams.clear()
        self._ending.clear()

    def on_change(self) -> None:
        """Streams are different: look at them in the next frame."""
        self._frames.request(self._on_frame, "answers")

    def finished(self, message: Message) -> Rendered | None:
        """An answer that was seen growing, rendered to its end: only its end is left to do. None for any other message."""
        run_id = str(message.detail.get("run_id"))
        stream, card = self._streams.get(run_id), self._cards.get(run_id)
        if stream is None or card is None or self._rendering:
            return None
        if message.text[: stream.length] != card.message.text[: stream.length]:
            return None
        stream.feed(message.text[stream.length :])
        return stream.rendered()

    def kept_card(self, item: ShownMessage) -> AnswerCard | None:
        """The card of a message that is an agent's answer: the one that was seen growing, where there is one."""
        note = note_of_answer(item.message)
        if note is None:
            return None
        grown = self._cards.pop(note.run_id, None)
        if grown is None:
            return AnswerCard(item.message, item.rendered, note)
        self._ending.discard(note.run_id)
        self._streams.pop(note.run_id, None)
        grown.become(item.message, item.rendered, note)
        return grown

    def cards_after(self, pages: MessagePages) -> list[AnswerCard]:
        """The cards of what is written now, to stand after the messages that are shown."""
        kept = {item.message.detail.get("run_id") for item in pages.shown}
        for run_id in kept & self._cards.keys():
            del self._cards[str(run_id)]
        if pages.has_newer:
            self._cards.clear()
            self._streams.clear()
            return []
        for stream in self._answers.of(pages.conversation_id):
            if stream.run_id not in self._cards and stream.run_id not in kept:
                self._place += 1
                self._cards[stream.run_id] = AnswerCard.of_stream(stream, self._place)
                self._streams[stream.run_id] = MarkdownStream(SectionRenderer(pages.colors))
        for card in self._cards.values():
            card.take_stream()
        self._render_soon()
        return list(self._cards.values())

    def loaded(self) -> None:
        """All that was posted is shown: an answer that ended by now and was not among it will not come."""
        for run_id in self._ending:
            self._cards.pop(run_id, None)
            self._streams.pop(run_id, None)
        self._ending.clear()

    @property
    def running(self) -> Mapping[str, AnswerCard]:
        """By run, the cards of what is written now."""
        return self._cards

    def _on_frame(self) -> None:
        pages = self._pages
        if pages is None:
            return
        here = {stream.run_id for stream in self._answers.of(pages.conversation_id)}
        ended = self._cards.keys() - here - self._ending
        if ended:
            self._ending |= ended
            self._posted()
        kept = {item.message.detail.get("run_id") for item in pages.shown}
        if here - self._cards.keys() - kept and not pages.has_newer:
            self._show()
            return
        grew = [card for card in self._cards.values() if card.take_stream()]
        if grew:
            self._view.cards_grew(grew)
            self._render_soon()

    # Markdown

    def _render_soon(self) -> None:
        if self._rendering or not any(card.unrendered for card in self._cards.values()):
            return
        wait = self._rendered_at + max(RENDER_SECONDS, _RENDER_SHARE * self._took) - time.monotonic()
        if wait > 0:
            if not self._later.isActive():
                self._later.start(int(wait * 1000) + 1)
            return
        self._rendering = True
        self._start("chat-answer-render", self._render())

    async def _render(self) -> None:
        try:
            for run_id, card in list(self._cards.items()):
                if card.unrendered and run_id in self._streams:
                    await self._render_card(run_id, card, self._streams[run_id])
        finally:
            self._rendering = False
            self._rendered_at = time.monotonic()
        self._render_soon()

    async def _render_card(self, run_id: str, card: AnswerCard, stream: MarkdownStream) -> None:
        text, began = card.message.text, time.monotonic()

        def work() -> Rendered:
            stream.feed(text[stream.length :])
            return stream.rendered(complete=False)

        dear = self._took > _DEAR_SECONDS or len(text) - stream.length > _MUCH
        rendered = await asyncio.to_thread(work) if dear else work()
        self.renders += 1
        self._took = time.monotonic() - began
        if card.stream is not None and self._cards.get(run_id) is card and self._streams.get(run_id) is stream:
            card.show_rendered(rendered, len(text), in_code=stream.is_in_code)
            self._view.cards_grew([card])
        await asyncio.sleep(0)
