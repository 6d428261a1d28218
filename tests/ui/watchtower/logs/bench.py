"""What a Logs page stands on in a test: a timeline, files by path, and the path that somebody chooses."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.ui.watchtower.logs.services import LogMemory, LogServices
from chainbot_desktop.watch.logs.document import LogDocument
from chainbot_desktop.watch.logs.records import LogRecord, Source
from chainbot_desktop.watch.logs.sources.switches import LogSources
from chainbot_desktop.watch.logs.timeline import LogTimeline

START = 1_700_000_000.0


class LogBench:
    def __init__(
        self,
        timeline: LogTimeline,
        remembered: dict[str, object] | None = None,
        sources: LogSources | None = None,
    ) -> None:
        self.timeline = timeline
        self._said = 0
        self.files: dict[str, LogDocument] = {}
        self.open_real: Callable[[Path], Awaitable[LogDocument]] | None = None
        self.chosen: Path | None = None
        self.kept: dict[str, object] = {}
        memory = LogMemory(remembered or {}, self.kept.__setitem__)
        self.services = LogServices(timeline, self._open, self._choose, sources or LogSources((), lambda *_: None), memory)

    def say(
        self,
        *texts: str,
        level: int = logging.INFO,
        name: str = "house",
        source: Source = "program",
        time: float | None = None,
    ) -> None:
        """Records of the timeline, a second apart."""
        records = []
        for text in texts:
            records.append(LogRecord(START + self._said if time is None else time, level, source, name, text))
            self._said += 1
        self.timeline.add(records)

    async def close(self) -> None:
        await self.timeline.close()

    async def _open(self, path: Path) -> LogDocument:
        if self.open_real is not None:
            return await self.open_real(path)
        found = self.files.get(str(path))
        if found is None:
            raise NotFound(f"There is no file {path.name}.", hint="Choose another one.")
        return found

    async def _choose(self, origin: QWidget, purpose: Literal["open", "save"], name: str) -> Path | None:
        return self.chosen
