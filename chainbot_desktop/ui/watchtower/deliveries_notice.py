"""Over the list of outgoing deliveries, where there is something to say or to decide about all of them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from chainbot_desktop.alexos.delivery_desk import DeliveryCensus
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.json_paths import visible
from chainbot_desktop.ui.watchtower.marks import Mark, MarkLabel
from chainbot_desktop.ui.widgets import Button

_APART = 96


class DeliveriesNotice(QWidget):
    """`speaks` where there is anything to be said. Deciding about what was given up comes before deciding about what waits."""

    retry_all = Signal()
    retry_waiting = Signal()
    give_up_waiting = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = MarkLabel("unknown", themes, 20)
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.retry = Button("Retry all", themes, icon="refresh")
        self.retry.setToolTip("Try at once all that were given up")
        self.retry.clicked.connect(self.retry_all)
        self.hurry = Button("Retry now", themes, icon="refresh")
        self.hurry.setToolTip("Try at once all that wait")
        self.hurry.clicked.connect(self.retry_waiting)
        self.give_up = Button("Give up all", themes, kind="danger")
        self.give_up.clicked.connect(self.give_up_waiting)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._mark)
        self._row.addWidget(self._text, 1)
        self._row.addWidget(self.retry)
        self._row.addWidget(self.hurry)
        self._gap = QWidget()
        self._row.addWidget(self._gap)
        self._row.addWidget(self.give_up)
        self.speaks = False
        self.hide()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def text(self) -> str:
        return self._text.text()

    def show_census(self, census: DeliveryCensus, *, away: bool, disabled: bool, reason: str) -> None:
        parts: list[str] = []
        if census.given_up:
            parts.append(
                f"{_events(census.given_up)} given up: ALEX OS refused {'it' if census.given_up == 1 else 'them'}, or you did."
            )
        waiting = census.pending + census.behind
        if disabled:
            parts.append("ALEX OS is switched off in the settings: nothing goes out.")
        elif away and waiting:
            parts.append(f"ALEX OS is away: {_events(waiting)} behind the head of the journal. {visible(reason)}".strip())
        elif census.pending:
            parts.append(f"{_events(census.pending)} waiting for the next try.")
        mark: Mark = "error" if census.given_up else "debug" if disabled else "waiting"
        self._mark.set_mark(mark)
        self._text.setText(" ".join(parts))
        self.speaks = bool(parts)
        self.retry.setVisible(bool(census.given_up))
        self.hurry.setVisible(not census.given_up and bool(census.pending) and not disabled)
        self.give_up.setVisible(not census.given_up and bool(census.pending))
        self._gap.setVisible(self.give_up.isVisibleTo(self))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(12), theme.px(2), theme.px(12), theme.px(4))
        self._row.setSpacing(theme.px(8))
        self._gap.setFixedWidth(theme.px(_APART - 16))


def _events(count: int) -> str:
    return "1 event is" if count == 1 else f"{count:,} events are"
