"""The sheet in which an agent is made, or given another kind, model, persona or name."""

from __future__ import annotations

import re
from collections.abc import Coroutine
from typing import Any

import shiboken6
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import AgentRow
from chainbot_desktop.ui.agent_map.form_rows import FieldError, FormRow, paragraph
from chainbot_desktop.ui.agent_map.kind_forms import KindForm, form_for
from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.sheet import Sheet

FIRST_KIND = "command"
"""It needs no model."""

_FIELD_IN_WORDS = re.compile(r"'([\w.]+)'")


class SpawnSheet(Sheet):
    """With `row` that agent is changed, else one is made (`made` with its id). What is wrong is said at its field."""

    made = Signal(str)

    def __init__(
        self,
        origin: QWidget,
        themes: ThemeSource,
        parts: RuntimeParts,
        tasks: Tasks,
        *,
        actor: str,
        row: AgentRow | None = None,
    ) -> None:
        super().__init__(origin, f"Change {row.name}" if row else "New agent", themes, width=600)
        self._parts = parts
        self._tasks = tasks
        self._actor = actor
        self._row = row
        self._infos = {info.name: info for info in parts.agents.kinds()}
        self.kind = Picker("Kind", themes)
        self._about = paragraph("small")
        self.name = QLineEdit(row.name if row else "")
        self.name.setMaxLength(200)
        self._name_row = FormRow("name", "Name", self.name, themes)
        self.form: KindForm | None = None
        self._problem = paragraph("")
        self._problem.hide()
        self.body.addWidget(FormRow("kind", "Kind", self.kind, themes))
        for part in (self._about, self._name_row, self._problem):
            self.body.addWidget(part)
        self.body.addStretch(1)
        self._cancel = self.add_action("Cancel")
        self.go = self.add_action("Change" if row else "Start", self._on_go, kind="primary", closes=False)
        first = row.kind if row else FIRST_KIND if FIRST_KIND in self._infos else next(iter(self._infos), "")
        self.kind.set_choices([(info.name, info.title) for info in self._infos.values()], first)
        self.kind.chosen.connect(self._on_kind_chosen)
        self._problem.setStyleSheet(f"color: {themes.current.color('failed').name()}")
        self._show_form()

    @property
    def problem(self) -> str:
        return self._problem.text()

    def _on_kind_chosen(self) -> None:
        self._show_form()
        self.fit_soon()

    def _show_form(self) -> None:
        """The fields of the chosen kind, in the place of those that were there."""
        if self.form is not None:
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        info = self._infos.get(self.kind.value)
        self._about.setText(info.description if info is not None else "No kind of agent is installed.")
        self.go.setEnabled(info is not None)
        if info is None:
            return
        if self._row is None:
            self.name.setPlaceholderText(self._free_name(info.title))
        before = self._row.config if self._row is not None and self._row.kind == info.name else {}
        self.form = form_for(info.name, self.themes, self._parts, before)
        self.form.changed.connect(self.fit_soon)
        self.body.insertWidget(self.body.indexOf(self._problem), self.form)
        first = next(iter(self.form.rows.values()), self._name_row)
        self.first = first.editor

    def _free_name(self, wanted: str) -> str:
        taken = {live.name.casefold() for live in self._parts.agents.living()}
        if wanted.casefold() not in taken:
            return wanted
        return next(name for number in range(2, len(taken) + 3) if (name := f"{wanted} {number}").casefold() not in taken)

    def _on_go(self) -> None:
        form = self.form
        if form is None:
            return
        self._say("")
        self._name_row.show_error("")
        form.clear_errors()
        try:
            config = form.config()
        except FieldError as error:
            form.show_error(error.field, error.words)
            self.fit_soon()
            return
        name = self.name.text().strip() or self.name.placeholderText()
        self._set_busy(True)
        agents, kind = self._parts.agents, self.kind.value
        work: Coroutine[Any, Any, str | None]
        if self._row is None:
            work = agents.spawn(kind, name, config, actor=self._actor)
        else:
            work = agents.hot_swap(self._row.id, actor=self._actor, kind=kind, name=name, config=config)
        self._tasks.spawn(f"panel: {kind} agent", self._finish(work))

    async def _finish(self, work: Coroutine[Any, Any, str | None]) -> None:
        try:
            made = await work
        except ChainBotError as error:
            if shiboken6.isValid(self) and self.is_open:
                self._set_busy(False)
                self._show_refusal(error)
            return
        if shiboken6.isValid(self):
            if made is not None:
                self.made.emit(made)
            self.dismiss()

    def _show_refusal(self, error: ChainBotError) -> None:
        """At the field that it names, else at the foot."""
        named = _FIELD_IN_WORDS.search(error.message)
        field = named[1] if named is not None else ""
        if error.code == "name_taken" or field == "name":
            self._name_row.show_error(str(error))
        elif not (error.code == "invalid_config" and self.form is not None and self.form.show_error(field, str(error))):
            self._say(str(error))
        self.fit_soon()

    def _say(self, words: str) -> None:
        self._problem.setText(words)
        self._problem.setVisible(bool(words))

    def _set_busy(self, busy: bool) -> None:
        self.go.setEnabled(not busy)
        self.go.setText("Working…" if busy else "Change" if self._row else "Start")
