"""A GGUF file is chosen in the program's own chooser, over the sheet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.code_agent.chooser import PathChooser, choose_path
from chainbot_desktop.ui.models.better_models import BetterModels
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets import Button
from chainbot_desktop.workspace import Workspace
from tests.helpers.stores import open_store
from tests.ui.acting import until
from tests.ui.models.fake_setup import FakeSetup


def test_the_chooser_opens_over_the_sheet_and_gives_its_file_back(
    theme_source: ThemeSource,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    tmp_path: Path,
    shoot: Callable[[QWidget, str], Path],
) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme_source.apply_to(app)
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "qwen.gguf").write_bytes(b"GGUF")

    async def work() -> None:
        host = QWidget()
        host.resize(800, 480)
        host.show()
        failures: list[str] = []
        tasks = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
        setup = FakeSetup()
        setup.copied.set()
        async with open_store(tmp_path) as store:
            workspace = Workspace(folder, store.journal, tmp_path / "drafts")

            async def choose(origin: QWidget) -> Path | None:
                return await choose_path(origin, workspace, theme_source, tasks, "open", folder)

            sheet = BetterModels(host, theme_source, setup, tasks, choose, lambda words, bad: None, lambda: None)
            sheet.open()
            await until(lambda: not tasks.names)
            next(b for b in sheet.findChildren(Button) if b.text() == "Choose a GGUF file").click()
            await until(lambda: bool(host.findChildren(PathChooser)))
            chooser = host.findChildren(PathChooser)[0]
            await until(lambda: chooser.list.model().rowCount() > 0)
            await asyncio.sleep(0.05)
            shoot(host, "better-models-choosing")
            chooser.list.clicked.emit(chooser.list.model().index(0, 0))
            await until(lambda: sheet.file.said == "local is used now, with qwen.")
            assert sheet.isVisible()
            sheet.dismiss()
            await until(lambda: not tasks.names)
            await workspace.close()
        host.close()
        host.deleteLater()
        assert not failures

    on_loop(work())
