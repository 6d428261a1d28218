"""What the Logs page needs of the house. Imports the page's parts when it is first looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtWidgets import QWidget

from chainbot_desktop.app.house import House
from chainbot_desktop.ui.shell.window import Remember
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.watch.log_ring import LogLine, LogRing
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.timeline import LogTimeline

if TYPE_CHECKING:
    from chainbot_desktop.ui.watchtower.logs.services import LogServices


class PanelLogs:
    def __init__(self, house: House, themes: ThemeSource, remembered: Mapping[str, object], remember: Remember) -> None:
        self._house, self._themes = house, themes
        self._remembered, self._remember = remembered, remember
        self._timeline: LogTimeline | None = None
        self._end: Callable[[], None] = lambda: None

    def services(self) -> LogServices:
        from chainbot_desktop.ui.watchtower.logs.services import LogMemory, LogServices

        self._timeline = LogTimeline(self._house.tasks)
        self._end = _feed(self._house.logs, self._timeline)
        memory = LogMemory(self._remembered, self._remember)
        return LogServices(self._timeline, None, self._choose, dict, memory)

    async def close(self) -> None:
        self._end()
        if self._timeline is not None:
            await self._timeline.close()

    async def _choose(self, origin: QWidget, purpose: Literal["open", "save"], name: str) -> Path | None:
        from chainbot_desktop.ui.code_agent.chooser import choose_path

        return await choose_path(origin, self._house.workspace, self._themes, self._house.tasks, purpose, Path.home(), name)


def _feed(ring: LogRing, timeline: LogTimeline) -> Callable[[], None]:
    """What the program itself says, from now on and what is kept of before."""
    read_to = 0

    def on_lines() -> None:
        nonlocal read_to
        lines = ring.since(read_to)
        if lines:
            read_to = lines[-1].number
            timeline.add(map(_record, lines))

    on_lines()
    return ring.subscribe(on_lines)


def _record(line: LogLine) -> LogRecord:
    return LogRecord(line.created, line.level, "program", line.logger, line.full_text)
