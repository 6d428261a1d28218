"""CPU time of one frame of the map, or of a plain QGraphicsView with one Python-painted item a node, while every node moves.

`python -m tests.bench.controls.map_frames ours|few|plain COUNT fitted|full near|across` prints milliseconds of this process a frame;
`few` moves five nodes only. A further argument names a file for a picture of the last frame.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QApplication,
    QGraphicsItem,
    QGraphicsLineItem,
    QGraphicsScene,
    QGraphicsView,
    QStyleOptionGraphicsItem,
    QWidget,
)

from chainbot_desktop.agents.records import Agent, Entanglement
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.ui.agent_map.canvas import MapCanvas
from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, Point
from chainbot_desktop.ui.agent_map.model import MapModel
from chainbot_desktop.ui.agent_map.scene import MapScene
from chainbot_desktop.ui.theme import ThemeSource
from tests.bench.controls.map_graph import HEIGHT, WIDTH, Graph, make_graph

_COLOURS = ("#5AA9FF", "#7D8A97", "#B48CFF", "#FFB020", "#FF6B6B", "#49C97C")
_STATES = (AgentState.WORKING, AgentState.IDLE, AgentState.WAITING, AgentState.NEEDS_INPUT, AgentState.FAILED, AgentState.DONE)


class FixedSource:
    """Agents and links as the directory would give them."""

    def __init__(self, graph: Graph) -> None:
        now = utc_now()
        self.agents = [
            Agent(f"a{n}", f"Agent {n}", "command", state=_STATES[state], activity="pytest -x tests", last_active=now)
            for n, state in enumerate(graph.states.tolist())
        ]
        self.entanglements = [Entanglement(f"e{n}", agents=(f"a{a}", f"a{b}")) for n, (a, b) in enumerate(graph.pairs.tolist())]
        self._agents = {agent.id: agent for agent in self.agents}
        self._links = {link.id: link for link in self.entanglements}

    def get(self, agent_id: str) -> Agent | None:
        return self._agents.get(agent_id)

    def entanglement(self, entanglement_id: str) -> Entanglement | None:
        return self._links.get(entanglement_id)

    def entanglements_of(self, agent_id: str) -> list[Entanglement]:
        return []


def few(graph: Graph, *, fitted: bool) -> tuple[QGraphicsView, Callable[[int], None]]:
    """Five nodes move, as when another client moves them."""
    canvas, _ = ours(graph, fitted=fitted)
    scene = cast("MapScene", canvas.scene())
    scene.glide.finish()
    ids = [f"a{n}" for n in range(0, len(graph.points), len(graph.points) // 5)][:5]

    def step(number: int) -> None:
        points = graph.at(number)
        for id_ in ids:
            scene.model.hold(id_, Point(*points[int(id_[1:])].tolist()))
        scene.touch(*ids)

    return canvas, step


def ours(graph: Graph, *, fitted: bool) -> tuple[QGraphicsView, Callable[[int], None]]:
    themes, keeper = ThemeSource(), QObject()
    themes.select("dark")
    model = MapModel(FixedSource(graph))
    scene = MapScene(model, themes.current, keeper)
    canvas = MapCanvas(scene, themes)
    canvas.keep = (themes, keeper)  # type: ignore[attr-defined]
    change = model.everything()
    model.count(change.agents)
    delta = model.refresh(change)
    settled = model.settle({f"a{n}": Point(x, y) for n, (x, y) in enumerate(graph.points.tolist())})
    scene.apply(delta | settled)
    canvas.resize(WIDTH, HEIGHT)
    canvas.show()
    if fitted:
        canvas.fit()
    else:
        canvas.set_camera(QPointF(*graph.points.mean(axis=0).tolist()), 1.0)
    slots = model.places.of([f"a{n}" for n in range(len(graph.points))])
    scene.glide.seconds = 1e9
    scene.glide.start(slots.tolist())
    scene.glide._timer.setInterval(10**9)
    return canvas, lambda step: scene.shift(slots, graph.at(step))


class Node(QGraphicsItem):
    def __init__(self, name: str, colour: str) -> None:
        super().__init__()
        self._name, self._colour = name, QColor(colour)
        self._box = QRectF(-CARD_WIDTH / 2, -CARD_HEIGHT / 2, CARD_WIDTH, CARD_HEIGHT)
        self._ground, self._line, self._text = QColor("#151A21"), QPen(QColor("#2C3642"), 1.2), QColor("#E6EDF3")

    def boundingRect(self) -> QRectF:
        return self._box

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        near = option.levelOfDetailFromTransform(painter.worldTransform()) >= 0.28
        painter.setPen(self._line if near else Qt.PenStyle.NoPen)
        painter.setBrush(self._ground if near else self._colour)
        if not near:
            painter.drawRect(self._box)
            return
        painter.drawRoundedRect(self._box.adjusted(1, 1, -1, -1), 12, 12)
        painter.setBrush(self._colour)
        painter.drawEllipse(QPointF(-74, -20), 6, 6)
        painter.setPen(self._text)
        painter.drawText(QPointF(-60, -15), self._name)
        painter.drawText(QPointF(-80, 5), "pytest -x tests")
        painter.drawText(QPointF(-80, 25), "command")


def plain(graph: Graph, *, fitted: bool) -> tuple[QGraphicsView, Callable[[int], None]]:
    scene = QGraphicsScene()
    nodes = [Node(f"Agent {n}", _COLOURS[state]) for n, state in enumerate(graph.states.tolist())]
    pen = QPen(QColor("#6B7783"), 0)
    lines = [QGraphicsLineItem() for _ in graph.pairs]
    for line in lines:
        line.setPen(pen)
        scene.addItem(line)
    for node, (x, y) in zip(nodes, graph.points.tolist(), strict=True):
        node.setZValue(1)
        node.setPos(x, y)
        scene.addItem(node)
    view: Any = QGraphicsView(scene)
    view.keep = scene
    view.setRenderHint(QPainter.RenderHint.Antialiasing)
    view.setBackgroundBrush(QColor("#0E1116"))
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.resize(WIDTH, HEIGHT)
    view.show()
    if fitted:
        view.fitInView(scene.itemsBoundingRect(), Qt.AspectRatioMode.KeepAspectRatio)
    else:
        view.centerOn(QPointF(*graph.points.mean(axis=0).tolist()))
    pairs = graph.pairs.tolist()

    def step(number: int) -> None:
        points = graph.at(number).tolist()
        for node, (x, y) in zip(nodes, points, strict=True):
            node.setPos(x, y)
        for line, (a, b) in zip(lines, pairs, strict=True):
            line.setLine(*points[a], *points[b])

    return view, step


def main() -> None:
    which, count, zoom, links = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    app = QApplication([])
    graph = make_graph(count, links)
    view, step = {"ours": ours, "few": few, "plain": plain}[which](graph, fitted=zoom == "fitted")
    for number in range(8):
        step(number)
        app.processEvents()
    frames: list[float] = []
    while len(frames) < 60 and sum(frames) < 4000:
        began = time.process_time()
        step(len(frames) + 8)
        app.processEvents()
        frames.append((time.process_time() - began) * 1000)
    if len(sys.argv) > 5:
        view.grab().save(sys.argv[5])
    sys.stdout.write(f"{float(np.mean(frames)):.4f}\n")


if __name__ == "__main__":
    main()
