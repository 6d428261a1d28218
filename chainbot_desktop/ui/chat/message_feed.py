"""Between the chat service and the list of messages: loads pages as they are wanted, and follows what is posted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.chat.service import Change, ChatService
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.ui.chat.answer_card import AnswerCard, note_of_answer
from chainbot_desktop.ui.chat.answer_feed import AnswerFeed
from chainbot_desktop.ui.chat.message_card import STREAMING_FROM, MessageCard
from chainbot_desktop.ui.chat.message_list import MessageListView
from chainbot_desktop.ui.chat.message_pages import MessagePages, ShownMessage
from chainbot_desktop.ui.theme import Theme, ThemeSource


class MessageFeed(QObject):
    """One job at a time: a load never runs into another. `changed` follows every new state of the list."""

    changed = Signal()

    def __init__(
        self,
        chat: ChatService,
        view: MessageListView,
        themes: ThemeSource,
        start: Callable[[str, Coroutine[Any, Any, None]], object],
    ) -> None:
        super().__init__(view)
        self._chat = chat
        self._view = view
        self._themes = themes
        self._start = start
        self._pages: MessagePages | None = None
        self._wanted: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}
        self._running = False
        self._seen = 0
        self.unseen = 0
        self.ends_with_first_message = False
        self.has_answer = False
        """Whether one is being written here."""
        self.answers: AnswerFeed | None = None
        if chat.answers is not None:
            self.answers = AnswerFeed(chat.answers, view, start, show=self._show_again, posted=self._want_posted)
            self._stop_answers = chat.answers.on_change(self.answers.on_change)
            self.destroyed.connect(self._stop_answers)
        view.older_wanted.connect(self._on_older_wanted)
        view.newer_wanted.connect(self._on_newer_wanted)
        view.seen.connect(self._on_seen)

    # For the view

    async def open(self, conversation_id: str, message_id: str) -> None:
        """Show a conversation: at a message, at what was not read yet, or at its end."""
        if self._pages is not None and self._pages.conversation_id == conversation_id and not message_id:
            return
        pages = MessagePages(self._chat, conversation_id, syntax_colors(self._themes.current))
        conversation = await self._chat.conversation(conversation_id)
        message = await self._chat.message(message_id) if message_id else None
        if message is not None and message.conversation_id == conversation_id:
            await pages.load_around(message.number)
        else:
            await pages.load_newest()
        self._pages = pages
        if self.answers is not None:
            self.answers.follow(pages)
        self._wanted.clear()
        self._seen = conversation.read_through
        self.unseen = 0
        self._show(to_bottom=message is None)
        if message is not None:
            self._view.show_message(message.id)

    def close(self) -> None:
        self._pages = None
        if self.answers is not None:
            self.answers.follow(None)
        self._wanted.clear()
        self._view.set_cards([], keep_place=False)

    def go_to_newest(self) -> None:
        self._want("newest", self._load_newest)

    def go_to_oldest(self) -> None:
        self._want("oldest", self._load_oldest)

    def render_again(self) -> None:
        """After a change of theme."""
        self._want("render", self._render_again)

    def on_change(self, change: Change) -> None:
        pages = self._pages
        if pages is None or change.conversation_id != pages.conversation_id:
            return
        if change.message_id:
            self._want_posted()
        else:
            self._want("check", self._check)

    def _want_posted(self) -> None:
        self._want("posted", self._load_posted)

    def _show_again(self) -> None:
        if self._pages is not None:
            self._show()

    # One job at a time

    def _want(self, name: str, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._pages is None:
            return
        self._wanted[name] = job
        if not self._running:
            self._running = True
            self._start("chat-messages", self._work())

    async def _work(self) -> None:
        try:
            while self._wanted:
                name = next(iter(self._wanted))
                await self._wanted.pop(name)()
        except NotFound:
            self._wanted.clear()  # deleted meanwhile: the window learns it from the list, and shows another one
        finally:
            self._running = False

    async def _load_newest(self) -> None:
        pages = self._pages
        if pages is not None:
            if pages.has_newer or not pages.shown:
                await pages.load_newest()
            else:
                await pages.load_newer()
            self.unseen = 0
            self._show_if(pages, to_bottom=True)

    async def _load_oldest(self) -> None:
        pages = self._pages
        if pages is not None:
            if pages.has_older:
                await pages.load_oldest()
            self._show_if(pages, keep_place=False)
            self._view.scroll_to_top()

    async def _load_older(self) -> None:
        pages = self._pages
        if pages is not None and pages.has_older:
            await pages.load_older()
            self._show_if(pages)

    async def _load_newer(self) -> None:
        pages = self._pages
        if pages is not None and pages.has_newer:
            await pages.load_newer()
            self._show_if(pages)

    async def _load_posted(self) -> None:
        pages = self._pages
        if pages is None:
            return
        at_bottom = self._view.is_at_bottom
        count = 0
        if not pages.has_newer:
            count = await pages.load_newer()
        if not at_bottom:
            self.unseen += max(count, 1 if pages.has_newer else 0)
        self._show_if(pages, all_loaded=True)

    async def _check(self) -> None:
        """Something else changed: if messages went (or came back), show the conversation anew."""
        pages = self._pages
        if pages is None:
            return
        shown = [item.message.number for item in pages.shown]
        first = await self._chat.after(pages.conversation_id, 0, 1)
        hidden = bool(shown) and (not first or first[0].number > shown[0])
        back = bool(first) and (not shown or (not pages.has_older and first[0].number < shown[0]))
        if hidden or back:
            await pages.load_newest()
            self._show_if(pages, to_bottom=True)

    async def _render_again(self) -> None:
        pages = self._pages
        if pages is not None:
            await pages.render_again(syntax_colors(self._themes.current))
            self._show_if(pages, fresh=True)

    # Showing

    def _show_if(
        self,
        pages: MessagePages,
        *,
        to_bottom: bool = False,
        keep_place: bool = True,
        fresh: bool = False,
        all_loaded: bool = False,
    ) -> None:
        if pages is self._pages:
            self._show(to_bottom=to_bottom, keep_place=keep_place, fresh=fresh, all_loaded=all_loaded)

    def _show(self, *, to_bottom: bool = False, keep_place: bool = True, fresh: bool = False, all_loaded: bool = False) -> None:
        pages = self._pages
        assert pages is not None
        if fresh and self.answers is not None:
            self.answers.forget()
        ready = {} if fresh else {card.message.number: card for card in self._view.cards}
        cards = [ready.get(item.message.number) or self._card(item) for item in pages.shown]
        if self.answers is not None:
            if all_loaded:
                self.answers.loaded()
            cards += self.answers.cards_after(pages)
        self._view.has_older, self._view.has_newer = pages.has_older, pages.has_newer
        self._view.set_cards(cards, to_bottom=to_bottom, keep_place=keep_place)
        self.has_answer = any(card.message.number >= STREAMING_FROM for card in cards)
        plain = [item.message for item in pages.shown if item.message.kind == "text"]
        self.ends_with_first_message = (
            not pages.has_older and not pages.has_newer and len(plain) == 1 and pages.shown[-1].message is plain[0]
        )
        if self._view.is_at_bottom:
            self.unseen = 0
        self.changed.emit()

    def _card(self, item: ShownMessage) -> MessageCard:
        answer = self.answers.kept_card(item) if self.answers is not None else _answer_card(item)
        if answer is not None:
            return answer
        author = item.message.author
        mine = author == self._chat.me
        name = "You" if mine else "ChainBot" if author.startswith("system:") else author.split(":", 1)[-1]
        return MessageCard(item.message, item.rendered, name, is_mine=mine)

    def _on_older_wanted(self) -> None:
        self._want("older", self._load_older)

    def _on_newer_wanted(self) -> None:
        self._want("newer", self._load_newer)

    def _on_seen(self, number: int) -> None:
        pages = self._pages
        if pages is not None and number > self._seen:
            self._seen = number
            self._start("chat-read", self._chat.mark_read(pages.conversation_id, number))
        if self._view.is_at_bottom and self.unseen:
            self.unseen = 0
            self.changed.emit()


def _answer_card(item: ShownMessage) -> MessageCard | None:
    note = note_of_answer(item.message)
    return AnswerCard(item.message, item.rendered, note) if note is not None else None


def syntax_colors(theme: Theme) -> Mapping[str, str]:
    """The theme's colours of code by their part, for `chat.markdown.render`."""
    return {name.removeprefix("syntax."): color for name, color in theme.colors.items() if name.startswith("syntax.")}
