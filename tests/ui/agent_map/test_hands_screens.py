"""What the hands do on the map, for a person to look at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets import Sheet
from tests.helpers.agent_events import guest_appeared
from tests.ui.acting import act, tap
from tests.ui.agent_map.steering import Steering
from tests.ui.agent_map.touching import Hand, key, link_sheet, right_click

SIZES = {"800x480": (720, 452), "1280x800": (1200, 772)}
NAMES = ("Planner", "Coder", "Reviewer", "Night build of the documentation", "Tests", "Librarian")


@pytest.mark.screens
@pytest.mark.parametrize("look", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_screens(
    steering: Steering, theme_source: ThemeSource, shoot: Callable[[QWidget, str], Path], look: str, size: str
) -> None:
    theme_source.select(look)  # type: ignore[arg-type]  # one of the two names
    view, hand = steering.view, Hand(steering, None)
    view.resize(*SIZES[size])

    def shot(what: str) -> None:
        steering.settle()
        shoot(view, f"hands-{what}-{size}-{look}")

    ids = [steering.spawn(name) for name in NAMES]
    for number, id_ in enumerate(ids):
        steering.run(steering.house.directory.move(id_, number % 3 * 250.0, number // 3 * 150.0, "user:tester"))
    steering.run(steering.house.store.journal.append(guest_appeared("g", name="watchtower", status="online")))
    steering.run(steering.links.create("feeds", "data", (ids[0], ids[4]), actor="user:tester"))
    steering.run(steering.links.create("directs", "control", (ids[1], ids[2]), actor="user:tester"))
    steering.run(steering.links.broadcast(steering.house.directory.entanglements[0].id, "a note", actor="user:tester"))
    steering.wait(lambda: len(view._scene.edges.links) == 2)
    act(steering.run, view.canvas.fit)
    hand.tap(hand.node(ids[0]))
    shot("handle")
    handle = hand.handle()
    hand.press(handle)
    hand.move(handle + QPoint(30, 20))
    shot("drawing")
    hand.move(hand.node(ids[4]))
    shot("drawing-over")
    hand.lift()
    shot("sheet")
    tap(steering.run, link_sheet(steering).kinds["control"])
    shot("sheet-control")
    act(steering.run, link_sheet(steering).dismiss)
    hand.tap((hand.node(ids[1]) + hand.node(ids[2])) / 2)
    shot("link-selected")
    act(steering.run, partial(view.select, ids[0]))
    key(steering, Qt.Key.Key_L)
    key(steering, Qt.Key.Key_Right)
    shot("aiming")
    key(steering, Qt.Key.Key_Escape)
    key(steering, Qt.Key.Key_S)
    for id_ in ids[:2]:
        hand.tap(hand.node(id_))
    key(steering, Qt.Key.Key_Down)
    start = hand.ground()
    hand.press(start)
    hand.move(start + QPoint(50, 60))
    hand.move(hand.node(ids[3]) + QPoint(30, 12))
    shot("band")
    hand.lift()
    shot("many")
    tap(steering.run, view.hands.bar.more)
    shot("many-more")
    steering.choose("Kill…")
    shot("many-kill")
    for sheet in view.findChildren(Sheet):
        act(steering.run, sheet.dismiss)
    act(steering.run, partial(view.hands.selection.set_mode, False))
    menu = right_click(steering, hand.node(ids[4]))
    shot("radial")
    tap(steering.run, menu.dangers[0])
    shot("radial-armed")
    act(steering.run, menu.dismiss)
    corner = view.canvas.viewport().size()
    menu = right_click(steering, QPoint(corner.width() - 6, corner.height() - 6))
    shot("radial-ground-corner")
    act(steering.run, menu.dismiss)
    act(steering.run, lambda: view.canvas.set_camera(QPointF(*view._model.places[ids[5]]), 1.0))
    act(steering.run, lambda: view.canvas.pan_by(corner.width() / 2 - 60, corner.height() / 2 - 30))
    menu = right_click(steering, hand.node(ids[5]))
    shot("radial-corner")
    act(steering.run, menu.dismiss, view.canvas.fit)
    run_id = steering.give(ids[0], "wait for the nightly tests, then write what failed into the report")
    steering.becomes(ids[0], "running")
    steering.give(ids[0], "wait and publish the report")
    act(steering.run, partial(view.open_details, ids[0]))
    steering.wait(lambda: len(view.details.live.task_rows) == 2)
    chip = view.details.live.task_rows[run_id].chip
    act(steering.run, lambda: view.details._area.ensureWidgetVisible(chip))
    shot("task-chip")
    hand.press(chip.rect().center(), chip)
    hand.move(chip.rect().center() - QPoint(20, 0))
    viewport = view.canvas.viewport()
    hand.move(chip.mapFromGlobal(viewport.mapToGlobal(QPoint(10, 10))))
    hand.move(chip.mapFromGlobal(viewport.mapToGlobal(hand.node(ids[3]))))
    shot("task-carried")
    chip.give_up()
    act(steering.run, view.close_details, lambda: view.canvas.set_camera(QPointF(250, 75), 0.2), partial(view.select, ids[0]))
    shot("handle-far")
    assert view.canvas.hand.aim is None
