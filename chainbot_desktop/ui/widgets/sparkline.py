"""A line of the latest values of something, as small as a word."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource


class Sparkline(QWidget):
    """Draws values left to right (None leaves a gap) between `low` and `high`; without bounds it scales to what it shows."""

    def __init__(
        self,
        themes: ThemeSource,
        *,
        token: str = "accent",
        low: float | None = None,
        high: float | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._themes = themes
        self._token = token
        self._low, self._high = low, high
        self._values: Sequence[float | None] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        themes.changed.connect(self._on_theme_changed)

    def set_values(self, values: Sequence[float | None]) -> None:
        self._values = values
        self.update()

    def set_token(self, token: str) -> None:
        if token != self._token:
            self._token = token
            self.update()

    def sizeHint(self) -> QSize:
        theme = self._themes.current
        return QSize(theme.px(120), theme.px(28))

    def paintEvent(self, event: QPaintEvent) -> None:
        if len(self._values) < 2:
            return
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color(self._token), theme.px(1.5), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for line in self._lines():
            painter.drawPolyline(QPolygonF(line))

    def _lines(self) -> list[list[QPointF]]:
        known = [value for value in self._values if value is not None]
        if not known:
            return []
        low = min(known) if self._low is None else self._low
        high = max(known) if self._high is None else self._high
        span = (high - low) or 1.0
        step = (self.width() - 4) / (len(self._values) - 1)
        lines: list[list[QPointF]] = [[]]
        for index, value in enumerate(self._values):
            if value is None:
                lines.append([])
                continue
            share = min(1.0, max(0.0, (value - low) / span)) if high > low else 0.5
            lines[-1].append(QPointF(2 + index * step, self.height() - 2 - share * (self.height() - 4)))
        return [line for line in lines if len(line) > 1]

    def _on_theme_changed(self, theme: Theme) -> None:
        self.updateGeometry()
        self.update()
