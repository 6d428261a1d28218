"""The Logs page over the real timeline, following, with an expression as its filter.

`python -m tests.bench.controls.log_view_ours [RATE]` prints the lines a second that it sustains; with RATE, the p99 of the loop's lag
in milliseconds, idle and while so many lines a second come.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.logs.page import LogsPage
from chainbot_desktop.ui.watchtower.logs.services import LogMemory, LogServices
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.watch.logs.file import open_log_file
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.sources.switches import LogSources
from chainbot_desktop.watch.logs.timeline import LogTimeline
from tests.bench.controls.log_lines import EXPRESSION, HEIGHT, KEPT, WIDTH, fill, lag_at, made, run, sustained


class OurView:
    def __init__(self, page: LogsPage, timeline: LogTimeline) -> None:
        self._page, self._timeline = page, timeline
        self._pushed = 0

    async def push(self, records: Sequence[LogRecord]) -> None:
        self._timeline.add(records)
        self._pushed += len(records)

    def waiting(self) -> int:
        """Not kept yet, not searched yet, or not painted yet."""
        kept = self._timeline.end
        if kept < self._pushed:
            return self._pushed - kept
        selection, visible = self._page.reading.selection, self._page.view.visible
        newest = selection.rows(selection.count - 1, 1)
        painted = visible[-1][0].number if visible else -1
        return int(selection.searched < 1) or (newest[0].number - painted if newest else 0)


async def _choose(origin: QWidget, purpose: Literal["open", "save"], name: str) -> Path | None:
    return None


async def _measure(app: QApplication) -> Sequence[float]:
    themes, tasks = ThemeSource(app), Tasks()
    themes.apply_to(app)
    timeline = LogTimeline(tasks)
    services = LogServices(
        timeline, open_log_file, _choose, LogSources((), lambda *_: None), LogMemory({}, lambda _name, _value: None)
    )
    parts = cast("Any", _Parts(services, themes, tasks))
    page = LogsPage(cast("WatchtowerParts", parts))
    page.resize(WIDTH, HEIGHT)
    page.show()
    page.bar.set_state(replace(page.bar.state, text=f"/{EXPRESSION}/"))
    view = OurView(page, timeline)
    if len(sys.argv) > 1:
        await fill(view, made(KEPT))
        figures: Sequence[float] = await lag_at(view, float(sys.argv[1]))
    else:
        figures = [await sustained(view)]
    assert page.view.sticks, "it does not follow"
    shown, kept = page.reading.selection.count, timeline.end - timeline.first
    assert 0.4 < shown / kept < 0.6, f"{shown} of {kept} lines pass"
    page.hide()
    page.deleteLater()
    await asyncio.sleep(0)
    await timeline.close()
    await tasks.cancel_all()
    return figures


class _Parts:
    """Of what the Watchtower's pages are given, what this one asks for."""

    def __init__(self, logs: LogServices, themes: ThemeSource, tasks: Tasks) -> None:
        self.logs, self.themes, self.tasks = logs, themes, tasks


if __name__ == "__main__":
    run(_measure)
