"""The graph scene: two layers, links below nodes, each one item that draws what the exposed ground shows.

One item for all nodes rather than one a node: what Qt would ask of thousands of items (bounds, transforms, order) is answered by one
index, and a change repaints the ground of one card.
"""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QObject, QPointF, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QWidget

from chainbot_desktop.ui.agent_map.arrows import Arrow, ArrowPainter, arrow_between
from chainbot_desktop.ui.agent_map.cards import NAMES_FROM, CardPainter, Look, age_text
from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, Box, Point, card_box
from chainbot_desktop.ui.agent_map.model import Link, MapDelta, MapModel
from chainbot_desktop.ui.agent_map.times import now_utc
from chainbot_desktop.ui.theme import Theme

_MARGIN = 12.0
_PLAIN = Look()
WORLD = QRectF(-1_300_000, -1_300_000, 2_600_000, 2_600_000)


def card_rect(center: Point) -> QRectF:
    """The ground a card is painted on, with its outlines."""
    box = card_box(center)
    return QRectF(QPointF(box.left, box.top), QPointF(box.right, box.bottom)).adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)


class _Layer(QGraphicsItem):
    """Covers the whole world: its bounds never change, so the scene's index is never rebuilt."""

    def __init__(self, scene: MapScene, depth: int) -> None:
        super().__init__()
        self.map = scene
        self.setZValue(depth)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def boundingRect(self) -> QRectF:
        return WORLD


class NodeLayer(_Layer):
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        self.map.draw_nodes(painter, option.exposedRect)


class LinkLayer(_Layer):
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        self.map.draw_links(painter, option.exposedRect)


