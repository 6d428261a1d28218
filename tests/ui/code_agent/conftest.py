"""A real workspace, a real store and the whole window."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.code_agent.document import Document
from chainbot_desktop.ui.code_agent.view import CodeAgentView
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message
from chainbot_desktop.workspace import Workspace
from tests.helpers.stores import Store, open_store

if TYPE_CHECKING:
    from chainbot_desktop.ui.code_agent.scintilla.editor import CodeEditor


@dataclass
class Desk:
    """The window with everything behind it."""

    view: CodeAgentView
    workspace: Workspace
    store: Store
    tasks: Tasks
    folder: Path
    messages: list[Message] = field(default_factory=list)
    badges: list[int] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait until it is so; the test fails if it never is."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            assert not self.failures, self.failures
            assert loop.time() < deadline, "waited in vain"
            await asyncio.sleep(0.01)

    async def open(self, name: str) -> None:
        self.view.present({"path": name})
        await self.until(lambda: self.name == name)

    @property
    def name(self) -> str:
        current = self.view.documents.current
        return current.name if current is not None else ""

    def shows(self, name: str) -> bool:
        return self.name == name

    @property
    def document(self) -> Document:
        """The one in front."""
        assert self.view.documents.current is not None
        return self.view.documents.current

    @property
    def editor(self) -> CodeEditor:
        return self.document.editor

    @property
    def text(self) -> str:
        assert self.view.documents.current is not None
        return self.view.documents.current.editor.text().decode()

    @property
    def focus_target(self) -> QWidget:
        assert self.view.documents.current is not None
        return self.view.documents.current.editor.widget


OpenDesk = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "house"
    root.mkdir()
    return root


@pytest.fixture
def desk_of(theme_source: ThemeSource, qapp: QApplication, tmp_path: Path) -> OpenDesk:
    """`async with desk_of(folder) as desk`: twice in one test is a restart of the program."""
    theme_source.select("dark")
    theme_source.apply_to(qapp)

    @asynccontextmanager
    async def desk(folder: Path, size: tuple[int, int] = (1200, 772), *, crash: bool = False) -> AsyncIterator[Desk]:
        failures: list[BaseException] = []
        tasks = Tasks(lambda _, error: failures.append(error))
        async with open_store(tmp_path) as store:
            workspace = Workspace(folder, store.journal, tmp_path / "drafts")
            view = CodeAgentView(workspace, theme_source, tasks, store.preferences)
            made = Desk(view, workspace, store, tasks, folder, failures=failures)
            view.message.connect(made.messages.append)
            view.badge_changed.connect(made.badges.append)
            view.resize(*size)
            view.show()
            view.activateWindow()
            view.shown_first_time()
            await made.until(lambda: view.is_ready)
            try:
                yield made
                assert not failures, failures
                if not crash:
                    await view.store()
            finally:
                assert await tasks.cancel_all() == ()
                await workspace.close()
                view.hide()
                view.deleteLater()
                await asyncio.sleep(0)

    return desk
