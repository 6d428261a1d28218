"""The graph scene: what is shown of a `MapModel`, and which part of the picture a change makes old.

Two items rather than one a node: what Qt would ask of thousands of items (bounds, transforms, order) is answered by columns of
numbers, and a change repaints the ground of one card. The links that rest belong to the background, which the camera keeps as a
picture; those that touch a node in the hand or in the selection are drawn live.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, QRectF, QTimer, Signal
from PySide6.QtGui import QPainter, QRegion
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QWidget

from chainbot_desktop.ui.agent_map.batches import Rows
from chainbot_desktop.ui.agent_map.cards import NO_FIGURES, CardFigures
from chainbot_desktop.ui.agent_map.edges import HALF_CARD, Curves, EdgeTable
from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, Point
from chainbot_desktop.ui.agent_map.glide import Glide
from chainbot_desktop.ui.agent_map.model import Link, MapDelta, MapModel
from chainbot_desktop.ui.agent_map.painting import MapPainter
from chainbot_desktop.ui.agent_map.places import Points, Slots, box_around
from chainbot_desktop.ui.agent_map.pulses import Pulses
from chainbot_desktop.ui.agent_map.shown import ShownNodes, card_rect
from chainbot_desktop.ui.agent_map.sprites import ENDED, FAINT, STATES
from chainbot_desktop.ui.agent_map.zooms import BOXES_FROM
from chainbot_desktop.ui.theme import Theme

WORLD = QRectF(-1_300_000, -1_300_000, 2_600_000, 2_600_000)
_NAMED_HALF = (30.0, 22.0)
"""Of a shape with its name below it, about, in pixels at the usual scale."""
_MANY_NODES = 256
"""So many that change at once have all of the map painted anew."""
_REST_MS = 300
_MANY_LINKS = 64
"""So many links that bend at once make the whole background anew."""


class _Layer(QGraphicsItem):
    """Covers the whole world: its bounds never change, so the scene's index is never rebuilt."""

    def __init__(self, scene: MapScene, depth: int) -> None:
        super().__init__()
        self.map = scene
        self.setZValue(depth)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def boundingRect(self) -> QRectF:
        return WORLD


class LinkLayer(_Layer):
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        self.map.painter.draw_live_links(painter, option.exposedRect)


class NodeLayer(_Layer):
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        self.map.painter.draw_nodes(painter, option.exposedRect, self.map.exposed)


