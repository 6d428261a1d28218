"""What is painted when: nothing while nothing changes, the neighbourhood while few nodes move, no link twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QRegion

from chainbot_desktop.ui.agent_map.batches import draw_lines, draw_stamps
from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, Point
from chainbot_desktop.ui.agent_map.sprites import Stamps, picture
from chainbot_desktop.ui.theme import ThemeSource
from tests.helpers.agent_events import disentangled, entangled, moved, spawned
from tests.ui.agent_map.conftest import Stage


@contextmanager
def painted(stage: Stage) -> Iterator[list[QRegion]]:
    """The regions of the map that are painted meanwhile."""
    found: list[QRegion] = []
    painter = stage.view._scene.painter
    draw = painter.draw_nodes

    def noted(painter_: QPainter, ground: QRectF, exposed: QRegion) -> None:
        found.append(QRegion(exposed))
        draw(painter_, ground, exposed)

    painter.draw_nodes = noted  # type: ignore[method-assign, assignment]
    try:
        yield found
    finally:
        painter.draw_nodes = draw  # type: ignore[method-assign]


@contextmanager
def grounds(stage: Stage) -> Iterator[list[QRectF]]:
    """The parts of the background that are made anew meanwhile."""
    found: list[QRectF] = []
    painter = stage.view._scene.painter
    draw: Callable[[QPainter, QRectF], None] = painter.draw_ground

    def noted(painter_: QPainter, rect: QRectF) -> None:
        found.append(QRectF(rect))
        draw(painter_, rect)

    painter.draw_ground = noted  # type: ignore[method-assign, assignment]
    try:
        yield found
    finally:
        painter.draw_ground = draw  # type: ignore[method-assign, assignment]


def area(regions: list[QRegion]) -> int:
    return sum(rect.width() * rect.height() for region in regions for rect in list(region))  # type: ignore[call-overload]


@pytest.fixture
def crowd(stage: Stage) -> Stage:
    stage.happen(
        *(spawned(f"a{n}", status="running") for n in range(60)), *(entangled(f"e{n}", f"a{n}", f"a{n + 1}") for n in range(40))
    )
    stage.view.canvas.fit()
    stage.act(lambda: stage.view.canvas.viewport().repaint())
    stage.wait(lambda: not stage.view._scene._rest.isActive())
    return stage


def test_nothing_is_painted_while_nothing_changes(crowd: Stage) -> None:
    with painted(crowd) as frames, grounds(crowd) as backgrounds:
        crowd.run(asyncio.sleep(0.6))
    assert (frames, backgrounds) == ([], [])


def test_a_change_of_state_paints_one_card_and_no_link(crowd: Stage) -> None:
    with painted(crowd) as frames, grounds(crowd) as backgrounds:
        crowd.happen(spawned("a30", status="idle"))
        crowd.act(lambda: None)
    scale = crowd.view.canvas.transform().m11()
    card = (CARD_WIDTH + 24) * scale + 12, (CARD_HEIGHT + 24) * scale + 12
    assert frames
    assert area(frames) <= len(frames) * (card[0] + 2) * (card[1] + 2)
    assert backgrounds == []


def test_two_changes_far_apart_do_not_paint_what_lies_between(crowd: Stage) -> None:
    with painted(crowd) as frames:
        crowd.happen(spawned("a0", status="idle"), spawned("a59", status="idle"))
        crowd.act(lambda: None)
    viewport = crowd.view.canvas.viewport()
    assert frames
    assert area(frames) < 0.2 * viewport.width() * viewport.height()


def test_a_node_that_goes_on_moving_leaves_the_background_alone(crowd: Stage) -> None:
    place = crowd.place("a30")
    crowd.happen(moved("a30", place.x + 5, place.y))
    crowd.act(lambda: None)
    with grounds(crowd) as backgrounds:
        for step in range(2, 6):
            crowd.happen(moved("a30", place.x + 5 * step, place.y))
            crowd.act(lambda: None)
        assert backgrounds == []
        crowd.wait(lambda: not crowd.view._scene._rest.isActive())
        crowd.act(lambda: None)
        assert backgrounds, "when it rests its links belong to the background again"


def test_panning_makes_only_the_new_strip_of_the_background(crowd: Stage) -> None:
    crowd.view.canvas.full_size()
    crowd.act(lambda: crowd.view.canvas.viewport().repaint())
    whole = crowd.view.canvas.view_ground()
    with grounds(crowd) as backgrounds:
        crowd.act(lambda: crowd.view.canvas.pan_by(-30, 0))
        crowd.act(lambda: None)
    assert backgrounds
    assert all(rect.width() < 0.2 * whole.width() for rect in backgrounds)


def test_a_link_is_drawn_once_whether_it_rests_or_not(crowd: Stage) -> None:
    """Its colour is the same on the background and live: nothing of it is left behind when its agent moves."""

    def image() -> bytes:
        crowd.act(lambda: crowd.view.canvas.viewport().repaint())
        picture = crowd.view.canvas.viewport().grab().toImage()
        return bytes(picture.constBits())

    crowd.view._on_ages()
    before, place = image(), crowd.place("a30")
    crowd.happen(moved("a30", place.x + 300, place.y + 200))
    crowd.wait(lambda: not crowd.view._scene._rest.isActive())
    assert image() != before
    crowd.happen(moved("a30", place.x, place.y))
    crowd.wait(lambda: not crowd.view._scene._rest.isActive())
    crowd.view._scene.redraw_ground()
    after = image()
    crowd.view.canvas.resetCachedContent()
    assert after == image()


def test_links_that_go_leave_nothing(crowd: Stage) -> None:
    crowd.happen(*(disentangled(f"e{n}") for n in range(40)))
    assert len(crowd.view._scene.edges) == 0
    assert not crowd.view._scene.curves().bounds.size


def test_rows_of_a_wrong_shape_do_not_reach_the_painter() -> None:
    canvas = picture(QRectF(0, 0, 4, 4).size(), lambda _: None)
    painter = QPainter(canvas)
    with pytest.raises(ValueError, match="rows of 4 numbers"):
        draw_lines(painter, np.zeros((3, 5)))
    draw_lines(painter, np.zeros((0, 4)))
    draw_stamps(painter, np.zeros((0, 2)), np.zeros((0, 4)), canvas)
    painter.end()


def test_a_storm_of_changes_ends_with_the_last_word_on_the_screen(crowd: Stage) -> None:
    words = ("running", "idle", "failed", "waiting")
    crowd.happen(*(spawned(f"a{n % 60}", status=words[n % 4]) for n in range(2_000)))
    for n in range(60):
        agent = crowd.directory.get(f"a{n}")
        assert agent is not None
        assert crowd.view._model.agents[f"a{n}"] is agent
    assert crowd.place("a3") == Point(*crowd.view._scene.nodes.xy[crowd.view._scene.nodes.slot_of["a3"]].tolist())


@pytest.mark.parametrize("side", [5, 9, 16])
def test_no_shape_reaches_into_the_cell_of_another(theme_source: ThemeSource, side: int) -> None:
    stamps = Stamps(theme_source.current)
    canvas = picture(QRectF(0, 0, 400, 400).size(), lambda _: None)
    painter = QPainter(canvas)
    stamps.draw(painter, np.array([[100.0, 100.0]]), np.array([0], np.uint8), side)
    painter.end()
    sheet = stamps._sheets[side].toImage()
    cell = sheet.height()
    for border in range(cell, sheet.width(), cell):
        column = [sheet.pixelColor(x, y).alpha() for x in (border - 1, border) for y in range(cell)]
        assert not any(column), border


def test_a_stamp_of_a_dense_screen_is_as_large_as_on_any_other() -> None:
    """Two pixels of the picture are one of the painter's."""
    dense = QPixmap(20, 20)
    dense.setDevicePixelRatio(2)
    dense.fill(QColor("red"))
    canvas = QImage(40, 40, QImage.Format.Format_ARGB32_Premultiplied)
    canvas.fill(0)
    painter = QPainter(canvas)
    draw_stamps(painter, np.array([[20.0, 20.0]]), np.array([[0.0, 0.0, 20.0, 20.0]]), dense)
    painter.end()
    covered = [(x, y) for x in range(40) for y in range(40) if canvas.pixelColor(x, y).alpha()]
    assert (min(covered), max(covered)) == ((15, 15), (24, 24))
