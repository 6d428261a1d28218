"""Layouts of a whole map: nobody on another, what is placed by hand stays, the same for the same, and little moves for little."""

from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, CELL_WIDTH, Box, Point, card_box
from chainbot_desktop.ui.agent_map.layouts.request import TITLE_HEIGHT, Layout, LayoutKind, LayoutRequest
from chainbot_desktop.ui.agent_map.layouts.solve import arrange
from chainbot_desktop.ui.agent_map.places import PlaceIndex
from tests.ui.agent_map.layouts.graphs import KINDS, SHAPES, request, states

IDS = [f"a{n}" for n in range(16)]
NEAR = st.builds(Point, st.floats(-900, 900), st.floats(-900, 900))
SPOTS = NEAR | st.builds(Point, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)) | st.just(Point(0, 0))


@st.composite
def requests(draw: st.DrawFn) -> LayoutRequest:
    ids = draw(st.lists(st.sampled_from(IDS), unique=True))
    members = draw(st.lists(st.lists(st.sampled_from(IDS), max_size=8), max_size=3))
    return LayoutRequest(
        draw(st.sampled_from(KINDS)),
        tuple(ids),
        tuple(draw(st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=24))),
        draw(_apart()),
        draw(st.dictionaries(st.sampled_from(IDS), SPOTS, max_size=16)),
        tuple((f"g{number}", tuple(group)) for number, group in enumerate(members)),
        draw(st.sampled_from([0.5, 1.6, 3.0])),
        draw(st.booleans()),
    )


def _apart() -> st.SearchStrategy[dict[str, Point]]:
    """Places by hand; a hand may put one on another, but no layout would."""
    return st.dictionaries(st.sampled_from(IDS), SPOTS, max_size=5)


def overlaps(layout: Layout, but: frozenset[frozenset[str]] = frozenset()) -> set[tuple[str, str]]:
    index = PlaceIndex()
    found: set[tuple[str, str]] = set()
    for id_, point in layout.places.items():
        box = Box(point.x - CARD_WIDTH, point.y - CARD_HEIGHT, point.x + CARD_WIDTH, point.y + CARD_HEIGHT)
        for other in index.within(box):
            gap = abs(index[other].x - point.x) / CARD_WIDTH, abs(index[other].y - point.y) / CARD_HEIGHT
            if max(gap) < 1 and frozenset((id_, other)) not in but:
                found.add((id_, other))
        index.put(id_, point)
    return found


def bounds(layout: Layout) -> Box:
    boxes = [card_box(point) for point in layout.places.values()] + [group.box for group in layout.groups]
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def apart(one: Box, two: Box) -> bool:
    return one.right <= two.left or two.right <= one.left or one.bottom <= two.top or two.bottom <= one.top


@settings(max_examples=300, deadline=None)
@given(requests())
def test_everyone_has_a_place_of_its_own_and_who_is_held_stays(asked: LayoutRequest) -> None:
    layout = arrange(asked)
    assert set(layout.places) == set(asked.ids)
    held = {id_: point for id_, point in asked.held.items() if id_ in asked.ids}
    assert {id_: layout.places[id_] for id_ in held} == held
    by_hand = frozenset(frozenset((one, two)) for one in held for two in held)
    assert overlaps(layout, by_hand) == set()
    assert arrange(asked) == layout


@settings(max_examples=150, deadline=None)
@given(requests())
def test_groups_have_boxes_of_their_own_with_room_for_a_title(asked: LayoutRequest) -> None:
    layout = arrange(asked)
    of: dict[str, str] = {}
    for key, members in asked.groups:
        for id_ in members:
            of.setdefault(id_, key)
    free = [id_ for id_ in asked.ids if id_ not in asked.held]
    assert {group.key for group in layout.groups} == {of[id_] for id_ in free if id_ in of}
    boxes = {group.key: group.box for group in layout.groups}
    if not any(id_ in asked.ids for id_ in asked.held):
        for id_ in free:
            card = card_box(layout.places[id_])
            for key, box in boxes.items():
                if of.get(id_) == key:
                    assert box.left < card.left
                    assert box.right > card.right
                    assert box.top + TITLE_HEIGHT < card.top
                    assert box.bottom > card.bottom
                else:
                    assert apart(box, card)
    ground = list(boxes.values())
    assert all(apart(one, two) for number, one in enumerate(ground) for two in ground[:number])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [3, 40, 400])
