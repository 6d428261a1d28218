"""The sheet in which an agent is made, from nothing, a template or another agent, or given another kind, model, persona or name."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import shiboken6
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget

from chainbot_desktop.agents.templates import Template
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import AgentRow
from chainbot_desktop.ui.agent_map.filled_form import FilledForm, fill
from chainbot_desktop.ui.agent_map.form_rows import FieldError, FormRow, paragraph
from chainbot_desktop.ui.agent_map.kind_forms import JsonForm, KindForm
from chainbot_desktop.ui.agent_map.limits_form import LimitsForm
from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.agent_map.template_row import TemplateRow
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.sheet import Sheet

FIRST_KIND = "command"
"""It needs no model."""

_FIELD_IN_WORDS = re.compile(r"'([\w.]+)'")


class SpawnSheet(Sheet):
    """With `row` that agent is changed, else one is made (`made` with its id), as `like` is where that is given.

    What is wrong is said at its field, or with `tell` where the sheet was closed by then.
    Nothing that was typed is lost by choosing another kind or template, or without being asked.
    """

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
        like: AgentRow | None = None,
        tell: Callable[[ChainBotError], object] | None = None,
    ) -> None:
        title = f"Change {row.name}" if row else f"A copy of {like.name}" if like else "New agent"
        super().__init__(origin, title, themes, width=640)
        self._parts = parts
        self._tasks = tasks
        self._actor = actor
        self._row = row
        self._like = row or like
        self._template: Template | None = None
        self._filled: dict[tuple[str, str], FilledForm] = {}
        self._asked: Sheet | None = None
        self._may_go = False
        self._tell = tell
        self._infos = {info.name: info for info in parts.agents.kinds()}
        self.templates = TemplateRow(themes)
        self.kind = Picker("Kind", themes)
        self._about = paragraph("small")
        self.name = QLineEdit(row.name if row else "")
        self.name.setMaxLength(200)
        self._name_row = FormRow("name", "Name", self.name, themes)
        self.form: KindForm | None = None
        self.limits: LimitsForm | None = None
        self._problem = paragraph("")
        self._problem.hide()
        self._build()
        first = self._like.kind if self._like else FIRST_KIND if FIRST_KIND in self._infos else next(iter(self._infos), "")
        self.kind.set_choices([(info.name, info.title) for info in self._infos.values()], first)
        self.kind.chosen.connect(self._on_kind_chosen)
        self._problem.setStyleSheet(f"color: {themes.current.color('failed').name()}")
        self._show_templates()
        self._show_form()

    @property
    def problem(self) -> str:
        return self._problem.text()

    @property
    def touched(self) -> bool:
        """Whether something was typed that is not kept anywhere yet."""
        typed_name = self.name.text().strip() != (self._row.name if self._row else "")
        return typed_name or any(filled.touched for filled in self._filled.values())

    def dismiss(self) -> None:
        if not self.is_open or self._may_go or not self.touched:
            super().dismiss()
        elif self._asked is None:
            self._ask()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focused = QApplication.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not isinstance(focused, QAbstractButton):
            self.go.click()
        else:
            super().keyPressEvent(event)

    def _build(self) -> None:
        self._delete = Button("Delete this template", self.themes, kind="quiet", icon="trash")
        self._delete.clicked.connect(self._on_delete)
        self._delete.hide()
        self.templates.chosen.connect(self._on_template_chosen)
        kind_row = FormRow("kind", "Kind", self.kind, self.themes)
        for part in (self.templates, self._delete, kind_row, self._about, self._name_row, self._problem):
            self.body.addWidget(part)
        self.body.addStretch(1)
        self._cancel = self.add_action("Cancel")
        self.go = self.add_action("Change" if self._row else "Start", self._on_go, kind="primary", closes=False)

    # Templates and kinds

    def _show_templates(self) -> None:
        known = self._parts.templates.list() if self._parts.templates is not None else ()
        known = [template for template in known if template.kind in self._infos]
        self.templates.show_templates(known)
        self.templates.setVisible(self._like is None and bool(known))

    def _on_template_chosen(self, template: Template | None) -> None:
        self._template = template
        self._delete.setVisible(template is not None and template.own)
        if template is not None:
            self.kind.choose(template.kind)
        self._on_kind_chosen()

    def _on_delete(self) -> None:
        template, templates = self._template, self._parts.templates
        if template is None or templates is None:
            return
        sheet = Sheet(self, f"Delete the template {template.title}?", self.themes)
        sheet.add_text("Agents that were made from it stay as they are.")
        sheet.add_action("Delete", lambda: self._tasks.spawn("panel: template", self._deleted(template)), kind="danger")
        sheet.add_gap()
        sheet.first = sheet.add_action("Keep")
        sheet.open()

    async def _deleted(self, template: Template) -> None:
        assert self._parts.templates is not None
        try:
            await self._parts.templates.delete(template.id)
        except ChainBotError as error:
            if shiboken6.isValid(self):
                self._say(str(error))
            return
        if shiboken6.isValid(self):
            self._show_templates()
            self._on_template_chosen(None)

    def _on_kind_chosen(self) -> None:
        self._show_form()
        self.fit_soon()

    def _show_form(self) -> None:
        """The fields of the chosen kind, in the place of those that were there: what was written in those comes back with them."""
        self._leave_form()
        self.form = self.limits = None
        info = self._infos.get(self.kind.value)
        self._about.setText(info.description if info is not None else "No kind of agent is installed.")
        self.go.setEnabled(info is not None)
        if info is None:
            return
        if self._row is None:
            template = self._template if self._template is not None and self._template.kind == info.name else None
            wanted = self._like.name if self._like is not None else template.name if template is not None else info.title
            self.name.setPlaceholderText(self._free_name(wanted))
        filled = self._fields_of(info.name)
        self.form, self.limits = filled.form, filled.limits
        self.form.show()
        self.limits.show()
        first = next(iter(self.form.rows.values()), self._name_row)
        # On a small screen the fields lie below the templates: the sheet begins at its beginning.
        self.first = first.editor if self.templates.isHidden() else self.templates.current

    def _leave_form(self) -> None:
        focused = QApplication.focusWidget()
        for part in (self.form, self.limits):
            if part is not None and focused is not None and part.isAncestorOf(focused):
                (self.kind if self.templates.isHidden() else self.templates.current).setFocus(Qt.FocusReason.OtherFocusReason)
            if part is not None:
                part.hide()

    def _fields_of(self, kind: str) -> FilledForm:
        key = (self._template.id if self._template is not None else "", kind)
        if key in self._filled:
            return self._filled[key]
        filled = self._filled[key] = fill(self._infos[kind], self._begun_from(kind), self.themes, self._parts)
        for part in (filled.form, filled.limits):
            part.changed.connect(self.fit_soon)
            self.body.insertWidget(self.body.indexOf(self._problem), part)
        return filled

    def _begun_from(self, kind: str) -> Mapping[str, Any]:
        if self._like is not None:
            return self._like.config if self._like.kind == kind else {}
        return self._template.config if self._template is not None and self._template.kind == kind else {}

    def _free_name(self, wanted: str) -> str:
        taken = {live.name.casefold() for live in self._parts.agents.living()}
        if wanted.casefold() not in taken:
            return wanted
        stem = re.sub(r" \d+$", "", wanted)
        return next(name for number in range(2, len(taken) + 3) if (name := f"{stem} {number}").casefold() not in taken)

    # Going

    def _on_go(self) -> None:
        form, limits = self.form, self.limits
        if form is None or limits is None or not self.go.isEnabled():
            return
        self._say("")
        self._name_row.show_error("")
        form.clear_errors()
        limits.clear_errors()
        try:
            config = form.config()
            if not isinstance(form, JsonForm):
                config.pop("limits", None)
            config.update(limits.config())
        except FieldError as error:
            if not limits.show_error(error.field, error.words):
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
        tell = self._tell
        try:
            made = await work
        except ChainBotError as error:
            if shiboken6.isValid(self) and self.is_open:
                self._set_busy(False)
                self._show_refusal(error)
            elif tell is not None:
                tell(error)
            return
        if shiboken6.isValid(self):
            self._may_go = True
            if made is not None:
                self.made.emit(made)
            self.dismiss()

    def _show_refusal(self, error: ChainBotError) -> None:
        """At the field that it names, else at the foot."""
        named = _FIELD_IN_WORDS.search(error.message)
        field = named[1] if named is not None else ""
        if error.code in ("name_taken", "invalid_name") or field == "name":
            self._name_row.show_error(str(error))
        elif error.code != "invalid_config" or not self._show_at(field, str(error)):
            self._say(str(error))
        self.fit_soon()

    def _show_at(self, field: str, words: str) -> bool:
        if self.form is None or self.limits is None:
            return False
        return self.limits.show_error(field, words) or self.form.show_error(field, words)

    def _ask(self) -> None:
        sheet = self._asked = Sheet(self, "Throw away what you typed?", self.themes)
        sheet.add_text("The agent was not changed." if self._row else "No agent was made.")
        sheet.first = sheet.add_action("Go on writing")
        sheet.add_gap()
        sheet.add_action("Throw away", self._throw_away, kind="danger")
        sheet.closed.connect(self._on_asked)
        sheet.open()

    def _on_asked(self) -> None:
        self._asked = None
        if self._may_go:
            self.dismiss()

    def _throw_away(self) -> None:
        self._may_go = True

    def _say(self, words: str) -> None:
        self._problem.setText(words)
        self._problem.setVisible(bool(words))
        if words:
            QTimer.singleShot(0, self, lambda: self._area.ensureWidgetVisible(self._problem))

    def _set_busy(self, busy: bool) -> None:
        self._may_go = busy  # what is under way is not thrown away by closing the sheet
        self.go.setEnabled(not busy)
        self.go.setText("Working…" if busy else "Change" if self._row else "Start")
