"""The first start: each step ticks when it truly happened, each can be skipped, what is left stays as a chip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from chainbot_desktop.ui.theme import ThemeName, ThemeSource
from chainbot_desktop.ui.view import OVERLAY_HOST, WindowView
from chainbot_desktop.ui.welcome.actions import ModelOffer, WelcomeActions
from chainbot_desktop.ui.welcome.guide import WelcomeGuide
from chainbot_desktop.ui.welcome.steps import CLOSED, DONE, SKIPPED, WITH_AGENTS, WelcomeSteps
from chainbot_desktop.ui.widgets import Button, IconButton, Sheet
from tests.ui.finding import find, focused

LINE = (
    'curl http://127.0.0.1:9000/api/webhooks/chainbot/agent/spawned -H "Authorization: Bearer $(chainbot-desktop token)"'
    ' -H \'Content-Type: application/json\' -d \'{"agent_id": "tests", "agent_name": "Tests", "status": "running"}\''
)


@dataclass
class Start:
    """A start of the program as the welcome sees it; `memory` outlives it."""

    host: QWidget
    themes: ThemeSource
    memory: dict[str, object]
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        actions = WelcomeActions(
            LINE, lambda: self.asked.append("link"), lambda: self.asked.append("folder"), "chainbot-desktop --demo"
        )
        steps = WelcomeSteps(self.memory, self.memory.__setitem__)
        self.guide = WelcomeGuide(self.host, self.themes, steps, actions)
        QApplication.processEvents()

    def button(self, text: str) -> Button:
        assert self.guide.card is not None
        found = [b for b in self.guide.card.findChildren(Button) if b.text().startswith(text) and b.isVisible()]
        assert len(found) == 1, [b.text() for b in self.guide.card.findChildren(Button)]
        return found[0]

    def tap(self, text: str) -> None:
        QTest.mouseClick(self.button(text), Qt.MouseButton.LeftButton)
        QApplication.processEvents()

    def close(self) -> None:
        assert self.guide.card is not None
        QTest.mouseClick(find(self.guide.card, IconButton), Qt.MouseButton.LeftButton)
        QApplication.processEvents()

    def words(self) -> str:
        assert self.guide.card is not None
        return " ".join(label.text() for label in self.guide.card.findChildren(QLabel) if label.isVisible())

    @property
    def chip_text(self) -> str | None:
        chip = self.guide.chip
        return chip.text() if chip is not None and chip.isVisible() else None


@pytest.fixture
def host(theme_source: ThemeSource, qapp: QApplication, qtbot: QtBot) -> Iterator[QWidget]:
    theme_source.select("dark")
    theme_source.apply_to(qapp)
    host = WindowView()
    host.setProperty(OVERLAY_HOST, True)
    host.resize(720, 452)
    host.show()
    qtbot.waitUntil(lambda: qapp.activeWindow() is host)
    yield host
    host.deleteLater()


@pytest.fixture
def start(host: QWidget, theme_source: ThemeSource) -> Start:
    return Start(host, theme_source, {})


def test_the_link_is_shown_live_and_ticks_when_alex_os_answers(start: Start) -> None:
    start.guide.set_link("retrying", "Connection refused by 10.0.0.5.")
    assert "retrying" in start.words()
    assert "Connection refused by 10.0.0.5." in start.words()
    assert "chainbot-desktop --demo" in start.words()
    assert DONE not in start.memory
    start.tap("Show the link")
    assert start.asked == ["link"]
    start.guide.set_link("registered", "")
    assert start.memory[DONE] == ["link"]
    assert "Paste this into a terminal" in start.words(), "the next step unfolds"


def test_copying_is_not_sending(start: Start) -> None:
    start.tap("Skip")
    start.tap("Copy")
    assert QGuiApplication.clipboard().text() == LINE
    assert DONE not in start.memory
    start.guide.webhook_arrived()
    assert start.memory[DONE] == ["webhook"]
    start.tap("Choose a folder")
    assert start.asked == ["folder"]
    start.guide.folder_opened()
    assert start.memory[DONE] == ["webhook", "folder"]


def test_a_skipped_step_can_be_taken_up_again(start: Start) -> None:
    start.tap("Skip")
    assert start.memory[SKIPPED] == ["link"]
    start.tap("See the link to ALEX OS")
    assert start.memory[SKIPPED] == []
    assert "simulator" in start.words()


def test_later_leaves_a_chip_that_opens_it_again(start: Start) -> None:
    start.guide.webhook_arrived()
    start.close()
    assert start.chip_text == "Set up: 1 of 3"
    assert start.memory[CLOSED] is True
    chip = start.guide.chip
    assert chip is not None
    assert chip.height() >= 48
    assert start.host.rect().contains(chip.geometry())
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert "simulator" in start.words() or "terminal" in start.words()
    assert start.chip_text is None


def test_the_next_start_shows_the_chip_and_not_the_card(start: Start, theme_source: ThemeSource, qtbot: QtBot) -> None:
    start.close()
    other = WindowView()
    qtbot.addWidget(other)
    other.resize(720, 452)
    other.show()
    again = Start(other, theme_source, start.memory)
    assert again.guide.card is None
    assert again.chip_text == "Set up: 0 of 3"
    again.guide.set_link("registered", "")
    again.guide.webhook_arrived()
    assert again.chip_text == "Set up: 2 of 3"
    again.guide.folder_opened()
    assert again.chip_text is None, "nothing is left"


def test_when_all_is_done_the_card_goes_by_itself(start: Start) -> None:
    start.guide.set_link("registered", "")
    start.guide.webhook_arrived()
    start.guide.folder_opened()
    QApplication.processEvents()
    assert start.guide.card is None
    assert start.chip_text is None


def test_it_can_be_done_with_keys_alone(start: Start) -> None:
    reached = set()
    for _ in range(12):
        here = focused()
        reached.add(here)
        QTest.keyClick(here, Qt.Key.Key_Tab)
    assert {start.button("Skip"), start.button("Show the link")} <= reached
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert start.chip_text == "Set up: 0 of 3"


def test_nonsense_in_the_memory_is_a_first_start(host: QWidget, theme_source: ThemeSource) -> None:
    start = Start(host, theme_source, {DONE: "link", SKIPPED: [7, "kitchen"], CLOSED: "yes"})
    assert start.guide.card is not None
    assert "Now:" in start.words()


@pytest.mark.screens
@pytest.mark.parametrize("size", [(720, 452), (1200, 772), (480, 700)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("look", ["dark", "light"])
def test_screens(
    start: Start, shoot: Callable[[QWidget, str], Path], size: tuple[int, int], look: ThemeName, theme_source: ThemeSource
) -> None:
    theme_source.select(look)
    if look == "light":
        theme_source.set_text_size("largest")
    start.host.resize(*size)
    start.guide.set_link("retrying", "Connection refused by 10.0.0.5 port 8000; the next attempt is in 8 s.")
    QApplication.processEvents()
    name = f"welcome-{size[0]}x{size[1]}-{look}"
    shoot(start.host, name)
    start.guide.set_link("registered", "")
    QApplication.processEvents()
    QApplication.processEvents()
    shoot(start.host, f"{name}-webhook")
    start.close()
    shoot(start.host, f"{name}-chip")
    theme_source.set_text_size("normal")


def test_any_open_step_unfolds_at_a_tap(start: Start) -> None:
    start.tap("Open a folder in Code")
    start.tap("Choose a folder")
    assert start.asked == ["folder"]
    start.tap("Send a first webhook")
    assert "Paste this into a terminal" in start.words()
    assert focused() is start.button("Copy"), "the keyboard goes along"


def test_skipping_the_last_step_puts_the_card_away(start: Start) -> None:
    for _ in range(3):
        start.tap("Skip")
    assert start.guide.card is None
    assert start.chip_text == "Set up: 0 of 3"
    start.guide.open_card()
    QApplication.processEvents()
    assert start.button("Send a first webhook: skipped").isVisible(), "and it opens again"


def test_with_agents_there_is_a_model_to_choose_and_a_first_agent_to_start(host: QWidget, theme_source: ThemeSource) -> None:
    asked: list[str] = []
    found = ["local: demonstration model, answers are often wrong."]
    offer = ModelOffer(lambda: found[0], *(lambda word=word: asked.append(word) for word in ("look", "improve", "take")))
    actions = WelcomeActions(LINE, lambda: None, lambda: None, "chainbot-desktop --demo", offer, lambda: asked.append("agent"))
    start = Start(host, theme_source, {})
    start.close()
    memory: dict[str, object] = {}
    start.guide = WelcomeGuide(host, theme_source, WelcomeSteps(memory, memory.__setitem__, WITH_AGENTS), actions)
    QApplication.processEvents()
    start.guide.set_link("registered", "")
    QApplication.processEvents()
    assert "demonstration model" in start.words()
    start.tap("Better models")
    start.tap("Look again")
    found[0] = "ollama: ready, 2 models."
    start.guide.models_changed()
    assert "ollama: ready, 2 models." in start.words()
    start.tap("Go on with this")
    start.guide.model_chosen()
    QApplication.processEvents()
    start.tap("New agent")
    assert asked == ["improve", "look", "take", "agent"]
    start.guide.agent_spawned()
    assert memory[DONE] == ["link", "model", "agent"]
    start.close()
    assert start.chip_text == "Set up: 3 of 5"


def test_the_chip_stays_under_what_is_open(start: Start, theme_source: ThemeSource) -> None:
    start.close()
    sheet = Sheet(start.host, "New agent", theme_source)
    sheet.open()
    start.guide.webhook_arrived()
    QApplication.processEvents()
    assert start.guide.chip is not None
    order = start.host.children()
    assert order.index(start.guide.chip) < order.index(sheet)
    start.host.resize(start.host.width() - 40, start.host.height())
    QApplication.processEvents()
    order = start.host.children()
    assert order.index(start.guide.chip) < order.index(sheet)
    sheet.dismiss()
