"""A run as a row of a list."""

from __future__ import annotations

from datetime import UTC, datetime

from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.store.agent_rows import RunRow
from chainbot_desktop.ui.watchtower.audit_rows import day_and_time
from chainbot_desktop.ui.watchtower.marks import Mark
from chainbot_desktop.ui.watchtower.run_timeline import spoken_seconds
from chainbot_desktop.ui.watchtower.two_line_rows import RowText

_GROUNDS = {"failed": "failed", "waiting": "needs_input"}


def run_text(run: RunRow, name: str, mark: Mark) -> RowText:
    begin = parse_time(run.started_at)
    end = parse_time(run.ended_at) if run.ended_at else datetime.now(UTC)
    took = spoken_seconds(max(0.0, (end - begin).total_seconds()))
    task = " ".join(run.task.split())
    said = " ".join((run.result if run.state == "succeeded" else run.reason).split())
    return RowText(
        mark=mark,
        title=name,
        origin=f"{run.state}, {took}",
        about=f"{run.state}, {took}",
        time=day_and_time(run.started_at),
        detail=f"{run.input_tokens + run.output_tokens:,} tok",
        text=f"{task} → {said}" if said else task,
        ground=_GROUNDS.get(run.state),
    )
