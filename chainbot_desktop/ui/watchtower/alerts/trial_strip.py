"""What a rule would have done: a line of time with a mark for each time that it would have fired."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from chainbot_desktop.core.ids import format_time
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.alerts.durations import say_briefly
from chainbot_desktop.ui.watchtower.event_texts import relative_time
from chainbot_desktop.watch.alerts.records import Trial


class TrialStrip(QWidget):
    """48 px high; hidden until there is a trial."""

    def __init__(self, themes: ThemeSource, clock: Callable[[], float] = time.time, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._clock = clock
        self._trial: Trial | None = None
        self._until = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()

    @property
    def words(self) -> str:
        trial = self._trial
        if trial is None:
            return ""
        span = say_briefly(self._until - trial.since)
        note = f" {trial.note}" if trial.note else ""
        if not trial.fired:
            return f"It would not have fired in the last {span}.{note}"
        times = "once" if len(trial.fired) == 1 else f"{len(trial.fired):,} times"
        last = relative_time(format_time(datetime.fromtimestamp(max(trial.fired), UTC)))
        return f"It would have fired {times} in the last {span}, last {last}.{note}"

    def show_trial(self, trial: Trial | None) -> None:
        """None takes it away."""
        self._trial = trial
        self._until = self._clock()
        self.setVisible(trial is not None)
        self.setAccessibleName(self.words)
        self.setToolTip(self.words)
        self.update()

    def marks(self) -> list[int]:
        """Where the marks stand, in pixels from the left."""
        trial, edge = self._trial, self._themes.current.px(12)
        if trial is None or self._until <= trial.since:
            return []
        room = self.width() - 2 * edge
        places = (edge + round((moment - trial.since) / (self._until - trial.since) * room) for moment in trial.fired)
        return sorted({min(max(edge, place), edge + room) for place in places})

    def sizeHint(self) -> QSize:
        return QSize(0, self._themes.current.px(48))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        px, edge = theme.px, theme.px(12)
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("surface1"))
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("text"))
        box = self.rect().adjusted(edge, px(4), -edge, -px(22))
        words = painter.fontMetrics().elidedText(self.words, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        line = self.height() - px(12)
        painter.fillRect(edge, line, self.width() - 2 * edge, px(1), theme.color("dim"))
        for place in self.marks():
            painter.fillRect(place - px(1), line - px(7), px(3), px(14), theme.color("needs_input"))
