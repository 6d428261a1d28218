"""The fields of one kind of agent together with its limits, begun from a configuration; it knows whether somebody wrote in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from chainbot_desktop.agents.kind import KindInfo
from chainbot_desktop.ui.agent_map.data_form import DataForm
from chainbot_desktop.ui.agent_map.kind_forms import JsonForm, KindForm, form_for
from chainbot_desktop.ui.agent_map.limits_form import LimitsForm
from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.theme import ThemeSource

_IN_LIMITS = ("limits", "restart")


@dataclass(frozen=True, slots=True)
class FilledForm:
    """`untouched`: how the fields were before anybody wrote in them."""

    form: KindForm
    limits: LimitsForm
    untouched: tuple[str, ...]

    @property
    def touched(self) -> bool:
        return _values(self.form) + _values(self.limits) != self.untouched


def fill(info: KindInfo, before: Mapping[str, Any], themes: ThemeSource, parts: RuntimeParts) -> FilledForm:
    form = _form(info.name, before, themes, parts)
    limits = LimitsForm(themes, before, info.default_restart, with_restart="restart" not in form.rows)
    return FilledForm(form, limits, _values(form) + _values(limits))


def _form(kind: str, before: Mapping[str, Any], themes: ThemeSource, parts: RuntimeParts) -> KindForm:
    if kind == "data_processor":
        return DataForm(themes, parts, parts.agents.config_schema(kind), before)
    form = form_for(kind, themes, parts, before)
    if isinstance(form, JsonForm):  # what has fields of its own below is not written twice
        form.deleteLater()
        form = form_for(kind, themes, parts, {key: each for key, each in before.items() if key not in _IN_LIMITS})
    return form


def _values(within: QWidget) -> tuple[str, ...]:
    """What a person wrote or chose in there."""
    lines = [line.text() for line in within.findChildren(QLineEdit)]
    texts = [text.toPlainText() for text in within.findChildren(QPlainTextEdit)]
    return (*lines, *texts, *(picker.value for picker in within.findChildren(Picker)))