class MapScene(QGraphicsScene):
    """Draws a `MapModel`. `apply` what changed; everything else stays as it is on the screen."""

    def __init__(self, model: MapModel, theme: Theme, parent: QObject) -> None:
        """Dies with `parent`, and not when Python happens to collect it: its layers and it refer to each other."""
        super().__init__(parent)
        self.setSceneRect(WORLD)
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.model = model
        self.cards = CardPainter(theme)
        self._arrows = ArrowPainter(theme)
        self._drawn_links: dict[tuple[Link, int], Arrow] = {}
        self._links_at: dict[str, list[tuple[Link, int]]] = {}
        self._drawn_at: dict[str, Point] = {}
        self._ages: dict[str, str] = {}
        self.selected: str | None = None
        self.lifted: str | None = None
        self._hits: frozenset[str] = frozenset()
        self._link_layer, self._node_layer = LinkLayer(self, 0), NodeLayer(self, 1)
        self.addItem(self._link_layer)
        self.addItem(self._node_layer)

    def set_theme(self, theme: Theme) -> None:
        self.cards = CardPainter(theme)
        self._arrows = ArrowPainter(theme)
        self.redraw()

    def redraw(self) -> None:
        """Everything: after a change of theme, filter or search."""
        self._hits = frozenset(self.model.found())
        self.update()

    def apply(self, delta: MapDelta) -> None:
        if delta.links:
            self._relink()
        for id_ in delta.nodes:
            self.touch(id_)

    def touch(self, id_: str) -> None:
        """Draw one node anew, where it was and where it is, and its links with it."""
        before, point = self._drawn_at.pop(id_, None), self.model.places.get(id_)
        if before is not None:
            self._node_layer.update(card_rect(before))
        if point is not None:
            self._drawn_at[id_] = point
            if point != before:
                self._bend_links(id_)
            self._node_layer.update(card_rect(point))
        else:
            self._ages.pop(id_, None)

    def select(self, id_: str | None) -> None:
        before, self.selected = self.selected, id_
        for changed in {before, id_} - {None}:
            assert changed is not None
            self.touch(changed)
            for key in self._links_at.get(changed, ()):
                self._update_link(self._drawn_links[key])

    def lift(self, id_: str | None) -> None:
        """Draw one above all others, as held in the hand."""
        before, self.lifted = self.lifted, id_
        for changed in (before, id_):
            if changed is not None:
                self.touch(changed)

    def ground(self) -> QRectF:
        """What all cards together cover; empty when there is none."""
        bounds = self.model.places.bounds()
        if bounds is None:
            return QRectF()
        first, last = card_rect(Point(bounds.left, bounds.top)), card_rect(Point(bounds.right, bounds.bottom))
        return first.united(last)

    def node_at(self, point: QPointF, slack: float = 0.0) -> str | None:
        """The topmost node at a point of the scene; with `slack` (scene units) also one that is so far beside it."""
        wide, high = CARD_WIDTH / 2 + slack, CARD_HEIGHT / 2 + slack
        around = Box(point.x() - wide, point.y() - high, point.x() + wide, point.y() + high)
        found = self.model.places.within(around)
        if self.lifted in found:
            return self.lifted
        return found[-1] if found else None

    def refresh_ages(self, ground: QRectF) -> None:
        """Repaint the cards in view whose "12 min" has become another."""
        now = now_utc()
        for id_ in self._nodes_in(ground):
            drawn = self._ages.get(id_)
            if drawn is not None and drawn != age_text(self.model.agents[id_], now):
                self.touch(id_)

    def draw_nodes(self, painter: QPainter, ground: QRectF) -> None:
        zoom = painter.worldTransform().m11() / self.cards.unit
        now = now_utc()
        plain = self.model.filter is None and not self.model.words
        ids = self._nodes_in(ground)
        if self.lifted in ids:
            ids.remove(self.lifted)
            ids.append(self.lifted)
        nodes = ((self.model.agents[id_], self.model.places[id_], self._look(id_, plain=plain)) for id_ in ids)
        if zoom < NAMES_FROM:
            self.cards.draw_far(painter, nodes, zoom)
            return
        for agent, point, look in nodes:
            self._ages[agent.id] = age_text(agent, now)
            self.cards.draw(painter, agent, QPointF(point.x, point.y), zoom, look, now)

    def draw_links(self, painter: QPainter, ground: QRectF) -> None:
        zoom = painter.worldTransform().m11() / self.cards.unit
        plain = self.model.filter is None and not self.model.words
        for (link, _), arrow in self._drawn_links.items():
            if not arrow.bounds.intersects(ground):
                continue
            bright = self.selected is not None and self.selected in (link.source, link.target)
            faint = not plain and not (self.model.stands_out(link.source) and self.model.stands_out(link.target))
            name = link.name if zoom >= NAMES_FROM else ""
            self._arrows.draw(painter, arrow, name, zoom, self.cards.unit, bright=bright, faint=faint)

    def _look(self, id_: str, *, plain: bool) -> Look:
        if plain and id_ not in (self.selected, self.lifted):
            return _PLAIN
        faint = not plain and id_ != self.selected and not self.model.stands_out(id_)
        return Look(id_ == self.selected, id_ in self._hits, faint, id_ == self.lifted)

    def _nodes_in(self, ground: QRectF) -> list[str]:
        wide, high = CARD_WIDTH / 2 + _MARGIN, CARD_HEIGHT / 2 + _MARGIN
        box = Box(ground.left() - wide, ground.top() - high, ground.right() + wide, ground.bottom() + high)
        return self.model.places.within(box)

    def _relink(self) -> None:
        before = self._drawn_links
        self._drawn_links, self._links_at = {}, {}
        lanes: Counter[tuple[str, str]] = Counter()
        for link in self.model.links:
            lane = lanes[link.source, link.target]
            lanes[link.source, link.target] += 1
            self._bend((link, lane))
        for key, arrow in before.items():
            if self._drawn_links.get(key) is not arrow:
                self._update_link(arrow)

    def _bend_links(self, id_: str) -> None:
        for key in tuple(self._links_at.get(id_, ())):
            self._update_link(self._drawn_links.pop(key))
            self._links_at[key[0].source].remove(key)
            self._links_at[key[0].target].remove(key)
            self._bend(key)

    def _bend(self, key: tuple[Link, int]) -> None:
        link, lane = key
        source, target = self.model.places.get(link.source), self.model.places.get(link.target)
        if source is None or target is None:
            return
        arrow = arrow_between(source, target, lane)
        self._drawn_links[key] = arrow
        for id_ in (link.source, link.target):
            self._links_at.setdefault(id_, []).append(key)
        self._update_link(arrow)

    def _update_link(self, arrow: Arrow) -> None:
        self._link_layer.update(arrow.bounds)
