"""What can be done with a conversation: rename, pin, archive, export, clear, delete; each with its way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QLineEdit, QWidget

from chainbot_desktop.chat.commands import Undoable
from chainbot_desktop.chat.service import MAX_TITLE, ChatService
from chainbot_desktop.store.conversation_rows import Conversation
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message as BarMessage
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.ui.widgets.sheet import Sheet

Start = Callable[[str, Coroutine[Any, Any, None]], object]


class ConversationActions:
    """`start` runs a coroutine under a name and reports its errors to the person; `tell` is the shell's message bar.

    `fork` begins a copy of a conversation, `recall` shows how one recalls.
    """

    def __init__(
        self,
        view: QWidget,
        chat: ChatService,
        themes: ThemeSource,
        *,
        start: Start,
        tell: Callable[[BarMessage], None],
        open_file: Callable[[str], None],
        fork: Callable[[str], None],
        recall: Callable[[str], None] | None = None,
    ) -> None:
        self._view = view
        self._chat = chat
        self._themes = themes
        self._start = start
        self._tell = tell
        self._open_file = open_file
        self._fork = fork
        self._recall = recall

    def show_menu(self, conversation: Conversation, position: QPoint) -> None:
        key = conversation.id
        menu = MenuSheet(self._view, self._themes)
        menu.add("Rename", lambda: self.rename(conversation), icon="edit")
        menu.add("Unpin" if conversation.pinned else "Pin", lambda: self.pin(conversation), icon="pin")
        menu.add(
            "Take out of the archive" if conversation.archived else "Archive",
            lambda: self.archive(conversation),
            icon="archive",
        )
        menu.add("Go on in a copy", lambda: self._fork(key), icon="branch", enabled=bool(conversation.last_number))
        if self._recall is not None:
            menu.add("Recall", partial(self._recall, key), icon="history")
        for label, form in (("Export as Markdown", "markdown"), ("Export as JSON", "json"), ("Export as HTML", "html")):
            menu.add(label, partial(self.export, key, form), icon="download", enabled=bool(conversation.last_number))
        menu.add("Clear", lambda: self.clear(key), icon="minus", enabled=bool(conversation.last_number))
        menu.add("Delete", lambda: self.delete(key), icon="trash", destructive=True)
        menu.open_at(position)

    def rename(self, conversation: Conversation) -> None:
        sheet = Sheet(self._view, "Rename the conversation", self._themes)
        field = QLineEdit(conversation.title)
        field.setAccessibleName("Name")
        field.setMaxLength(MAX_TITLE)
        field.selectAll()
        sheet.body.addWidget(field)

        def save() -> None:
            if field.text().strip():
                self._start("chat-rename", self._chat.rename(conversation.id, field.text()))
                sheet.dismiss()

        field.returnPressed.connect(save)
        sheet.add_action("Cancel", kind="quiet")
        button = sheet.add_action("Rename", save, kind="primary", closes=False)
        field.textChanged.connect(lambda text: button.setEnabled(bool(text.strip())))
        button.setEnabled(bool(field.text().strip()))
        sheet.open()
        field.setFocus()

    def pin(self, conversation: Conversation) -> None:
        self._start("chat-pin", self._chat.pin(conversation.id, not conversation.pinned))

    def archive(self, conversation: Conversation) -> None:
        def undo() -> None:
            self._start("chat-archive", self._chat.archive(conversation.id, conversation.archived))

        async def work() -> None:
            await self._chat.archive(conversation.id, not conversation.archived)
            said = "The conversation is out of the archive." if conversation.archived else "The conversation is in the archive."
            self._tell(BarMessage(said, action_label="Undo", action=undo))

        self._start("chat-archive", work())

    def export(self, conversation_id: str, form: str) -> None:
        async def work() -> None:
            path = await self._chat.export(conversation_id, form)
            self._tell(
                BarMessage(f"Saved as {path}", "success", action_label="Open", action=lambda: self._open_file(str(path)))
            )

        self._start("chat-export", work())

    def clear(self, conversation_id: str) -> None:
        self._start("chat-clear", self._offer_undo(self._chat.clear(conversation_id)))

    def delete(self, conversation_id: str) -> None:
        self._start("chat-delete", self._offer_undo(self._chat.delete(conversation_id)))

    def tell_undoable(self, undoable: Undoable) -> None:
        async def take_back() -> None:
            await undoable.undo()

        def undo() -> None:
            self._start("chat-undo", take_back())

        self._tell(BarMessage(undoable.text, action_label="Undo", action=undo))

    async def _offer_undo(self, work: Awaitable[Undoable]) -> None:
        self.tell_undoable(await work)
