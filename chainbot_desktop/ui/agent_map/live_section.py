"""What an agent that runs here does at this moment: since when, its task and plan, what it used, its runs, its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chainbot_desktop.agents.runtime.live import LiveAgent, Plan
from chainbot_desktop.agents.tools.shown import line
from chainbot_desktop.store.agent_rows import RunRow
from chainbot_desktop.ui.agent_map.field_row import FieldRow, text_label
from chainbot_desktop.ui.agent_map.log_tail import LogTail
from chainbot_desktop.ui.agent_map.task_chip import TaskRow
from chainbot_desktop.ui.agent_map.times import ago
from chainbot_desktop.ui.theme import Theme, ThemeSource

RUNS_SHOWN = 8

_PLAN_SIGNS: Mapping[str, str] = {"pending": "○", "in_progress": "◐", "completed": "✓"}
_RUN_WORDS: Mapping[str, str] = {
    "queued": "waits its turn",
    "running": "at work",
    "waiting": "waits",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}


class LiveSection(QWidget):
    """Hidden for agents that do not run here."""

    task_shown = Signal(object)
    """A `TaskRow` that is new here."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._runs: tuple[RunRow, ...] = ()
        self._working_on: tuple[str, str] = ("", "")
        self.may_hand_over = False
        """Whether its tasks can be given to others."""
        self.task_rows: dict[str, TaskRow] = {}
        self._tasks = QVBoxLayout()
        self._now: datetime | None = None
        self._fields = {
            name: FieldRow(name) for name in ("Since", "Waits for", "Task", "In its queue", "Process", "Used", "Restarts")
        }
        self._plan_title, self._plan = text_label("label", "Plan"), text_label("")
        self._runs_title, self._runs_text = text_label("label", "Tasks so far"), text_label("small")
        self._log_title = text_label("label", "Log")
        self.log = LogTail(themes)
        self._column = QVBoxLayout(self)
        for field in self._fields.values():
            self._column.addWidget(field)
        self._column.insertLayout(3, self._tasks)
        for part in (self._plan_title, self._plan, self._log_title, self.log, self._runs_title, self._runs_text):
            self._column.addWidget(part)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.show_runs(())
        self.hide()

    def show_live(self, live: LiveAgent | None, *, told: str = "") -> None:
        """`told` is what stands above already."""
        self.setVisible(live is not None)
        if live is None:
            self._working_on = ("", "")
            self.show_runs(())
            return
        self._working_on = (live.run_id, line(live.task))
        self._show_tasks()
        texts: Mapping[str, str] = {
            "Waits for": line(live.waiting_for) if live.waiting_for != told else "",
            "Task": "" if live.run_id in self.task_rows else line(live.task),
            "In its queue": f"{live.queued} more" if live.queued else "",
            "Process": f"pid {live.pid}" if live.pid is not None else "",
            "Used": usage_text(live.input_tokens, live.output_tokens, live.cost),
            "Restarts": str(live.restarts) if live.restarts else "",
        }
        for name, text in texts.items():
            self._fields[name].set_text(text)
        self._fields["Since"].set_moment(live.since)
        if self._now is not None:
            self._fields["Since"].refresh(self._now)
        self._show_plan(live.plan)

    def show_runs(self, runs: Sequence[RunRow]) -> None:
        self._runs = tuple(runs[:RUNS_SHOWN])
        self._show_tasks()
        self._runs_title.setVisible(bool(self._runs))
        self._runs_text.setVisible(bool(self._runs))
        if self._now is not None:
            self._write_runs(self._now)

    def refresh_times(self, now: datetime) -> None:
        self._now = now
        self._fields["Since"].refresh(now)
        self._write_runs(now)

    def _show_tasks(self) -> None:
        """What it works on, and what waits for it, as chips."""
        run_id, task = self._working_on
        wanted = {run_id: (task, False)} if run_id else {}
        if run_id or self._runs:
            wanted |= {
                run.id: (line(run.task), True) for run in reversed(self._runs) if run.state == "queued" and run.id != run_id
            }
        if not self.may_hand_over:
            wanted = {}
        for gone in [id_ for id_, row in self.task_rows.items() if wanted.get(id_) != (row.chip.text, row.waits)]:
            row = self.task_rows.pop(gone)
            row.chip.give_up()
            row.hide()
            row.deleteLater()
        for id_, (text, waits) in wanted.items():
            if id_ not in self.task_rows:
                row = self.task_rows[id_] = TaskRow(id_, text, waits, self._themes)
                self._tasks.addWidget(row)
                self.task_shown.emit(row)

    def _write_runs(self, now: datetime) -> None:
        text = "\n".join(run_text(run, now) for run in self._runs)
        if text != self._runs_text.text():
            self._runs_text.setText(text)

    def _show_plan(self, plan: Plan) -> None:
        self._plan.setText("\n".join(f"{_PLAN_SIGNS[status]}  {line(text)}" for text, status in plan))
        self._plan_title.setVisible(bool(plan))
        self._plan.setVisible(bool(plan))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.px(4))
        for field in self._fields.values():
            field.set_label_width(theme.px(104))


def usage_text(input_tokens: int, output_tokens: int, cost: float | None) -> str:
    """Tokens and what they cost; "" where no model was asked."""
    if not input_tokens and not output_tokens:
        return ""
    money = "no price known" if cost is None else f"${cost:.4f}" if cost else "no cost"
    return f"{input_tokens:,} tokens in, {output_tokens:,} out · {money}"


def run_text(run: RunRow, now: datetime) -> str:
    when = ago(run.ended_at or run.started_at, now)
    why = f" ({line(run.reason, 80)})" if run.reason else ""
    return f"{line(run.task, 60)}: {_RUN_WORDS[run.state]}{why}, {when}"
