"""A chat window on a real service and a real SQLite file, on the program's loop, for one measurement in a process of its own."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication

from chainbot_desktop.app.qt_loop import QtLoop
from chainbot_desktop.app.running import quieten_garbage_collection
from chainbot_desktop.core.ports import AgentTalk
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.chat.view import ChatView
from chainbot_desktop.ui.theme import ThemeSource
from tests.bench.controls.chat_messages import fill
from tests.helpers.chats import Chat, open_chat

WIDTH, HEIGHT = 1200, 772


@dataclass
class Panel:
    chat: Chat
    view: ChatView

    async def opens(self, conversation_id: str) -> float:
        """Seconds until a conversation is shown and painted."""
        began = time.perf_counter()
        await self.view._show(conversation_id)
        self.view.messages.viewport().repaint()
        took = time.perf_counter() - began
        assert self.view.messages.cards
        return took

    async def rests(self) -> None:
        """Until nothing goes on any more."""
        while self.view._tasks.names or self.view.messages._soon.isActive() or self.view.messages._idle.isActive():
            await asyncio.sleep(0.02)


def run(measure: Callable[[Panel], Coroutine[Any, Any, None]], talk: AgentTalk | None = None) -> None:
    """`measure` is called when the window stands and has shown a conversation: what is loaded once is not measured."""
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    loop = QtLoop(app)
    loop.set_default_executor(ThreadPoolExecutor(2))
    asyncio.set_event_loop(loop)
    themes = ThemeSource(app)
    themes.select("dark")
    themes.apply_to(app)

    async def work() -> None:
        failures: list[str] = []
        tasks = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
        with tempfile.TemporaryDirectory() as folder:
            async with open_chat(Path(folder), talk=talk) as chat:
                view = ChatView(chat.service, themes, tasks)
                panel = Panel(chat, view)
                view.resize(WIDTH, HEIGHT)
                view.show()
                await panel.opens(await fill(chat, 30, "Warm"))
                await panel.rests()
                quieten_garbage_collection()
                await measure(panel)
                view.close()
                await panel.rests()
        assert not failures, failures

    loop.run_until_complete(work())
