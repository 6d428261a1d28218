"""Doing something to widgets while the loop runs, as it does when a person does it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def act(run: Run, *deeds: Callable[[], object]) -> None:
    """What a deed raises comes out here."""
    done: list[BaseException | None] = []

    def work() -> None:
        try:
            for deed in deeds:
                deed()
        except BaseException as error:  # handed to the test below
            done.append(error)
        else:
            done.append(None)

    async def until_done() -> None:
        QTimer.singleShot(0, work)
        await until(lambda: bool(done))

    run(until_done())
    if done[0] is not None:
        raise done[0]


def tap(run: Run, widget: QWidget) -> None:
    act(run, lambda: QTest.mouseClick(widget, Qt.MouseButton.LeftButton))


def press(run: Run, widget: QWidget, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    act(run, lambda: QTest.keyClick(widget, key, held))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)
