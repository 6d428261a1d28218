"""Where a conversation goes on from one of its messages: in a branch, written anew, back in the stem, as a note."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from chainbot_desktop.chat.attachments import attachments_of
from chainbot_desktop.chat.recall.notes import NotesService
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.chat.summaries import Summaries
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.ports import TalkAttachment
from chainbot_desktop.store.conversation_rows import Conversation, Message
from chainbot_desktop.ui.chat.card_rows import Hit
from chainbot_desktop.ui.chat.composer import Composer
from chainbot_desktop.ui.chat.message_card import MessageCard
from chainbot_desktop.ui.view import Message as BarMessage


class TurnsView(Protocol):
    """What is needed of the window."""

    def open_conversation(self, conversation_id: str, message_id: str = "") -> None: ...

    @property
    def conversation(self) -> Conversation | None: ...


class MessageTurns:
    """`start` runs a coroutine under a name and reports its errors; `tell` is the shell's message bar."""

    def __init__(
        self,
        view: TurnsView,
        chat: ChatService,
        composer: Composer,
        *,
        start: Callable[[str, Coroutine[Any, Any, None]], object],
        tell: Callable[[BarMessage], None],
        notes: NotesService | None = None,
        summaries: Summaries | None = None,
    ) -> None:
        self._view = view
        self._chat = chat
        self._composer = composer
        self._start = start
        self._tell = tell
        self._notes = notes
        self._summaries = summaries
        composer.resend_requested.connect(self._on_resend)

    @property
    def is_branch(self) -> bool:
        conversation = self._view.conversation
        return conversation is not None and bool(conversation.branched_from)

    def branch(self, message: Message) -> None:
        self._start("chat-branch", self._branch(message))

    def fork(self, conversation_id: str) -> None:
        async def work() -> None:
            self._view.open_conversation((await self._chat.fork(conversation_id)).id)
            self._tell(BarMessage("This is a copy that goes its own way. What is written here stays here."))

        self._start("chat-fork", work())

    async def _branch(self, message: Message) -> None:
        branch = await self._chat.branch(self._here(message), message.id)
        self._view.open_conversation(branch.id)
        self._tell(BarMessage("A branch begins here. What is written in it stays in it."))

    def edit(self, message: Message) -> None:
        self._composer.begin_edit(message.id, message.text, attachments_of(message.detail))

    def merge_back(self, message: Message) -> None:
        async def work() -> None:
            merged = await self._chat.merge_back(message.id)

            def show() -> None:
                self._view.open_conversation(merged.conversation_id, merged.id)

            self._tell(
                BarMessage("The answer stands in the conversation that this branch began in.", "info", "", "Go there", show)
            )

        self._start("chat-merge", work())

    def remember(self, message: Message) -> None:
        self._start("chat-remember", self._remember(message))

    @property
    def can_remember(self) -> bool:
        return self._notes is not None

    async def _remember(self, message: Message) -> None:
        assert self._notes is not None
        kept = await self._notes.remember(message.text, actor=self._chat.me, conversation_id=self._here(message))
        known = "Note {} has these words already." if not kept.new else "Kept as note {}: it is recalled in every conversation."
        self._tell(BarMessage(known.format(kept.note.number)))

    def on_hit(self, card: MessageCard, hit: Hit) -> None:
        """The marks on a card that lead to where it comes from, and a summary's way back."""
        if hit.kind in ("merged", "branch") and hit.value:
            self._view.open_conversation(hit.value)
        elif hit.kind == "restore" and self._summaries is not None:
            self._start("chat-summary", self._toggle_summary(self._summaries, card.message))

    async def _toggle_summary(self, summaries: Summaries, message: Message) -> None:
        active = not message.detail.get("active", True)
        await summaries.undo(message.id, active=active)
        words = (
            "The summary stands for the older messages again."
            if active
            else "The agents get the older messages themselves again."
        )
        self._tell(BarMessage(words))

    def _on_resend(self, message_id: str, text: str, attachments: Sequence[TalkAttachment]) -> None:
        here = self._view.conversation
        self._start("chat-resend", self._resend(message_id, text, attachments, here.id if here is not None else ""))

    async def _resend(self, message_id: str, text: str, attachments: Sequence[TalkAttachment], here: str) -> None:
        try:
            posted = await self._chat.edit_and_resend(message_id, text, conversation_id=here, attachments=attachments)
        except ChainBotError as error:
            self._composer.refused_edit(message_id, text, attachments, str(error))
            return
        self._view.open_conversation(posted.conversation_id)

    def _here(self, message: Message) -> str:
        """A branch shows messages of its stem: what is begun at one of them is begun in what is open."""
        here = self._view.conversation
        return here.id if here is not None else message.conversation_id
