"""What can be done with one message: copying, quoting, its code and its links. Nothing leaves the panel without being asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QPoint, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from chainbot_desktop.chat.links import may_be_opened, parse_panel_link
from chainbot_desktop.chat.markdown import Code, visible
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.ui.chat.answer_card import AnswerCard
from chainbot_desktop.ui.chat.code_sheets import CodeSheets
from chainbot_desktop.ui.chat.message_card import STREAMING_FROM, Hit, MessageCard
from chainbot_desktop.ui.chat.message_list import MessageListView
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message as BarMessage
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.ui.widgets.sheet import Sheet

OnMessage = Callable[[Message], object]

_MOST_LISTED = 4
_ENDINGS = {
    "python": ".py", "py": ".py", "bash": ".sh", "sh": ".sh", "shell": ".sh", "javascript": ".js", "js": ".js", "typescript": ".ts",
    "ts": ".ts", "json": ".json", "yaml": ".yaml", "yml": ".yaml", "toml": ".toml", "ini": ".ini", "html": ".html", "css": ".css",
    "sql": ".sql", "c": ".c", "cpp": ".cpp", "c++": ".cpp", "rust": ".rs", "go": ".go", "java": ".java", "markdown": ".md",
    "md": ".md", "xml": ".xml", "diff": ".diff", "dockerfile": ".dockerfile", "makefile": ".mk", "lua": ".lua", "ruby": ".rb",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MessageOffers:
    """What can be done with messages here; what is None is not offered.

    `code` applies and runs code blocks, `branch` begins a branch at a message, `edit` is for what the person wrote, `merge_back`
    brings an answer of a branch to where that began (`is_branch` says whether the open conversation is one), `remember` keeps a
    message as a note.
    """

    code: CodeSheets | None = None
    branch: OnMessage | None = None
    edit: OnMessage | None = None
    merge_back: OnMessage | None = None
    is_branch: Callable[[], bool] = lambda: False
    remember: OnMessage | None = None


class MessageActions:
    """`tell` shows a message in the shell's bar, `open_window` brings up a window with a content, `quote` fills the composer.

    `stop` ends the answer of a run; `messages` is the list, where steps are folded and text is selected. `offers` is what else can
    be done here.
    """

    def __init__(
        self,
        view: QWidget,
        themes: ThemeSource,
        *,
        tell: Callable[[BarMessage], None],
        open_window: Callable[[str, Mapping[str, object]], None],
        quote: Callable[[str], None],
        stop: Callable[[str], None],
        messages: MessageListView,
        offers: MessageOffers | None = None,
    ) -> None:
        self._view = view
        self._themes = themes
        self._tell = tell
        self._open_window = open_window
        self._quote = quote
        self._stop = stop
        self._messages = messages
        self._offers = offers or MessageOffers()
        self.open_outside: Callable[[str], bool] = lambda address: QDesktopServices.openUrl(QUrl(address))

    def on_hit(self, card: MessageCard, hit: Hit) -> None:
        code = card.code(hit.block)
        if hit.kind == "link":
            self.follow(hit.value)
        elif hit.kind == "stop":
            self._stop(hit.value)
        elif hit.kind == "copy" and code is not None:
            self.copy(code.text, "The code was copied.")
        elif hit.kind == "open" and code is not None:
            self.open_code(code)
        elif hit.kind == "apply" and code is not None and self._offers.code is not None:
            self._offers.code.apply(code, card.message.text)
        elif hit.kind == "run" and code is not None and self._offers.code is not None:
            self._offers.code.run(code, card.message.conversation_id)

    def show_menu(self, card: MessageCard, position: QPoint, selected: str) -> None:
        menu = MenuSheet(self._view, self._themes)
        if selected:
            markdown = self._messages.selected_markdown()
            menu.add("Copy selection", lambda: self.copy(selected, "The selection was copied."), icon="copy")
            menu.add("Copy selection as Markdown", lambda: self.copy(markdown, "The selection was copied."), icon="copy")
        else:
            menu.add("Select", lambda: self._messages.begin_selecting(card), icon="select")
        menu.add("Copy", lambda: self.copy(card.shown_text(), "The message was copied."), icon="copy")
        menu.add("Copy as Markdown", lambda: self.copy(card.message.text, "The message was copied as Markdown."), icon="copy")
        menu.add("Quote", lambda: self._quote(quoted(selected or card.message.text)), icon="chat")
        if isinstance(card, AnswerCard):
            self._add_answer(menu, card)
        self._add_turns(menu, card)
        for code in card.codes[:_MOST_LISTED]:
            self._add_code(menu, card, code)
        for address in card.rendered.links[:_MOST_LISTED]:
            menu.add(_link_label(address), partial(self.follow, address), icon="link")
        menu.open_at(position)

    def _add_code(self, menu: MenuSheet, card: MessageCard, code: Code) -> None:
        name = code.language or "text"
        menu.add(f"Copy code: {name}", partial(self.copy, code.text, "The code was copied."), icon="copy")
        menu.add(f"Open in Code Agent: {name}", partial(self.open_code, code), icon="code")
        if self._offers.code is None:
            return
        if self._offers.code.may_apply(code, card.message.text):
            menu.add(f"Apply to the workspace: {name}", partial(self._offers.code.apply, code, card.message.text), icon="diff")
        if self._offers.code.may_run(code):
            menu.add(f"Run: {name}", partial(self._offers.code.run, code, card.message.conversation_id), icon="play")

    def _add_turns(self, menu: MenuSheet, card: MessageCard) -> None:
        """What goes on from a message that is kept: not from one that is still written, nor from what the panel says by itself."""
        message, offers = card.message, self._offers
        if message.number >= STREAMING_FROM or message.kind != "text":
            return
        answer = message.author.startswith("agent:")
        turns = (
            ("Edit and resend", offers.edit if card.is_mine else None, "edit"),
            ("Branch from here", offers.branch, "branch"),
            ("Merge back", offers.merge_back if answer and offers.is_branch() else None, "arrow-left"),
            ("Remember", offers.remember, "pin"),
        )
        for label, callback, icon in turns:
            if callback is not None:
                menu.add(label, partial(callback, message), icon=icon)

    def _add_answer(self, menu: MenuSheet, card: AnswerCard) -> None:
        if card.note.steps or card.note.thinking:
            label = "Hide how it was done" if card.is_open else "Show how it was done"
            menu.add(label, lambda: self._messages.toggle_fold(card), icon="list")
        if card.can_stop:
            menu.add("Stop this answer", lambda: self._stop(card.note.run_id), icon="stop")

    def copy(self, text: str, said: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._tell(BarMessage(said))

    def open_code(self, code: Code) -> None:
        ending = _ENDINGS.get(code.language, ".txt")
        self._open_window("code-agent", {"text": code.text, "name": f"from-chat{ending}"})

    def follow(self, address: str) -> None:
        inside = parse_panel_link(address)
        if inside is not None:
            self._open_window(*inside)
        elif may_be_opened(address):
            self._ask(address)

    def _ask(self, address: str) -> None:
        sheet = Sheet(self._view, "Open this address?", self._themes)
        label = sheet.add_text(visible(address))
        label.setFont(self._themes.current.font("mono"))
        label.setText("\u200b".join(visible(address)))  # so that a long address breaks anywhere
        host = QUrl(address).host() or address.removeprefix("mailto:")
        sheet.add_text(f"It leaves the panel and goes to {visible(host)}.", "dim")
        sheet.add_action("Copy address", lambda: self.copy(address, "The address was copied."), kind="quiet")
        sheet.add_action("Open", lambda: self._go(address), kind="primary")
        sheet.open()

    def _go(self, address: str) -> None:
        if not self.open_outside(address):
            self._tell(
                BarMessage(
                    "No program on this machine opens this address.", "warning", "Copy it, and open it on another machine."
                )
            )


def quoted(text: str) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in text.strip().split("\n")) + "\n"


def _link_label(address: str) -> str:
    inside = parse_panel_link(address)
    if inside is not None:
        return {"chat": "Go to the message", "watchtower": "Go to the event"}.get(inside[0], "Open in Code Agent")
    shown = visible(address.removeprefix("https://").removeprefix("http://"))
    return f"Open {shown[:29]}…" if len(shown) > 30 else f"Open {shown}"
