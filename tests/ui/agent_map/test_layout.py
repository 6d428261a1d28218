"""Places for agents that nobody placed: none on another, always the same, and what stands stays."""

from __future__ import annotations

from itertools import combinations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, Box, Point
from chainbot_desktop.ui.agent_map.history import History, Move, MoveStep
from chainbot_desktop.ui.agent_map.layout import arrange
from chainbot_desktop.ui.agent_map.places import PlaceIndex

IDS = [f"a{n}" for n in range(14)]
PAIRS = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=20)
PLACED = st.dictionaries(
    st.sampled_from(IDS), st.builds(Point, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)) | st.just(Point(0, 0)), max_size=8
)


def touch(first: Point, second: Point) -> bool:
    return abs(first.x - second.x) < CARD_WIDTH and abs(first.y - second.y) < CARD_HEIGHT


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(IDS), unique=True), PAIRS, PLACED)
@example(IDS[:5], [("a0", "a3")], {"a1": Point(0, -2594), "a2": Point(-1297, -1297)})
def test_every_agent_gets_a_place_of_its_own(ids: list[str], pairs: list[tuple[str, str]], placed: dict[str, Point]) -> None:
    found = arrange(ids, pairs, placed)
    assert set(found) == set(ids) - set(placed)
    assert found == arrange(ids, pairs, placed)
    for first, second in combinations(found.values(), 2):
        assert not touch(first, second)
    for point in found.values():
        assert not any(touch(point, other) for other in placed.values())


def test_links_run_from_left_to_right() -> None:
    found = arrange(["c", "b", "a"], [("a", "b"), ("b", "c")], {})
    assert found["a"].x < found["b"].x < found["c"].x
    assert found["a"].y == found["b"].y == found["c"].y


def test_a_newcomer_stands_beside_the_one_it_is_linked_to() -> None:
    placed = {"a": Point(5000, 5000), "b": Point(0, 0)}
    found = arrange(["new", "other"], [("a", "new"), ("other", "b")], placed)
    assert 0 < found["new"].x - 5000 <= 2 * CARD_WIDTH
    assert abs(found["new"].y - 5000) <= 2 * CARD_HEIGHT
    assert -2 * CARD_WIDTH <= found["other"].x < 0


def test_a_stray_does_not_draw_newcomers_into_the_desert() -> None:
    placed = {**{f"p{n}": Point(n * 300.0, 0) for n in range(5)}, "stray": Point(-900_000, -900_000)}
    found = arrange(["new"], [], placed)
    assert abs(found["new"].x) < 5_000
    assert abs(found["new"].y) < 5_000


def test_five_hundred_get_five_hundred_places() -> None:
    ids = [f"n{n}" for n in range(500)]
    pairs = [(f"n{n}", f"n{(n * 7 + 1) % 500}") for n in range(0, 500, 3)]
    found = arrange(ids, pairs, {})
    assert len({(point.x, point.y) for point in found.values()}) == 500


POINTS = st.builds(Point, st.floats(-2000, 2000), st.floats(-2000, 2000))


@given(
    st.lists(st.tuples(st.sampled_from(IDS), POINTS | st.none())),
    st.floats(-2000, 2000),
    st.floats(-2000, 2000),
    st.floats(0, 1500),
)
def test_the_index_finds_what_a_plain_search_finds(
    steps: list[tuple[str, Point | None]], left: float, top: float, side: float
) -> None:
    index, plain = PlaceIndex(), dict[str, Point]()
    for id_, point in steps:
        if point is None:
            index.remove(id_)
            plain.pop(id_, None)
        else:
            index.put(id_, point)
            plain[id_] = point
    box = Box(left, top, left + side, top + side)
    assert sorted(index.within(box)) == sorted(id_ for id_, point in plain.items() if box.holds(point))
    assert dict(index) == plain
    if plain:
        bounds = index.bounds()
        assert bounds is not None
        assert all(bounds.holds(point) for point in plain.values())


STEPS = st.lists(st.sampled_from(["undo", "redo"]) | st.tuples(st.sampled_from(["x", "y"]), POINTS), max_size=40)


@given(STEPS)
def test_undo_and_redo_walk_back_and_forth_through_what_was(steps: list[str | tuple[str, Point]]) -> None:
    """Against the plainest history there is: every state kept, and where one is in it."""
    history, state = History(), {"x": Point(0, 0), "y": Point(0, 0)}
    states, at = [dict(state)], 0
    for step in steps:
        if isinstance(step, tuple):
            history.record(MoveStep((Move(step[0], state[step[0]], step[1]),)))
            state[step[0]] = step[1]
            states, at = [*states[: at + 1], dict(state)], at + 1
            continue
        back = step == "undo"
        top = history.to_undo if back else history.to_redo
        if isinstance(top, MoveStep):
            (move,) = top.reversed().moves if back else top.moves
            state[move.agent_id] = move.after
            (history.undone if back else history.redone)(top)
            at += -1 if back else 1
        assert state == states[at]
        assert history.can_undo == (at > 0)
        assert history.can_redo == (at < len(states) - 1)
