"""The bar at the foot of the map while it shows the past: the strip of time, playing, steps, the moment's time, and the way back.

Dumb: it says what is wanted and shows what it is told. Over a narrow map the strip has a row of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QSizePolicy, QWidget

from chainbot_desktop.agents.moments import Bucket, HistorySpan
from chainbot_desktop.ui.agent_map.replay_track import HistoryTrack
from chainbot_desktop.ui.agent_map.times import ago, exactly, now_utc
from chainbot_desktop.ui.frames import FrameClock
from chainbot_desktop.ui.theme import FontRole, Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button, ButtonKind, IconButton

SPEEDS = (1, 10, 60, 600)
TARGET = 56
_WIDE = 1_000
_AGES_MS = 5_000


class ReplayBar(QFrame):
    """`moment_wanted` comes at most once a frame. `stepped`: direction (-1, 1), and whether to the next mark."""

    moment_wanted = Signal(int)
    stepped = Signal(int, bool)
    played = Signal(bool)
    speed_chosen = Signal(int)
    left = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._wanted: int | None = None
        self._moment: tuple[int, str] | None = None
        self._playing = False
        self._busy = False
        self._exact = False
        self._speed = SPEEDS[1]
        self._wide: bool | None = None
        self._frames = FrameClock(self)
        self._ages = QTimer(self, interval=_AGES_MS)
        self._ages.timeout.connect(self._show_time)
        self.setProperty("ground", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._build()
        self._connect()
        self._on_theme_changed(themes.current)

    @property
    def speed(self) -> int:
        """How many seconds of the past a second of playing takes."""
        return self._speed

    @property
    def playing(self) -> bool:
        return self._playing

    def show_history(self, span: HistorySpan, density: Sequence[Bucket]) -> None:
        self.track.show_history(span, density)
        for button in (self.back, self.forward, self.mark_back, self.mark_forward, self.play):
            button.setEnabled(not span.empty)

    def show_moment(self, seq: int, time: str) -> None:
        """What the map shows now. The handle stays with the finger, and where something newer is wanted."""
        self._moment = (seq, time)
        if self._wanted is None and not self.track.dragging:
            self.track.set_position(seq)
        self._show_time()

    def show_wanted(self, seq: int) -> None:
        """The handle goes there; the time stays with what the map shows."""
        if not self.track.dragging:
            self.track.set_position(seq)

    def show_busy(self, busy: bool) -> None:
        """The moment that is wanted takes its time."""
        self._busy = busy
        self._show_time()

    def show_playing(self, playing: bool) -> None:
        self._playing = playing
        self.play.set_icon("pause" if playing else "play")
        _name(self.play, "Pause" if playing else "Play")

    def _build(self) -> None:
        self.track = HistoryTrack(self._themes)
        self.mark_back = _BarButton("mark-back", "To the mark before (Ctrl+Left)", self._themes)
        self.back = _BarButton("chevron-left", "One event back (Left)", self._themes)
        self.play = _BarButton("play", "Play", self._themes)
        self.forward = _BarButton("chevron-right", "One event on (Right)", self._themes)
        self.mark_forward = _BarButton("mark-forward", "To the next mark (Ctrl+Right)", self._themes)
        self.speed_button = Button("", self._themes, kind="quiet")
        self.time = _TimeButton("", self._themes, kind="quiet")
        self.live = Button("Live", self._themes, kind="primary")
        self.live.setToolTip("Back to the present (Esc)")
        self._grid = QGridLayout(self)

    def _connect(self) -> None:
        self.track.wanted.connect(self._on_wanted)
        self.track.stepped.connect(self.stepped)
        for button, direction, mark in (
            (self.mark_back, -1, True),
            (self.back, -1, False),
            (self.forward, 1, False),
            (self.mark_forward, 1, True),
        ):
            button.clicked.connect(partial(self.stepped.emit, direction, mark))
        for button in (self.back, self.forward):
            button.setAutoRepeat(True)
        self.play.clicked.connect(self._on_play)
        self.speed_button.clicked.connect(self._on_speed)
        self.time.clicked.connect(self._on_time)
        self.live.clicked.connect(self.left)
        self._themes.changed.connect(self._on_theme_changed)

    def _arrange(self) -> None:
        wide = self.width() >= self._themes.current.px(_WIDE)
        if wide == self._wide:
            return
        self._wide = wide
        steps = (self.mark_back, self.back, self.play, self.forward, self.mark_forward, self.speed_button)
        for widget in (self.track, *steps, self.time, self.live):
            self._grid.removeWidget(widget)
        row = 0 if wide else 1
        for column, button in enumerate(steps):
            self._grid.addWidget(button, row, column)
        time, live = len(steps) + 1, len(steps) + 2
        self._grid.addWidget(self.time, row, time if wide else time - 1, 1, 1 if wide else 2)
        self._grid.addWidget(self.live, row, live)
        if wide:
            self._grid.addWidget(self.track, 0, len(steps))
        else:
            self._grid.addWidget(self.track, 0, 0, 1, live + 1)
        self._grid.setColumnStretch(len(steps), 1)
        self._grid.setColumnMinimumWidth(time, self._themes.current.px(128) if wide else 0)
        for a, b in zip((self.track, *steps, self.time), (*steps, self.time, self.live), strict=True):
            QWidget.setTabOrder(a, b)

    def _on_wanted(self, seq: int) -> None:
        self._wanted = seq
        self._frames.request(self._on_frame)

    def _on_frame(self) -> None:
        seq, self._wanted = self._wanted, None
        if seq is not None:
            self.moment_wanted.emit(seq)

    def _on_play(self) -> None:
        self.show_playing(not self._playing)
        self.played.emit(self._playing)

    def _on_speed(self) -> None:
        self._speed = SPEEDS[(SPEEDS.index(self._speed) + 1) % len(SPEEDS)]
        self._show_speed()
        self.speed_chosen.emit(self._speed)

    def _on_time(self) -> None:
        self._exact = not self._exact
        self._show_time()

    def _show_speed(self) -> None:
        self.speed_button.setText(f"{self._speed}×")
        self.speed_button.setAccessibleName(f"Speed: {self._speed} times as fast as it was")
        self.speed_button.setToolTip(self.speed_button.accessibleName())

    def _show_time(self) -> None:
        if self._busy:
            text = tip = "Reading the journal…"
        elif self._moment is None:
            text = tip = ""
        else:
            seq, time = self._moment
            date, clock = exactly(time).split(" ", 1)
            text = f"{date}\n{clock}" if self._exact else ago(time, now_utc())
            tip = f"{exactly(time)}, after event {seq:,}"
        self.time.show_text(text, tip)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() == Qt.Key.Key_Space:
            self._on_play()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self._ages.start()
        elif event.type() == QEvent.Type.Hide:
            self._ages.stop()
        return super().event(event)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._grid.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self._grid.setHorizontalSpacing(theme.px(8))
        self._grid.setVerticalSpacing(theme.px(4))
        self.time.setFixedHeight(theme.px(TARGET))
        for button in (self.speed_button, self.live):
            button.setFixedHeight(theme.px(TARGET))
            button.setStyleSheet(_figures(theme, "small"))
        self.speed_button.setFixedWidth(theme.px(TARGET))
        self.live.setFixedWidth(theme.px(72))
        self._wide = None
        self._arrange()
        self._show_speed()
        self._show_time()


class _BarButton(IconButton):
    """56 px: the thumb of a hand that holds the panel."""

    def _on_theme_changed(self, theme: Theme) -> None:
        super()._on_theme_changed(theme)
        self.setFixedSize(theme.px(TARGET), theme.px(TARGET))


class _TimeButton(Button):
    """Takes the room that is left, and shortens what it says to it."""

    def __init__(self, text: str, themes: ThemeSource, *, kind: ButtonKind) -> None:
        super().__init__(text, themes, kind=kind)
        self._whole = text
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str, tip: str) -> None:
        self._whole = text
        self.setToolTip(tip)
        self.setAccessibleName(f"Shown: {tip}" if tip else "")
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _fit(self) -> None:
        theme = self._themes.current
        room = max(0, self.width() - theme.px(4))
        lines = self._whole.split("\n")
        font = theme.font("small")
        font.setWeight(QFont.Weight.DemiBold)
        fits = max(map(QFontMetrics(font).horizontalAdvance, lines)) <= room
        style = _figures(theme, "small" if fits else "label")
        if style != self.styleSheet():
            self.setStyleSheet(style)
            self.ensurePolished()
        shown = "\n".join(self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, room) for line in lines)
        if shown != self.text():
            self.setText(shown)


def _figures(theme: Theme, role: FontRole) -> str:
    """The style sheet's padding and size are for words; here the room is for figures."""
    weight = 500 if role == "label" else 600
    return f"padding: 0px; font-size: {theme.font(role).pixelSize()}px; font-weight: {weight};"


def _name(button: IconButton, name: str) -> None:
    button.setAccessibleName(name)
    button.setToolTip(f"{name} (Space)")
