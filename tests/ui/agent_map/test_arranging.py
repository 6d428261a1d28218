"""Layouts as a person meets them: chosen, grouped, remembered, and never where a hand has put somebody."""

from __future__ import annotations

from functools import partial

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.agent_map.arranging import ALONE, MODES, Mode
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.layouts.request import Layout, LayoutRequest
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from tests.helpers.agent_events import entangled, spawned
from tests.ui.agent_map.conftest import Stage
from tests.ui.agent_map.test_view import overlapping


@pytest.fixture
def house(arranged_stage: Stage) -> Stage:
    """Eight agents, some linked, one placed by hand."""
    stage = arranged_stage
    words = ("running", "idle", "failed", "running")
    stage.happen(
        *(spawned(f"a{n}", status=words[n % 4]) for n in range(8)),
        entangled("e", "a0", "a1", "a2", name="crew"),
        entangled("f", "a3", "a4"),
    )
    stage.run(stage.directory.move("a7", -900.0, 333.0, "user:ann"))
    stage.settle()
    return stage


def places(stage: Stage) -> dict[str, Point]:
    return dict(stage.view._model.places)


@pytest.mark.parametrize("mode", ["layered", "organic", "grid"])
def test_a_layout_puts_everybody_somewhere_else_but_who_was_placed_by_hand(house: Stage, mode: Mode) -> None:
    before = places(house)
    house.act(partial(house.view.layouts.lay_out, mode))
    house.settle()
    assert house.place("a7") == Point(-900, 333)
    assert places(house).keys() == before.keys()
    assert overlapping(house) == []
    if mode != "layered":
        assert places(house) != before
    shape = _shape(house)
    house.act(partial(house.view.layouts.lay_out, mode))
    house.settle()
    assert _shape(house) == shape, "the same agents, the same picture"


def _shape(stage: Stage) -> dict[str, tuple[int, int]]:
    """Where they stand to each other, apart from who was placed by hand."""
    first = stage.place("a0")
    return {id_: (round(x - first.x), round(y - first.y)) for id_, (x, y) in places(stage).items() if id_ != "a7"}


def test_nodes_glide_and_are_there_at_the_end(house: Stage) -> None:
    seen: list[Point | None] = []
    scene = house.view._scene
    scene.glide.changed.connect(lambda: seen.append(Point(*scene.nodes.xy[scene.nodes.slot_of["a5"]].tolist())))
    start = house.place("a5")
    house.act(partial(house.view.layouts.lay_out, "grid"))
    house.settle()
    end = house.place("a5")
    assert end != start
    assert seen == [start, end]


def test_where_motion_is_not_wanted_nothing_glides(house: Stage) -> None:
    house.view._scene.glide.seconds = 0
    house.act(partial(house.view.layouts.lay_out, "grid"))
    house.settle()
    scene = house.view._scene
    assert Point(*scene.nodes.xy[scene.nodes.slot_of["a5"]].tolist()) == house.place("a5")


def test_groups_by_state_follow_the_state(house: Stage) -> None:
    house.act(partial(house.view.layouts.group, "state"))
    house.settle()
    assert [group.title for group in house.view._model.groups] == ["Working", "Idle", "Failed"]

    def group_of(id_: str) -> list[str]:
        return [group.title for group in house.view._model.groups if group.box.holds(house.place(id_))]

    assert (group_of("a1"), group_of("a2")) == (["Idle"], ["Failed"])
    house.happen(spawned("a1", status="running"))
    house.wait(lambda: group_of("a1") == ["Working"])
    assert group_of("a2") == ["Failed"]


def test_groups_by_entanglement_are_named_for_it_or_its_members(house: Stage) -> None:
    house.act(partial(house.view.layouts.group, "entanglement"))
    house.settle()
    assert [group.title for group in house.view._model.groups] == ["crew", "a3, a4", ALONE]


def test_the_choice_is_made_in_the_menu_and_remembered(house: Stage, remembered: dict[str, object]) -> None:
    house.act(lambda: QTest.mouseClick(house.view._more, Qt.MouseButton.LeftButton))
    choose_in_menu(house, "Layout and groups…")
    choose_in_menu(house, MODES["organic"])
    house.settle()
    assert remembered["map.layout"] == "organic"
    house.act(partial(house.view.layouts.lay_out, "manual"))
    stays = places(house)
    house.act(house.view._on_arrange)
    house.settle()
    assert places(house) == stays
    assert remembered == {"map.layout": "manual", "map.grouping": ""}


def choose_in_menu(stage: Stage, label: str) -> None:
    menu = stage.view.findChild(MenuSheet)
    assert menu is not None
    row = next(button for button in menu.rows if label in button.text())
    stage.act(row.click)


@pytest.mark.parametrize("remembered", [{"map.layout": "sideways", "map.grouping": 7}])
def test_what_was_remembered_wrongly_counts_as_nothing(house: Stage) -> None:
    assert (house.view._arranger.mode, house.view._arranger.grouping) == ("layered", "")


def test_a_layout_that_fails_is_told_and_moves_nobody(house: Stage) -> None:
    class Broken:
        async def arrange(self, request: LayoutRequest) -> Layout | None:
            raise ChainBotError("The layout took too long.", hint="Ask again.", code="layout_failed")

    before = places(house)
    house.view._arranger._layouts = Broken()
    house.act(partial(house.view.layouts.lay_out, "grid"))
    house.settle()
    assert places(house) == before
    (message,) = house.messages
    assert (message.severity, message.text, message.hint) == ("error", "The layout took too long.", "Ask again.")


def test_newcomers_find_room_and_nobody_else_moves(house: Stage) -> None:
    house.act(partial(house.view.layouts.lay_out, "organic"))
    house.settle()
    before = places(house)
    house.happen(*(spawned(f"b{n}") for n in range(10)), entangled("g", "a0", "b3"))
    assert {id_: point for id_, point in places(house).items() if id_ in before} == before
    assert overlapping(house) == []


def test_thousands_at_once_stand_in_a_grid_first_and_are_laid_out_then(arranged_stage: Stage) -> None:
    stage = arranged_stage
    first: list[int] = []
    stage.view._arranger.settled.connect(lambda delta, glide: first.append(len(delta.nodes)))
    stage.happen(*(spawned(f"a{n}") for n in range(1_000)), *(entangled(f"e{n}", f"a{n}", f"a{n + 500}") for n in range(100)))
    stage.settle()
    assert len(stage.view._model.places) == 1_000
    assert stage.view.canvas.shows_all()
    assert first, "no layout came"
    assert overlapping(stage) == []
