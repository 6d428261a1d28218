"""What the Logs page needs of the house. Imports the page's parts when it is first looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtWidgets import QWidget

from chainbot_desktop.app.house import House
from chainbot_desktop.ui.shell.window import Remember
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.watch.logs.file import LogFile, open_log_file

if TYPE_CHECKING:
    from chainbot_desktop.ui.watchtower.logs.services import LogServices


class PanelLogs:
    def __init__(self, house: House, themes: ThemeSource, remembered: Mapping[str, object], remember: Remember) -> None:
        self._house, self._themes = house, themes
        self._remembered, self._remember = remembered, remember
        self._files: list[LogFile] = []

    def services(self) -> LogServices:
        from chainbot_desktop.ui.watchtower.logs.services import LogMemory, LogServices

        wing = self._house.log_wing
        memory = LogMemory(self._remembered, self._remember)
        return LogServices(wing.timeline, self._open, self._choose, wing.sources, memory)

    async def close(self) -> None:
        """End the threads of the files that are still open."""
        for file in self._files:
            await file.close()

    async def _open(self, path: Path) -> LogFile:
        file = await open_log_file(path)
        self._files.append(file)
        return file

    async def _choose(self, origin: QWidget, purpose: Literal["open", "save"], name: str) -> Path | None:
        from chainbot_desktop.ui.code_agent.chooser import choose_path

        house = self._house
        return await choose_path(origin, house.workspace, self._themes, house.tasks, purpose, Path.home(), name)
