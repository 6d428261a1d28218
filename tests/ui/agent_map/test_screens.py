"""The map with no, three, forty and four hundred agents, for a person to look at."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.core.events import Event
from chainbot_desktop.ui.agent_map.geometry import CELL_HEIGHT, CELL_WIDTH
from chainbot_desktop.ui.theme import ThemeSource
from tests.helpers.agent_events import entangled, guest_appeared, moved, spawned, terminated
from tests.ui.acting import tap
from tests.ui.agent_map.conftest import Stage

SIZES = {"800x480": (720, 452), "1280x800": (1200, 772)}

SMALL: tuple[Event, ...] = (
    spawned(
        "planner", agent_name="Planner", agent_type="assistant", status="running", task="splitting “pair device” into steps"
    ),
    spawned("coder", agent_name="Coder", agent_type="Claude Code", status="running", task="editing api/routes/pairing.py"),
    spawned(
        "deploy",
        agent_name="Deploy",
        agent_type="workflow",
        status="running",
        requires_attention=True,
        question="push to production?",
    ),
    entangled("plan", "planner", "coder", name="hands over"),
    entangled("ship", "coder", "deploy", name="builds for"),
)

NAMES = ("Librarian", "Reviewer", "Tests", "Indexer", "Translator", "Watcher", "Archivist", "Night build of the documentation")
STATES = ("running", "idle", "waiting", "running", "idle", "degraded", "failed", "offline")
TASKS = ("pytest -x tests/unit", "reading the diff of Coder", "", "indexing notes 2025", "waiting for the build machine")


def crowd(count: int) -> list[Event]:
    dice = random.Random(7)
    events: list[Event] = list(SMALL)
    for n in range(count - len(SMALL) + 2 - 4):
        name = f"{NAMES[n % 8]} {n // 8 + 1}"
        events.append(spawned(f"a{n}", agent_name=name, agent_type="command", status=STATES[n % 8], task=TASKS[n % 5]))
    events.append(
        guest_appeared("g1", name="watchtower", agent_type="monitor", status="online", description="41 events an hour")
    )
    events.append(guest_appeared("g2", name="fleet", agent_type="registry", status="degraded"))
    events.append(spawned("gone", agent_name="Importer", agent_type="command"))
    events.append(terminated("gone", status="completed", reason="imported 1,204 notes"))
    events.append(spawned("lost", agent_name="Uploader", agent_type="command"))
    events.append(terminated("lost", status="failed", reason="connection reset by peer"))
    for n in range(count // 3):
        first, second = dice.sample(range(count - 10), 2)
        events.append(entangled(f"e{n}", f"a{first}", f"a{second}", name=("feeds", "reviews", "")[n % 3]))
    return events


@pytest.mark.screens
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [0, 3, 40, 400])
def test_screens(
    stage: Stage,
    theme_source: ThemeSource,
    qapp: QApplication,
    shoot: Callable[[QWidget, str], Path],
    theme: str,
    size: str,
    count: int,
) -> None:
    theme_source.apply_to(qapp)
    theme_source.select(theme)  # type: ignore[arg-type]  # one of the two names
    stage.view.resize(*SIZES[size])
    if count:
        stage.happen(*(SMALL if count == 3 else crowd(count)))
    qapp.processEvents()
    shoot(stage.view, f"map-{count}-{size}-{theme}")
    assert stage.view._model.total == count
    assert len(stage.view._model.places) == count
    if count:
        assert stage.view.canvas.shows_all()
        stage.view.present({"agent_id": "deploy"})
        stage.settle()
        shoot(stage.view, f"map-{count}-near-{size}-{theme}")
        stage.view.open_details("coder")
        stage.settle()
        qapp.processEvents()
        shoot(stage.view, f"map-{count}-details-{size}-{theme}")
    if count == 40:
        stage.act(stage.view.close_details, stage.view.search.open_search)
        stage.act(lambda: QTest.keyClicks(stage.view.search.field, "tests"), stage.view.canvas.fit)
        stage.act(lambda: QTest.keyClick(stage.view.search.field, Qt.Key.Key_Return))
        shoot(stage.view, f"map-search-{size}-{theme}")
        stage.act(stage.view.search.close_search, lambda: stage.view.select("coder"))
        stage.act(lambda: stage.view._on_context("coder", stage.view.canvas.mapToGlobal(stage.pixel("coder"))))
        shoot(stage.view, f"map-actions-{size}-{theme}")
    theme_source.select("auto")


def grid(count: int) -> list[Event]:
    """Places for the first of a crowd: the same picture every time, and no layout to wait for."""
    wide = int(count**0.5 * 0.9)
    return [moved(f"a{n}", n % wide * CELL_WIDTH, (2 + n // wide) * CELL_HEIGHT) for n in range(count)]


@pytest.mark.screens
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [400, 5_000])
def test_minimap_and_filter_screens(
    stage: Stage,
    theme_source: ThemeSource,
    qapp: QApplication,
    shoot: Callable[[QWidget, str], Path],
    theme: str,
    size: str,
    count: int,
) -> None:
    view = stage.view
    theme_source.apply_to(qapp)
    theme_source.select(theme)  # type: ignore[arg-type]  # one of the two names
    view.resize(*SIZES[size])
    stage.happen(*crowd(count), *grid(count - 10))

    def shot(name: str) -> None:
        stage.wait(lambda: not view.minimap._refresh.isActive())
        qapp.processEvents()
        shoot(view, f"{name}-{count}-{size}-{theme}")

    stage.act(lambda: view.canvas.zoom_step(3))
    shot("minimap-far")
    stage.act(lambda: view.present({"agent_id": "deploy"}))
    shot("minimap-near")
    assert view.minimap.isVisible()
    stage.act(lambda: view.select(None), view.canvas.fit, lambda: view.filters.choose(AgentState.FAILED))
    stage.act(lambda: view.filters.choose_kind("command"))
    shot("filter-faint")
    stage.act(lambda: view.filtering.hide_others(True))
    shot("filter-hidden")
    stage.act(lambda: view.canvas.zoom_step(4))
    shot("filter-hidden-near")
    tap(stage.run, view.filters.kind_chip)
    shot("filter-kinds")
    theme_source.select("auto")
