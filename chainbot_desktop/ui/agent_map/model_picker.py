"""Which model an agent shall have, and how to get a better one than the one that comes along."""

from __future__ import annotations

from collections.abc import Sequence

import shiboken6
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chainbot_desktop.agents.models.gateway import ProviderStatus
from chainbot_desktop.ui.agent_map.form_rows import paragraph
from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.models.model_words import DEMONSTRATION
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button

MOST_PER_PROVIDER = 40
"""A server may offer hundreds; the rest is named in the configuration."""


class ModelPicker(QWidget):
    """`value` is "provider/model", or "" for the first that is well in the order of the settings."""

    changed = Signal()

    def __init__(self, themes: ThemeSource, parts: RuntimeParts, value: str) -> None:
        super().__init__()
        self._models = parts.models
        self._open_better = parts.better_models
        self.picker = Picker("Model", themes)
        self._note = paragraph("small")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(themes.current.px(4))
        layout.addWidget(self.picker)
        layout.addWidget(self._note)
        self.better = Button("Better models", themes)
        self.better.clicked.connect(self._on_better)
        layout.addWidget(self.better, 0, Qt.AlignmentFlag.AlignLeft)
        self.setFocusProxy(self.picker)
        self.picker.chosen.connect(self._on_chosen)
        self.refresh(value)

    @property
    def value(self) -> str:
        return self.picker.value

    def refresh(self, value: str | None = None) -> None:
        statuses = self._models.statuses() if self._models is not None else ()
        choices = model_choices(statuses)
        if value and value not in [each for each, _ in choices]:
            choices.append((value, value))
        self.picker.set_choices(choices, value)
        self._on_chosen()

    def _on_better(self) -> None:
        if self._open_better is not None:
            self._open_better(self, self._on_models_changed)

    def _on_models_changed(self) -> None:
        if shiboken6.isValid(self):
            self.refresh(self.value)

    def _on_chosen(self) -> None:
        statuses = self._models.statuses() if self._models is not None else ()
        ready = [status for status in statuses if status.state == "ready"]
        provider = self.value.split("/", 1)[0]
        shown = next((status for status in statuses if status.name == provider), ready[0] if ready else None)
        if shown is not None and shown.demonstration:
            self._note.setText(f"{DEMONSTRATION}.")
        elif shown is not None and shown.state not in ("ready", "unknown"):
            self._note.setText(f"{shown.name} is {shown.state}: {shown.reason}")
        elif shown is None and self._models is not None:
            self._note.setText("No model is ready.")
        else:
            self._note.setText("")
        self._note.setVisible(bool(self._note.text()))
        self.better.setVisible(self._open_better is not None and self._note.isVisibleTo(self))
        self.changed.emit()


def model_choices(statuses: Sequence[ProviderStatus]) -> list[tuple[str, str]]:
    """(name, label), first "whatever is well"; of providers that are not well only the default is offered, with what is wrong."""
    choices = [("", "The first that is ready")]
    for status in statuses:
        models = status.models if status.state == "ready" else ()
        for model in (models or ((status.default_model,) if status.default_model else ()))[:MOST_PER_PROVIDER]:
            said = DEMONSTRATION if status.demonstration else "" if status.state == "ready" else status.state
            choices.append((f"{status.name}/{model}", f"{status.name}/{model}" + (f"  ·  {said}" if said else "")))
    return choices
