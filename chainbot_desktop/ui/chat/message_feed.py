"""Between the chat service and the list of messages: loads pages as they are wanted, and follows what is posted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.chat.service import Change, ChatService
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.ports import Blobs
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.ui.chat.answer_card import AnswerCard, note_of_answer
from chainbot_desktop.ui.chat.answer_feed import AnswerFeed
from chainbot_desktop.ui.chat.answer_threads import AnswerThreads, Threads
from chainbot_desktop.ui.chat.card_rows import FoldRow
from chainbot_desktop.ui.chat.message_card import STREAMING_FROM, Hit, MessageCard
from chainbot_desktop.ui.chat.message_list import MessageListView
from chainbot_desktop.ui.chat.message_marks import rows_above, rows_below
from chainbot_desktop.ui.chat.message_pages import MessagePages, ShownMessage
from chainbot_desktop.ui.chat.thumbnails import Thumbnails
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
        self._new_after = 0
        self.threads: AnswerThreads | None = None
        """Where what agents say to each other for an answer is found; nothing of it is shown without."""
        self.thumbnails: Thumbnails | None = None
        self.answers: AnswerFeed | None = None
        if chat.answers is not None:
            self.answers = AnswerFeed(chat.answers, view, start, show=self._show_again, posted=self._want_posted)
            self._stop_answers = chat.answers.on_change(self.answers.on_change)
            self.destroyed.connect(self._stop_answers)
        view.older_wanted.connect(self._on_older_wanted)
        view.newer_wanted.connect(self._on_newer_wanted)
        view.place_wanted.connect(self._on_place_wanted)
        view.seen.connect(self._on_seen)
        view.hit_clicked.connect(self._on_hit)
        self._place_wanted = 0

    def show_threads(self, threads: Threads, at_work: Callable[[str], Sequence[str]] = lambda _run_id: ()) -> None:
        """Fold the messages of delegations under the answers that they are for. `at_work` names who works for a run now."""
        self.threads = AnswerThreads(threads, self._card, at_work)

    def show_images(self, blobs: Blobs) -> None:
        """Show attached pictures from the bytes that are kept in `blobs`."""
        self.thumbnails = Thumbnails(blobs, self._start, self)
        self.thumbnails.changed.connect(lambda _: self._view.viewport().update())

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
        self._view.gestures.clear()
        if self.answers is not None:
            self.answers.follow(pages)
            pages.finished = self.answers.finished
        if self.threads is not None:
            self.threads.clear()
        self._wanted.clear()
        self._seen = conversation.read_through
        self._new_after = conversation.read_through if conversation.unread else 0
        self.unseen = 0
        self._show(to_bottom=message is None)
        if message is not None and not self._view.show_message(message.id) and message.thread:
            await self._open_thread_at(pages, message)
        self._want("count", self._count)

    def close(self) -> None:
        self._pages = None
        if self.answers is not None:
            self.answers.follow(None)
        self._wanted.clear()
        self._view.gestures.clear()
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

    async def _count(self) -> None:
        """The scroll bar learns how much there is beside what is loaded; the threads, of which answers they are."""
        pages = self._pages
        if pages is not None:
            await pages.count()
            await self._look_for_threads(pages)
            self._show_if(pages)

    async def _load_place(self) -> None:
        pages = self._pages
        if pages is not None:
            index = self._place_wanted
            number = await pages.load_at(index)
            self._view.is_dragged_on = index != self._place_wanted
            self._show_if(pages, to_bottom=number == 0, top_number=number)

    async def _load_newest(self) -> None:
        pages = self._pages
        if pages is not None:
            if pages.has_newer or not pages.shown:
                await pages.load_newest()
                self._want("count", self._count)
            else:
                await pages.load_newer()
            self.unseen = 0
            self._show_if(pages, to_bottom=True)

    async def _load_oldest(self) -> None:
        pages = self._pages
        if pages is not None:
            if pages.has_older:
                await pages.load_oldest()
                self._want("count", self._count)
            self._show_if(pages, keep_place=False)
            self._view.scroll_to_top()

    async def _load_older(self) -> None:
        pages = self._pages
        if pages is not None and pages.has_older:
            pages.keeps_all = self._view.selection.exists
            await pages.load_older()
            await self._look_for_threads(pages)
            self._show_if(pages)

    async def _load_newer(self) -> None:
        pages = self._pages
        if pages is not None and pages.has_newer:
            pages.keeps_all = self._view.selection.exists
            await pages.load_newer()
            await self._look_for_threads(pages)
            self._show_if(pages)

    async def _look_for_threads(self, pages: MessagePages) -> None:
        if self.threads is None:
            return
        running = list(self.answers.running) if self.answers is not None else []
        await self.threads.look(pages.conversation_id, [item.message for item in pages.shown], running)
        open_ = [card for card in self._view.cards if isinstance(card, AnswerCard) and card.thread_is_open]
        await self.threads.load(pages, open_)

    async def _load_posted(self) -> None:
        pages = self._pages
        if pages is None:
            return
        at_bottom = self._view.is_at_bottom
        count = 0
        if not pages.has_newer:
            count = await pages.load_newer()
        else:
            self._want("count", self._count)
        await self._look_for_threads(pages)
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
        top_number: int = 0,
    ) -> None:
        if pages is self._pages:
            self._show(to_bottom=to_bottom, keep_place=keep_place, fresh=fresh, all_loaded=all_loaded, top_number=top_number)

    def _show(
        self,
        *,
        to_bottom: bool = False,
        keep_place: bool = True,
        fresh: bool = False,
        all_loaded: bool = False,
        top_number: int = 0,
    ) -> None:
        pages, view = self._pages, self._view
        assert pages is not None
        cards = self._cards(pages, fresh=fresh, all_loaded=all_loaded)
        view.has_older, view.has_newer = pages.has_older, pages.has_newer
        view.older_count, view.newer_count = pages.older_count, pages.newer_count
        view.set_cards(cards, to_bottom=to_bottom, keep_place=keep_place, new_after=self._new_after, top_number=top_number)
        self.has_answer = any(card.message.number >= STREAMING_FROM for card in cards)
        plain = [item.message for item in pages.shown if item.message.kind == "text"]
        self.ends_with_first_message = (
            not pages.has_older and not pages.has_newer and len(plain) == 1 and pages.shown[-1].message is plain[0]
        )
        if view.is_at_bottom:
            self.unseen = 0
        self.changed.emit()

    def _cards(self, pages: MessagePages, *, fresh: bool, all_loaded: bool) -> list[MessageCard]:
        if fresh and self.answers is not None:
            self.answers.forget()
        if fresh and self.threads is not None:
            self.threads.clear_cards()
        ready = {} if fresh else {card.message.number: card for card in self._view.cards}
        cards = [ready.get(item.message.number) or self._card(item) for item in pages.shown]
        if self.answers is not None:
            if all_loaded:
                self.answers.loaded()
            cards += self.answers.cards_after(pages)
        return self.threads.with_threads(cards) if self.threads is not None else cards

    def _card(self, item: ShownMessage) -> MessageCard:
        card = self._bare_card(item)
        card.above = [*rows_above(item.message), *(row for row in card.above if isinstance(row, FoldRow))]
        card.below = rows_below(item.message, self.thumbnails)
        return card

    def _bare_card(self, item: ShownMessage) -> MessageCard:
        answer = self.answers.kept_card(item) if self.answers is not None else _answer_card(item)
        if answer is not None:
            return answer
        author = item.message.author
        mine = author == self._chat.me
        name = "You" if mine else "ChainBot" if author.startswith("system:") else author.split(":", 1)[-1]
        return MessageCard(item.message, item.rendered, name, is_mine=mine)

    # Threads

    def toggle_thread(self, card: AnswerCard) -> None:
        """Show or hide what others said for an answer, under it."""
        if self.threads is not None and self._pages is not None:
            card.toggle_thread()
            self._want("threads", self._load_threads)

    async def _open_thread_at(self, pages: MessagePages, message: Message) -> None:
        """Unfold the thread that a message is in, and show it there."""
        await self._look_for_threads(pages)
        self._show_if(pages)  # an answer learns here that it has a thread
        for card in self._view.cards:
            if isinstance(card, AnswerCard) and card.note.run_id == message.thread and not card.thread_is_open:
                card.toggle_thread()
                await self._load_threads()
                self._view.show_message(message.id)
                return

    async def _load_threads(self) -> None:
        pages = self._pages
        if pages is not None:
            await self._look_for_threads(pages)
            self._show_if(pages)

    def _on_hit(self, card: MessageCard, hit: Hit) -> None:
        if hit.kind == "thread" and isinstance(card, AnswerCard):
            self.toggle_thread(card)

    def _on_place_wanted(self, index: int) -> None:
        self._place_wanted = index
        self._want("place", self._load_place)

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
    colors = {name.removeprefix("syntax."): color for name, color in theme.colors.items() if name.startswith("syntax.")}
    return {**colors, "inserted": theme.colors["done"], "deleted": theme.colors["failed"]}
