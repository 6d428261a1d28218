"""What is measured, on the map: figures and the last minute on the cards, the log's end from near, dots on the links."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from chainbot_desktop.agents.logs import AgentLine, AgentLog
from chainbot_desktop.agents.vitals import Figures, Pulse, Rate
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.ui.agent_map.services import MapServices
from chainbot_desktop.ui.agent_map.vitals import in_words
from chainbot_desktop.ui.theme import ThemeSource
from tests.helpers.agent_events import entangled, spawned
from tests.ui.agent_map.conftest import Stage, open_stage
from tests.ui.agent_map.test_frames import painted


class Measured:
    """Vitals whose figures the test sets."""

    def __init__(self) -> None:
        self.figures_of: dict[str, Figures] = {}
        self.activity_of: dict[str, tuple[int, ...]] = {}
        self.watchers = 0
        self.changes: Listeners[[frozenset[str]]] = Listeners()
        self.pulses: Listeners[[Pulse]] = Listeners()

    def __contains__(self, agent_id: str) -> bool:
        return agent_id in self.figures_of

    def activity(self, agent_id: str) -> tuple[int, ...]:
        return self.activity_of.get(agent_id, (0,) * 60)

    def figures(self, agent_id: str) -> Figures:
        return self.figures_of[agent_id]

    def rate(self, entanglement_id: str) -> Rate:
        return Rate()

    def watch(self) -> Callable[[], None]:
        self.watchers += 1

        def end() -> None:
            self.watchers -= 1

        return end

    def on_change(self, listener: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        return self.changes.add(listener)

    def on_pulse(self, listener: Callable[[Pulse], None]) -> Callable[[], None]:
        return self.pulses.add(listener)


@pytest.fixture
def vitals() -> Measured:
    return Measured()


@pytest.fixture
def logs() -> dict[str, AgentLog]:
    return {}


@pytest.fixture
def watched(
    qapp: QApplication,
    qtbot: QtBot,
    theme_source: ThemeSource,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    tmp_path: Path,
    vitals: Measured,
    logs: dict[str, AgentLog],
) -> Iterator[Stage]:
    def tail(agent_id: str, count: int) -> list[AgentLine]:
        return logs[agent_id].newest(count) if agent_id in logs else []

    with open_stage(qapp, qtbot, theme_source, on_loop, tmp_path, MapServices(vitals=vitals, tail=tail)) as stage:
        stage.happen(spawned("a", status="running"), spawned("b", status="running"), entangled("e", "a", "b"))
        yield stage
    assert vitals.watchers == 0, "nobody looks any more"
    assert not vitals.changes
    assert not vitals.pulses


def pixels(stage: Stage, agent_id: str) -> bytes:
    at = stage.pixel(agent_id)
    image = stage.view.canvas.viewport().grab().toImage().copy(at.x() - 92, at.y() - 42, 184, 84)
    return bytes(image.constBits())


def test_figures_are_measured_only_while_the_map_is_seen(watched: Stage, vitals: Measured) -> None:
    assert vitals.watchers == 1
    watched.view.hide()
    assert vitals.watchers == 0
    watched.view.show()
    assert vitals.watchers == 1


def test_a_card_shows_the_last_minute_and_its_figures_as_they_change(watched: Stage, vitals: Measured) -> None:
    watched.view.canvas.full_size()
    vitals.figures_of["a"] = Figures()
    watched.act(lambda: watched.view.canvas.viewport().repaint())
    before, other = pixels(watched, "a"), pixels(watched, "b")
    vitals.figures_of["a"] = Figures(cpu_percent=12.4, memory_bytes=84_000_000)
    vitals.activity_of["a"] = (0,) * 50 + (1, 5, 9, 0, 0, 2, 20, 3, 0, 1)
    with painted(watched) as frames:
        watched.act(lambda: vitals.changes.tell(frozenset({"a", "nobody"})))
        watched.act(lambda: None)
    assert frames
    assert pixels(watched, "a") != before
    assert pixels(watched, "b") == other


def test_from_afar_figures_repaint_nothing(watched: Stage, vitals: Measured) -> None:
    watched.view.canvas.set_camera(watched.view.canvas.view_ground().center(), 0.4)
    watched.act(lambda: watched.view.canvas.viewport().repaint())
    vitals.figures_of["a"] = Figures(memory_bytes=1)
    with painted(watched) as frames:
        watched.act(lambda: vitals.changes.tell(frozenset({"a"})))
        watched.act(lambda: None)
    assert frames == []


def test_from_near_a_card_shows_the_end_of_the_log(watched: Stage, vitals: Measured, logs: dict[str, AgentLog]) -> None:
    vitals.figures_of["a"] = Figures()
    logs["a"] = AgentLog()
    watched.view.canvas.reveal("a")
    watched.view.canvas.zoom_step(3)
    watched.act(lambda: watched.view.canvas.viewport().repaint())
    before = pixels(watched, "a")
    logs["a"].add("out", "\x1b[32mall green\x1b[0m\nsecond line\x07")
    watched.act(lambda: vitals.changes.tell(frozenset({"a"})))
    assert pixels(watched, "a") != before
    figures = watched.view._scene.figures("a", True)
    assert figures.tail == ("all green", "second line\\x07")


def test_what_passes_runs_along_the_link_and_is_gone(watched: Stage, vitals: Measured) -> None:
    pulses = watched.view._scene.pulses
    watched.act(lambda: vitals.pulses.tell(Pulse("e", "b", "a", "told", 9, 0.0)))
    assert pulses.running
    start = pulses.points()
    watched.wait(lambda: len(pulses.points()) == 1 and abs(pulses.points()[0][0] - watched.place("b").x) > 150)
    assert len(start) <= 1
    watched.wait(lambda: not pulses.running)
    assert len(pulses.points()) == 0


def test_a_pulse_of_a_link_that_is_not_there_is_no_dot(watched: Stage, vitals: Measured) -> None:
    watched.act(lambda: vitals.pulses.tell(Pulse("other", "b", "a", "told", 9, 0.0)))
    assert not watched.view._scene.pulses.running


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        (Figures(), ""),
        (Figures(cpu_percent=3.2, memory_bytes=84_400_000), "3 % · 84 MB"),
        (Figures(memory_bytes=2_310_000_000), "2.3 GB"),
        (Figures(tokens_task=812, tokens_today=50_000), "812 tokens"),
        (Figures(tokens_today=12_400), "12.4k tokens"),
        (Figures(tokens_today=0), ""),
    ],
)
def test_figures_in_words(figures: Figures, words: str) -> None:
    assert in_words(figures) == words
