"""The Chat window: conversations at the left, the open one in the middle, the composer under it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QStackedLayout, QVBoxLayout, QWidget

from chainbot_desktop.chat.code_actions import CodeActions
from chainbot_desktop.chat.service import ChatService, Posted
from chainbot_desktop.core.errors import ChainBotError, NotFound
from chainbot_desktop.core.ports import TalkAttachment, TalkDelivery, TalkRecall
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversation_rows import Conversation
from chainbot_desktop.ui.chat.agent_side import AgentSide
from chainbot_desktop.ui.chat.attached_files import AttachedFiles
from chainbot_desktop.ui.chat.attachment_drop import DropTarget
from chainbot_desktop.ui.chat.attachment_intake import AttachmentIntake
from chainbot_desktop.ui.chat.card_rows import Hit
from chainbot_desktop.ui.chat.chat_parts import ChatParts
from chainbot_desktop.ui.chat.code_sheets import CodeSheets
from chainbot_desktop.ui.chat.composer import Composer
from chainbot_desktop.ui.chat.conversation_actions import ConversationActions
from chainbot_desktop.ui.chat.conversation_head import ConversationHead
from chainbot_desktop.ui.chat.conversation_list import ConversationListFeed
from chainbot_desktop.ui.chat.conversation_panel import ConversationPanel
from chainbot_desktop.ui.chat.conversation_rows import Row
from chainbot_desktop.ui.chat.import_sheet import ImportSheet
from chainbot_desktop.ui.chat.message_actions import MessageActions, MessageOffers
from chainbot_desktop.ui.chat.message_card import MessageCard
from chainbot_desktop.ui.chat.message_feed import MessageFeed
from chainbot_desktop.ui.chat.message_list import MessageListView
from chainbot_desktop.ui.chat.message_marks import attachments_of
from chainbot_desktop.ui.chat.message_turns import MessageTurns
from chainbot_desktop.ui.chat.notes_sheet import NotesSheet
from chainbot_desktop.ui.chat.places import ChatPlaces, Middle
from chainbot_desktop.ui.chat.queued_side import QueuedSide
from chainbot_desktop.ui.chat.recall_card import RecallParts, RecallSheet, recalled_of
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.view import Command, WindowView
from chainbot_desktop.ui.view import Message as BarMessage
from chainbot_desktop.ui.widgets.button import Button, IconButton
from chainbot_desktop.ui.widgets.empty_state import EmptyState
from chainbot_desktop.ui.widgets.header import Header


class ChatView(WindowView):
    """Needs a running loop. `tasks` runs what it begins, `parts` is what it has besides the conversations."""

    def __init__(
        self,
        chat: ChatService,
        themes: ThemeSource,
        tasks: Tasks,
        parent: QWidget | None = None,
        *,
        parts: ChatParts | None = None,
    ) -> None:
        super().__init__(parent)
        if chat.attachments is None:
            raise ValueError("a chat window needs a service with attachments")
        self._attachments = chat.attachments
        self._parts = parts = parts or ChatParts()
        self._chat = chat
        self._themes = themes
        self._tasks = tasks
        self._conversation: Conversation | None = None
        self._opening = 0
        self._looked = False
        """Whether it is known which conversation was open last."""
        self._awaited = 0
        """Agents whose conversation is being looked for: the last one must not be opened in its place."""
        self._sending = asyncio.Lock()
        """Held while a message is sent: the next one comes after it, into the same conversation."""
        self.setProperty("overlayHost", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("ground", "window")
        self._build()
        self._actions = ConversationActions(
            self,
            chat,
            themes,
            start=self._start,
            tell=self.message.emit,
            open_file=lambda path: self._open("code-agent", {"path": path}),
            fork=lambda key: self._turns.fork(key),  # noqa: PLW0108 - made below
            recall=self._open_recall if self._recall_parts() is not None else None,
        )
        self.composer.incoming.choose_file = self._choose_file if parts.choose_file is not None else None
        self.composer.incoming.open_window = self._open
        self.drop_target = DropTarget(self, self.composer.incoming.drop, themes)
        self._agent_side = AgentSide(chat, self.composer, lambda: self._conversation, self._start)
        self.destroyed.connect(self._agent_side.end)
        self._queued = (
            QueuedSide(chat.answers, self.composer, lambda: self.conversation_id, self._start, chat.me)
            if chat.answers is not None
            else None
        )
        if chat.answers is not None and self._queued is not None:
            self.destroyed.connect(chat.answers.on_change(self._queued.refresh))
        self._turns = MessageTurns(
            self,
            chat,
            self.composer,
            start=self._start,
            tell=self.message.emit,
            notes=parts.notes,
            summaries=parts.summaries,
        )
        self._attached = AttachedFiles(
            self,
            self._attachments,
            themes,
            chat.export_folder,
            start=self._start,
            tell=self.message.emit,
            open_window=self._open,
        )
        self._message_actions = MessageActions(
            self,
            themes,
            tell=self.message.emit,
            open_window=self._open,
            quote=self.composer.insert,
            stop=self._agent_side.stop,
            messages=self.messages,
            offers=MessageOffers(
                code=self._code_sheets(parts.code) if parts.code is not None else None,
                branch=self._turns.branch,
                edit=self._turns.edit,
                merge_back=self._turns.merge_back,
                is_branch=lambda: self._turns.is_branch,
                remember=self._turns.remember if self._turns.can_remember else None,
            ),
        )
        self._head = ConversationHead(
            self.header,
            chat,
            themes,
            lambda: self._conversation,
            self._start,
            on_map=lambda agent_id: self._open("agent-map", {"agent_id": agent_id}),
        )
        self.destroyed.connect(self._head.end)
        self.header.add_action(self._more)
        self._list_feed = ConversationListFeed(chat, self.panel, self._start)
        self._feed = MessageFeed(chat, self.messages, themes, self._start)
        self._feed.show_images(self._attachments.blobs)
        self._feed.show_threads(chat, self._at_work)
        self.panel.offers_import = parts.importer is not None
        self.panel.import_requested.connect(self._open_import)
        if parts.importer is not None:
            self.destroyed.connect(parts.importer.on_change(self._list_feed.refresh))
        self._connect()
        QTimer.singleShot(0, self._list_feed.refresh)

    def _code_sheets(self, code: CodeActions) -> CodeSheets:
        return CodeSheets(self, self._themes, code, me=self._chat.me, start=self._start, undoable=self._actions.tell_undoable)

    def _build(self) -> None:
        self.main = QFrame(self)
        self.header = Header("Chat", self._themes)
        self._toggle = IconButton("list", "Conversations (Ctrl+B)", self._themes)
        self._more = IconButton("more-vertical", "What can be done with this conversation", self._themes)
        self.header.add_leading(self._toggle)
        self.messages = MessageListView(self._themes)
        self.empty = EmptyState("chat", "", "", self._themes)
        middle = Middle()
        self._middle = QStackedLayout(middle)
        self._middle.addWidget(self.messages)
        self._middle.addWidget(self.empty)
        self.pill = Button("", self._themes, kind="primary", icon="arrow-down", parent=middle)
        self.pill.hide()
        intake = AttachmentIntake(self._attachments, self._tasks, self)
        self.composer = Composer(self._chat.commands.complete, intake, self._themes, self, self.main)
        layout = QVBoxLayout(self.main)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(middle, 1)
        layout.addWidget(self.composer)
        self.panel = ConversationPanel(self._themes, self)
        self.places = ChatPlaces(self, self.main, self.panel, self.messages, self.pill, self._themes)

    def _connect(self) -> None:
        self._toggle.clicked.connect(self.toggle_panel)
        self._more.clicked.connect(self._on_more)
        self.panel.chosen.connect(self._on_chosen)
        self.panel.new_requested.connect(self.new_conversation)
        self.panel.searched.connect(self._list_feed.search)
        self.panel.menu_requested.connect(self._on_row_menu)
        self.composer.send_requested.connect(self._on_send)
        self.composer.draft_changed.connect(self._on_draft)
        self.composer.intake.place_wanted.connect(self._on_place_wanted)
        self.messages.hit_clicked.connect(self._message_actions.on_hit)
        self.messages.hit_clicked.connect(self._turns.on_hit)
        self.messages.hit_clicked.connect(self._on_hit)
        self.messages.menu_requested.connect(self._on_message_menu)
        self.messages.bottom_changed.connect(lambda: self.places.place_pill(self._feed.unseen))
        self.pill.clicked.connect(self._feed.go_to_newest)
        self._feed.changed.connect(self._on_messages_changed)
        self._list_feed.unread_changed.connect(self.badge_changed)
        self._list_feed.listed.connect(self._on_listed)
        self._themes.changed.connect(self._on_theme_changed)
        self.destroyed.connect(self._chat.commands.on_change(self.composer.offer_again))
        self._stop_listening = self._chat.on_change(self._list_feed.on_change)
        self._stop_following = self._chat.on_change(self._feed.on_change)
        self.destroyed.connect(self._stop_listening)
        self.destroyed.connect(self._stop_following)
        for keys, run in (
            ("Ctrl+.", self._agent_side.stop_all_here),
            ("Ctrl+N", self.new_conversation),
            ("Ctrl+F", self._focus_search),
            ("Ctrl+B", self.toggle_panel),
            ("Ctrl+Home", self._feed.go_to_oldest),
            ("Ctrl+End", self._feed.go_to_newest),
            ("Ctrl+Shift+C", self._copy),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(run)

    # What the shell asks

    def shown_first_time(self) -> None:
        self._start("chat-first", self._open_last())

    def present(self, content: Mapping[str, object]) -> None:
        """`conversation_id` (and `message_id` in it) opens one, `agent_id` the one with that agent.

        `draft` is added to what is being written, `attach` to what it carries (see `Composer.attach`).
        """
        conversation_id, message_id, draft = (content.get(name) for name in ("conversation_id", "message_id", "draft"))
        if isinstance(conversation_id, str) and conversation_id:
            self._start("chat-open", self._show(conversation_id, message_id if isinstance(message_id, str) else ""))
        elif isinstance(agent_id := content.get("agent_id"), str) and agent_id:
            self._awaited += 1
            self._start("chat-agent", self._show_agent(agent_id))
        if isinstance(draft, str) and draft:
            self.composer.insert(draft)
        if isinstance(attach := content.get("attach"), Mapping):
            self.composer.attach(attach)

    def commands(self) -> Sequence[Command]:
        return (
            Command("chat.new", "New conversation", self.new_conversation, "Ctrl+N", "plus"),
            Command("chat.search", "Search all conversations", self._focus_search, "Ctrl+F", "search"),
            Command("chat.list", "Show or hide the conversations", self.toggle_panel, "Ctrl+B", "list"),
            Command("chat.rename", "Rename this conversation", lambda: self._with_current(self._actions.rename), "", "edit"),
            Command("chat.oldest", "Go to the first message", self._feed.go_to_oldest, "Ctrl+Home", "arrow-up"),
            Command("chat.newest", "Go to the newest message", self._feed.go_to_newest, "Ctrl+End", "arrow-down"),
            Command("chat.copy", "Copy the selection or the message", self._copy, "Ctrl+Shift+C", "copy"),
            Command("chat.stop", "Stop the answers in this conversation", self._agent_side.stop_all_here, "Ctrl+.", "stop"),
            Command("chat.export", "Export this conversation", lambda: self._with_current(self._export), "", "download"),
            Command("chat.fork", "Go on in a copy of this conversation", lambda: self._with_current(self._fork), "", "branch"),
            Command("chat.agents", "Agents in this conversation", self._head.open_members, "", "users"),
            *self._more_commands(),
        )

    def _more_commands(self) -> Sequence[Command]:
        recall = (
            Command(
                "chat.recall", "Recall in this conversation", lambda: self._open_recall(self.conversation_id), "", "history"
            ),
            Command("chat.notes", "Notes", self._open_notes, "", "pin"),
        )
        imports = (Command("chat.import", "Import from ChatGPT", self._open_import, "", "upload"),)
        return (*(recall if self._recall_parts() is not None else ()), *(imports if self._parts.importer is not None else ()))

    # Opening

    @property
    def conversation(self) -> Conversation | None:
        return self._conversation

    def open_conversation(self, conversation_id: str, message_id: str = "") -> None:
        self._start("chat-open", self._show(conversation_id, message_id))

    @property
    def conversation_id(self) -> str:
        return self._conversation.id if self._conversation is not None else ""

    def new_conversation(self) -> None:
        self.places.close_drawer()
        self.composer.flush_draft()
        self._start("chat-new", self._begin())

    async def _begin(self) -> None:
        current = self._conversation
        if current is None or current.title or current.last_number or self.composer.text.strip() or self.composer.intake.items:
            await self._show((await self._chat.begin()).id)
        self.composer.edit.setFocus()

    async def _show_agent(self, agent_id: str) -> None:
        try:
            conversation = await self._chat.with_agent(agent_id)
        except ChainBotError:
            self._awaited -= 1
            await self._open_last()
            raise
        self._awaited -= 1
        await self._show(conversation.id)
        self.composer.edit.setFocus()

    def _awaits_one(self) -> bool:
        return self._awaited > 0

    async def _open_last(self) -> None:
        self._looked = True
        if self._conversation is not None or self._awaits_one():
            return
        wanted = await self._chat.last_open()
        conversations = await self._chat.conversations()
        chosen = next((c for c in conversations if c.id == wanted), conversations[0] if conversations else None)
        if self._awaits_one():
            return
        if chosen is not None and self._conversation is None:
            await self._show(chosen.id)
        else:
            self._show_empty()

    async def _show(self, conversation_id: str, message_id: str = "") -> None:
        self._opening += 1
        ticket = self._opening
        self.composer.flush_draft()
        conversation = await self._chat.conversation(conversation_id)
        history = await self._chat.typed(conversation_id)
        await self._feed.open(conversation_id, message_id)
        if ticket != self._opening:
            return
        another = conversation_id != self.conversation_id
        self._conversation = conversation
        if another:
            # What was typed while the very first conversation was still loading belongs to it.
            carried = self.composer.text.strip() if ticket == 1 else ""
            self.composer.open(conversation_id, conversation.draft)
            if carried and carried != conversation.draft.strip():
                self.composer.insert(carried)
        self.composer.history = history
        self.panel.set_current(conversation_id)
        self._on_messages_changed()
        await self._chat.remember_open(conversation_id)

    def _show_empty(self) -> None:
        self._conversation = None
        self._feed.close()
        self.composer.intake.open("")
        self.panel.set_current("")
        self._on_messages_changed()

    def _on_messages_changed(self) -> None:
        conversation = self._conversation
        self._head.refresh()
        self._more.setEnabled(conversation is not None)
        empty = not self.messages.cards
        if conversation is None:
            self.empty.set_text(
                "No conversation is open", "Write a message below: it begins one. Type / for what can be asked now."
            )
        else:
            self.empty.set_text("Nothing here yet", "Write the first message below, or type / for the commands.")
        self._middle.setCurrentIndex(1 if empty else 0)
        alone = self._feed.ends_with_first_message and not self._feed.has_answer
        self.composer.show_hint(self._agent_side.hint() if alone else "")
        self._agent_side.refresh()
        if self._queued is not None:
            self._queued.refresh()
        self.places.place_pill(self._feed.unseen)

    def _on_listed(self, conversations: Mapping[str, Conversation]) -> None:
        """The list was read anew: the open conversation may have another name, or be gone."""
        if self._conversation is None:
            return
        fresh = conversations.get(self._conversation.id)
        if fresh is not None:
            self._conversation = fresh
            self._head.refresh()
        else:
            self._start("chat-check", self._check_open())

    async def _check_open(self) -> None:
        if self._conversation is None:
            return
        try:
            self._conversation = await self._chat.conversation(self._conversation.id)
        except NotFound:
            self.composer.open("", "")
            self._show_empty()
            await self._open_last()

    # Writing

    def _on_send(self, text: str, delivery: TalkDelivery, attachments: Sequence[TalkAttachment]) -> None:
        if text:
            self.composer.history = [text, *self.composer.history]
        self._start("chat-send", self._send_in_turn(text, delivery, attachments, self.conversation_id))

    async def _send_in_turn(
        self, text: str, delivery: TalkDelivery, attachments: Sequence[TalkAttachment], conversation_id: str
    ) -> None:
        async with self._sending:
            try:
                place = conversation_id or await self._first()
                posted = await self._chat.post(place, text, delivery=delivery, attachments=attachments)
            except ChainBotError as error:
                await self._refused(text, attachments, error, conversation_id)
                return
            await self._sent(posted)

    async def _first(self) -> str:
        """The conversation that a message begins where none is open."""
        if self._conversation is None:
            self._conversation = await self._chat.begin()
            self.composer.intake.open(self._conversation.id)
            await self._feed.open(self._conversation.id, "")
        return self._conversation.id

    async def _refused(
        self, text: str, attachments: Sequence[TalkAttachment], error: ChainBotError, conversation_id: str
    ) -> None:
        if not conversation_id or conversation_id == self.conversation_id:
            self.composer.refused(text, str(error), attachments)
            return
        await self._chat.save_draft(conversation_id, text)  # another conversation is open by now
        raise error

    async def _sent(self, posted: Posted) -> None:
        here = posted.conversation_id == self.conversation_id
        await self._chat.save_draft(posted.conversation_id, self.composer.draft if here else "")
        await self.composer.intake.settle(posted.conversation_id)
        if posted.answer.undoable is not None:
            self._actions.tell_undoable(posted.answer.undoable)
        if posted.answer.open is not None:
            self._open(posted.answer.open.window, posted.answer.open.content)
        if posted.message is not None and here:
            self._feed.go_to_newest()
        self.panel.set_current(self.conversation_id)

    def _on_draft(self, text: str) -> None:
        if self._conversation is not None:
            self._start("chat-draft", self._chat.save_draft(self._conversation.id, text))
        elif text.strip() and not text.startswith("/"):
            self._start("chat-draft", self._begin_with_draft(text))

    def _on_place_wanted(self) -> None:
        """Something is attached where no conversation is open: not yet, or none is there."""
        if self._looked and self._conversation is None:
            self._start("chat-draft", self._begin_with_draft(self.composer.text))

    async def _begin_with_draft(self, text: str) -> None:
        """What is written, or attached, before there is a conversation is kept in a new one."""
        async with self._sending:
            if self._conversation is not None:
                await self._chat.save_draft(self._conversation.id, text)
                return
            made = await self._chat.begin()
            await self._chat.save_draft(made.id, text)
            if self._conversation is None:
                self._conversation = await self._chat.conversation(made.id)
                self.composer.intake.open(made.id)
                await self._feed.open(made.id, "")
                await self._chat.remember_open(made.id)
                self.panel.set_current(made.id)
                self._on_messages_changed()

    # Pointing

    def _on_chosen(self, row: Row) -> None:
        if row.switch:
            self._list_feed.show_archived(row.switch == "archived")
            return
        self.places.close_drawer()
        self._start("chat-open", self._show(row.key, row.message_id))
        if not row.message_id:
            self.composer.edit.setFocus()

    def _on_more(self) -> None:
        corner = self._more.mapToGlobal(QPoint(0, self._more.height()))
        self._with_current(lambda conversation: self._actions.show_menu(conversation, corner))

    def _on_row_menu(self, row: Row, position: QPoint) -> None:
        async def work() -> None:
            self._actions.show_menu(await self._chat.conversation(row.key), position)

        self._start("chat-menu", work())

    def _on_message_menu(self, card: Any, position: QPoint) -> None:
        self._message_actions.show_menu(card, position, self.messages.selected_text())

    def _at_work(self, run_id: str) -> list[str]:
        """Who works now on what an answer asked for."""
        answers = self._chat.answers
        if answers is None:
            return []
        return [each.name for each in answers.activity(self.conversation_id) if each.thread == run_id]

    def _on_hit(self, card: MessageCard, hit: Hit) -> None:
        if hit.kind == "recalled":
            self._open_recall(self.conversation_id, recalled_of(card.message.detail))
        elif hit.kind == "attachment":
            found = (each for each in attachments_of(card.message.detail) if each.sha256 == hit.value)
            self._attached.show_menu(next(found))

    def _open_recall(self, conversation_id: str, recalled: Sequence[TalkRecall] = ()) -> None:
        parts = self._recall_parts()
        if parts is not None:
            RecallSheet(self, self._themes, parts, conversation_id, recalled).open()

    def _open_notes(self) -> None:
        parts = self._recall_parts()
        if parts is not None:
            NotesSheet(self, self._themes, parts.notes, parts).open()

    def _recall_parts(self) -> RecallParts | None:
        recall, notes = self._parts.recall, self._parts.notes
        if recall is None or notes is None:
            return None
        return RecallParts(recall, notes, self._tasks, self._open, self.message.emit, self._chat.me, self._parts.recalled_files)

    def _open_import(self) -> None:
        importer, choose = self._parts.importer, self._parts.choose_file
        if importer is not None and choose is not None:
            ImportSheet(
                self,
                importer,
                self._themes,
                start=self._start,
                choose_file=choose,
                open_conversation=self.open_conversation,
            ).open()

    def _choose_file(self, origin: QWidget, done: Callable[[Path], object]) -> None:
        choose = self._parts.choose_file
        assert choose is not None

        async def work() -> None:
            path = await choose(origin)
            if path is not None:
                done(path)

        self._start("chat-choose", work())

    def _with_current(self, run: Any) -> None:
        if self._conversation is not None:
            run(self._conversation)

    def _fork(self, conversation: Conversation) -> None:
        self._turns.fork(conversation.id)

    def _export(self, conversation: Conversation) -> None:
        self._actions.export(conversation.id, "markdown")

    def _copy(self) -> None:
        selected = self.messages.selected_text()
        card = self.messages.current_card
        if selected:
            self._message_actions.copy(selected, "The selection was copied.")
        elif card is not None:
            self._message_actions.copy(card.shown_text(), "The message was copied.")

    def _open(self, window: str, content: Mapping[str, object]) -> None:
        if window == "chat":
            self.present(content)
        else:
            self.open_requested.emit(window, dict(content))

    def _focus_search(self) -> None:
        if not self.panel.isVisible():
            self.toggle_panel()
        self.panel.search.setFocus()
        self.panel.search.selectAll()

    # Places

    @property
    def is_narrow(self) -> bool:
        return self.places.is_narrow

    def toggle_panel(self) -> None:
        self.places.toggle()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.places.arrange()

    def hideEvent(self, event: QHideEvent) -> None:
        self.composer.flush_draft()

    def _on_theme_changed(self, theme: Theme) -> None:
        self.places.arrange()
        self._feed.render_again()

    # Work

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> object:
        return self._tasks.spawn(name, self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ChainBotError as error:
            self.message.emit(BarMessage(error.message, "error", error.hint))
