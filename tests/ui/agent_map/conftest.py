"""An Agent Map over a real directory, journal and file; fingers, mouse and keys on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.kind import AgentKind
from chainbot_desktop.core.events import Event
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.layouts.worker import LayoutWorker
from chainbot_desktop.ui.agent_map.memory import MapMemory
from chainbot_desktop.ui.agent_map.services import MapServices
from chainbot_desktop.ui.agent_map.view import AgentMapView
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message
from tests.helpers.stores import Store, open_store
from tests.ui.acting import act, until
from tests.ui.agent_map.steering import Steering, open_steering

SNIPPET = (
    "curl -X POST http://127.0.0.1:9000/api/webhooks/chainbot/agent/spawned "
    '-H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" '
    """-d '{"agent_id": "a1", "agent_name": "First", "status": "running"}'"""
)


@dataclass
class Stage:
    """The view on a screen of 720x452 (800x480 without rail and status line) unless resized."""

    store: Store
    directory: AgentDirectory
    view: AgentMapView
    tasks: Tasks
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    messages: list[Message]

    def happen(self, *events: Event) -> None:
        """These events happen, and the view has drawn what came of them."""

        async def append() -> None:
            await asyncio.gather(*(self.store.journal.append(event) for event in events))
            # In one run of the loop: what the events start must not fall into the gap between two.
            await until(self._is_quiet)

        self.run(append())

    def settle(self) -> None:
        """Until no task runs and every agent has its place."""
        self.wait(self._is_quiet)

    def act(self, *deeds: Callable[[], object]) -> None:
        """Do something to the widgets while the loop runs, as it does when a person does it."""
        act(self.run, *deeds)

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Pressed and released with the focus on the map."""
        self.act(lambda: QTest.keyClick(self.view.canvas, key, modifiers))

    def click(self, at: QPoint) -> None:
        self.act(lambda: QTest.mouseClick(self.view.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at))

    def wait(self, condition: Callable[[], bool]) -> None:
        self.run(until(condition))

    def _is_quiet(self) -> bool:
        return (
            not self.tasks.names
            and not self.view._frames._pending
            and not self.view._arranger.busy
            and not self.view._scene.moving
        )

    def place(self, agent_id: str) -> Point:
        point = self.view._model.places.get(agent_id)
        assert point is not None
        return point

    def pixel(self, agent_id: str) -> QPoint:
        """Where on the canvas's viewport a node's middle is."""
        return self.view.canvas.mapFromScene(QPointF(*self.place(agent_id)))

    def empty_pixel(self) -> QPoint:
        """A spot of bare ground, away from the edges."""
        canvas = self.view.canvas
        for x in range(40, canvas.viewport().width() - 40, 10):
            for y in range(40, canvas.viewport().height() - 60, 10):
                if canvas.node_under(Point(x, y)) is None:
                    return QPoint(x, y)
        raise AssertionError("no bare ground")

    def selection(self) -> str | None:
        return self.view._scene.selected


@contextmanager
def open_stage(
    qapp: QApplication,
    qtbot: QtBot,
    themes: ThemeSource,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    folder: Path,
    services: MapServices | None = None,
) -> Iterator[Stage]:
    opening = open_store(folder)
    store: Store = on_loop(opening.__aenter__())
    directory = AgentDirectory(store.journal, store.bus, store.snapshots)
    on_loop(directory.open())
    tasks = Tasks()
    view = AgentMapView(directory, themes, tasks, spawn_snippet=SNIPPET, services=services)
    messages: list[Message] = []
    view.message.connect(messages.append)
    view.resize(720, 452)
    stage = Stage(store, directory, view, tasks, on_loop, messages)
    view.show()
    view.shown_first_time()
    qtbot.waitExposed(view)
    view.activateWindow()
    view.canvas.setFocus()
    stage.settle()
    yield stage
    view.hide()
    on_loop(tasks.cancel_all())
    view.deleteLater()
    qapp.sendPostedEvents(view, QEvent.Type.DeferredDelete)
    on_loop(directory.close())
    on_loop(opening.__aexit__(None, None, None))


@pytest.fixture
def stage(
    qapp: QApplication,
    qtbot: QtBot,
    theme_source: ThemeSource,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    tmp_path: Path,
) -> Iterator[Stage]:
    with open_stage(qapp, qtbot, theme_source, on_loop, tmp_path) as stage:
        yield stage


@pytest.fixture
def remembered() -> dict[str, object]:
    """What the map remembers of its user's ways, in tests that open it with what remembers."""
    return {}


@pytest.fixture
def arranged_stage(
    qapp: QApplication,
    qtbot: QtBot,
    theme_source: ThemeSource,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    tmp_path: Path,
    remembered: dict[str, object],
) -> Iterator[Stage]:
    """The same with a real process that lays out."""
    worker = LayoutWorker()
    services = MapServices(layouts=worker, memory=MapMemory(remembered, remembered.__setitem__))
    with open_stage(qapp, qtbot, theme_source, on_loop, tmp_path, services) as stage:
        yield stage
    on_loop(worker.close())


@pytest.fixture
def more_kinds() -> list[AgentKind]:
    """Kinds that agents of `steering` can have besides the command and the api."""
    return []


@pytest.fixture
def steering(
    qapp: QApplication,
    qtbot: QtBot,
    theme_source: ThemeSource,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    tmp_path: Path,
    more_kinds: list[AgentKind],
) -> Iterator[Steering]:
    """The map over agents that really run."""
    theme_source.select("dark")
    theme_source.apply_to(qapp)
    opening = open_steering(tmp_path, theme_source, on_loop, more_kinds)
    steering = on_loop(opening.__aenter__())
    qtbot.waitExposed(steering.view)
    steering.view.activateWindow()
    yield steering
    on_loop(opening.__aexit__(None, None, None))
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    theme_source.select("auto")
