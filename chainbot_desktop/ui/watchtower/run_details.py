"""One run in full: what it took, its steps on a time axis, the task and the answer, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.store.agent_rows import OPEN_RUNS, RunRow
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.elided_label import ElidedLabel
from chainbot_desktop.ui.watchtower.event_texts import exact_time
from chainbot_desktop.ui.watchtower.marks import Mark, MarkLabel
from chainbot_desktop.ui.watchtower.run_strip import RunStrip
from chainbot_desktop.ui.watchtower.run_timeline import Step
from chainbot_desktop.ui.widgets import Button, IconButton, KineticArea

RUN_MARKS: dict[str, Mark] = {
    "queued": "waiting",
    "running": "info",
    "waiting": "attention",
    "succeeded": "good",
    "failed": "error",
    "cancelled": "warning",
}
_LONGEST = 20_000


class RunDetails(QWidget):
    """Shows what it is given. `cancel_wanted`, `again_wanted`, `agent_wanted`, `chat_wanted` are about the run that is shown."""

    closed = Signal()
    cancel_wanted = Signal()
    again_wanted = Signal()
    agent_wanted = Signal()
    chat_wanted = Signal()
    event_wanted = Signal(str)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = MarkLabel("unknown", themes, 20)
        self.title, self.facts = ElidedLabel("title"), _text("small")
        back = IconButton("arrow-left", "Back to the list (Esc)", themes)
        back.clicked.connect(self.closed)
        self.cancel = Button("Cancel", themes, kind="danger")
        self.again, self.agent, self.chat = Button("Run again", themes), Button("Agent", themes), Button("Conversation", themes)
        self.cancel.clicked.connect(self.cancel_wanted)
        self.again.clicked.connect(self.again_wanted)
        self.agent.clicked.connect(self.agent_wanted)
        self.chat.clicked.connect(self.chat_wanted)
        self.strip = RunStrip(themes)
        self.strip.chosen.connect(self.event_wanted)
        self.task, self.answer = _text(""), _text("")
        self._answer_title = _text("label")
        self._head = head = QHBoxLayout()
        for widget, share in ((back, 0), (self._mark, 0), (self.title, 1)):
            head.addWidget(widget, share)
        self._actions = QHBoxLayout()
        for button in (self.agent, self.chat, self.again):
            self._actions.addWidget(button)
        self._actions.addStretch(1)
        self._actions.addWidget(self.cancel)
        content = QWidget()
        self._column = QVBoxLayout(content)
        for item in (self.facts, self._actions, _text("label", "Task"), self.task, self._answer_title, self.answer):
            if isinstance(item, QHBoxLayout):
                self._column.addLayout(item)
            else:
                self._column.addWidget(item)
        self._column.addWidget(_text("label", "Steps"))
        self._column.addWidget(self.strip)
        self._column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addWidget(KineticArea(content), 1)
        self._back = back
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_run(self, run: RunRow, name: str, *, lives: bool) -> None:
        """`lives`: its agent is here and can be given the task again."""
        self._mark.set_mark(RUN_MARKS[run.state])
        self.title.setText(f"{name}: {run.state}")
        self.facts.setText(facts_of(run))
        self.task.setText(run.task[:_LONGEST])
        said = run.result if run.state == "succeeded" else run.reason
        self._answer_title.setText("Answer" if run.state == "succeeded" else "Why")
        self.answer.setText(said[:_LONGEST])
        for widget in (self._answer_title, self.answer):
            widget.setVisible(bool(said))
        self.cancel.setVisible(run.state in OPEN_RUNS)
        self.again.setVisible(lives and run.state not in OPEN_RUNS)
        self.chat.setVisible(bool(run.conversation_id))

    def show_steps(self, steps: Sequence[Step]) -> None:
        self.strip.show_steps(steps)

    def take_focus(self) -> None:
        self._back.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(*[theme.px(12)] * 4)
        self._column.setSpacing(theme.px(6))
        self._actions.setSpacing(theme.px(8))
        self._head.setSpacing(theme.px(10))


def facts_of(run: RunRow) -> str:
    ended = f", ended {exact_time(run.ended_at)[11:19]}" if run.ended_at else ""
    began = f"Started {exact_time(run.started_at)[:19]}{ended} · by {run.actor}"
    if not run.input_tokens and not run.output_tokens:
        return began  # no model had a part in it
    cost = f"${run.cost:,.4f}" if run.cost is not None else "cost not known"
    return f"{began}\n{run.input_tokens:,} tokens in, {run.output_tokens:,} out, {cost}"


def _text(role: str, text: str = "") -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if not role:
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
