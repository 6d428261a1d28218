"""The line over the messages: who works, what it is a branch of, who takes part and who may be made to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.store.conversation_rows import Meter
from chainbot_desktop.ui.chat.conversation_head import meter_words
from chainbot_desktop.ui.chat.members_sheet import MembersSheet
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from tests.helpers.talks import FakeTalk
from tests.ui.chat.windows import Window, open_window

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Shoot = Callable[[QWidget, str], Path]


def sheet_of(window: Window) -> MembersSheet | None:
    return next((sheet for sheet in window.view.findChildren(MembersSheet) if sheet.is_open), None)


def rows(window: Window) -> list[Any]:
    sheet = sheet_of(window)
    return sheet.rows if sheet is not None else []


def last_is(sheet: MembersSheet, name: str) -> bool:
    return [row.member.name for row in sheet.rows][-1:] == [name]


def chosen(window: Window, label: str) -> None:
    [menu] = [menu for menu in window.view.findChildren(MenuSheet) if menu.is_open]
    next(row for row in menu.rows if row.text() == label).click()


def test_who_works_is_said_and_the_loudest_state_is_shown(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def work() -> None:
        talk = FakeTalk("Ada", "Tests")
        async with open_window(tmp_path, theme_source, talk=talk) as window:
            await window.types("@Ada look at the log")
            await window.until(lambda: window.view.header.subtitle.startswith("Ada "))
            await window.until(lambda: window.view._head.members.text() == "1")
            talk.last.waits("your approval")
            await window.until(lambda: window.view.header.subtitle == "Ada waits for your approval")
            assert "needs input" in window.view._head.members.accessibleName()
            talk.last.finish("It is full.")
            await window.until(lambda: not window.view.header.subtitle)
            assert window.view._head.members.accessibleName() == "Agents in this conversation: 1 agent"

    on_loop(work())


def test_agents_are_added_made_to_lead_ordered_and_taken_out(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def work() -> None:
        talk = FakeTalk("Ada", "Tests")
        talk.add("Watcher", "running", kind="command", takes_tasks=False)
        async with open_window(tmp_path, theme_source, talk=talk) as window:
            here = await window.service.begin("Plans")
            await window.opens(here.id)
            window.view._head.members.click()
            await window.until(lambda: sheet_of(window))
            sheet = sheet_of(window)
            assert sheet is not None
            assert not sheet.rows
            for name in ("Ada", "Tests"):
                sheet.add_button.click()
                chosen(window, name)
                await window.until(partial(last_is, sheet, name))
            assert not sheet.add_button.isEnabled()
            assert [(row.member.name, row.member.leads) for row in sheet.rows] == [("Ada", True), ("Tests", False)]
            sheet.rows[1].lead.click()
            await window.until(lambda: [row.member.leads for row in rows(window)] == [True, False])
            assert rows(window)[0].lead.isChecked()
            sheet.orders["all"].click()

            while (await window.service.conversation(here.id)).turn_order != "all":
                await asyncio.sleep(0.01)
            await window.until(sheet.orders["all"].isChecked)
            sheet.dismiss()
            await window.types("both of you")
            await window.until(lambda: len(talk.runs) == 2)
            window.view._head.members.click()
            await window.until(lambda: sheet_of(window))
            sheet = sheet_of(window)
            assert sheet is not None
            sheet.rows[0].more.click()
            chosen(window, "Take out of the conversation")
            await window.until(lambda: [row.member.name for row in rows(window)] == ["Ada"])
            while (await window.service.conversation(here.id)).lead != "id-Ada":
                await asyncio.sleep(0.01)
            assert (await window.service.conversation(here.id)).members == ("id-Ada",)

    on_loop(work())


def test_a_branch_says_what_it_is_one_of(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def work() -> None:
        async with open_window(tmp_path, theme_source) as window:
            stem = await window.service.begin("Roof repairs")
            posted = await window.service.post(stem.id, "one")
            assert posted.message is not None
            branch = await window.service.branch(stem.id, posted.message.id)
            await window.opens(branch.id)
            await window.until(lambda: window.view.header.subtitle == "Branch of “Roof repairs”")

    on_loop(work())


@pytest.mark.parametrize(
    ("meter", "words"),
    [
        (Meter(0, 0, None, 0), ""),
        (Meter(900, 100, None, 1), "1,000 tokens"),
        (Meter(90_000, 12_345, 1.234, 0), "102k tokens, $1.23"),
        (Meter(1_500_000, 0, 0.001, 2), "1.5M tokens, under 1 ¢ and more"),
        (Meter(10, 0, 0.0, 0), "10 tokens, $0.00"),
    ],
)
def test_what_it_cost_is_said_shortly(meter: Meter, words: str) -> None:
    assert meter_words(meter) == words


@pytest.mark.screens
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("size", [(720, 452), (1200, 772)])
def test_screens(
    name: Any, size: tuple[int, int], on_loop: Run, theme_source: ThemeSource, tmp_path: Path, shoot: Shoot
) -> None:
    async def look() -> None:
        theme_source.select(name)
        talk = FakeTalk("Ada", "Tests", "A rather long name of an agent that goes on and on")
        async with open_window(tmp_path, theme_source, size, talk=talk) as window:
            await window.types("@Ada @Tests what is wrong with the start?")
            await window.until(lambda: len(talk.runs) == 2)
            next(iter(talk.runs.values())).waits("your approval")
            await asyncio.sleep(0.2)
            window.view.panel.hide()
            shoot(window.view, f"chat-{size[0]}-{name}-head")
            window.view._head.members.click()
            await window.until(lambda: sheet_of(window))
            await asyncio.sleep(0.2)
            sheet = sheet_of(window)
            assert sheet is not None
            assert sheet.rows[0].member.state is AgentState.NEEDS_INPUT
            shoot(window.view, f"chat-{size[0]}-{name}-members")

    on_loop(look())
