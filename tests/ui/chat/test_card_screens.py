"""Screens of all that cards can show, for a person to look at; what they show is asserted elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyle, QStyleOptionSlider, QWidget

from chainbot_desktop.ui.chat.answer_card import AnswerCard
from chainbot_desktop.ui.theme import ThemeSource
from tests.ui.chat.test_cards import DIFF, TableThreads, png, put
from tests.ui.chat.test_chat_view import fill
from tests.ui.chat.windows import Window, open_window

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Shoot = Callable[[QWidget, str], Path]

MATH = """\
The sum is $\\sum_{i=1}^n x_i * y_i$, and it costs $5.

$$
a_1 = b_2 * c_3
$$

That is [all][x].[^1]

[x]: https://example.com
[^1]: Of _it_.
"""


async def _fill(window: Window) -> str:
    service = window.service
    made = await service.begin("All kinds of cards")
    blobs = window.chat.store.blobs
    window.view._feed.show_threads(TableThreads(window.chat.store.database))
    window.view._feed.show_images(blobs)
    day = "2026-11-01T10:00:00.000000Z"
    await put(window, made.id, "An old question", author="user:test", created_at=day)
    await put(window, made.id, "Both **agreed** on the plan.", kind="summary", author="system:chat", detail={"through": 1})
    await service.mark_read(made.id, 2)
    attachments = [
        {"name": "chart.png", "media_type": "image/png", "size": 2_000, "sha256": await blobs.put(png(1200, 500))},
        {"name": "broken.png", "media_type": "image/png", "size": 17, "sha256": await blobs.put(b"no picture")},
        {"name": "a-long-name-of-a-file-with-notes.txt", "media_type": "text/plain", "size": 1_234_567, "sha256": "c" * 64},
    ]
    await put(window, made.id, "Look at these.", detail={"attachments": attachments})
    for name, text in (("Tests", "They pass."), ("Docs", "Written, see `docs/`.")):
        await put(window, made.id, text, author=f"agent:{name}", thread="run-1", detail={"run_id": text, "name": name})
    recalled = [{"ref": "note:1", "title": "a note", "text": "x"}] * 3
    detail = {"run_id": "run-1", "agent_id": "ada", "name": "Ada", "state": "succeeded", "steps": ["asked Tests"]}
    await put(
        window, made.id, f"It is done:\n\n{DIFF}\n\nand run\n\n```sh\nmake test\n```", detail=detail | {"recalled": recalled}
    )
    await put(window, made.id, MATH, detail={"merged_from": {"conversation_id": "x", "message_id": "y"}})
    await put(window, made.id, "```python title=src/a/rather/long/name.py\nprint('x')\n```")
    return made.id


@pytest.mark.screens
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("size", [(720, 452), (1200, 772)])
def test_screens(
    name: Any, size: tuple[int, int], on_loop: Run, theme_source: ThemeSource, tmp_path: Path, shoot: Shoot
) -> None:
    async def look() -> None:
        theme_source.select(name)
        async with open_window(tmp_path, theme_source, size) as window:
            tag = f"chat-{size[0]}-{name}-cards"
            await window.opens(await _fill(window))
            view = window.view.messages
            await asyncio.sleep(0.3)
            shoot(window.view, f"{tag}-end")
            view.scroll_to_top()
            await asyncio.sleep(0.3)
            shoot(window.view, f"{tag}-top")
            answer = next(card for card in view.cards if isinstance(card, AnswerCard) and card.note.run_id == "run-1")
            window.view._feed.toggle_thread(answer)
            await window.until(lambda: any(card.indent for card in view.cards))
            view.show_message(answer.message.id)
            answer.toggle_block(1)
            view._settle()
            await asyncio.sleep(0.2)
            shoot(window.view, f"{tag}-thread")
            view.begin_selecting(answer)
            view.scroll_by(view.offset)
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-selected")
            await window.opens(await fill(window, 900, "Long"))
            await window.until(lambda: view.older_count > 500)
            bar, option = view.verticalScrollBar(), QStyleOptionSlider()
            bar.initStyleOption(option)
            handle = bar.style().subControlRect(
                QStyle.ComplexControl.CC_ScrollBar, option, QStyle.SubControl.SC_ScrollBarSlider, bar
            )
            QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=handle.center())
            QTest.mouseMove(bar, handle.center() - QPoint(0, 150))
            await asyncio.sleep(0.3)
            shoot(window.view, f"{tag}-dragged")
            QTest.mouseRelease(bar, Qt.MouseButton.LeftButton)

    on_loop(look())
