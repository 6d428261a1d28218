"""One rule, as a form or as YAML: tried over what is kept, saved, copied, removed or given back its shipped form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError, InvalidInput
from chainbot_desktop.core.tasks import Latest
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.alerts.deeds import ACTOR
from chainbot_desktop.ui.watchtower.alerts.editor_frame import EditorFrame
from chainbot_desktop.ui.watchtower.alerts.parts import AlertParts
from chainbot_desktop.ui.watchtower.alerts.rule_form import RuleForm
from chainbot_desktop.ui.watchtower.alerts.rule_yaml import from_yaml, to_yaml
from chainbot_desktop.ui.watchtower.alerts.words import named
from chainbot_desktop.ui.widgets import MenuSheet, Sheet
from chainbot_desktop.watch.alerts.records import AlertRule, RuleState

_CHECK_MS = 250
_BLANK = AlertRule.model_construct(name="", title="", kind="threshold")


class RuleEditor(QWidget):
    """Ctrl+S saves, Escape leaves; what was not saved is asked about first."""

    message = Signal(object)
    closed = Signal()

    def __init__(self, parts: AlertParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._desk = parts.desk
        self._state: RuleState | None = None
        """As the desk has it; None for one that is new."""
        self._start: AlertRule = _BLANK
        self._yaml_start = ""
        self._trying = Latest(parts.tasks)
        self._saving = False
        self._asked_for_all = False
        """Somebody wanted it saved or tried: what nobody has touched is wrong too from then on."""
        self.form = RuleForm(parts.desk, parts.themes, parts.unit_of)
        self.form.changed.connect(self._on_changed)
        self.frame = EditorFrame(self.form, parts.themes)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        self._check = QTimer(self, singleShot=True, interval=_CHECK_MS)
        self._check.timeout.connect(self._on_check)
        self._connect()

    @property
    def is_yaml(self) -> bool:
        return self.frame.is_yaml

    @property
    def changed(self) -> bool:
        """Whether something would be lost."""
        if self.is_yaml:
            return self.frame.yaml.toPlainText() != self._yaml_start or bool(self.form.touched)
        return bool(self.form.touched)

    def show_rule(self, state: RuleState) -> None:
        self._state = state
        self._begin(state.rule, state.rule.title, new=False)
        self.frame.show_problem(state.error)

    def show_new(self, start: AlertRule = _BLANK) -> None:
        """`start`: what it is begun from."""
        self._state = None
        self._begin(start, "New rule", new=True)

    def refresh(self) -> None:
        """The desk has changed: what nobody edits is shown anew, what somebody edits is not touched."""
        if self._state is None or self.isHidden() or self._saving:
            return
        now = next((state for state in self._desk.rules if state.rule.name == self.rule_name), None)
        if now is None:
            self.frame.show_problem("This rule was removed elsewhere. Saving makes it again.")
        elif now.rule != self._state.rule:
            if self.changed:
                self.frame.show_problem("This rule was changed elsewhere. Saving replaces that.")
                self._state = now
            else:
                self.show_rule(now)

    def leave(self) -> None:
        """Back to the list; asks first where something would be lost."""
        if not self.changed:
            self._close()
            return
        sheet = Sheet(self, "Leave without saving?", self._parts.themes)
        sheet.add_text("What you changed in this rule is not saved.")
        sheet.add_action("Discard", self._close, kind="danger")
        sheet.add_gap()
        sheet.add_action("Go on editing")
        sheet.first = sheet.add_action("Save", self.save, kind="primary")
        sheet.open()

    def save(self) -> None:
        rule = self._read(go_there=True)
        if rule is not None and not self._saving:
            self._saving = True
            self._parts.tasks.spawn("alerts: save a rule", self._save(rule))

    def try_it(self) -> None:
        """Once more ends it."""
        if self._trying.busy:
            self._trying.cancel()
            return
        rule = self._read(go_there=True)
        if rule is not None:
            self.frame.show_trial(None)
            self.frame.show_trying(True)
            self._trying.start("alerts: try a rule", self._try(rule))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)

    @property
    def rule_name(self) -> str:
        """ "" for one that is new."""
        return self._state.rule.name if self._state is not None else ""

    def _begin(self, rule: AlertRule, title: str, *, new: bool) -> None:
        self._start = rule
        self._saving, self._asked_for_all = False, not new
        self._trying.cancel()
        self.form.show_rule(rule, new=new)
        self.form.name.setReadOnly(not new)
        self.frame.begin(title)

    def _close(self) -> None:
        self._trying.cancel()
        self._check.stop()
        self._state = None
        self.form.touched = set()
        self.frame.show_form(yaml=False)
        self.closed.emit()

    # What was written.

    def _read(self, *, go_there: bool, everywhere: bool = True) -> AlertRule | None:
        """The rule as it stands there; None where something is wrong, which is then said at its place."""
        if self.is_yaml:
            return self._read_yaml()
        self._asked_for_all |= everywhere
        rule, wrong = self.form.read()
        rest = self.form.show_errors(wrong, everywhere=everywhere, go_there=go_there)
        self.frame.show_problem(rest)
        return rule

    def _read_yaml(self) -> AlertRule | None:
        try:
            rule = from_yaml(self.frame.yaml.toPlainText())
        except InvalidInput as error:
            self.frame.show_problem(error.message)
            return None
        wrong: Mapping[str, str] = self._desk.check_rule(rule)
        if self._state is not None and rule.name != self.rule_name:
            wrong = {"name": f"It stays {self.rule_name}: duplicate the rule to have it under another name."}
        elif self._state is None and rule.name in {state.rule.name for state in self._desk.rules}:
            wrong = {"name": "There is a rule of that name already."}
        self.frame.show_problem(" ".join(f"{field}: {words}" for field, words in wrong.items()))
        return rule if not wrong else None

    def _on_changed(self) -> None:
        self.frame.show_trial(None)
        self._check.start()

    def _on_check(self) -> None:
        self._read(go_there=False, everywhere=self._asked_for_all)

    def _on_mode(self, yaml: bool) -> None:
        if yaml == self.is_yaml:
            self.frame.show_form(yaml=yaml)
            return
        rule = self._read(go_there=True)
        if rule is None:
            self.frame.show_form(yaml=not yaml)
            return
        if yaml:
            self._yaml_start = to_yaml(rule)
            self.frame.yaml.setPlainText(self._yaml_start)
        else:
            touched = set(self.form.touched) | ({"yaml"} if self.frame.yaml.toPlainText() != self._yaml_start else set())
            self.form.show_rule(rule, new=self._state is None)
            self.form.touched = touched
        self._check.stop()
        self.frame.show_form(yaml=yaml)

    # What is done.

    async def _save(self, rule: AlertRule) -> None:
        before = self._state.rule if self._state is not None else None
        try:
            await self._desk.save_rule(rule, actor=ACTOR)
        except ChainBotError as error:
            self.frame.show_problem(str(error))
            return
        finally:
            self._saving = False
        deeds = self._parts.deeds
        back: Callable[[], None] = (
            partial(deeds.save_rule, before, f"{named(before.title)} is as it was.")
            if before is not None
            else partial(deeds.remove_rule, rule, own=True)
        )
        self.message.emit(Message(f"{named(rule.title)} is saved.", "success", "", "Undo", back))
        self._close()

    async def _try(self, rule: AlertRule) -> None:
        try:
            trial = await self._desk.try_rule(rule)
        except ChainBotError as error:
            self.frame.show_problem(str(error))
        else:
            self.frame.show_trial(trial)
        finally:
            self.frame.show_trying(self._trying.busy)

    def _on_more(self) -> None:
        menu = MenuSheet(self, self._parts.themes)
        menu.add("Duplicate", self._duplicate, icon="copy")
        state = self._state
        if state is not None and state.origin == "own":
            menu.add("Remove", self._remove, icon="trash", destructive=True)
        elif state is not None and state.origin == "changed":
            menu.add("Back to how it was shipped", self._remove, icon="undo", destructive=True)
        menu.open_at(self.frame.more.mapToGlobal(QPoint(0, self.frame.more.height())))

    def _duplicate(self) -> None:
        rule = self._read(go_there=True)
        if rule is None:
            return
        taken = {state.rule.name for state in self._desk.rules}
        name = next(name for n in range(2, len(taken) + 3) if (name := f"{rule.name[:90]}-{n}") not in taken)
        copy = rule.model_copy(update={"name": name, "title": f"{rule.title} ({name.rsplit('-', 1)[1]})"[:200]})
        self.frame.show_form(yaml=False)
        self.show_new(copy)
        self.form.touched.add("name")  # a copy is something that would be lost

    def _remove(self) -> None:
        if self._state is not None:
            self._parts.deeds.remove_rule(self._state.rule, own=self._state.origin == "own")
            self._close()

    def _connect(self) -> None:
        frame = self.frame
        frame.back.clicked.connect(self.leave)
        frame.more.clicked.connect(self._on_more)
        frame.save.clicked.connect(self.save)
        frame.try_it.clicked.connect(self.try_it)
        frame.mode_wanted.connect(self._on_mode)
        frame.yaml.textChanged.connect(self._on_changed)
        QShortcut(QKeySequence.StandardKey.Save, self, self.save, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
