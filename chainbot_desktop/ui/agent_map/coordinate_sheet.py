"""One task for several agents: who does what, what came of each as it comes, and one answer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from chainbot_desktop.agents.entanglements.coordination import Coordination, Part
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.form_rows import FormRow, paragraph
from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.agent_map.runtime import LinkService
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.card import Card
from chainbot_desktop.ui.widgets.sheet import Sheet

_STATES: Mapping[str, str] = {
    "planned": "waits its turn",
    "running": "at work",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "skipped": "takes no part",
    "told": "was told",
}
_WHOLE: Mapping[str, str] = {
    "running": "They are at work",
    "merging": "The answers are made into one",
    "succeeded": "Their answers",
    "failed": "Nobody could do it",
    "cancelled": "Cancelled",
}
_SHOWN = 4_000
"""Characters of one answer in the sheet; all of it is in the run."""

Start = Callable[[str, str], Coroutine[Any, Any, Coordination]]
"""Gets the chosen link ("" for the agents that were chosen) and the task."""


class CoordinateSheet(Sheet):
    """`choices` are (link or "", label). It may be closed while they work: that goes on."""

    def __init__(
        self,
        origin: QWidget,
        themes: ThemeSource,
        links: LinkService,
        tasks: Tasks,
        actor: str,
        choices: Sequence[tuple[str, str]],
        start: Start,
    ) -> None:
        super().__init__(origin, "One task for several agents", themes, width=640)
        self._links = links
        self._tasks = tasks
        self._actor = actor
        self._begin = start
        self.found: Coordination | None = None
        self._cards: list[_PartCard] = []
        self.who = Picker("Agents", themes)
        self.who.set_choices(choices, choices[0][0])
        self._who_row = FormRow("agents", "Agents", self.who, themes)
        self.field = QPlainTextEdit()
        self.field.setTabChangesFocus(True)
        self.field.setMinimumHeight(themes.current.px(96))
        self._task_row = FormRow("task", "Task", self.field, themes)
        self.first = self.field
        self._status = paragraph("label")
        self._answer = paragraph("")
        self._answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._note = paragraph("small")
        self._plan = QVBoxLayout()
        self._plan.setSpacing(themes.current.px(8))
        for part in (self._who_row, self._task_row, self._status, self._answer, self._note):
            self.body.addWidget(part)
        self.body.addLayout(self._plan)
        self.body.addStretch(1)
        for label in (self._status, self._answer, self._note):
            label.hide()
        self.cancel = self.add_action("Stop it", self._on_cancel, closes=False)
        self.cancel.hide()
        self.close_button = self.add_action("Close")
        self.go = self.add_action("Run", self._on_go, kind="primary", closes=False)
        self.go.setEnabled(False)
        self.field.textChanged.connect(lambda: self.go.setEnabled(bool(self.field.toPlainText().strip())))
        self.closed.connect(links.on_coordination(self._on_coordination))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier and self.go.isVisible():
            self.go.click()
        else:
            super().keyPressEvent(event)

    def _on_go(self) -> None:
        self.go.setEnabled(False)
        self._task_row.show_error("")
        self._tasks.spawn("panel: coordination", self._start(self.who.value, self.field.toPlainText().strip()))

    async def _start(self, link: str, task: str) -> None:
        try:
            found = await self._begin(link, task)
        except ChainBotError as error:
            if shiboken6.isValid(self):
                self._task_row.show_error(str(error))
                self.go.setEnabled(True)
                self.fit_soon()
            return
        if shiboken6.isValid(self):
            self.found = found
            self._show()

    def _on_cancel(self) -> None:
        if self.found is not None and not self.found.ended:
            self.cancel.setEnabled(False)
            self._tasks.spawn("panel: coordination", self._stop(self.found.id))

    async def _stop(self, coordination_id: str) -> None:
        try:
            await self._links.cancel(coordination_id, actor=self._actor)
        except ChainBotError as error:
            if shiboken6.isValid(self):
                self._note.setText(str(error))
                self._note.show()

    def _on_coordination(self, found: Coordination) -> None:
        # Not by identity: what a guest answers after the end is told with a copy from the disk.
        if shiboken6.isValid(self) and self.found is not None and self.found.id == found.id:
            self.found = found
            self._show()

    def _show(self) -> None:
        found = self.found
        assert found is not None
        self.go.hide()
        self._who_row.hide()  # the parts name them
        self.field.setReadOnly(True)
        self.field.setMinimumHeight(self.themes.current.px(56))
        self.field.setMaximumHeight(self.themes.current.px(56))
        self.cancel.setVisible(not found.ended)
        if self.field.hasFocus():
            self.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        merged = found.ended and bool(found.merged_by)
        self._status.setText("The answer" if merged else _WHOLE[found.state])
        self._status.show()
        answer = _cut(found.answer) if merged else ""
        for label, text in ((self._answer, answer), (self._note, found.note if found.ended else "")):
            label.setText(text)
            label.setVisible(bool(text))
        if not self._cards:
            self._cards = [_PartCard(self.themes) for _ in found.parts]
            for card in self._cards:
                self._plan.addWidget(card)
        for card, part in zip(self._cards, found.parts, strict=True):
            card.show_part(part)
        self.fit_soon()


class _PartCard(Card):
    """One agent's part."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__(themes, padding=8)
        self._head, self._text = paragraph("label"), paragraph("small")
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.body.addWidget(self._head)
        self.body.addWidget(self._text)

    def show_part(self, part: Part) -> None:
        self._head.setText(f"{part.name}: {_STATES[part.state]}")
        text = part.reason or _cut(part.answer)
        self._text.setText(text)
        self._text.setVisible(bool(text))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\n… ({len(text) - _SHOWN:,} more characters are in its run)"
