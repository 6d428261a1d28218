"""The panel joined to agents that really run: from the request of an agent to the answer, and STOP for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.app.panel_agents import PanelAgents
from chainbot_desktop.app.panel_models import PanelModels
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.agent_map.view import AgentMapView
from chainbot_desktop.ui.approvals.card import ApprovalCard
from chainbot_desktop.ui.welcome.actions import WelcomeActions
from chainbot_desktop.ui.welcome.guide import WelcomeGuide
from chainbot_desktop.ui.welcome.steps import DONE, WITH_AGENTS, WelcomeSteps
from tests.helpers.agent_house import open_agent_house
from tests.ui.acting import until
from tests.ui.agent_map.steering import KnownModels
from tests.ui.finding import find
from tests.ui.models.fake_setup import FakeSetup, no_file
from tests.ui.shell.conftest import MakePanel, make_panel

__all__ = ["make_panel"]
ME = "user:tester"
_LEFT = Qt.MouseButton.LeftButton


def test_an_agent_asks_is_answered_works_on_and_is_stopped_with_the_others(
    make_panel: MakePanel, on_loop: Callable[[Coroutine[Any, Any, Any]], Any], tmp_path: Path
) -> None:
    panel = make_panel()
    panel.attach()
    window = panel.window

    async def live() -> None:
        async with open_agent_house(tmp_path) as house:
            parts = RuntimeParts(house.service, KnownModels(), tuple, lambda: str(tmp_path))
            better = PanelModels(window, panel.themes, house.tasks, FakeSetup(), no_file)
            agents = PanelAgents(window, panel.themes, house.tasks, parts, house.service, house.desk, house.directory, better)
            view = AgentMapView(house.directory, panel.themes, house.tasks, runtime=parts)
            agents.map_was_made(view)
            agents.open()
            first = await house.service.spawn("scripted", "Ada", {}, actor=ME)
            second = await house.service.spawn("scripted", "Grace", {}, actor=ME)
            await house.becomes(first, "idle")
            await house.becomes(second, "idle")
            run = await house.service.execute(first, "ask make install", actor=ME)
            card = find(window, ApprovalCard)
            await until(lambda: card.isVisible() and not card.foot.guarded)
            assert card.detail.toPlainText() == "make install"
            await until(lambda: view._model.counts[AgentState.NEEDS_INPUT] == 1)
            card.foot.approve.click()
            assert (await house.service.wait(run)).result == "approved True"
            await until(lambda: not card.isVisible() and view._model.counts[AgentState.NEEDS_INPUT] == 0)
            stop = window.rail.stop_button
            QTest.mousePress(stop, _LEFT)
            await until(lambda: window.messages.current is not None)
            QTest.mouseRelease(stop, _LEFT)
            assert window.messages.current is not None
            assert window.messages.current.text == "Stopped 2 agents: Ada, Grace."
            assert {live.state for live in house.service.living()} == {"stopped"}
            agents.close()
            view.deleteLater()

    on_loop(live())


def test_the_welcome_ticks_when_a_good_model_is_found_and_an_agent_made(
    make_panel: MakePanel, on_loop: Callable[[Coroutine[Any, Any, Any]], Any], tmp_path: Path
) -> None:
    panel = make_panel()
    panel.attach()

    async def live() -> None:
        async with open_agent_house(tmp_path) as house:
            parts = RuntimeParts(house.service, KnownModels(), tuple, lambda: str(tmp_path))
            better = PanelModels(panel.window, panel.themes, house.tasks, FakeSetup(), no_file)
            agents = PanelAgents(
                panel.window, panel.themes, house.tasks, parts, house.service, house.desk, house.directory, better
            )
            view = AgentMapView(house.directory, panel.themes, house.tasks, runtime=parts)
            agents.map_was_made(view)
            memory: dict[str, object] = {}
            actions = WelcomeActions("", lambda: None, lambda: None, "", agents.model_offer(), view.open_spawn)
            guide = WelcomeGuide(view, panel.themes, WelcomeSteps(memory, memory.__setitem__, WITH_AGENTS), actions)
            assert "demonstration model, answers are often wrong" in agents.model_offer().words()
            agents.open()
            agents.guide_was_made(guide)
            await until(lambda: memory.get(DONE) == ["model"])
            assert "ollama: ready, 2 models." in agents.model_offer().words()
            assert view.control is not None
            sheet = view.control.open_spawn()
            sheet.kind.choose("scripted")
            sheet._on_kind_chosen()
            sheet.go.click()
            await until(lambda: memory.get(DONE) == ["model", "agent"])
            agents.close()
            view.deleteLater()
            QApplication.processEvents()
            await asyncio.sleep(0)

    on_loop(live())
