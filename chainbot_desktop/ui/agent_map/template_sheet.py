"""Keeping an agent's kind and configuration as a template."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import AgentRow
from chainbot_desktop.ui.agent_map.form_rows import FormRow
from chainbot_desktop.ui.agent_map.runtime import TemplateBook
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.sheet import Sheet


class TemplateSheet(Sheet):
    """`kept` with a sentence that says what was kept, and what was left out."""

    kept = Signal(str)

    def __init__(self, origin: QWidget, themes: ThemeSource, templates: TemplateBook, tasks: Tasks, row: AgentRow) -> None:
        super().__init__(origin, "Save as template", themes, width=520)
        self._templates = templates
        self._tasks = tasks
        self._row = row
        self.title = QLineEdit(row.name)
        self.title.setMaxLength(200)
        self._title_row = FormRow("title", "Title", self.title, themes)
        self.about = QLineEdit()
        self.about.setMaxLength(1_000)
        self.body.addWidget(self._title_row)
        self.body.addWidget(FormRow("description", "What it is for (if you like)", self.about, themes))
        self.add_text("Its kind and its configuration are kept, without what looks like a secret.", "small")
        self.body.addStretch(1)
        self.first = self.title
        self.add_action("Cancel")
        self.go = self.add_action("Save", self._on_go, kind="primary", closes=False)

    @property
    def error(self) -> str:
        return self._title_row.error

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and (self.title.hasFocus() or self.about.hasFocus()):
            self.go.click()
        else:
            super().keyPressEvent(event)

    def _on_go(self) -> None:
        self.go.setEnabled(False)
        self._title_row.show_error("")
        self._tasks.spawn("panel: template", self._save(self.title.text(), self.about.text()))

    async def _save(self, title: str, about: str) -> None:
        try:
            template, left_out = await self._templates.save(title, self._row.kind, self._row.config, description=about)
        except ChainBotError as error:
            if shiboken6.isValid(self) and self.is_open:
                self.go.setEnabled(True)
                self._title_row.show_error(str(error))
                self.fit_soon()
            return
        words = f"{template.title} is a template now."
        if left_out:
            words += f" Left out, as it looks like a secret: {', '.join(left_out)}."
        if shiboken6.isValid(self):
            self.kept.emit(words)
            self.dismiss()
