"""Screens of the composer for a person to look at; what they show is asserted elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.ports import AgentCommand
from chainbot_desktop.ui.chat.queued_bar import QueuedLine
from chainbot_desktop.ui.theme import ThemeSource
from tests.helpers.talks import FakeTalk
from tests.ui.chat.test_composer import attached, drag, files, paste, words
from tests.ui.chat.windows import Window, open_window

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Shoot = Callable[[QWidget, str], Path]


def _photo() -> QImage:
    image = QImage(800, 480, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    sky = QLinearGradient(0, 0, 0, 480)
    sky.setColorAt(0, QColor("#3366aa"))
    sky.setColorAt(1, QColor("#ffcc88"))
    painter.fillRect(image.rect(), sky)
    painter.setBrush(QColor("#225533"))
    painter.drawEllipse(-100, 300, 700, 400)
    painter.end()
    return image


async def _attach_some(window: Window, folder: Path) -> None:
    (folder / "quarterly report of the greenhouse sensors.csv").write_text("a;b\n" * 30_000)
    (folder / "firmware.bin").write_bytes(bytes(700_000))
    (folder / "notes.md").write_text("# Notes\n")
    mime = QMimeData()
    mime.setImageData(_photo())
    paste(window, mime)
    drag(
        window.view,
        files(folder / "quarterly report of the greenhouse sensors.csv", folder / "firmware.bin", folder / "notes.md"),
    )
    await attached(window, 4)
    await window.until(lambda: window.view.composer.intake.items[0].picture is not None)


@pytest.mark.screens
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("size", [(720, 452), (1200, 772)])
def test_screens(
    name: Any, size: tuple[int, int], on_loop: Run, theme_source: ThemeSource, tmp_path: Path, shoot: Shoot
) -> None:
    talk = FakeTalk("Ada")
    offers = (AgentCommand("review", "Look at the changes"), AgentCommand("rename", "Give a thing another name", "old new"))
    talk.add("Coder", kind="coder", commands=offers)

    async def look() -> None:
        theme_source.select(name)
        async with open_window(tmp_path / "data", theme_source, size, talk=talk) as window:
            view, composer = window.view, window.view.composer
            label = f"{name}-{size[0]}"

            async def settle(picture: str) -> None:
                await asyncio.sleep(0.15)
                shoot(view, f"composer-{picture}-{label}")

            await window.until(lambda: view._looked)
            composer.incoming.choose_file = lambda origin, done: None
            await window.service.begin("Greenhouse")
            await _attach_some(window, tmp_path)
            await window.types("What do these say about bed 3?", enter=False)
            await settle("attached")
            QTest.mouseClick(composer.attach_button, Qt.MouseButton.LeftButton)
            await settle("menu")
            window.key(Qt.Key.Key_Escape)
            composer.edit.setFocus()
            drag(view.messages, files(tmp_path / "notes.md", tmp_path / "firmware.bin"), drop=False)
            await settle("drop")
            view.drop_target.shade.hide()
            paste(window, words("\n".join(f"line {number} of a log" for number in range(900))))
            await settle("long-paste")
            view.resize(size[0], 230)
            await settle("keyboard")
            view.resize(*size)
            composer.offer.end()
            composer.queued.set_lines(
                [
                    QueuedLine("1", "Ada", "And then compare it with last year's numbers, please, bed by bed"),
                    QueuedLine("2", "Coder", "/review"),
                    QueuedLine("3", "Ada", "third"),
                ]
            )
            composer.begin_edit("m", "What do these say about bed 4?", composer.intake.ready[:1])
            await settle("editing-and-queued")
            composer.editing.leave()
            composer.queued.set_lines([])
            composer.intake.take_over((), drafts=False)
            composer.set_text("")
            await window.types("/re", enter=False)
            await window.until(composer.popup.isVisible)
            await settle("completion")
            composer.set_text("")
            (tmp_path / "empty").touch()
            drag(view, files(tmp_path / "empty", tmp_path))
            await window.until(lambda: "is a folder" in composer.error.text())
            await settle("refused")

    (tmp_path / "data").mkdir()
    on_loop(look())
