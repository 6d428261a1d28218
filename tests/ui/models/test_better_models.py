"""The sheet of better models, as a finger uses it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from chainbot_desktop.agents.models.discovery import FoundServer
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.models.better_models import BetterModels
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets import Button
from tests.ui.acting import until
from tests.ui.models.fake_setup import FakeSetup

Run = Callable[[Coroutine[Any, Any, Any]], Any]
HERE = FoundServer("ollama", "http://127.0.0.1:11434/v1", ("qwen3", "gemma3"))


class Sheets:
    def __init__(self, host: QWidget, themes: ThemeSource) -> None:
        self.setup = FakeSetup()
        self.failures: list[str] = []
        self.tasks = Tasks(lambda name, error: self.failures.append(f"{name}: {error!r}"))
        self.told: list[tuple[str, bool]] = []
        self.changes = 0
        self.sheet = BetterModels(
            host, themes, self.setup, self.tasks, self._choose, lambda words, bad: self.told.append((words, bad)), self._changed
        )

    async def _choose(self, origin: QWidget) -> Path | None:
        return Path("/models/qwen.gguf")

    def _changed(self) -> None:
        self.changes += 1

    def button(self, text: str) -> Button:
        return next(b for b in self.sheet.findChildren(Button) if text in (b.text(), b.accessibleName()) and not b.isHidden())

    def texts(self) -> list[str]:
        return [b.text() for b in self.sheet.findChildren(Button) if not b.isHidden()]

    async def rest(self) -> None:
        await until(lambda: not self.tasks.names)
        QApplication.sendPostedEvents()  # a button in a layout is shown a moment after it was put there


@pytest.fixture
def host(theme_source: ThemeSource) -> Iterator[QWidget]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme_source.apply_to(app)
    host = QWidget()
    host.resize(800, 480)
    host.show()
    yield host
    host.close()
    host.deleteLater()


@pytest.fixture
def sheets(host: QWidget, theme_source: ThemeSource) -> Sheets:
    return Sheets(host, theme_source)


def test_what_is_found_is_used_with_one_tap(sheets: Sheets, on_loop: Run) -> None:
    async def work() -> None:
        sheets.setup.found = [HERE]
        sheets.sheet.open()
        await sheets.rest()
        sheets.button("Use ollama (2 models, http://127.0.0.1:11434/v1)").click()
        await sheets.rest()
        assert sheets.setup.known[0].base_url == HERE.base_url
        assert sheets.sheet.here.said == "ollama is used now, with qwen3."
        assert not any(text.startswith("Use ollama") for text in sheets.texts()), "it is in use"
        assert sheets.changes == 2
        sheets.sheet.dismiss()

    on_loop(work())
    assert not sheets.failures


def test_a_server_that_wants_a_key_is_given_it_here(sheets: Sheets, on_loop: Run) -> None:
    async def work() -> None:
        sheet = sheets.sheet
        sheet.open()
        await sheets.rest()
        assert sheet.key.isHidden()
        sheet.address.setText("http://locked/v1")
        sheets.button("Use").click()
        await sheets.rest()
        assert sheet.server.said.startswith("locked wants a key.")
        assert sheet.address.text() == "http://locked/v1"
        assert sheet.key.isVisible()
        assert sheet.key.hasFocus()
        assert sheet.key.echoMode() == QLineEdit.EchoMode.Password
        sheet.key.setText("sk-bad")
        sheets.button("Use with this key").click()
        await sheets.rest()
        assert sheet.server.said == "locked refused this key. It was not kept."
        assert (sheet.address.text(), sheet.key.selectedText()) == ("http://locked/v1", "sk-bad")
        sheet.key.setText("sk-good")
        sheet.key.returnPressed.emit()
        await sheets.rest()
        assert sheet.server.said == "den is used now, with qwen3."
        assert (sheet.address.text(), sheet.key.text(), sheet.key.isHidden()) == ("", "", True)
        sheet.dismiss()

    on_loop(work())
    assert not sheets.failures


def test_a_key_does_not_go_to_another_address(sheets: Sheets, on_loop: Run) -> None:
    async def work() -> None:
        sheet = sheets.sheet
        sheet.open()
        await sheets.rest()
        sheet.address.setText("http://locked/v1")
        sheets.button("Use").click()
        await sheets.rest()
        sheet.key.setText("sk-good")
        QTest.keyClicks(sheet.address, "2")
        assert (sheet.key.text(), sheet.key.isHidden()) == ("", True)
        sheets.button("Use").click()
        await sheets.rest()
        assert sheet.server.said.startswith("locked wants a key."), "it is asked without the key that was typed before"
        sheet.dismiss()

    on_loop(work())


def test_nothing_found_an_address_and_a_key(sheets: Sheets, on_loop: Run) -> None:
    async def work() -> None:
        sheets.sheet.open()
        await sheets.rest()
        assert sheets.sheet.here.said.startswith("No Ollama, llama.cpp or LM Studio that is not in use yet")
        sheets.sheet.address.setText(" bad ")
        sheets.button("Use").click()
        await sheets.rest()
        assert "is not an address" in sheets.sheet.server.said
        assert sheets.sheet.address.text() == " bad ", "what was typed stays to be mended"
        sheets.sheet.address.setText("http://den:11434/v1")
        sheets.button("Use").click()
        await sheets.rest()
        assert sheets.sheet.server.said == "den is used now, with qwen3."
        field = next(f for f in sheets.sheet.findChildren(QLineEdit) if f.accessibleName() == "Key of OpenAI")
        assert field.echoMode() == QLineEdit.EchoMode.Password
        sheets.button("Keep the key of OpenAI").click()
        assert not sheets.tasks.names, "nothing was typed"
        field.setText("sk-1")
        sheets.button("Keep the key of OpenAI").click()
        await sheets.rest()
        assert sheets.setup.keys == {"openai": "sk-1"}
        assert not field.text()
        sheets.sheet.dismiss()

    on_loop(work())
    assert not sheets.failures


def test_a_file_shows_how_far_it_is_and_can_be_given_up(sheets: Sheets, on_loop: Run) -> None:
    async def work() -> None:
        sheets.sheet.open()
        await sheets.rest()
        sheets.button("Choose a GGUF file").click()
        await until(lambda: sheets.sheet._bar.value() == 50)
        sheets.button("Cancel").click()
        await sheets.rest()
        assert sheets.sheet.file.said == "Given up; nothing was changed."
        sheets.button("Choose a GGUF file").click()
        await until(lambda: sheets.sheet._copying is not None)
        sheets.sheet.dismiss()
        sheets.setup.copied.set()
        await sheets.rest()
        assert sheets.told == [("local is used now, with qwen.", False)]

    on_loop(work())
    assert not sheets.failures


@pytest.mark.screens
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("size", [(800, 480), (1280, 800)])
def test_screens(
    name: Any,
    size: tuple[int, int],
    sheets: Sheets,
    host: QWidget,
    on_loop: Run,
    theme_source: ThemeSource,
    shoot: Callable[[QWidget, str], Path],
) -> None:
    async def work() -> None:
        theme_source.select(name)
        host.resize(*size)
        sheets.setup.found = [HERE]
        sheets.sheet.open()
        await sheets.rest()
        shoot(host, f"better-models-{size[0]}-{name}")
        sheets.sheet._area.verticalScrollBar().setValue(10_000)
        sheets.button("Choose a GGUF file").click()
        await until(lambda: sheets.sheet._copying is not None)
        sheets.sheet.address.setText("bad")
        sheets.button("Use").click()
        await until(lambda: not sheets.sheet.server.busy)
        shoot(host, f"better-models-{size[0]}-{name}-busy")
        sheets.sheet.dismiss()
        sheets.setup.copied.set()
        await sheets.rest()

    on_loop(work())
