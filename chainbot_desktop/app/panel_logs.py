"""What the Logs page needs of the house. Imports the page's parts when it is first looked at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtWidgets import QWidget

from chainbot_desktop.app.house import House
from chainbot_desktop.ui.shell.window import Remember
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.watch.logs.file import open_log_file
from chainbot_desktop.watch.logs.sources.program import ProgramLog
from chainbot_desktop.watch.logs.sources.switches import LogSources
from chainbot_desktop.watch.logs.timeline import LogTimeline

if TYPE_CHECKING:
    from chainbot_desktop.ui.watchtower.logs.services import LogServices


class PanelLogs:
    def __init__(self, house: House, themes: ThemeSource, remembered: Mapping[str, object], remember: Remember) -> None:
        self._house, self._themes = house, themes
        self._remembered, self._remember = remembered, remember
        self._timeline: LogTimeline | None = None
        self._sources: LogSources | None = None

    def services(self) -> LogServices:
        from chainbot_desktop.ui.watchtower.logs.services import LogMemory, LogServices

        wing = self._house.log_wing
        memory = LogMemory(self._remembered, self._remember)
        return LogServices(wing.timeline, None, self._choose, partial(_states, wing.sources), memory, wing.sources)
        self._timeline = LogTimeline(self._house.tasks)
        self._sources = LogSources((ProgramLog(self._timeline.add, self._house.logs),), lambda *_: None)
        self._sources.open({})
        memory = LogMemory(self._remembered, self._remember)
        return LogServices(self._timeline, open_log_file, self._choose, self._sources, memory)

    async def close(self) -> None:
        if self._timeline is not None and self._sources is not None:
            self._sources.close()
            await self._timeline.close()

    async def _choose(self, origin: QWidget, purpose: Literal["open", "save"], name: str) -> Path | None:
        from chainbot_desktop.ui.code_agent.chooser import choose_path

        return await choose_path(origin, self._house.workspace, self._themes, self._house.tasks, purpose, Path.home(), name)


def _states(sources: LogSources) -> Mapping[str, str]:
    return {status.source: status.trouble if status.on else "turned off" for status in sources.statuses}
