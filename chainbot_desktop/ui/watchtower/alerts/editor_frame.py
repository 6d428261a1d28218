"""What stands around a rule's form: the way back and the two views over it, the trial and the buttons under it, always in reach."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from chainbot_desktop.ui.agent_map.form_rows import paragraph
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.alerts.rule_form import RuleForm
from chainbot_desktop.ui.watchtower.alerts.trial_strip import TrialStrip
from chainbot_desktop.ui.watchtower.elided_label import ElidedLabel
from chainbot_desktop.ui.widgets import Button, Chip, IconButton, KineticArea, make_kinetic
from chainbot_desktop.watch.alerts.records import Trial


class EditorFrame(QWidget):
    mode_wanted = Signal(bool)
    """Whether the YAML is wanted (else the form)."""

    def __init__(self, form: RuleForm, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._form = form
        self._title = ElidedLabel("title")
        self.back = IconButton("arrow-left", "Back to the rules (Esc)", themes)
        self.form_chip, self.yaml_chip = Chip("Form", themes, checked=True), Chip("YAML", themes)
        self.form_chip.clicked.connect(lambda: self.mode_wanted.emit(False))
        self.yaml_chip.clicked.connect(lambda: self.mode_wanted.emit(True))
        self.more = IconButton("more-vertical", "More for this rule", themes)
        self.yaml = make_kinetic(QPlainTextEdit())
        self.yaml.setAccessibleName("The rule as YAML")
        self._area = KineticArea(form)
        self._forms = QStackedWidget()
        self._forms.addWidget(self._area)
        self._forms.addWidget(self.yaml)
        self._problem = paragraph("")
        self._problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.trial = TrialStrip(themes)
        self.try_it = Button("Try it", themes, icon="play")
        self.save = Button("Save", themes, kind="primary", icon="save")
        self._lay_out()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def is_yaml(self) -> bool:
        return self._forms.currentWidget() is self.yaml

    @property
    def problem(self) -> str:
        return self._problem.text()

    def begin(self, title: str) -> None:
        self._title.setText(title)
        self.show_form(yaml=False)
        self.show_problem("")
        self.show_trial(None)
        self._area.verticalScrollBar().setValue(0)
        self._form.title.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_form(self, *, yaml: bool) -> None:
        self.form_chip.setChecked(not yaml)
        self.yaml_chip.setChecked(yaml)
        self._forms.setCurrentIndex(int(yaml))

    def show_problem(self, words: str) -> None:
        """What belongs to no field; "" takes it away."""
        self._problem.setText(words)
        self._problem.setVisible(bool(words))

    def show_trial(self, trial: Trial | None) -> None:
        self.trial.show_trial(trial)

    def show_trying(self, trying: bool) -> None:
        self.try_it.setText("Stop" if trying else "Try it")
        self.try_it.set_icon("stop" if trying else "play")

    def _lay_out(self) -> None:
        self._top = QHBoxLayout()
        self._top.addWidget(self.back)
        self._top.addWidget(self._title, 1)
        for widget in (self.form_chip, self.yaml_chip, self.more):
            self._top.addWidget(widget)
        self._foot = QHBoxLayout()
        self._foot.addWidget(self._problem, 1)
        self._foot.addStretch(0)
        self._foot.addWidget(self.try_it)
        self._foot.addWidget(self.save)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._top)
        self._column.addWidget(self._forms, 1)
        self._column.addWidget(self.trial)
        self._column.addLayout(self._foot)

    def _on_theme_changed(self, theme: Theme) -> None:
        edge = theme.px(8)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.px(4))
        self._top.setContentsMargins(edge, theme.px(2), edge, 0)
        self._foot.setContentsMargins(theme.px(12), 0, theme.px(12), edge)
        for row in (self._top, self._foot):
            row.setSpacing(edge)
        self.yaml.setFont(theme.font("mono"))
        self._problem.setStyleSheet(f"color: {theme.color('failed').name()}")
