"""The Runs page over real agents that do what their task says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.watchtower.run_details import facts_of
from chainbot_desktop.ui.watchtower.runs_page import RunsPage
from tests.helpers.agent_house import AgentHouse, open_agent_house
from tests.ui.watchtower.conftest import until

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


@dataclass
class Bench:
    page: RunsPage
    house: AgentHouse
    opened: list[tuple[str, object]] = field(default_factory=list)
    messages: list[object] = field(default_factory=list)

    @property
    def service(self) -> AgentService:
        return self.house.service

    async def agent(self, name: str) -> str:
        agent_id = await self.service.spawn("scripted", name, {}, actor="user:test")
        await self.house.becomes(agent_id, "idle")
        return agent_id

    async def done(self, agent_id: str, task: str) -> str:
        run_id = await self.service.execute(agent_id, task, actor="user:test")
        await self.service.wait(run_id)
        return run_id

    def tasks_shown(self) -> list[str]:
        return [run.task for run in self.page.runs]

    def labels(self) -> list[str]:
        return [step.label for step in self.page.details.strip._steps]


@asynccontextmanager
async def bench(folder: Path, themes: ThemeSource, width: int = 1200, height: int = 716) -> AsyncIterator[Bench]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    themes.apply_to(app)
    async with open_agent_house(folder) as house:
        tasks, nothing = Tasks(), cast(Any, None)
        names = house.directory
        parts = WatchtowerParts(
            journal=house.store.journal,
            bus=house.store.bus,
            blobs=house.store.blobs,
            logs=nothing,
            metrics=nothing,
            health=nothing,
            alerts=nothing,
            link=nothing,
            deliveries=nothing,
            themes=themes,
            tasks=tasks,
            agent_name=lambda agent_id: agent.name if (agent := names.get(agent_id)) is not None else agent_id,
            runtime=house.service,
        )
        page = RunsPage(parts)
        made = Bench(page, house)
        page.open_requested.connect(lambda key, content: made.opened.append((key, content)))
        page.message.connect(made.messages.append)
        page.setProperty("ground", "window")
        page.resize(width, height)
        page.show()
        page.shown_first_time()
        try:
            yield made
        finally:
            page.hide()
            await tasks.cancel_all()
            page.deleteLater()
            await asyncio.sleep(0)


def test_runs_of_all_agents_come_and_change_by_themselves(tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with bench(tmp_path, theme_source) as b:
            one, two = await b.agent("Researcher"), await b.agent("Writer")
            await b.done(one, "say one")
            await b.done(two, "fail at once")
            waiting = await b.service.execute(one, "wait here", actor="user:test")
            await until(lambda: b.tasks_shown() == ["wait here", "fail at once", "say one"])
            await until(lambda: b.page.rows.row(0).about.startswith("running"))
            assert b.page.rows.row(1).title == "Writer"
            assert "fail at once → at once" in b.page.rows.row(1).text
            b.house.scripted.workers[0].release.set()
            await b.service.wait(waiting)
            await until(lambda: b.page.rows.row(0).about.startswith("succeeded"))
            QTest.mouseClick(b.page.chips.chips["failed"], Qt.MouseButton.LeftButton)
            await until(lambda: b.tasks_shown() == ["fail at once"])
            QTest.mouseClick(b.page.chips.chips["all"], Qt.MouseButton.LeftButton)
            b.page.field.setText("agent:researcher one")
            await until(lambda: b.tasks_shown() == ["say one"])

    on_loop(work())


def test_a_run_shows_its_steps_and_can_be_cancelled_and_run_again(
    tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop
) -> None:
    async def work() -> None:
        async with bench(tmp_path, theme_source) as b:
            agent = await b.agent("Researcher")
            asking = await b.service.execute(agent, "ask rm -r build", actor="user:test")
            asked = await b.house.asked()
            b.page.show_run(asking)
            await until(lambda: "Approval: Run a command" in b.labels())
            assert b.page.details.strip._steps[2].open
            await b.house.desk.decide(asked.id, asked.nonce, "approve", actor="user:test")
            await b.service.wait(asking)
            await until(lambda: b.labels()[-1:] == ["Finished"])
            assert b.labels() == ["The run", "Task accepted", "Approval: Run a command", "Finished"]
            assert b.page.details.strip._steps[2].detail == "approved by user:test"
            assert "approved True" in b.page.details.answer.text()
            assert not b.page.details.cancel.isVisible()
            QTest.mouseClick(b.page.details.again, Qt.MouseButton.LeftButton)
            await until(lambda: len(b.page.runs) == 2 and b.page._shown != asking)
            await b.house.asked()
            await until(b.page.details.cancel.isVisible)
            QTest.mouseClick(b.page.details.cancel, Qt.MouseButton.LeftButton)
            await until(lambda: "cancelled" in b.page.details.title.text())
            b.page.details.strip.setFocus()
            QTest.keyClick(b.page.details.strip, Qt.Key.Key_Down)
            QTest.keyClick(b.page.details.strip, Qt.Key.Key_Return)
            (key, content) = b.opened[-1]
            assert key == "watchtower"
            assert "event_id" in cast(dict[str, object], content)

    on_loop(work())


def test_a_run_that_is_not_there_is_told(tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with bench(tmp_path, theme_source) as b:
            await until(b.page._empty.isVisible)
            b.page.present({"run_id": "nowhere"})
            await until(lambda: b.messages)

    on_loop(work())


@pytest.mark.screens
@pytest.mark.parametrize(("name", "width", "height"), [("800", 720, 396), ("1280", 1200, 716)])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_screens(
    tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop, shoot: Any, theme: Any, name: str, width: int, height: int
) -> None:
    async def work() -> None:
        theme_source.select(theme)
        async with bench(tmp_path, theme_source, width, height) as b:
            await asyncio.sleep(0.3)
            shoot(b.page, f"runs-empty-{name}-{theme}")
            one, two = await b.agent("Researcher"), await b.agent("Writer of release notes")
            for number in range(6):
                await b.done(one if number % 2 else two, f"say {number} how the backup of the kitchen panel went tonight")
            await b.done(one, "fail The model server answered 503 three times")
            asking = await b.service.execute(two, "ask rsync -a --delete /srv/backup /mnt/usb0", actor="user:test")
            asked = await b.house.asked()
            await b.service.execute(one, "wait until the door is closed", actor="agent:writer")
            await until(lambda: len(b.page.runs) == 9)
            await asyncio.sleep(0.8)
            shoot(b.page, f"runs-{name}-{theme}")
            await b.house.desk.decide(asked.id, asked.nonce, "approve", actor="user:test")
            await b.service.wait(asking)
            b.page.show_run(asking)
            await until(lambda: b.labels()[-1:] == ["Finished"])
            await asyncio.sleep(0.3)
            shoot(b.page, f"runs-one-{name}-{theme}")

    on_loop(work())


def test_what_no_model_had_a_part_in_has_no_tokens(tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with bench(tmp_path, theme_source) as b:
            agent = await b.agent("Orders")
            run = await b.service.run(await b.done(agent, "say one"))
            plain = replace(run, input_tokens=0, output_tokens=0, cost=None)
            assert "tokens" not in facts_of(plain)
            assert "1,200 tokens in, 3 out, cost not known" in facts_of(replace(plain, input_tokens=1200, output_tokens=3))

    on_loop(work())
