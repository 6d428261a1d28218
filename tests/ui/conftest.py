"""The real Qt loop, the real theme, and the folder of screenshots."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.app.qt_loop import QtLoop
from chainbot_desktop.core import tasks
from chainbot_desktop.ui.theme import ThemeSource

SCREENS = Path(__file__).resolve().parents[2] / "build" / "screens"


class _Between:
    """asyncio, whose loop is there also while it does not run."""

    def __init__(self, loop: QtLoop) -> None:
        self._loop = loop

    def get_running_loop(self) -> asyncio.AbstractEventLoop:
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            return self._loop

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)


@pytest.fixture
def theme_source(qapp: QApplication) -> ThemeSource:
    return ThemeSource(qapp)


@pytest.fixture
def qt_loop(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[QtLoop]:
    """The program's loop, closed after the test; a task that is still there then fails it."""
    qapp.setQuitOnLastWindowClosed(False)  # as the program does: a window that closes does not end the loop
    loop = QtLoop(qapp)
    loop.set_default_executor(ThreadPoolExecutor(2))
    asyncio.set_event_loop(loop)
    # The program's loop always runs. A test runs it in pieces; a task that is wanted in between waits for the next one.
    monkeypatch.setattr(tasks, "asyncio", _Between(loop))
    yield loop
    left = [task.get_name() for task in asyncio.all_tasks(loop) if not task.done()]
    loop.run_until_complete(loop.shutdown_default_executor())
    asyncio.set_event_loop(None)
    loop.close()
    assert not left, f"tasks left running: {left}"


@pytest.fixture
def on_loop(qt_loop: QtLoop) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine to its end while Qt lives: `result = on_loop(work())`."""

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return qt_loop.run_until_complete(asyncio.wait_for(work, 60))

    return run


@pytest.fixture
def shoot() -> Callable[[QWidget, str], Path]:
    """Save what a widget shows as build/screens/<name>.png, for a person to look at."""

    def save(widget: QWidget, name: str) -> Path:
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.png"
        assert widget.grab().save(str(path)), f"{path} could not be written"
        return path

    return save
