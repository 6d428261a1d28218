"""The map in every layout with three, forty, four hundred and five thousand agents, for a person to look at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.ui.agent_map.arranging import GROUPINGS, MODES, Grouping, Mode
from chainbot_desktop.ui.theme import ThemeSource
from tests.ui.agent_map.conftest import Stage
from tests.ui.agent_map.test_screens import SIZES, SMALL, crowd

CHOICES: tuple[tuple[Mode, Grouping], ...] = (
    *((mode, "") for mode in MODES if mode != "manual"),
    *(("layered", grouping) for grouping in GROUPINGS if grouping),
)


@pytest.mark.screens
@pytest.mark.timeout(240)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [3, 40, 400, 5_000])
def test_every_layout(
    arranged_stage: Stage,
    theme_source: ThemeSource,
    qapp: QApplication,
    shoot: Callable[[QWidget, str], Path],
    size: str,
    count: int,
) -> None:
    stage = arranged_stage
    theme_source.apply_to(qapp)
    stage.view.resize(*SIZES[size])
    stage.happen(*(SMALL if count == 3 else crowd(count)))
    for mode, grouping in CHOICES:
        theme_source.select("light" if mode == "organic" else "dark")
        stage.act(partial(stage.view._arranger.choose, mode, grouping))
        stage.settle()
        stage.act(stage.view.canvas.fit)
        shoot(stage.view, f"map-layout-{count}-{mode}{'-by-' + grouping if grouping else ''}-{size}")
        assert stage.view.canvas.shows_all()
        assert bool(stage.view._model.groups) == bool(grouping)
    theme_source.select("auto")
