"""What is on one agent's card: its shape and name, what it does, its figures and its last minute; near enough, its last log lines.

Text is never smaller than the theme's smallest: from further away there is less of it, not smaller letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen, QPixmap

from chainbot_desktop.agents.records import Agent
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.batches import draw_rects
from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, CELL_WIDTH
from chainbot_desktop.ui.agent_map.shapes import LABELS, draw_shape, token_of
from chainbot_desktop.ui.agent_map.sprites import picture
from chainbot_desktop.ui.agent_map.times import span
from chainbot_desktop.ui.agent_map.zooms import BOXES_FROM, CARDS_FROM, TAIL_FROM
from chainbot_desktop.ui.theme import FontRole, Theme

_ENDED = 0.72
_FULL_BAR = 20.0
"""So many things in one second fill the height of the activity line."""
_LEAST_BAR = 0.35
_TAIL_LINES = 4


@dataclass(frozen=True, slots=True)
class CardFigures:
    """What is measured of an agent. `activity`: things in each of the last 60 seconds, newest last; empty where nothing is counted."""

    activity: tuple[int, ...] = ()
    words: str = ""
    """Its CPU and memory, or its tokens; empty where nothing is known."""
    tail: tuple[str, ...] = ()
    """The last lines of its log, oldest first."""


NO_FIGURES = CardFigures()


def status_text(agent: Agent) -> str:
    """What it does, or why it needs somebody, or the word it is in."""
    if agent.state is AgentState.NEEDS_INPUT and agent.attention:
        return agent.attention
    if agent.ended:
        return agent.reason or agent.status
    return agent.activity or agent.status or LABELS[agent.state]


def foot_text(agent: Agent) -> str:
    """The word it was told by, where the line above does not say it, and its kind."""
    word = agent.status if status_text(agent) != agent.status else ""
    kind = agent.kind or ("guest" if agent.guest else "")
    return " · ".join(part for part in (word, f"{kind} · ALEX OS" if agent.guest and kind != "guest" else kind) if part)


def age_text(agent: Agent, now: datetime) -> str:
    """How long ago it was last heard of."""
    elapsed = span(agent.last_active, now)
    return "now" if elapsed == "0 s" else elapsed


class CardPainter:
    """Draws for one theme, in pixels. Make a new one when the theme changes."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.unit = theme.px(100) / 100
        """Pixels of one scene unit at zoom 1."""
        light = QFont(theme.font("label"))
        light.setWeight(QFont.Weight.Normal)
        compact = QFont(theme.font("label"))
        compact.setWeight(theme.font("strong").weight())
        self._fonts: dict[str, QFont] = {"label": light, "compact": compact, **{role: theme.font(role) for role in _ROLES}}
        self._metrics = {name: QFontMetricsF(font) for name, font in self._fonts.items()}

    def picture(self, agent: Agent, zoom: float, now: datetime, figures: CardFigures = NO_FIGURES) -> QPixmap:
        """What it looks like from near enough to have a name."""
        box = self.box(agent, zoom)
        size = QSizeF(box.width() + 4, box.height() + 4)
        return picture(size, lambda painter: self._draw(painter, agent, zoom, now, figures))

    def box(self, agent: Agent, zoom: float) -> QRectF:
        """The outline of what is drawn, around (0, 0)."""
        scale = zoom * self.unit
        if zoom >= BOXES_FROM:
            width, height = CARD_WIDTH * scale, CARD_HEIGHT * scale
            return QRectF(-width / 2, -height / 2, width, height)
        named = self._named_box(agent, CELL_WIDTH * scale - 6)
        return named.adjusted(-6, -3, 6, 3)

    def _draw(self, painter: QPainter, agent: Agent, zoom: float, now: datetime, figures: CardFigures) -> None:
        painter.setOpacity(_ENDED if agent.ended else 1.0)
        box = self.box(agent, zoom)
        if zoom < BOXES_FROM:
            self._draw_named(painter, agent, box)
            return
        # From here on the card grows and its text with it; where the tail begins text starts anew at its usual size.
        grown = zoom / TAIL_FROM if zoom >= TAIL_FROM else max(1.0, zoom)
        painter.scale(grown, grown)
        box = QRectF(box.topLeft() / grown, box.size() / grown)
        self._draw_ground(painter, agent, box)
        if zoom < CARDS_FROM:
            self._draw_compact(painter, agent, box)
        else:
            self._draw_card(painter, agent, box, now, figures, tail=zoom >= TAIL_FROM)

    def _named_box(self, agent: Agent, room: float) -> QRectF:
        metrics = self._metrics["compact"]
        wide = max(28.0, min(room, metrics.horizontalAdvance(agent.name) + 2))
        high = 13 * self.unit + metrics.height() + 2
        return QRectF(-wide / 2, -high / 2, wide, high)

    def _draw_named(self, painter: QPainter, agent: Agent, box: QRectF) -> None:
        """The shape with its name below it; the name may use the ground up to the neighbours."""
        line, side = self._metrics["compact"].height(), 13 * self.unit
        if agent.guest or agent.state is AgentState.NEEDS_INPUT:
            self._draw_ground(painter, agent, box)
        box = box.adjusted(6, 3, -6, -3)
        draw_shape(painter, agent.state, QPointF(0, box.top() + side / 2), side, self.theme)
        name = QRectF(box.left(), box.bottom() - line, box.width(), line)
        self._write(painter, agent.name, name, "compact", "text", Qt.AlignmentFlag.AlignHCenter)

    def _draw_ground(self, painter: QPainter, agent: Agent, box: QRectF) -> None:
        theme = self.theme
        urgent = agent.state is AgentState.NEEDS_INPUT
        pen = QPen(theme.color("line"), 1.2)
        if urgent or agent.state is AgentState.FAILED:
            pen = QPen(theme.color(token_of(agent.state)), 2 if urgent else 1.4)
        if agent.guest:
            pen.setColor(theme.color("faint") if not urgent and agent.state is not AgentState.FAILED else pen.color())
            pen.setDashPattern([4, 3])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme.tint("needs_input", 0.14, "surface1") if urgent else theme.color("surface1"))
        painter.setPen(pen)
        radius = self.radius(box)
        painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), radius, radius)

    def radius(self, box: QRectF) -> float:
        """Of the corners of an outline."""
        return float(min(self.theme.px(12), box.height() / 3))

    def _draw_compact(self, painter: QPainter, agent: Agent, box: QRectF) -> None:
        """A shape and a name, and what it does where a second line has room."""
        line = self._metrics["compact"].height()
        two = box.height() >= 2 * line + 10
        side = min(line * 0.7, box.height() * 0.5)
        left = box.left() + 8 + side + 6
        top = box.center().y() - (line if two else line / 2)
        draw_shape(painter, agent.state, QPointF(box.left() + 8 + side / 2, top + line / 2), side, self.theme)
        self._write(painter, agent.name, QRectF(left, top, box.right() - 6 - left, line), "compact", "text")
        if two:
            full = QRectF(box.left() + 8, top + line, box.width() - 14, line)
            self._write(painter, status_text(agent), full, "label", _status_token(agent))

    def _draw_card(
        self, painter: QPainter, agent: Agent, box: QRectF, now: datetime, figures: CardFigures, *, tail: bool
    ) -> None:
        px = self.unit
        lines = [self._metrics[role].height() for role in ("strong", "small", "label")]
        pad, side, bars = 12 * px, 13 * px, 11 * px
        left, room = box.left() + pad, box.width() - 2 * pad
        spare = 0.0 if tail else max(0.0, (box.height() - sum(lines) - bars - 12 * px) / 3)
        top = box.top() + (10 if tail else 5) * px + spare / 2
        age = age_text(agent, now)
        age_room = self._metrics["label"].horizontalAdvance(age) + 2
        draw_shape(painter, agent.state, QPointF(left + side / 2, top + lines[0] / 2), side, self.theme)
        name = QRectF(left + side + 8 * px, top, room - side - 14 * px - age_room, lines[0])
        self._write(painter, agent.name, name, "strong", "text")
        self._write(painter, age, QRectF(left + room - age_room, top, age_room, lines[0]), "label", "dim")
        top += lines[0] + spare
        self._write(painter, status_text(agent), QRectF(left, top, room, lines[1]), "small", _status_token(agent))
        top += lines[1] + spare
        figure_room = self._metrics["label"].horizontalAdvance(figures.words) + 2 if figures.words else 0.0
        figure_room = min(figure_room, room * 0.75)
        self._write(painter, figures.words, QRectF(left + room - figure_room, top, figure_room, lines[2]), "label", "dim")
        self._write(painter, foot_text(agent), QRectF(left, top, room - figure_room - 8 * px, lines[2]), "label", "dim")
        bottom = box.bottom() - 6 * px
        self._draw_activity(painter, figures.activity, QRectF(left, bottom - bars, room, bars), token_of(agent.state))
        if tail:
            self._draw_tail(
                painter, figures.tail, QRectF(left, top + lines[2] + 4 * px, room, bottom - bars - top - lines[2] - 8 * px)
            )

    def _draw_activity(self, painter: QPainter, activity: tuple[int, ...], box: QRectF, token: str) -> None:
        """A bar a second; logarithmic, so that one thing can be seen beside a hundred."""
        if not any(activity):
            return
        counts = np.array(activity, float)
        shares = np.clip(np.log1p(counts) / np.log1p(_FULL_BAR), _LEAST_BAR, 1.0)
        heights = np.where(counts > 0, shares, 0.0) * box.height()
        step = box.width() / len(activity)
        rows = np.empty((len(activity), 4))
        rows[:, 0] = box.left() + np.arange(len(activity)) * step
        rows[:, 1] = box.bottom() - heights
        rows[:, 2] = max(1.0, step - 1)
        rows[:, 3] = heights
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.tint(token, 0.75, "surface1"))
        draw_rects(painter, rows[heights > 0])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _draw_tail(self, painter: QPainter, tail: tuple[str, ...], box: QRectF) -> None:
        line = self._metrics["mono_small"].height()
        for number, text in enumerate(tail[-min(_TAIL_LINES, int(box.height() // line)) :] if box.height() >= line else ()):
            self._write(painter, text, QRectF(box.left(), box.top() + number * line, box.width(), line), "mono_small", "dim")

    def _write(
        self,
        painter: QPainter,
        text: str,
        box: QRectF,
        font: str,
        token: str,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        if box.width() < 8 or not text:
            return
        shown = self._metrics[font].elidedText(text[:300], Qt.TextElideMode.ElideRight, box.width())
        painter.setFont(self._fonts[font])
        painter.setPen(self.theme.color(token))
        painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


_ROLES: tuple[FontRole, ...] = ("strong", "small", "mono_small")


def _status_token(agent: Agent) -> str:
    return token_of(agent.state) if agent.state in (AgentState.NEEDS_INPUT, AgentState.FAILED) else "dim"
