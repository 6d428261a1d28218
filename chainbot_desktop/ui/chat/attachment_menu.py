"""The ways to attach something, behind the clip beside the field."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet

ChooseFile = Callable[[QWidget, Callable[[Path], object]], object]
"""Opens a chooser over a widget; the callback gets the file that was chosen."""

OpenWindow = Callable[[str, dict[str, object]], object]

SENDERS: tuple[tuple[str, str, str, dict[str, object], str], ...] = (
    ("code", "Selection in the editor", "code-agent", {}, "Select text there, hold it, and choose Send to chat."),
    ("list", "Log lines", "watchtower", {"page": "logs"}, "Open a line there and press Send to chat, the speech bubble."),
    ("bolt", "Event", "watchtower", {"page": "events"}, "Open an event there and press Send to chat, the speech bubble."),
)
"""What the other windows send: icon, label, window, content, and how it is done there."""


def show_attachment_menu(
    origin: QWidget,
    themes: ThemeSource,
    *,
    choose: Callable[[], object] | None,
    paste: Callable[[], object],
    open_window: OpenWindow | None,
    explain: Callable[[str], object],
) -> MenuSheet:
    menu = MenuSheet(origin, themes)
    if choose is not None:
        menu.add("File…", choose, icon="file")
    mime = QGuiApplication.clipboard().mimeData()
    filled = mime is not None and (mime.hasImage() or mime.hasUrls() or mime.hasText())
    menu.add("Paste", paste, icon="paste", keys="Ctrl+V", enabled=filled)
    if open_window is not None:
        menu.add_gap()
        for icon, label, window, content, words in SENDERS:
            menu.add(label, partial(_go, open_window, explain, window, content, words), icon=icon)
    menu.open_at(origin.mapToGlobal(QPoint(0, 0)))
    return menu


def _go(open_window: OpenWindow, explain: Callable[[str], object], window: str, content: dict[str, object], words: str) -> None:
    open_window(window, content)
    explain(words)
