"""What can be done with one message: copying, quoting, its code and its links. Nothing leaves the panel without being asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QPoint, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from chainbot_desktop.chat.links import may_be_opened, parse_panel_link
from chainbot_desktop.chat.markdown import Code, visible
from chainbot_desktop.ui.chat.answer_card import AnswerCard
from chainbot_desktop.ui.chat.message_card import Hit, MessageCard
from chainbot_desktop.ui.chat.message_list import MessageListView
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message as BarMessage
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.ui.widgets.sheet import Sheet

_MOST_LISTED = 4
_ENDINGS = {
    "python": ".py", "py": ".py", "bash": ".sh", "sh": ".sh", "shell": ".sh", "javascript": ".js", "js": ".js", "typescript": ".ts",
    "ts": ".ts", "json": ".json", "yaml": ".yaml", "yml": ".yaml", "toml": ".toml", "ini": ".ini", "html": ".html", "css": ".css",
    "sql": ".sql", "c": ".c", "cpp": ".cpp", "c++": ".cpp", "rust": ".rs", "go": ".go", "java": ".java", "markdown": ".md",
    "md": ".md", "xml": ".xml", "diff": ".diff", "dockerfile": ".dockerfile", "makefile": ".mk", "lua": ".lua", "ruby": ".rb",
}  # fmt: skip


class MessageActions:
    """`tell` shows a message in the shell's bar, `open_window` brings up a window with a content, `quote` fills the composer.

    `stop` ends the answer of a run; `messages` is the list, where steps are folded and text is selected.
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
    ) -> None:
        self._view = view
        self._themes = themes
        self._tell = tell
        self._open_window = open_window
        self._quote = quote
        self._stop = stop
        self._messages = messages
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
        for code in card.codes[:_MOST_LISTED]:
            name = code.language or "text"
            menu.add(f"Copy code: {name}", partial(self.copy, code.text, "The code was copied."), icon="copy")
            menu.add(f"Open in Code Agent: {name}", partial(self.open_code, code), icon="code")
        for address in card.rendered.links[:_MOST_LISTED]:
            menu.add(_link_label(address), partial(self.follow, address), icon="link")
        menu.open_at(position)

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
