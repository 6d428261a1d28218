"""How one agent is drawn: a shape from afar, a name from nearer, a card from near.

Text is never smaller than the theme's smallest: from further away there is less of it, not smaller letters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen, QPixmap

from chainbot_desktop.agents.records import Agent
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, CELL_WIDTH, Point
from chainbot_desktop.ui.agent_map.shapes import LABELS, draw_shape, shape_pixmap, token_of
from chainbot_desktop.ui.agent_map.times import span
from chainbot_desktop.ui.theme import Theme

NAMES_FROM = 0.28
"""The zoom from which a node has a name; further out it is its shape alone."""

BOXES_FROM = 0.52
"""The zoom from which a node is a box with its name, and below it what it does."""

CARDS_FROM = 0.9
_FAINT = 0.22
_ENDED = 0.72


@dataclass(frozen=True, slots=True)
class Look:
    """How a node stands among the others."""

    selected: bool = False
    hit: bool = False
    faint: bool = False
    lifted: bool = False


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
    """Draws for one theme. Make a new one when the theme changes."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.unit = theme.px(100) / 100
        """Pixels of one scene unit at zoom 1."""
        self._strong, self._label, self._small = theme.font("strong"), theme.font("label"), theme.font("small")
        self._label.setWeight(QFont.Weight.Normal)
        self._compact = theme.font("label")
        self._compact.setWeight(self._strong.weight())
        self._metrics = {id(font): QFontMetricsF(font) for font in (self._strong, self._label, self._small, self._compact)}
        self._fonts = (self._strong, self._label, self._small, self._compact)
        self._stamps: dict[tuple[AgentState, int], QPixmap] = {}
        self._elided: dict[tuple[str, int, int], str] = {}

    def draw_far(self, painter: QPainter, nodes: Iterable[tuple[Agent, Point, Look]], zoom: float) -> None:
        """Shapes alone, stamped from a few pictures: there may be thousands in view. `painter` is in scene units."""
        side = round(min(max(CARD_HEIGHT * zoom * self.unit * 0.75, 5.0), 16.0 * self.unit))
        to_pixels = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for agent, point, look in nodes:
            center = to_pixels.map(QPointF(point.x, point.y))
            painter.setOpacity(_FAINT if look.faint else _ENDED if agent.ended else 1.0)
            if look.selected or look.hit:
                painter.setPen(QPen(self.theme.color("accent"), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(center, side, side)
            painter.drawPixmap(center - QPointF(side, side) / 2, self._stamp(agent.state, side))
        painter.restore()

    def _stamp(self, state: AgentState, side: int) -> QPixmap:
        stamp = self._stamps.get((state, side))
        if stamp is None:
            stamp = self._stamps[state, side] = shape_pixmap(state, side, self.theme)
        return stamp

    def draw(self, painter: QPainter, agent: Agent, center: QPointF, zoom: float, look: Look, now: datetime) -> None:
        """From near enough to have a name. `painter` is in scene units."""
        painter.save()
        painter.translate(center)
        scale = zoom * self.unit
        magnified = max(1.0, zoom)
        painter.scale(magnified / scale, magnified / scale)
        painter.setOpacity(_FAINT if look.faint else _ENDED if agent.ended else 1.0)
        width, height = CARD_WIDTH * scale / magnified, CARD_HEIGHT * scale / magnified
        if zoom < BOXES_FROM:
            self._draw_named(painter, agent, CELL_WIDTH * scale / magnified - 6, look)
        else:
            box = QRectF(-width / 2, -height / 2, width, height)
            self._draw_ground(painter, agent, box, look)
            if zoom < CARDS_FROM:
                self._draw_compact(painter, agent, box)
            else:
                self._draw_card(painter, agent, box, now)
        painter.restore()

    def _draw_named(self, painter: QPainter, agent: Agent, room: float, look: Look) -> None:
        """The shape with its name below it; the name may use the ground up to the neighbours."""
        line = self._metrics[id(self._compact)].height()
        side = 13 * self.unit
        wide = min(room, self._metrics[id(self._compact)].horizontalAdvance(agent.name) + 2)
        high = side + line + 2
        box = QRectF(-wide / 2, -high / 2, wide, high)
        if look.selected or look.hit or agent.guest or agent.state is AgentState.NEEDS_INPUT:
            self._draw_ground(painter, agent, box.adjusted(-6, -3, 6, 3).united(QRectF(-20, -1, 40, 1)), look)
        draw_shape(painter, agent.state, QPointF(0, box.top() + side / 2), side, self.theme)
        self._write(painter, agent.name, QRectF(box.left(), box.bottom() - line, wide, line), 3, "text")

    def _draw_ground(self, painter: QPainter, agent: Agent, box: QRectF, look: Look) -> None:
        theme = self.theme
        urgent = agent.state is AgentState.NEEDS_INPUT
        ground = (
            theme.tint("needs_input", 0.14, "surface1") if urgent else theme.color("surface2" if look.lifted else "surface1")
        )
        pen = QPen(theme.color("line"), 1.2)
        if urgent or agent.state is AgentState.FAILED:
            pen = QPen(theme.color(token_of(agent.state)), 2 if urgent else 1.4)
        if agent.guest:
            pen.setColor(theme.color("faint") if not urgent and agent.state is not AgentState.FAILED else pen.color())
            pen.setDashPattern([4, 3])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = min(theme.px(12), box.height() / 3)
        inner = box.adjusted(1, 1, -1, -1)
        painter.setBrush(ground)
        painter.setPen(pen)
        painter.drawRoundedRect(inner, radius, radius)
        if look.selected or look.hit:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2.5 if look.selected else 1.6))
            grown = inner.adjusted(-2, -2, 2, 2) if look.selected else inner
            painter.drawRoundedRect(grown, radius + 2, radius + 2)

    def _draw_compact(self, painter: QPainter, agent: Agent, box: QRectF) -> None:
        """A shape and a name, and what it does where a second line has room."""
        line = self._metrics[id(self._compact)].height()
        two = box.height() >= 2 * line + 10
        side = min(line * 0.7, box.height() * 0.5)
        left = box.left() + 8 + side + 6
        room = box.right() - 6 - left
        top = box.center().y() - (line if two else line / 2)
        draw_shape(painter, agent.state, QPointF(box.left() + 8 + side / 2, top + line / 2), side, self.theme)
        self._write(painter, agent.name, QRectF(left, top, room, line), 3, "text")
        if two:
            full = QRectF(box.left() + 8, top + line, box.width() - 14, line)
            self._write(painter, status_text(agent), full, 1, _status_token(agent))

    def _draw_card(self, painter: QPainter, agent: Agent, box: QRectF, now: datetime) -> None:
        px = self.unit
        pad, side = 12 * px, 13 * px
        heights = [self._metrics[id(font)].height() for font in (self._strong, self._small, self._label)]
        spare = max(0.0, (box.height() - sum(heights) - 8 * px) / 2)
        top = box.top() + 4 * px + spare / 2
        left, room = box.left() + pad, box.width() - 2 * pad
        draw_shape(painter, agent.state, QPointF(left + side / 2, top + heights[0] / 2), side, self.theme)
        name = QRectF(left + side + 8 * px, top, room - side - 8 * px, heights[0])
        self._write(painter, agent.name, name, 0, "text")
        top += heights[0] + spare / 2
        self._write(painter, status_text(agent), QRectF(left, top, room, heights[1]), 2, _status_token(agent))
        top += heights[1] + spare / 2
        age = age_text(agent, now)
        age_room = self._metrics[id(self._label)].horizontalAdvance(age) + 2
        self._write(painter, age, QRectF(left + room - age_room, top, age_room, heights[2]), 1, "dim")
        self._write(painter, foot_text(agent), QRectF(left, top, room - age_room - 8 * px, heights[2]), 1, "dim")

    def _write(self, painter: QPainter, text: str, box: QRectF, font: int, token: str) -> None:
        if box.width() < 8:
            return
        key = (text, font, int(box.width()))
        shown = self._elided.get(key)
        if shown is None:
            if len(self._elided) > 5_000:
                self._elided.clear()
            metrics = self._metrics[id(self._fonts[font])]
            shown = self._elided[key] = metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.setFont(self._fonts[font])
        painter.setPen(self.theme.color(token))
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


def _status_token(agent: Agent) -> str:
    return token_of(agent.state) if agent.state in (AgentState.NEEDS_INPUT, AgentState.FAILED) else "dim"
