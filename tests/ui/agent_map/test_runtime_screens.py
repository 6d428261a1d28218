"""Agents that run here on the map, for a person to look at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.theme import ThemeSource
from tests.ui.acting import act, tap
from tests.ui.agent_map.steering import Steering

SIZES = {"800x480": (720, 452), "1280x800": (1200, 772)}


@pytest.mark.screens
@pytest.mark.parametrize("look", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_screens(
    steering: Steering, theme_source: ThemeSource, shoot: Callable[[QWidget, str], Path], look: str, size: str
) -> None:
    theme_source.select(look)  # type: ignore[arg-type]  # one of the two
    view = steering.view
    view.resize(*SIZES[size])
    name = f"agents-{size}-{look}"

    def shot(what: str) -> None:
        steering.settle()
        steering.wait(lambda: not view._frames._pending)
        shoot(view, f"{name}-{what}")

    shot("empty")
    tap(steering.run, view.new_button)
    sheet = steering.sheet()
    shot("spawn-command")
    tap(steering.run, sheet.go)
    shot("spawn-error")
    for kind in [info.name for info in steering.house.service.kinds()]:
        act(steering.run, partial(sheet.kind.choose, kind), sheet._on_kind_chosen)
        shot(f"spawn-{kind}")
    act(steering.run, sheet.dismiss)
    ada = steering.spawn("Ada")
    steering.give(ada, "wait")
    steering.becomes(ada, "running")
    steering.give(ada, "say two")
    asks = steering.spawn("Deploy")
    steering.give(asks, "ask git push --force origin main")
    steering.becomes(asks, "waiting")
    fails = steering.spawn("Importer", fails_to_start="The file orders.csv is not there.", state="failed")
    for what, agent_id in (("running", ada), ("waiting", asks), ("failed", fails)):
        act(steering.run, partial(view.open_details, agent_id))
        steering.wait(lambda: not steering.tasks.names)
        shot(what)
        area = view.details._area
        assert view.details._content.width() <= area.viewport().width(), "nothing hides beside the panel"
        bar = view.details._area.verticalScrollBar()
        bar.setValue(bar.maximum())
        shot(f"{what}-end")
    steering.open_actions(ada)
    shot("actions")
