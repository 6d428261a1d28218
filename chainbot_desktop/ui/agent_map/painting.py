"""How the map is drawn: the ground with the links that rest, the links that are live, the nodes, and rings around what is chosen.

Everything is worked out for all of it at once, in pixels of the device, and handed to QPainter in batches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QRegion

from chainbot_desktop.ui.agent_map.batches import Rows, draw_points
from chainbot_desktop.ui.agent_map.cards import NO_FIGURES, CardFigures, CardPainter, age_text
from chainbot_desktop.ui.agent_map.edges import Curves, EdgePainter, EdgeTable
from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH
from chainbot_desktop.ui.agent_map.layouts.request import TITLE_HEIGHT
from chainbot_desktop.ui.agent_map.model import Group, MapModel
from chainbot_desktop.ui.agent_map.places import Slots
from chainbot_desktop.ui.agent_map.pulses import Pulses
from chainbot_desktop.ui.agent_map.shown import MARGIN, ShownNodes, box_of
from chainbot_desktop.ui.agent_map.sprites import FAINT, Sprites, Stamps
from chainbot_desktop.ui.agent_map.times import now_utc
from chainbot_desktop.ui.agent_map.zooms import CARDS_FROM, NAMES_FROM, TAIL_FROM, Projection, zoom_of, zoom_step
from chainbot_desktop.ui.theme import Theme

_FAINT = 0.22
_DOT_PIXELS = 3.5
_DOTS = 24.0
_DOTS_FROM = 0.5
_MANY_LIVE = 60
_MANY_PIECES = 48
"""So many exposed pieces are told apart when it is decided what to draw; of more, what lies around them all is drawn."""


class Shown(Protocol):
    """What is to be drawn: the scene."""

    model: MapModel
    nodes: ShownNodes
    edges: EdgeTable
    chosen: frozenset[str]
    lifted: frozenset[str]
    hits: set[str]
    figures: Callable[[str, bool], CardFigures]
    """By id; with or without the last lines of its log."""
    pulses: Pulses

    @property
    def moving(self) -> bool: ...

    def curves(self) -> Curves: ...


class MapPainter:
    """For one theme. Remembers how old each card says its agent is, and the pictures of the cards."""

    def __init__(self, shown: Shown, theme: Theme) -> None:
        self._shown = shown
        self._theme = theme
        self._cards = CardPainter(theme)
        self._links = EdgePainter(theme)
        self._stamps = Stamps(theme)
        self._sprites = Sprites()
        self._title_font = theme.font("strong")
        self._title_metrics = QFontMetricsF(self._title_font)
        self._ages: dict[str, str] = {}
        self._zoom = 1.0

    @property
    def unit(self) -> float:
        return self._cards.unit

    def forget(self, id_: str) -> None:
        self._ages.pop(id_, None)
        self._sprites.forget(id_)

    def outdated(self, ids: Iterable[str]) -> list[str]:
        """Whose card says an age that is another by now."""
        now, agents = now_utc(), self._shown.model.agents
        return [id_ for id_ in ids if (age := self._ages.get(id_)) is not None and age != age_text(agents[id_], now)]

    def shows_figures(self, id_: str) -> bool:
        return self._zoom >= CARDS_FROM and id_ in self._ages

    def outline(self, id_: str, at: Projection) -> tuple[QRectF, float] | None:
        """What a node covers in pixels, and how round it is; None for one that is not drawn."""
        slot = self._shown.nodes.slot_of.get(id_)
        if slot is None or self._shown.nodes.hidden[slot]:
            return None
        x, y = at.to_pixels(self._shown.nodes.xy[slot : slot + 1])[0].tolist()
        if at.zoom < NAMES_FROM:
            reach = max(8.0, CARD_HEIGHT * at.scale)
            return QRectF(x - reach, y - reach, 2 * reach, 2 * reach), reach
        box = self._cards.box(self._shown.model.agents[id_], zoom_of(zoom_step(at.zoom)))
        return box.translated(x, y), self._cards.radius(box)

    def draw_ground(self, painter: QPainter, rect: QRectF) -> None:
        painter.fillRect(rect, self._theme.color("ground"))
        at = Projection.of(painter.worldTransform(), self.unit)
        if at.zoom >= _DOTS_FROM:
            columns = np.arange(np.floor(rect.left() / _DOTS), np.ceil(rect.right() / _DOTS) + 1) * _DOTS
            rows = np.arange(np.floor(rect.top() / _DOTS), np.ceil(rect.bottom() / _DOTS) + 1) * _DOTS
            painter.setPen(self._theme.tint("line", 0.6, "ground"))
            draw_points(painter, np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2))
        if self._shown.model.groups:
            painter.save()
            painter.resetTransform()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_groups(painter, rect, at)
            painter.restore()
        self._draw_links(painter, rect, at, live=False)

    def _draw_groups(self, painter: QPainter, rect: QRectF, at: Projection) -> None:
        """Their ground, and their titles where the room above the cards is high enough for words."""
        theme = self._theme
        for group, box in self._groups_in(rect, at):
            painter.setPen(QPen(theme.color("line"), 1))
            painter.setBrush(theme.tint("surface1", 0.45, "ground"))
            radius = min(theme.px(12), box.height() / 4)
            painter.drawRoundedRect(box, radius, radius)
            if not self._titles_float(at):
                pad = theme.px(12)
                self._write_title(
                    painter, group, QRectF(box.left() + pad, box.top() + 4, box.width() - 2 * pad, TITLE_HEIGHT * at.scale - 4)
                )

    def _draw_floating_titles(self, painter: QPainter, rect: QRectF, at: Projection) -> None:
        """From afar: over the nodes, on a ground of their own, for groups that are large enough to be told apart."""
        if not self._titles_float(at):
            return
        high = self._title_metrics.height() + 4
        for group, box in self._groups_in(rect, at):
            wide = self._title_metrics.horizontalAdvance(group.title) + 16
            if wide <= box.width() and box.height() >= 3 * high:
                pill = QRectF(box.left() + 4, box.top() + 4, wide, high)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self._theme.color("surface2"))
                painter.drawRoundedRect(pill, high / 2, high / 2)
                self._write_title(painter, group, pill.adjusted(8, 0, -6, 0))

    def _titles_float(self, at: Projection) -> bool:
        return TITLE_HEIGHT * at.scale < self._title_metrics.height() + 4

    def _groups_in(self, rect: QRectF, at: Projection) -> Iterator[tuple[Group, QRectF]]:
        """With their boxes in pixels."""
        for group in self._shown.model.groups:
            box = QRectF(QPointF(group.box.left, group.box.top), QPointF(group.box.right, group.box.bottom))
            if box.intersects(rect):
                yield group, QRectF(QPointF(*at.point(box.left(), box.top())), QPointF(*at.point(box.right(), box.bottom())))

    def _write_title(self, painter: QPainter, group: Group, room: QRectF) -> None:
        painter.setFont(self._title_font)
        painter.setPen(self._theme.color("dim"))
        shown = self._title_metrics.elidedText(group.title, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def draw_live_links(self, painter: QPainter, rect: QRectF) -> None:
        """And what passes over links, above them."""
        at = Projection.of(painter.worldTransform(), self.unit)
        if self._shown.nodes.live.any():
            self._draw_links(painter, rect, at, live=True)
        if self._shown.pulses.running:
            painter.save()
            painter.resetTransform()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("accent"))
            for x, y in at.to_pixels(self._shown.pulses.points()).tolist():
                painter.drawEllipse(QPointF(x, y), _DOT_PIXELS, _DOT_PIXELS)
            painter.restore()

    def draw_nodes(self, painter: QPainter, rect: QRectF, exposed: QRegion) -> None:
        """`rect` in scene units around `exposed`, which are pixels of the viewport."""
        at = Projection.of(painter.worldTransform(), self.unit)
        self._zoom = at.zoom
        nodes = self._shown.nodes
        slots = self._in_order(self._meeting(rect, exposed, at))
        painter.save()
        painter.resetTransform()
        if at.zoom < NAMES_FROM:
            side = round(min(max(CARD_HEIGHT * at.scale * 0.64, 5.0), 16.0 * self.unit))
            self._stamps.draw(painter, at.to_pixels(nodes.xy[slots]), nodes.looks[slots], side)
        else:
            self._draw_cards(painter, slots, at)
        self._draw_rings(painter, at)
        self._draw_floating_titles(painter, rect, at)
        painter.restore()

    def _draw_links(self, painter: QPainter, rect: QRectF, at: Projection, *, live: bool) -> None:
        shown, nodes, edges = self._shown, self._shown.nodes, self._shown.edges
        if not len(edges):
            return
        which = edges.touching(nodes.live) == live
        if nodes.hidden.any():
            which &= ~edges.touching(nodes.hidden)
        faint = edges.touching(nodes.looks >= FAINT) if shown.model.selective else None
        chosen = edges.touching(nodes.marked(nodes.slots_of(shown.chosen))) if live and not shown.lifted else ~which
        # Many that are live are drawn in every frame of a drag.
        rough = shown.moving or (live and int(which.sum()) > _MANY_LIVE)
        painter.save()
        painter.resetTransform()
        if at.zoom < NAMES_FROM:
            ends = np.hstack([at.to_pixels(nodes.xy[edges.source]), at.to_pixels(nodes.xy[edges.target])])
            which &= _meeting(ends, at.to_pixels(_corners(rect)))
            for some, bright in ((which & ~chosen, False), (which & chosen, True)):
                self._links.draw_far(painter, ends, some, faint=faint, bright=bright, moving=rough)
        else:
            curves = shown.curves()
            which &= edges.crossing(curves, box_of(rect))
            for some, bright in ((which & ~chosen, False), (which & chosen, True)):
                self._links.draw(painter, curves, edges, some, at, faint=faint, bright=bright, moving=rough)
                self._links.draw_names(painter, curves, edges, some, at, bright=bright)
        painter.restore()

    def _draw_cards(self, painter: QPainter, slots: Slots, at: Projection) -> None:
        nodes, now = self._shown.nodes, now_utc()
        step = zoom_step(at.zoom)
        for slot, (x, y) in zip(slots.tolist(), at.to_pixels(nodes.xy[slots]).tolist(), strict=True):
            id_ = nodes.places.ids[slot]
            agent = self._shown.model.agents[id_]
            figures = self._shown.figures(id_, at.zoom >= TAIL_FROM) if at.zoom >= CARDS_FROM else NO_FIGURES
            age = self._ages[id_] = age_text(agent, now)
            key = (agent, step, age, figures)
            picture = self._sprites.get(id_, key)
            if picture is None:
                picture = self._sprites.put(id_, key, self._cards.picture(agent, zoom_of(step), now, figures))
            faint = nodes.looks[slot] >= FAINT and id_ not in self._shown.chosen
            if faint:
                painter.setOpacity(_FAINT)
            size = picture.deviceIndependentSize()
            painter.drawPixmap(QPointF(round(x - size.width() / 2), round(y - size.height() / 2)), picture)
            if faint:
                painter.setOpacity(1.0)

    def _draw_rings(self, painter: QPainter, at: Projection) -> None:
        """Around what is selected or found."""
        chosen = self._shown.chosen
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for id_ in self._shown.hits | chosen:
            outline = self.outline(id_, at)
            if outline is None:
                continue
            box, radius = outline
            painter.setPen(QPen(self._theme.color("accent"), 2.5 if id_ in chosen else 1.6))
            if at.zoom < NAMES_FROM:
                painter.drawEllipse(box)
                continue
            grown = box.adjusted(-1, -1, 1, 1) if id_ in chosen else box.adjusted(1, 1, -1, -1)
            radius += 2
            painter.drawRoundedRect(grown, radius, radius)

    def _meeting(self, rect: QRectF, exposed: QRegion, at: Projection) -> Slots:
        """The nodes whose card meets what is exposed, bottom to top."""
        # A change in many corners exposes small pieces that lie far apart; what lies between them is not drawn.
        pieces = [*cast("Iterable[QRect]", exposed)] if 1 < exposed.rectCount() <= _MANY_PIECES else []
        grounds = [at.to_scene(QRectF(piece)) for piece in pieces] or [rect]
        reach = max(MARGIN, 20.0 / at.scale)
        wide, high = CARD_WIDTH / 2 + reach, CARD_HEIGHT / 2 + reach
        found = [self._shown.nodes.within(ground.adjusted(-wide, -high, wide, high)) for ground in grounds]
        return found[0] if len(found) == 1 else self._shown.nodes.places.bottom_up(np.unique(np.concatenate(found)))

    def _in_order(self, slots: Slots) -> Slots:
        """Those in the hand last, on top of all."""
        lifted: Collection[int] = self._shown.nodes.slots_of(self._shown.lifted)
        if not lifted:
            return slots
        held = np.isin(slots, np.array(lifted, np.intp))
        return np.concatenate([slots[~held], slots[held]])


def _corners(rect: QRectF) -> Rows:
    return np.array([[rect.left(), rect.top()], [rect.right(), rect.bottom()]])


def _meeting(ends: Rows, corners: Rows) -> NDArray[np.bool_]:
    """Which of these lines (n, 4) may be seen between two corners (2, 2)."""
    (left, top), (right, bottom) = corners.tolist()
    x, y, x2, y2 = ends.T
    found: NDArray[np.bool_] = (
        (np.minimum(x, x2) <= right) & (np.maximum(x, x2) >= left) & (np.minimum(y, y2) <= bottom) & (np.maximum(y, y2) >= top)
    )
    return found
