"""The sheets in which agents are made and steered, for a person to look at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from chainbot_desktop.agents.kind import AgentKind
from chainbot_desktop.agents.kinds.assistant.kind import AssistantKind
from chainbot_desktop.agents.kinds.data_processor.kind import DataProcessorKind
from chainbot_desktop.ui.agent_map.coordinate_sheet import CoordinateSheet
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets import Sheet
from tests.ui.acting import act, tap
from tests.ui.agent_map.steering import Steering

SIZES = {"800x480": (720, 452), "1280x800": (1200, 772)}


@pytest.fixture
def more_kinds() -> list[AgentKind]:
    services: Any = None  # only their forms are looked at
    return [AssistantKind(services), DataProcessorKind(services)]


@pytest.mark.screens
@pytest.mark.parametrize("look", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_screens(
    steering: Steering, theme_source: ThemeSource, shoot: Callable[[QWidget, str], Path], look: str, size: str
) -> None:
    theme_source.select(look)  # type: ignore[arg-type]  # one of the two
    view = steering.view
    view.resize(*SIZES[size])

    def shot(what: str) -> None:
        steering.settle()
        steering.wait(lambda: not view._frames._pending)
        shoot(view, f"sheets-{size}-{look}-{what}")

    def close() -> None:
        for sheet in view.findChildren(Sheet):
            if sheet.is_open:
                act(steering.run, sheet.dismiss)

    tap(steering.run, view.new_button)
    sheet = steering.sheet()
    for card in sheet.templates.cards[1:]:
        act(steering.run, card.click)
        shot(f"template-{card.template.id}" if card.template is not None else "")
    sheet.limits.fold.setChecked(True)  # type: ignore[union-attr]  # it has them
    sheet.limits.rows["run_tokens"].editor.setText("fifty")  # type: ignore[union-attr]
    act(steering.run, sheet.go.click)
    steering.settle()
    bar = sheet._area.verticalScrollBar()
    bar.setValue(bar.maximum())
    shot("limits")
    act(steering.run, sheet.dismiss)
    shot("throw-away")
    asked = next(each for each in view.findChildren(Sheet) if each.is_open and each is not sheet)
    tap(steering.run, steering.button(asked, "Throw away"))
    ids = [steering.spawn(name) for name in ("Ada", "Bea", "Deployer of the weekly report")]
    for name, kind, members in (("Notes", "data", ids[:2]), ("", "control", ids), ("Order", "dependency", ids[1:])):
        steering.run(steering.links.create(name, kind, members, actor="user:tester"))
    assert view.control is not None
    for action in ("copy", "template", "release", "coordinate"):
        act(steering.run, partial(view.control.run, action, ids[1]))
        shot(action)
        close()
    steering.open_actions(ids[0])
    shot("menu")
    act(steering.run, steering._menu().dismiss, view.close_details)
    act(steering.run, partial(view.control.run_all, "kill", ids))
    shot("kill")
    close()
    act(steering.run, partial(view.control.run_all, "coordinate", ids))
    shared = next(each for each in view.findChildren(CoordinateSheet) if each.is_open)
    QTest.keyClicks(shared.field, "wait")
    act(steering.run, shared.go.click)
    steering.becomes(ids[1], "running")
    steering.house.scripted.workers[0].release.set()
    steering.wait(lambda: any(part.state == "succeeded" for part in shared.found.parts))  # type: ignore[union-attr]
    shot("coordinate-partial")
    for worker in steering.house.scripted.workers:
        worker.release.set()
    steering.wait(lambda: shared.found is not None and shared.found.ended)
    shot("coordinate-done")
