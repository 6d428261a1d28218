"""The fields of a rule: its kind first, then only what that kind asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.events import EVENT_CLASSES
from chainbot_desktop.ui.agent_map.form_rows import FormRow
from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.alerts.choice_sheet import Choices, ExpressionField, NameField
from chainbot_desktop.ui.watchtower.alerts.lines_of_form import DurationLine, NumberLine
from chainbot_desktop.ui.watchtower.alerts.notify_field import NotifyField
from chainbot_desktop.ui.watchtower.alerts.rule_check import rule_of
from chainbot_desktop.ui.watchtower.alerts.words import COMPARISONS, KINDS, SEVERITIES, UnitOf
from chainbot_desktop.watch.alerts.records import AlertDesk, AlertRule, RuleKind

_SOURCES = (("event", "Events"), ("log", "Log lines"), ("metric", "A figure"))
_LEVELS = tuple((level, level.capitalize()) for level in ("debug", "info", "warning", "error", "critical"))
_FIELDS: Mapping[RuleKind, frozenset[str]] = {
    "threshold": frozenset({"metric", "compare", "value", "clear", "for"}),
    "rate": frozenset({"source", "value", "within", "group_by"}),
    "absence": frozenset({"source", "within"}),
    "log": frozenset({"log", "level", "resolve_after", "until", "group_by"}),
    "event": frozenset({"event", "resolve_after", "until", "group_by"}),
    "condition": frozenset({"for"}),
}
_OF_A_KIND = frozenset().union(*_FIELDS.values()) | {"metric", "event", "log"}
_VALUE_LABELS: Mapping[str, str] = {"threshold": "Value", "rate": "More than"}


class RuleForm(QWidget):
    """`show_rule`, then `read`. What it does not show is kept as it was, as long as the kind is the same."""

    changed = Signal()

    def __init__(self, desk: AlertDesk, themes: ThemeSource, unit_of: UnitOf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._themes = themes
        self._unit_of = unit_of
        self._before: dict[str, Any] = {}
        self._new = False
        self._filling = False
        self.touched: set[str] = set()
        """Fields that somebody has changed."""
        self.rows: dict[str, FormRow[Any]] = {}
        self._column = QVBoxLayout(self)
        self._build()
        self._column.addStretch(1)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def kind(self) -> RuleKind:
        return cast("RuleKind", self.kind_picker.value)

    def show_rule(self, rule: AlertRule, *, new: bool) -> None:
        """`new`: its name is still to be given."""
        self._filling = True
        self._new = new
        self._before = rule.model_dump(by_alias=True)
        self.title.setText(rule.title)
        self.name.setText(rule.name)
        self.kind_picker.choose_of(KINDS, rule.kind)
        self.severity.choose_of(SEVERITIES, rule.severity)
        self.metric_field.line.setText(rule.metric)
        self.event_field.line.setText(rule.event)
        self.log.setText(rule.log)
        self.source.choose_of(_SOURCES, next((name for name, _ in _SOURCES if getattr(rule, name)), "event"))
        self.compare.choose_of(COMPARISONS, rule.compare)
        self.level.choose_of(_LEVELS, rule.level)
        self.value.put(rule.value)
        self.clear.put(rule.clear)
        for line, seconds in (
            (self.lasting, rule.seconds),
            (self.within, rule.within),
            (self.resolve_after, rule.resolve_after),
        ):
            line.put(seconds)
        self.condition.edit.setPlainText(rule.condition)
        self.until.edit.setPlainText(rule.until)
        self.group_by.line.setText(", ".join(rule.group_by))
        self.summary.setText(rule.summary)
        self.runbook.setText(rule.runbook)
        self.notify.show_names(rule.notify, [channel.name for channel in self._desk.channels])
        self.enabled.setChecked(rule.enabled)
        self.touched = set()
        self._filling = False
        self._show_fields()
        self.show_errors({})

    def read(self) -> tuple[AlertRule | None, Mapping[str, str]]:
        """The rule, or what is wrong, by field."""
        wrong: dict[str, str] = {}
        values = self._kept()
        values |= {
            "title": self._unless_same("title", self.title.text().strip()),
            "name": self.name.text().strip(),
            "kind": self.kind,
            "severity": self.severity.value,
            "condition": self._unless_same("condition", self.condition.text()),
            "summary": self._unless_same("summary", self.summary.text().strip()),
            "runbook": self._unless_same("runbook", self.runbook.text().strip()),
            "notify": self.notify.names(),
            "enabled": self.enabled.isChecked(),
        }
        for field in self._shown():
            try:
                values |= self._read_field(field)
            except InvalidInput as error:
                wrong[field] = error.message
        rule, errors = rule_of(values)
        wrong = {**errors, **wrong}
        if self._new and values["name"] in {state.rule.name for state in self._desk.rules}:
            wrong["name"] = "There is a rule of that name already."
        if rule is not None and not wrong:
            wrong = dict(self._desk.check_rule(rule))
        return (rule if not wrong else None), wrong

    def show_errors(self, errors: Mapping[str, str], *, everywhere: bool = True, go_there: bool = False) -> str:
        """At their fields; `everywhere` False: only where somebody has been. What has no field of its own comes back."""
        rest = []
        for field, words in errors.items():
            if field not in self.rows or self.rows[field].isHidden():
                rest.append(f"{field}: {words}" if field else words)
        for field, row in self.rows.items():
            words = errors.get(field, "") if everywhere or field in self.touched else ""
            if words != row.error or (words and go_there):
                row.show_error(words, go_there=go_there and bool(words))
                go_there = go_there and not words
        return " ".join(rest)

    def _kept(self) -> dict[str, Any]:
        """What was there and belongs to no field that is shown."""
        if self._before.get("kind") == self.kind:
            return dict(self._before)
        return {name: value for name, value in self._before.items() if name not in _OF_A_KIND}

    def _unless_same(self, name: str, text: str) -> str:
        """A text that nobody changed keeps its spaces."""
        before = str(self._before.get(name, ""))
        return before if before.strip() == text else text

    def _shown(self) -> set[str]:
        fields = set(_FIELDS[self.kind])
        if "source" in fields:
            fields.add(self.source.value)
        return fields

    def _read_field(self, field: str) -> Mapping[str, Any]:
        """InvalidInput where it is no number or no length of time."""
        if field == "source":
            return {name: "" for name, _ in _SOURCES if name != self.source.value}
        readers: Mapping[str, Callable[[], object]] = {
            "metric": self.metric_field.text,
            "event": self.event_field.text,
            "log": self.log.text,
            "until": lambda: self._unless_same("until", self.until.text()),
            "group_by": lambda: tuple(part.strip() for part in self.group_by.line.text().split(",") if part.strip()),
            "compare": lambda: self.compare.value,
            "level": lambda: self.level.value,
            "value": self.value.value,
            "clear": self.clear.value,
            "for": self.lasting.value,
            "within": self.within.value,
            "resolve_after": self.resolve_after.value,
        }
        return {field: readers[field]()}

    # What is seen.

    def _show_fields(self) -> None:
        shown = self._shown()
        for field in _OF_A_KIND:
            self.rows[field].setVisible(field in shown)
        for pair, fields in self._pairs:
            pair.setVisible(any(not self.rows[field].isHidden() for field in fields))
        of_its_own = self.kind == "condition"
        self.rows["condition"].set_label("Expression (CEL)" if of_its_own else "Only if (CEL)")
        unit = self._unit_of(self.metric_field.text()) if self.kind == "threshold" else ""
        label = _VALUE_LABELS.get(self.kind, "Value")
        self.rows["value"].set_label(f"{label}, in {unit}" if unit else label)
        self.rows["for"].set_label("For (0 s: at once)")

    def _on_changed(self, field: str) -> None:
        if self._filling:
            return
        self.touched.add(field)
        if field == "title" and self._new and "name" not in self.touched:
            self._filling = True
            self.name.setText(slug(self.title.text()))
            self._filling = False
        if field in {"kind", "source", "metric"}:
            self._show_fields()
        self.changed.emit()

    # How it is made.

    def _build(self) -> None:
        self.title = self._line("title", "Title", "What an alert of this rule is called.")
        self.kind_picker, self.severity = self._picker("kind"), self._picker("severity")
        self._pairs: list[tuple[QWidget, tuple[str, ...]]] = []
        self._pair(self._row("kind", "Kind", self.kind_picker), self._row("severity", "Severity", self.severity))
        self.source = self._picker("source")
        self._add("source", "Counts", self.source)
        self.metric_field = self._named("metric", "Figure", self._metrics, "Its name; the list has them all.")
        self.event_field = self._named("event", "Events of the type", self._events, "* stands for any letters: agent_*")
        self.log = self._line("log", "A line that says", "A regular expression, as in Logs.")
        self.compare, self.value, self.clear = self._picker("compare"), NumberLine(), NumberLine(optional=True)
        self.clear.setPlaceholderText("the same")
        self._pair(
            self._row("compare", "Is", self.compare),
            self._row("value", "Value", self.value),
            self._row("clear", "Lets go at", self.clear),
        )
        self.lasting, self.within, self.resolve_after = DurationLine(), DurationLine(), DurationLine()
        self.level = self._picker("level")
        self._pair(
            self._row("level", "At least", self.level),
            self._row("for", "For", self.lasting),
            self._row("within", "Within", self.within),
            self._row("resolve_after", "Settles after (0 s: never)", self.resolve_after),
        )
        self.condition = ExpressionField(self._themes, self._variables)
        self._add("condition", "Only if (CEL)", self.condition)
        self.until = ExpressionField(self._themes, self._variables)
        self._add(
            "until", "Settled by (CEL)", self.until, "Of the same kind and labels: one for which this is true ends the alert."
        )
        self.summary = self._line("summary", "Summary", "{name} stands for the value of a variable.")
        self.runbook = self._line("runbook", "What to do about it", "One line.")
        self.group_by = self._named("group_by", "One alert for each", self._variables, "Variables, with commas.", appends=True)
        self.notify = NotifyField(self._themes)
        self._add("notify", "Tells", self.notify)
        self.name = self._line("name", "Name", "How the API and the file of rules call it.")
        self.enabled = QCheckBox("It watches")
        self._column.addWidget(self.enabled)
        self._connect()

    def _connect(self) -> None:
        named: dict[str, QLineEdit] = {
            "title": self.title, "name": self.name, "metric": self.metric_field.line, "event": self.event_field.line, "log": self.log,
            "value": self.value, "clear": self.clear, "for": self.lasting, "within": self.within,
            "resolve_after": self.resolve_after, "summary": self.summary, "runbook": self.runbook, "group_by": self.group_by.line,
        }  # fmt: skip
        for field, line in named.items():
            line.textChanged.connect(partial(self._on_line, field))
        pickers = {"kind": self.kind_picker, "severity": self.severity, "source": self.source, "compare": self.compare}
        for field, picker in (*pickers.items(), ("level", self.level)):
            picker.chosen.connect(partial(self._on_line, field))
        for field, expression in (("condition", self.condition), ("until", self.until)):
            expression.edit.textChanged.connect(partial(self._on_changed, field))
        self.notify.changed.connect(partial(self._on_changed, "notify"))
        self.enabled.toggled.connect(partial(self._on_line, "enabled"))

    def _on_line(self, field: str, _value: object) -> None:
        self._on_changed(field)

    def _line(self, field: str, label: str, help_text: str = "") -> QLineEdit:
        line = QLineEdit()
        self._add(field, label, line, help_text)
        return line

    def _named(self, field: str, label: str, choices: Any, help_text: str, *, appends: bool = False) -> NameField:
        named = NameField(label, self._themes, choices, appends=appends)
        self._add(field, label, named, help_text)
        return named

    def _picker(self, name: str) -> Picker:
        return Picker(name.capitalize(), self._themes)

    def _row(self, field: str, label: str, editor: QWidget, help_text: str = "") -> FormRow[Any]:
        row = self.rows[field] = FormRow(field, label, editor, self._themes, help_text=help_text)
        return row

    def _add(self, field: str, label: str, editor: QWidget, help_text: str = "") -> None:
        self._column.addWidget(self._row(field, label, editor, help_text))

    def _pair(self, *rows: FormRow[Any]) -> None:
        holder = QWidget()
        beside = QHBoxLayout(holder)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(self._themes.current.px(8))
        for row in rows:
            beside.addWidget(row, 1)
        self._pairs.append((holder, tuple(row.field for row in rows)))
        self._column.addWidget(holder)

    def _metrics(self) -> Choices:
        return [(name, self._unit_of(name)) for name in self._desk.metrics]

    def _events(self) -> Choices:
        return [(name, (cls.__doc__ or "").strip().split("\n")[0]) for name, cls in sorted(EVENT_CLASSES.items())]

    def _variables(self) -> Choices:
        return list(self._desk.variables.items())

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(theme.px(12), theme.px(4), theme.px(12), theme.px(12))
        self._column.setSpacing(theme.px(10))


def slug(title: str) -> str:
    """A name out of a title: "Disk > 90 %" is disk-90."""
    return re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")[:80].strip("-")
