"""Pictures of every layout at both sizes of screen, for a person to look at: build/screens/layouts."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from chainbot_desktop.ui.agent_map.layouts.request import LayoutKind
from chainbot_desktop.ui.agent_map.layouts.solve import arrange
from tests.ui.agent_map.layouts.graphs import KINDS, draw, request, states
from tests.ui.conftest import SCREENS


@pytest.mark.screens
@pytest.mark.parametrize(("width", "height"), [(800, 480), (1280, 800)])
@pytest.mark.parametrize("count", [3, 40, 400, 5000])
@pytest.mark.parametrize("kind", KINDS)
def test_pictures(qapp: QApplication, kind: LayoutKind, count: int, width: int, height: int) -> None:
    folder = SCREENS / "layouts"
    folder.mkdir(parents=True, exist_ok=True)
    for name, shape, groups in (("half", "half", ()), ("random", "random", ()), ("grouped", "none", states(count))):
        asked = request(kind, shape, count, groups=groups, aspect=width / height)
        draw(asked, arrange(asked), folder / f"{kind}-{count}-{name}-{width}x{height}.png", width, height)
