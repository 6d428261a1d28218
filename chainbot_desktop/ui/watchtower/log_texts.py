"""How a log line reads in a row of the list."""

from __future__ import annotations

import logging

from chainbot_desktop.ui.watchtower.event_texts import clock_time
from chainbot_desktop.ui.watchtower.marks import Mark
from chainbot_desktop.ui.watchtower.two_line_rows import RowText
from chainbot_desktop.watch.log_ring import LogLine

_LONGEST = 400


def log_mark(level: int) -> Mark:
    if level >= logging.CRITICAL:
        return "critical"
    if level >= logging.ERROR:
        return "error"
    if level >= logging.WARNING:
        return "warning"
    return "info" if level >= logging.INFO else "debug"


def log_row(line: LogLine) -> RowText:
    mark = log_mark(line.level)
    more = line.full_text.count("\n")
    text = " ".join(line.text.split("\n", 1)[0].split())[:_LONGEST]
    ground: str | None = None
    if mark in {"error", "critical"}:
        ground = "failed"
    elif mark == "warning":
        ground = "needs_input"
    return RowText(
        mark=mark,
        title=line.level_name.upper(),
        origin=line.logger,
        about="",
        time=clock_time(line.time),
        detail=f"+{more} lines" if more > 1 else "+1 line" if more else "",
        text=f"{text}  ⏎ {more}" if more else text,
        ground=ground,
    )
