"""What a person sees, on both screens and in both themes, with real files."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.resources import resource_path
from chainbot_desktop.ui.code_agent.chooser import PathChooser
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.ui.widgets.sheet import Sheet
from tests.ui.code_agent.conftest import OpenDesk

pytestmark = pytest.mark.screens

PROJECT = Path(__file__).resolve().parents[3]
SIZES = {"800x480": (720, 452), "1280x800": (1200, 772)}


@pytest.fixture
def project(folder: Path) -> Path:
    """A small project made of this one's own files."""
    for name in ("chainbot_desktop/core", "chainbot_desktop/workspace"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", folder)
    shutil.copy(resource_path("themes", "dark.json"), folder)
    (folder / "README.md").write_text("# House\n\nA *panel* for **agents**.\n\n* one\n* two\n\n```python\nprint(1)\n```\n")
    (folder / "server.go").write_text(
        'package main\n\nimport "fmt"\n\n// main says so.\nfunc main() {\n\tfmt.Println("9000", 42)\n}\n'
    )
    return folder


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("screen", SIZES)
def test_screens(
    screen: str,
    theme: Literal["dark", "light"],
    project: Path,
    desk_of: OpenDesk,
    theme_source: ThemeSource,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    shoot: Callable[[QWidget, str], Path],
) -> None:
    async def story() -> None:
        async with desk_of(project, SIZES[screen]) as desk:
            theme_source.select(theme)
            view = desk.view
            kept = f"code-{screen}-{theme}"

            async def picture(name: str) -> None:
                for _ in range(5):
                    await asyncio.sleep(0.01)  # layouts settle and the text is styled
                shoot(view, f"{kept}-{name}")

            await picture("empty")
            for name in ("pyproject.toml", "server.go", "README.md", "chainbot_desktop/core/tasks.py"):
                view.present({"path": name, "line": 26})
                await desk.until(partial(desk.shows, Path(name).name))
                if name in {"server.go", "README.md", "pyproject.toml"}:
                    await picture(Path(name).stem)
            await picture("python")
            view.actions_.replace()
            view.find_bar.field.setText("task")
            view.find_bar.find_next()
            await picture("find")
            view.find_bar.end()
            view.drawer.set_open(True)
            view.tree.view.expand(view.tree.model.index(0, 0))
            await desk.until(lambda: view.tree.model.rowCount(view.tree.model.index(0, 0)) > 0)
            await picture("files")
            view.drawer.set_open(False)
            view._on_more()
            await picture("menu")
            view.findChildren(MenuSheet)[-1].dismiss()
            (project / "chainbot_desktop" / "core" / "tasks.py").write_text("changed by somebody else")
            await desk.workspace.watch.look()
            await picture("changed")
            view.actions_.choose_file()
            await desk.until(lambda: view.findChildren(PathChooser))
            chooser = view.findChildren(PathChooser)[-1]
            await desk.until(lambda: chooser.list.model().rowCount() > 0)
            await picture("chooser")
            chooser.dismiss()
            desk.editor.mark_modified()
            view.actions_.close()
            await desk.until(lambda: view.findChildren(Sheet))
            await picture("close")
            view.findChildren(Sheet)[-1].dismiss()
            await asyncio.sleep(0.01)

    on_loop(story())
