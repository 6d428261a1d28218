"""Where better models are offered, for a person to look at: the welcome, the form of an assistant, the sheet over either."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.agents.models.discovery import FoundServer
from chainbot_desktop.app.panel_agents import PanelAgents
from chainbot_desktop.app.panel_models import PanelModels
from chainbot_desktop.ui.agent_map.kind_forms import AssistantForm
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.agent_map.view import AgentMapView
from chainbot_desktop.ui.models.better_models import BetterModels
from chainbot_desktop.ui.view import OVERLAY_HOST
from chainbot_desktop.ui.welcome.actions import WelcomeActions
from chainbot_desktop.ui.welcome.guide import WelcomeGuide
from chainbot_desktop.ui.welcome.steps import DONE, WITH_AGENTS, WelcomeSteps
from chainbot_desktop.ui.widgets import Button, Sheet
from tests.helpers.agent_house import open_agent_house
from tests.ui.acting import until
from tests.ui.models.fake_setup import FakeSetup, no_file
from tests.ui.shell.conftest import MakePanel, make_panel

__all__ = ["make_panel"]


@pytest.mark.screens
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("size", [(800, 480), (1280, 800)])
def test_screens(
    name: Any,
    size: tuple[int, int],
    make_panel: MakePanel,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    shoot: Callable[[QWidget, str], Path],
    tmp_path: Path,
) -> None:
    panel = make_panel(size=size)
    panel.attach()
    panel.themes.select(name)

    def tap(within: QWidget, text: str) -> None:
        next(b for b in within.findChildren(Button) if b.text() == text and b.isVisible()).click()

    async def work() -> None:
        setup = FakeSetup()
        setup.found = [FoundServer("ollama", "http://127.0.0.1:11434/v1", ("qwen3", "gemma3"))]
        async with open_agent_house(tmp_path) as house:
            window = panel.window
            better = PanelModels(window, panel.themes, house.tasks, setup, no_file)
            parts = RuntimeParts(house.service, setup, lambda: ("general_assistant",), lambda: str(tmp_path))
            agents = PanelAgents(window, panel.themes, house.tasks, parts, house.service, house.desk, house.directory, better)
            view = AgentMapView(house.directory, panel.themes, house.tasks, runtime=agents.parts)
            view.setProperty(OVERLAY_HOST, True)
            view.setParent(window)
            view.setAutoFillBackground(True)
            view.setGeometry(window.rect().adjusted(panel.themes.current.px(76), 0, 0, -panel.themes.current.px(28)))
            view.show()
            memory: dict[str, object] = {DONE: ["link"]}
            actions = WelcomeActions("curl …", _nothing, _nothing, "", agents.model_offer(), view.open_spawn)
            guide = WelcomeGuide(view, panel.themes, WelcomeSteps(memory, memory.__setitem__, WITH_AGENTS), actions)
            agents.open()
            agents.guide_was_made(guide)
            await asyncio.sleep(0.1)
            tag = f"models-{size[0]}-{name}"
            shoot(window, f"{tag}-welcome")
            assert guide.card is not None
            tap(guide.card, "Better models")
            await until(lambda: any(sheet.is_open for sheet in window.findChildren(BetterModels)))
            await asyncio.sleep(0.2)
            shoot(window, f"{tag}-over-welcome")
            window.findChildren(BetterModels)[0].dismiss()
            guide.card.dismiss()
            sheet = Sheet(view, "New agent", panel.themes, width=600)
            fields: dict[str, Any] = {"properties": {"persona": {}, "model": {}, "workspace": {}}}
            form = AssistantForm(panel.themes, agents.parts, fields, {})
            sheet.body.addWidget(form)
            form.changed.connect(sheet.fit_soon)
            sheet.open()
            await asyncio.sleep(0.1)
            shoot(window, f"{tag}-form")
            tap(form, "Better models")
            await until(lambda: any(b.text().startswith("Use ollama") for b in window.findChildren(Button)))
            await asyncio.sleep(0.2)
            shoot(window, f"{tag}-over-form")
            opened = next(each for each in window.findChildren(BetterModels) if each.is_open)
            next(b for b in opened.findChildren(Button) if b.text().startswith("Use ollama")).click()
            await until(lambda: memory[DONE] == ["link", "model"])
            for key in ("", "sk-wrong"):
                opened.address.setText("http://locked:8080/v1")
                opened.key.setText(key)
                opened.address.returnPressed.emit()
                await until(lambda: not opened.server.busy)
                await asyncio.sleep(0.2)
                shoot(window, f"{tag}-key-{'refused' if key else 'wanted'}")
            await asyncio.sleep(0.2)
            shoot(window, f"{tag}-used")
            opened.dismiss()
            await asyncio.sleep(0.05)
            assert not form._model.better.isVisible(), "a good one answers now"
            shoot(window, f"{tag}-form-after")
            sheet.dismiss()
            agents.close()
            view.setParent(None)
            view.deleteLater()
            QApplication.processEvents()

    on_loop(work())


def _nothing() -> None:
    return
