"""The card of the first start: the steps in a column, the current one unfolded. Each ticks itself when it truly happened."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.ui.shell.link_words import link_look
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.welcome.actions import ModelOffer, WelcomeActions
from chainbot_desktop.ui.welcome.steps import WelcomeSteps
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.sheet import Sheet
from chainbot_desktop.ui.widgets.tab_stops import tab_stops

TITLES = {
    "link": "See the link to ALEX OS",
    "model": "Choose a model",
    "agent": "Start a first agent",
    "webhook": "Send a first webhook",
    "folder": "Open a folder in Code",
}


class WelcomeCard(Sheet):
    def __init__(self, host: QWidget, themes: ThemeSource, steps: WelcomeSteps, actions: WelcomeActions) -> None:
        super().__init__(host, "Welcome to ChainBot", themes, width=600)
        self._steps = steps
        self._rows: dict[str, StepRow] = {}
        self._link = LinkStep(themes, actions)
        bodies: dict[str, QWidget] = {
            "link": self._link,
            "webhook": WebhookStep(themes, actions.webhook_line),
            "folder": FolderStep(themes, actions),
        }
        self._models = ModelStep(themes, actions.models) if actions.models is not None else None
        if self._models is not None:
            bodies["model"] = self._models
        if actions.spawn_agent is not None:
            bodies["agent"] = AgentStep(themes, actions.spawn_agent)
        for step in steps.steps:
            row = StepRow(step, bodies[step], themes, steps)
            self._rows[step] = row
            self.body.addWidget(row)
        self.first = self._link.show_link
        self.body.setSpacing(0)
        self.body.addStretch(1)
        self.refresh()

    def set_link(self, state: str, reason: str) -> None:
        self._link.show_state(state, reason)
        self.fit_soon()

    def show_models(self) -> None:
        if self._models is not None:
            self._models.refresh()
            self.fit_soon()

    def refresh(self) -> None:
        """A keyboard that was in a step which folds goes to the one that unfolds."""
        current = self._steps.current
        had_focus = self.holds(QApplication.focusWidget())
        for step, row in self._rows.items():
            row.refresh(unfolded=step == current)
        if had_focus and current is not None:
            self._rows[current].take_focus()
        self.fit_soon()


class StepRow(QWidget):
    """A mark (open, done, skipped), the title, and the step itself while it is the current one."""

    def __init__(self, step: str, content: QWidget, themes: ThemeSource, steps: WelcomeSteps) -> None:
        super().__init__()
        self._step = step
        self._themes = themes
        self._steps = steps
        self._content = content
        self._title = Button(TITLES[step], themes, kind="row", icon="state-idle")
        self._title.clicked.connect(lambda: steps.take_up(step))
        self._skip = Button("Skip", themes, kind="quiet")
        self._skip.setAccessibleName(f"Skip: {TITLES[step]}")
        self._skip.clicked.connect(lambda: steps.skip(step))
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._skip)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addLayout(head)
        self._layout.addWidget(content)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def take_focus(self) -> None:
        if not self._content.isAncestorOf(QApplication.focusWidget() or self):
            tab_stops(self._content)[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def refresh(self, *, unfolded: bool) -> None:
        done, skipped = self._steps.is_done(self._step), self._steps.is_skipped(self._step)
        self._content.setVisible(unfolded)
        self._skip.setVisible(unfolded)
        state = "done" if done else "skipped, tap to do it" if skipped else ""
        self._title.setText(f"{TITLES[self._step]}: {state}" if state else TITLES[self._step])
        self._title.setFocusPolicy(Qt.FocusPolicy.NoFocus if done or unfolded else Qt.FocusPolicy.TabFocus)
        self._mark(self._themes.current)

    def _mark(self, theme: Theme) -> None:
        done = self._steps.is_done(self._step)
        name, token = ("state-done", "done") if done else ("state-idle", "idle")
        self._title.setIcon(theme.pixmap(name, token, 20))
        self._title.setIconSize(QSize(theme.px(20), theme.px(20)))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._content.setContentsMargins(theme.px(40), 0, theme.px(8), theme.px(12))
        self._mark(theme)


class LinkStep(QWidget):
    """What the link is at this moment, and how to see one when there is no ALEX OS here."""

    def __init__(self, themes: ThemeSource, actions: WelcomeActions) -> None:
        super().__init__()
        self._state = _text()
        self._without = _text("small")
        self._without.setText(f"No ALEX OS at hand? Its simulator comes with the program: {actions.simulator_line}")
        self._without.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.show_link = show = Button("Show the link", themes)
        show.clicked.connect(lambda: actions.show_link())  # noqa: PLW0108 (the signal's bool is not for the callback)
        layout = QVBoxLayout(self)
        layout.setSpacing(themes.current.px(8))
        layout.addWidget(self._state)
        layout.addWidget(self._without)
        layout.addWidget(show, 0, Qt.AlignmentFlag.AlignLeft)

    def show_state(self, state: str, reason: str) -> None:
        self._state.setText(f"Now: {link_look(state).word.lower()}. {reason}".strip())


class WebhookStep(QWidget):
    """The line to paste into a terminal. The step ticks when the event is in the journal, not when the line was copied."""

    def __init__(self, themes: ThemeSource, line: str) -> None:
        super().__init__()
        self._line = line
        layout = QVBoxLayout(self)
        layout.setSpacing(themes.current.px(8))
        intro = _text("dim")
        intro.setText("Paste this into a terminal; it appears on the map and in Watchtower:")
        self._command = _text()
        self._command.setText(line)
        self._command.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._copy = Button("Copy", themes, icon="copy")
        self._copy.clicked.connect(self._on_copy)
        layout.addWidget(intro)
        layout.addWidget(self._command)
        layout.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignLeft)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._line)
        self._copy.setText("Copied, waiting for it to arrive")

    def _on_theme_changed(self, theme: Theme) -> None:
        self._command.setFont(theme.font("mono_small"))


class FolderStep(QWidget):
    def __init__(self, themes: ThemeSource, actions: WelcomeActions) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setSpacing(themes.current.px(8))
        intro = _text("dim")
        intro.setText("Choose the folder whose files you want to read and edit here.")
        choose = Button("Choose a folder", themes, icon="folder-open")
        choose.clicked.connect(lambda: actions.open_folder())  # noqa: PLW0108 (the signal's bool is not for the callback)
        layout.addWidget(intro)
        layout.addWidget(choose, 0, Qt.AlignmentFlag.AlignLeft)


class ModelStep(QWidget):
    """Which models there are now, honestly named, and how to get better ones."""

    def __init__(self, themes: ThemeSource, offer: ModelOffer) -> None:
        super().__init__()
        self._offer = offer
        self._found = _text()
        look = Button("Look again", themes, icon="refresh")
        look.clicked.connect(lambda: offer.look())  # noqa: PLW0108 (the signal's bool is not for the callback)
        improve = Button("Better models", themes, kind="primary")
        improve.clicked.connect(lambda: offer.improve())  # noqa: PLW0108 (the signal's bool is not for the callback)
        take = Button("Go on with this", themes)
        take.clicked.connect(lambda: offer.take())  # noqa: PLW0108 (the signal's bool is not for the callback)
        row = QHBoxLayout()
        row.setSpacing(themes.current.px(8))
        for button in (improve, look, take):
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setSpacing(themes.current.px(8))
        layout.addWidget(self._found)
        layout.addLayout(row)
        self.refresh()

    def refresh(self) -> None:
        self._found.setText(self._offer.words())


class AgentStep(QWidget):
    def __init__(self, themes: ThemeSource, spawn: Callable[[], object]) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setSpacing(themes.current.px(8))
        intro = _text("dim")
        intro.setText("An agent that runs a program in a folder (a test watcher, a build, a server) needs no model.")
        start = Button("New agent", themes, icon="agent-add")
        start.clicked.connect(lambda: spawn())  # noqa: PLW0108 (the signal's bool is not for the callback)
        layout.addWidget(intro)
        layout.addWidget(start, 0, Qt.AlignmentFlag.AlignLeft)


def _text(role: str = "") -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label
