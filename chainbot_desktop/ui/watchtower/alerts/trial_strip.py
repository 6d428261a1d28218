"""What a rule would have done: a line of time with a mark for each time that it would have fired."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from chainbot_desktop.core.ids import format_time
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.alerts.durations import say_briefly
from chainbot_desktop.ui.watchtower.event_texts import relative_time
from chainbot_desktop.watch.alerts.records import Look, Trial

_STEPS: Mapping[int, str] = {1: "second", 60: "minute", 3600: "hour"}
_NO_LIMIT = 10_000
_WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


class TrialStrip(QWidget):
    """As high as its words need; hidden until there is a trial."""

    def __init__(self, themes: ThemeSource, clock: Callable[[], float] = time.time, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._clock = clock
        self._trial: Trial | None = None
        self._until = 0.0
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    @property
    def words(self) -> str:
        trial = self._trial
        if trial is None:
            return ""
        span = say_briefly(self._until - trial.since)
        note = "".join(f" {sentence}" for sentence in (say_looks(trial.looks), trial.note) if sentence)
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
        self.updateGeometry()
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
        return QSize(0, self.heightForWidth(self.width()))

    def heightForWidth(self, width: int) -> int:
        theme = self._themes.current
        metrics = QFontMetrics(theme.font("small"))
        words = metrics.boundingRect(0, 0, width - 2 * theme.px(12), _NO_LIMIT, int(_WRAPPED), self.words)
        return max(theme.px(48), words.height() + theme.px(30))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        px, edge = theme.px, theme.px(12)
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("surface1"))
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("text"))
        painter.drawText(self.rect().adjusted(edge, px(6), -edge, -px(22)), int(_WRAPPED), self.words)
        line = self.height() - px(12)
        painter.fillRect(edge, line, self.width() - 2 * edge, px(1), theme.color("dim"))
        for place in self.marks():
            painter.fillRect(place - px(1), line - px(7), px(3), px(14), theme.color("needs_input"))


def say_looks(looks: Sequence[Look]) -> str:
    """How finely it was looked; "" where that needs no saying."""
    steps = [f"{say_briefly(look.until - look.since)} by the {_STEPS[look.step]}" for look in looks if look.step]
    return f"Looked at {', '.join(steps)}." if steps else ""