@pytest.mark.parametrize("kind", KINDS)
def test_a_map_fits_a_screen(kind: LayoutKind, count: int, shape: str) -> None:
    for groups in ((), states(count)):
        layout = arrange(request(kind, shape, count, groups=groups))
        assert overlaps(layout) == set()
        box = bounds(layout)
        wide, high = box.right - box.left, box.bottom - box.top
        assert 0.4 < wide / high < 5 or count == 3
        assert max(wide / 1.6, high) < 3.2 * max(2, (count * CELL_WIDTH * 104 / 1.6) ** 0.5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", ["tree", "hubs", "half", "none", "random"])
def test_one_more_agent_moves_the_others_little(kind: LayoutKind, shape: str) -> None:
    first = arrange(request(kind, shape, 60))
    asked = request(kind, shape, 60, before=first.places, again=True)
    more = LayoutRequest(kind, (*asked.ids, "new"), (*asked.links, ("n3", "new")), before=first.places, again=True)
    second = arrange(more)
    assert overlaps(second) == set()
    ways = [max(abs(second.places[id_].x - p.x), abs(second.places[id_].y - p.y)) for id_, p in first.places.items()]
    print(kind, shape, "median", round(median(ways)), "moved", sum(way > 60 for way in ways), "most", round(max(ways)))
    assert median(ways) < 60
    assert sum(way > 1.5 * CELL_WIDTH for way in ways) <= len(ways) / 4


@pytest.mark.parametrize("count", [60, 2000])
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_again_moves_nobody(kind: LayoutKind, count: int) -> None:
    for shape in SHAPES:
        first = arrange(request(kind, shape, count))
        second = arrange(request(kind, shape, count, before=first.places, again=True))
        ways = [max(abs(second.places[id_].x - p.x), abs(second.places[id_].y - p.y)) for id_, p in first.places.items()]
        assert max(ways) < 1, shape


def test_layers_go_from_left_to_right() -> None:
    for shape in ("tree", "hub", "pairs"):
        asked = request("layered", shape, 60)
        places = arrange(asked).places
        assert all(places[source].x < places[target].x for source, target in asked.links)


def test_a_large_hub_is_no_endless_column() -> None:
    box = bounds(arrange(request("layered", "hub", 301)))
    assert 0.8 < (box.right - box.left) / (box.bottom - box.top) < 3.2


def test_a_grid_keeps_the_order() -> None:
    asked = request("grid", "none", 40)
    places = arrange(asked).places
    assert sorted(asked.ids, key=lambda id_: places[id_][::-1]) == list(asked.ids)


def test_a_card_dragged_out_of_a_grid_leaves_the_others_where_they_are() -> None:
    first = arrange(request("grid", "none", 40)).places
    there = Point(first["n12"].x + 130, first["n12"].y + 40)
    second = arrange(request("grid", "none", 40, before=first, again=True, held={"n12": there}))
    assert overlaps(second) == set()
    assert sum(second.places[id_] != first[id_] for id_ in first) <= 4  # itself, and who lay where it is now


def test_a_held_card_drives_away_nobody_but_who_lies_under_it() -> None:
    for kind in KINDS:
        first = arrange(request(kind, "tree", 40, groups=states(40))).places
        asked = request(kind, "tree", 40, before=first, again=True, held={"n39": first["n20"]}, groups=states(40))
        second = arrange(asked)
        assert overlaps(second) == set()
        assert sum(second.places[id_] == first[id_] for id_ in first) > 20


def test_neighbours_of_what_is_held_gather_around_it() -> None:
    asked = request("organic", "hub", 12, held={"n0": Point(9000, 5000)})
    places = arrange(asked).places
    assert all(abs(places[id_].x - 9000) < 1500 and abs(places[id_].y - 5000) < 1000 for id_ in asked.ids)
