"""The axis of time as one sees it: the stretch that is shown, ticks, what happened, and the exact moment that is pointed at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.marks import MarkPainter
from chainbot_desktop.ui.watchtower.metric_axis import TimeAxis
from chainbot_desktop.ui.watchtower.metric_marks import TimeMark

_HEIGHT = 68
_REACH = 24
"""Pixels beside a mark in which a finger means it."""
_TICKS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
_STEP_WORDS = {1: "1 s", 60: "1 min", 3600: "1 h"}


class TimeStrip(QWidget):
    """`chosen` carries the marks under a tap. `set_edges` says where the charts' plots begin and end."""

    chosen = Signal(object)

    def __init__(self, axis: TimeAxis, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._axis = axis
        self._themes = themes
        self._marks: Sequence[TimeMark] = ()
        self._pictures = MarkPainter()
        self._left, self._right = 0.0, 0.0
        self._step = 1
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Time")
        axis.changed.connect(self._on_moved)
        axis.pointed.connect(self._on_moved)
        themes.changed.connect(self._on_theme_changed)

    @property
    def marks(self) -> Sequence[TimeMark]:
        return self._marks

    @property
    def plot(self) -> QRectF:
        return QRectF(self._left, 0, max(1.0, self._right - self._left), self.height())

    def set_edges(self, left: float, right: float) -> None:
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.update()

    def show_marks(self, marks: Sequence[TimeMark]) -> None:
        self._marks = marks
        self.update()

    def show_step(self, step: int) -> None:
        """How many seconds a value of the charts covers."""
        if step != self._step:
            self._step = step
            self._on_moved()

    def marks_at(self, x: float) -> list[TimeMark]:
        """Those that a finger at `x` may mean, the nearest first."""
        reach = self._themes.current.px(_REACH)
        near = [(abs(self._x(mark.at) - x), mark) for mark in self._marks if self._axis.start <= mark.at <= self._axis.end]
        return [mark for distance, mark in sorted(near, key=lambda pair: pair[0]) if distance <= reach]

    def x_of(self, at: float) -> float:
        return self._x(at)

    def text(self) -> str:
        """What is shown, in words."""
        if self._axis.pointer is not None:
            return exact(self._axis.pointer, self._step)
        return stretch(self._axis.start, self._axis.end)

    def sizeHint(self) -> QSize:
        return QSize(self._themes.current.px(200), self._themes.current.px(_HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_words(painter, theme)
        self._paint_ticks(painter, theme)
        self._paint_marks(painter, theme)
        if self._axis.pointer is not None:
            x = self._x(self._axis.pointer)
            painter.setPen(QPen(theme.color("text"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, theme.px(22)), QPointF(x, self.height()))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            marks = self.marks_at(event.pos().x())
            QToolTip.showText(event.globalPos(), "\n".join(f"{mark.title}: {mark.text}" for mark in marks[:8]), self)
            return True
        return super().event(event)

    def _paint_words(self, painter: QPainter, theme: Theme) -> None:
        box = QRectF(self._left, 0, self._right - self._left, theme.px(22))
        painter.setFont(theme.font("strong"))
        painter.setPen(theme.color("accent" if self._axis.pointer is not None else "text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("dim"))
        words = f"a value each {_STEP_WORDS[self._step]}"
        if self._step > 1:
            words += ": mean, lowest to highest"
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_ticks(self, painter: QPainter, theme: Theme) -> None:
        painter.setFont(theme.font("small"))
        metrics = QFontMetrics(painter.font())
        base = self.height() - theme.px(18)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawLine(QPointF(self._left, base), QPointF(self._right, base))
        for at, label in ticks(self._axis.start, self._axis.end, self.plot.width() / theme.px(84)):
            x = self._x(at)
            painter.setPen(QPen(theme.color("line"), 1))
            painter.drawLine(QPointF(x, base - theme.px(4)), QPointF(x, base))
            width = metrics.horizontalAdvance(label)
            left = min(max(self._left, x - width / 2), self._right - width)
            painter.setPen(theme.color("dim"))
            painter.drawText(QRectF(left, base, width + 1, theme.px(18)), Qt.AlignmentFlag.AlignCenter, label)

    def _paint_marks(self, painter: QPainter, theme: Theme) -> None:
        middle = theme.px(34)
        taken = -1e9
        for small in (True, False):  # a step of an agent hides no warning
            for mark in self._marks:
                if mark.small is not small or not self._axis.start <= mark.at <= self._axis.end:
                    continue
                x = self._x(mark.at)
                side = theme.px(8 if small else 16)
                if small:
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.setBrush(theme.color("waiting"))
                    painter.drawEllipse(QPointF(x, middle), side / 2, side / 2)
                elif x - taken >= 2:
                    taken = x
                    painter.drawPixmap(
                        QPoint(round(x - side / 2), middle - side // 2), self._pictures.pixmap(mark.mark, side, theme)
                    )
            taken = -1e9

    def _x(self, at: float) -> float:
        return self._left + self._axis.share(at) * self.plot.width()

    def _on_moved(self) -> None:
        self.setAccessibleDescription(self.text())
        self.update()

    def _on_theme_changed(self, theme: Theme) -> None:
        self.updateGeometry()
        self.update()


def ticks(start: float, end: float, most: float) -> Iterator[tuple[float, str]]:
    """At most so many moments of the local clock, and what is written there."""
    span, most = end - start, max(1.0, most)
    step = next((step for step in _TICKS if span / step <= most), None)
    if step is not None:
        offset = datetime.fromtimestamp(start).astimezone().utcoffset() or timedelta()
        shift = offset.total_seconds() % step
        at = -(-(start + shift) // step) * step - shift
        while at <= end:
            moment = datetime.fromtimestamp(at).astimezone()
            midnight = step >= 3600 and moment.hour == 0
            yield at, f"{moment:%d %b}" if midnight else f"{moment:%H:%M:%S}" if step < 60 else f"{moment:%H:%M}"
            at += step
        return
    days = next((days for days in (1, 2, 7, 14) if span / (days * 86_400) <= most), 0)
    yield from _days(start, end, days) if days else _months(start, end, most)


def _days(start: float, end: float, days: int) -> Iterator[tuple[float, str]]:
    moment = datetime.fromtimestamp(start).astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    number = moment.toordinal()
    moment += timedelta(days=days - number % days if number % days else 0)
    while (at := _local_midnight(moment)) <= end:
        if at >= start:
            yield at, f"{moment:%d %b}"
        moment += timedelta(days=days)


def _months(start: float, end: float, most: float) -> Iterator[tuple[float, str]]:
    step = next((step for step in (1, 3, 6) if (end - start) / (step * 30.4 * 86_400) <= most), 12)
    first = datetime.fromtimestamp(start).astimezone()
    month = first.year * 12 + first.month - 1
    month -= month % step
    while (at := datetime(month // 12, month % 12 + 1, 1).astimezone().timestamp()) <= end:
        if at >= start:
            yield at, f"{datetime.fromtimestamp(at).astimezone():%b %Y}"
        month += step


def _local_midnight(moment: datetime) -> float:
    """Where summer time begins a day has 23 hours."""
    return datetime(moment.year, moment.month, moment.day).astimezone().timestamp()


def exact(at: float, step: int) -> str:
    """The local time of a moment, as exactly as the charts know it."""
    moment = datetime.fromtimestamp(at - at % step).astimezone()
    return f"{moment:%a %d %b %Y, %H:%M:%S} {moment:%z}" if step == 1 else f"{moment:%a %d %b %Y, %H:%M} {moment:%z}"


def stretch(start: float, end: float) -> str:
    first, last = datetime.fromtimestamp(start).astimezone(), datetime.fromtimestamp(end).astimezone()
    clock = "%H:%M:%S" if end - start < 3600 else "%H:%M"
    if first.date() == last.date():
        return f"{first:%a %d %b}, {first:{clock}} – {last:{clock}}"
    if end - start > 40 * 86_400:
        return f"{first:%d %b %Y} – {last:%d %b %Y}"
    return f"{first:%a %d %b}, {first:{clock}} – {last:%a %d %b}, {last:{clock}}"
