"""More screens to look at: the hint, an error, a long plain text, the drawer, the sheet, large text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.theme import ThemeSource
from tests.ui.chat.test_screens import REPORT
from tests.ui.chat.windows import open_window

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Shoot = Callable[[QWidget, str], Path]


@pytest.mark.screens
def test_states(on_loop: Run, theme_source: ThemeSource, tmp_path: Path, shoot: Shoot) -> None:
    async def look() -> None:
        theme_source.select("dark")
        async with open_window(tmp_path, theme_source) as window:
            view = window.view
            await window.types("Hello, is anybody here?")
            await window.until(lambda: window.texts)
            await window.types("/hlep me")
            await window.until(view.composer.error.isVisible)
            shoot(view, "chat-state-hint-and-error")
            view.composer.set_text("")
            view.composer.show_error("")
            await window.service.post(view.conversation_id, "x" * 30_000 + "\u202e", actor="agent:evil")
            await window.until(lambda: len(window.texts) == 2)
            await window.service.post(view.conversation_id, REPORT, actor="agent:gardener")
            await window.until(lambda: len(window.texts) == 3)
            view.messages.verticalScrollBar().setValue(0)
            await window.service.post(view.conversation_id, "news", actor="agent:gardener")
            await window.until(view.pill.isVisible)
            await asyncio.sleep(0.05)
            shoot(view, "chat-state-pill")
            view._message_actions.follow(
                "https://example.com/a/very/long/address/that/does/not/end?token=abcdefghijklmnopqrstuvwxyz"
            )
            await asyncio.sleep(0.05)
            shoot(view, "chat-state-link")
            window.key(Qt.Key.Key_Escape)
            theme_source.set_text_size("largest")
            view.messages.verticalScrollBar().setValue(view.messages.cards[2].top - 20)
            await asyncio.sleep(0.3)
            shoot(view, "chat-state-largest")
            theme_source.set_text_size("normal")
            view.resize(480, 700)
            view.toggle_panel()
            await asyncio.sleep(0.2)
            shoot(view, "chat-state-drawer")
            view.places.close_drawer()
            await asyncio.sleep(0.2)
            shoot(view, "chat-state-portrait")

    on_loop(look())
