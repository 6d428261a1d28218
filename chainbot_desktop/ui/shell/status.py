"""The line at the foot: link, CPU, memory, temperature, time. It turns amber or red with the machine; a tap goes to the cause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt, QTime, QTimer
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from chainbot_desktop.ui.shell.link_words import LinkLook, link_look
from chainbot_desktop.ui.shell.thresholds import Level, Machine, cpu_level, heat_level, memory_level, worst
from chainbot_desktop.ui.theme import Theme, ThemeSource

GIB = 1024**3
_TOKENS: dict[Level, str] = {"calm": "dim", "amber": "needs_input", "red": "failed"}
PILL = 8


@dataclass(frozen=True, slots=True)
class Segment:
    """`rank` 0 is never dropped; of the others the highest goes first when the line is narrow."""

    text: str
    token: str
    rank: int
    icon: str = ""
    level: Level = "calm"


class StatusLine(QAbstractButton):
    """28 px high. Shows nothing of a machine it was not told about."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._link: LinkLook | None = None
        self._machine: Machine | None = None
        self._alerts: tuple[str, Level] = ("", "calm")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._minute = QTimer(self, singleShot=True)
        self._minute.timeout.connect(self._on_minute)
        self._on_minute()
        themes.changed.connect(self._on_theme_changed)

    @property
    def level(self) -> Level:
        machine, alerts = self._machine, self._alerts[1]
        if machine is None:
            return alerts
        return worst(cpu_level(machine), memory_level(machine), heat_level(machine), alerts)

    def set_link(self, state: str) -> None:
        self._link = link_look(state)
        self._refresh()

    def set_machine(self, machine: Machine) -> None:
        if machine != self._machine:
            self._machine = machine
            self._refresh()

    def set_alerts(self, words: str, level: Level) -> None:
        """What calls, in a word or two; "" when nothing does."""
        if (words, level) != self._alerts:
            self._alerts = (words, level)
            self._refresh()

    def segments(self) -> list[Segment]:
        """What it has to say, left to right, the time last."""
        parts = []
        if self._alerts[0]:
            parts.append(Segment(self._alerts[0], "dim", 1, level=self._alerts[1]))
        if self._link is not None:
            parts.append(Segment(f"ALEX OS {self._link.word.lower()}", self._link.token, 3, self._link.icon))
        if self._machine is not None:
            parts.extend(_machine_segments(self._machine))
        parts.append(Segment(QTime.currentTime().toString("HH:mm"), "dim", 0))
        return parts

    def sizeHint(self) -> QSize:
        return QSize(0, self._themes.current.px(28))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, theme)
        painter.setFont(theme.font("label"))
        metrics = painter.fontMetrics()
        edge, gap = theme.px(12), theme.px(16)
        *shown, clock = _fitting(self.segments(), metrics, theme, self.width() - 2 * edge, gap)
        x = edge
        for segment in shown:
            x += _paint_segment(painter, theme, segment, x, self.height()) + gap
        painter.setPen(theme.color(clock.token))
        box = QRect(0, 0, self.width() - edge, self.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, clock.text)

    def _paint_ground(self, painter: QPainter, theme: Theme) -> None:
        level = self.level
        ground = theme.color("surface1") if level == "calm" else theme.tint(_TOKENS[level], 0.14)
        painter.fillRect(self.rect(), theme.color("surface3") if self.isDown() else ground)
        painter.setPen(theme.color("line"))
        painter.drawLine(0, 0, self.width(), 0)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _refresh(self) -> None:
        self.setAccessibleName("Status: " + ", ".join(segment.text for segment in self.segments()))
        self.update()

    def _on_minute(self) -> None:
        now = QTime.currentTime()
        self._minute.start(60_050 - now.second() * 1000 - now.msec())
        self._refresh()

    def _on_theme_changed(self, theme: Theme) -> None:
        self.updateGeometry()
        self.update()


def _machine_segments(machine: Machine) -> Iterator[Segment]:
    yield Segment(f"CPU {machine.cpu_percent:.0f} %", "dim", 2, level=cpu_level(machine))
    memory = f"{machine.memory_used / GIB:.1f} / {machine.memory_total / GIB:.1f} GiB"
    yield Segment(memory, "dim", 2, level=memory_level(machine))
    if machine.temperature_c is not None:
        yield Segment(f"{machine.temperature_c:.0f} °C", "dim", 1, level=heat_level(machine))
    if machine.throttled:
        yield Segment("throttled", "dim", 1, level="red")


def _fitting(segments: list[Segment], metrics: QFontMetrics, theme: Theme, room: int, gap: int) -> list[Segment]:
    """The segments that fit; what is amber or red stays longest."""
    kept = list(segments)
    while sum(_width(segment, metrics, theme) + gap for segment in kept) - gap > room:
        calm = [segment for segment in kept if segment.rank and segment.level == "calm"]
        droppable = calm or [segment for segment in kept if segment.rank]
        if not droppable:
            break
        kept.remove(max(droppable, key=lambda segment: segment.rank))
    return kept


def _width(segment: Segment, metrics: QFontMetrics, theme: Theme) -> int:
    around = theme.px(20) if segment.icon else 2 * theme.px(PILL) if segment.level != "calm" else 0
    return metrics.horizontalAdvance(segment.text) + around


def _paint_segment(painter: QPainter, theme: Theme, segment: Segment, x: int, height: int) -> int:
    """What is out of order stands in a filled pill: readable on any ground, and not told by colour alone. Returns its width."""
    width = _width(segment, painter.fontMetrics(), theme)
    box = QRect(x, 0, width, height)
    ink = theme.color("dim")
    if segment.icon:
        side = theme.px(14)
        painter.drawPixmap(x, (height - side) // 2, theme.pixmap(segment.icon, segment.token, 14))
        box.setLeft(x + theme.px(20))
    elif segment.level != "calm":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(_TOKENS[segment.level]))
        inset = theme.px(4)
        painter.drawRoundedRect(box.adjusted(0, inset, 0, -inset), theme.px(6), theme.px(6))
        box.setLeft(x + theme.px(PILL))
        ink = theme.color("on_state")
    painter.setPen(ink)
    painter.drawText(box.adjusted(0, 0, 2, 0), Qt.AlignmentFlag.AlignVCenter, segment.text)
    return width