class MapScene(QGraphicsScene):
    """`apply` what changed; everything else stays as it is on the screen.

    The camera that shows it sets `repaint` (a rectangle of the scene, or None for all of it) and `repaint_ground` (the same, with the
    background); `exposed` are the pieces of the viewport that are being painted.
    """

    altered = Signal()
    """Nodes, their places or what they look like are others: a picture of them all is old."""

    def __init__(self, model: MapModel, theme: Theme, parent: QObject) -> None:
        """Dies with `parent`, and not when Python happens to collect it: its layers and it refer to each other."""
        super().__init__(parent)
        self.setSceneRect(WORLD)
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.model = model
        self.repaint: Callable[[QRectF | None], None] = _nothing
        self.repaint_ground: Callable[[QRectF | None], None] = _nothing
        self.exposed = QRegion()
        self.figures: Callable[[str, bool], CardFigures] = _no_figures
        self.selected: str | None = None
        """The one that keys and actions are about."""
        self.chosen: frozenset[str] = frozenset()
        """All that are selected; `selected` is one of them."""
        self.lifted: frozenset[str] = frozenset()
        self.hits: set[str] = set()
        """What the search found."""
        self.nodes = ShownNodes(model.places)
        self.edges = EdgeTable()
        self._curves: Curves | None = None
        self._half = HALF_CARD
        self._roused: set[str] = set()
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._on_rested)
        self.glide = Glide(self, self)
        self.pulses = Pulses(self.edges, self.curves, self._repaint_dots, self)
        self.set_theme(theme)
        self._layers = (LinkLayer(self, 0), NodeLayer(self, 1))
        for layer in self._layers:
            self.addItem(layer)

    # What changed.

    def set_theme(self, theme: Theme) -> None:
        self.painter = MapPainter(self, theme)
        self.repaint_ground(None)
        self.altered.emit()

    def redraw(self) -> None:
        """Everything: after a change of filter or search."""
        self.hits.clear()
        for id_, slot in self.nodes.slot_of.items():
            self._see(id_, slot)
        self.repaint_ground(None)
        self.altered.emit()

    def redraw_ground(self) -> None:
        """The background: groups, links that rest."""
        self.repaint_ground(None)

    def apply(self, delta: MapDelta, *, glide: bool = False) -> None:
        """`glide`: nodes that are shown already go to their new places within a moment instead of at once."""
        if glide:
            self.glide.start(self.nodes.slots_of(id_ for id_ in delta.nodes if id_ in self.model.places))
        if delta.links:
            self.pulses.clear()
            self.edges.take(self.model.links, self.model.places)
            self._curves = None
            self.repaint_ground(None)
        self.touch(*delta.nodes)

    def touch(self, *ids: str) -> None:
        """Draw these nodes anew, where they were and where they are, and their links with them."""
        self.nodes.make_room()
        known = self._repaint_cards(ids)
        faded: list[int] = []
        moves = [moved for id_ in ids if (moved := self._take_over(id_, faded)) is not None]
        if faded:
            self._repaint_links(self.nodes.marked(faded), ground=True)
        if moves:
            places = self.model.places
            self._move(moves, [id_ for moved in moves if (id_ := places.ids[moved]) in known])
        self._repaint_cards(ids)
        if ids:
            self.altered.emit()

    def _repaint_cards(self, ids: Collection[str]) -> frozenset[str]:
        """Where these are shown; which of them are."""
        shown = frozenset(id_ for id_ in ids if id_ in self.nodes.slot_of)
        if len(ids) > _MANY_NODES:
            self.repaint(None)
        else:
            for slot in self.nodes.slots_of(shown):
                self.repaint(card_rect(self.nodes.at(slot)))
        return shown

    def _move(self, slots: list[int], known: list[str]) -> None:
        """To the places that the model has for them, with their links. `known`: those that were shown elsewhere before."""
        nodes = self.nodes
        if known and len(slots) <= _MANY_NODES:
            self._rouse(known)
        moved = nodes.marked(slots)
        self._repaint_links(moved)
        nodes.xy[slots] = self.model.places.xy[slots]
        self._curves = None
        self._repaint_links(moved)

    def _rouse(self, ids: list[str]) -> None:
        """What moves may move again soon: until it has rested its links are drawn live, and the background need not be made anew."""
        self._roused.update(ids)
        self._rest.start()
        self._set_live(id_ for id_ in ids if not self.nodes.live[self.nodes.slot_of[id_]])

    def _on_rested(self) -> None:
        roused, self._roused = self._roused, set()
        self._set_live(roused)

    def _take_over(self, id_: str, faded: list[int]) -> int | None:
        """What the model says of that node; its slot, if it has to be drawn elsewhere than it is drawn.

        The slot is added to `faded` if the filter lets it through now and did not before, or the other way round.
        """
        nodes, places = self.nodes, self.model.places
        before, slot = nodes.slot_of.pop(id_, None), places.find(id_)
        if slot is None:
            self.painter.forget(id_)
            self.hits.discard(id_)
            return None
        nodes.slot_of[id_] = slot
        was_faint = nodes.looks[slot] >= FAINT
        self._see(id_, slot)
        if was_faint != (nodes.looks[slot] >= FAINT):
            faded.append(slot)
        if before != slot:
            self.glide.drop((slot,))
            nodes.live[slot] = self._lives(id_)
            return slot
        stands = (nodes.xy[slot] == places.xy[slot]).all() or self.glide.carries(slot)
        return None if stands else slot

    def select(self, id_: str | None, also: Collection[str] = ()) -> None:
        """`id_` is the one that keys and actions are about, `also` are selected with it."""
        before = self.chosen
        self.selected = id_
        self.chosen = frozenset(also) | ({id_} if id_ is not None else frozenset())
        self._set_live(before ^ self.chosen)

    def lift(self, ids: Iterable[str]) -> None:
        """Draw these above all others, as held in the hand."""
        before, self.lifted = self.lifted, frozenset(ids)
        self.glide.drop(self.nodes.slots_of(self.lifted))
        self._set_live(before ^ self.lifted)

    # On their way (`Glider`).

    @property
    def moving(self) -> bool:
        """Whether nodes are on their way: then another frame follows each, and nothing rests in the background."""
        return self.glide.running

    def places_of(self, slots: Slots) -> Points:
        return self.model.places.xy[slots]

    def shown_of(self, slots: Slots) -> Points:
        return self.nodes.xy[slots]

    def shift(self, slots: Slots, points: Points) -> None:
        self.nodes.xy[slots] = points
        self._curves = None
        self.repaint_ground(None)
        self.altered.emit()

    # Questions.

    @property
    def unit(self) -> float:
        """Pixels of one scene unit at zoom 1."""
        return self.painter.unit

    def look_from(self, zoom: float) -> None:
        """How near the camera is: links lead to what is drawn of a node from there, a card or its shape with the name."""
        half = HALF_CARD
        if zoom < BOXES_FROM:
            half = (min(HALF_CARD[0], _NAMED_HALF[0] / zoom), min(HALF_CARD[1], _NAMED_HALF[1] / zoom))
        if half != self._half:
            self._half, self._curves = half, None

    def curves(self) -> Curves:
        """Of the links, as the nodes are shown now."""
        if self._curves is None:
            self._curves = self.edges.curves(self.nodes.xy, self._half)
        return self._curves

    def standing_out(self) -> int:
        """How many the filter and the search let through."""
        slots = np.fromiter(self.nodes.slot_of.values(), np.intp, len(self.nodes.slot_of))
        return int((self.nodes.looks[slots] < FAINT).sum())

    def ground(self) -> QRectF:
        """What all cards that can be seen cover when they have come to rest; empty when there is none."""
        places, hidden = self.model.places, self.nodes.hidden
        bounds = box_around(places.xy[self.nodes.to_be_seen()]) if hidden.any() else places.bounds()
        if bounds is None:
            return QRectF()
        first, last = card_rect(Point(bounds.left, bounds.top)), card_rect(Point(bounds.right, bounds.bottom))
        return first.united(last)

    def node_at(self, point: QPointF, slack: float = 0.0) -> str | None:
        """The topmost node at a point of the scene; with `slack` (scene units) also one that is so far beside it."""
        wide, high = CARD_WIDTH / 2 + slack, CARD_HEIGHT / 2 + slack
        found = self.nodes.ids_within(QRectF(point.x() - wide, point.y() - high, 2 * wide, 2 * high))
        held = [id_ for id_ in found if id_ in self.lifted]
        return next(reversed(held or found), None)

    def link_at(self, point: QPointF, reach: float) -> Link | None:
        """The link whose curve is nearest, if it is within `reach` (scene units)."""
        found = self.edges.near(self.curves(), Point(point.x(), point.y()), reach) if len(self.edges) else None
        return self.edges.links[found] if found is not None else None

    def refresh_ages(self, ground: QRectF) -> None:
        """Repaint the cards in view whose "12 min" has become another."""
        self.touch(*self.painter.outdated(self._around(ground)))

    def refresh_figures(self, ids: Collection[str], ground: QRectF) -> None:
        """Repaint the cards among `ids` that are in view and near enough to show figures."""
        if ids:
            self.touch(*(id_ for id_ in self._around(ground) if id_ in ids and self.painter.shows_figures(id_)))

    # Inside.

    def _repaint_dots(self, points: Rows) -> None:
        for x, y in points.tolist():
            self.repaint(QRectF(x, y, 1, 1))  # the camera adds what a dot has in pixels

    def _around(self, ground: QRectF) -> list[str]:
        return self.nodes.ids_within(ground.adjusted(-CARD_WIDTH / 2, -CARD_HEIGHT / 2, CARD_WIDTH / 2, CARD_HEIGHT / 2))

    def _see(self, id_: str, slot: int) -> None:
        """How it is drawn, and whether. What is selected or in the hand is never hidden: somebody is looking at it."""
        agent, nodes = self.model.agents[id_], self.nodes
        faint = self.model.selective and not self.model.stands_out(id_)
        nodes.looks[slot] = STATES.index(agent.state) + (FAINT if faint else ENDED if agent.ended else 0)
        if self.model.filter.words and not faint:
            self.hits.add(id_)
        else:
            self.hits.discard(id_)
        nodes.hidden[slot] = faint and self.model.hides_others and id_ not in self.chosen and id_ not in self.lifted

    def _set_live(self, changed: Iterable[str]) -> None:
        """Those that became live, or did not stay it: their links go from one layer to the other."""
        nodes = self.nodes
        nodes.make_room()
        slots = []
        for id_ in changed:
            slot = nodes.slot_of.get(id_)
            if slot is not None:
                slots.append(slot)
                nodes.live[slot] = self._lives(id_)
                if id_ in self.model.agents:
                    self._see(id_, slot)
                self.repaint(card_rect(nodes.at(slot)))
        if slots:
            self._repaint_links(nodes.marked(slots), ground=True)
            self.altered.emit()

    def _lives(self, id_: str) -> bool:
        return id_ in self.chosen or id_ in self.lifted or id_ in self._roused

    def _repaint_links(self, slots: NDArray[np.bool_], *, ground: bool = False) -> None:
        """Where the links of the marked slots are; with `ground` in the background too, which they come from or go to."""
        if not len(self.edges):
            return
        which = self.edges.touching(slots)
        count = int(which.sum())
        repaint = self.repaint_ground if ground or not (slots <= self.nodes.live).all() else self.repaint
        if count > _MANY_LINKS:
            repaint(None)
        elif count:
            for left, top, right, bottom in self.curves().part(which).bounds.tolist():
                repaint(QRectF(left - 20, top - 20, right - left + 40, bottom - top + 40))


def _nothing(_rect: QRectF | None) -> None:
    """Nobody shows the scene yet."""


def _no_figures(_id: str, _tail: bool) -> CardFigures:
    return NO_FIGURES
