"""The program itself, noting after each frame of Watchtower's list of events when it was painted and what it showed."""

from __future__ import annotations

import json
import sys
import time

from PySide6.QtGui import QPaintEvent

from chainbot_desktop.__main__ import main
from chainbot_desktop.app.command_line import parse_arguments
from chainbot_desktop.ui.watchtower.events_page import EventsPage
from chainbot_desktop.ui.watchtower.row_list import RowList

data_dir = parse_arguments(sys.argv[1:]).data_dir
assert data_dir is not None
data_dir.mkdir(parents=True, exist_ok=True)
frames = (data_dir / "frames.jsonl").open("w", encoding="utf-8", buffering=1)
paint = RowList.paintEvent


def watched(self: RowList, event: QPaintEvent) -> None:
    paint(self, event)
    page = self.parent()
    while page is not None and not isinstance(page, EventsPage):
        page = page.parent()
    if page is not None and len(page.stretch):
        frames.write(json.dumps([time.monotonic(), page.stretch.newest]) + "\n")


RowList.paintEvent = watched  # type: ignore[method-assign]
sys.exit(main(sys.argv[1:]))
