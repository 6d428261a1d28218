from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.ui.watchtower.row_window import RowWindow


def window(limit: int = 10) -> RowWindow[int]:
    return RowWindow(int, limit)


def rows(stretch: RowWindow[int]) -> list[int]:
    return [stretch[index] for index in range(len(stretch))]


def test_the_newest_is_the_first() -> None:
    stretch = window()
    assert stretch.arrive([1, 2, 3]) == 3
    assert rows(stretch) == [3, 2, 1]
    assert (stretch.newest, stretch.oldest) == (3, 1)
    assert [stretch.index_of(number) for number in (3, 1, 7, 0)] == [0, 2, None, None]


def test_more_than_its_limit_lets_the_oldest_go() -> None:
    stretch = window(3)
    stretch.replace([1, 2], complete=True)
    stretch.arrive([3, 4])
    assert rows(stretch) == [4, 3, 2]
    assert not stretch.complete, "an older one exists now"


def test_held_it_counts_what_arrives_and_shows_it_later() -> None:
    stretch = window(3)
    stretch.arrive([1])
    stretch.held = True
    assert stretch.arrive([2, 3]) == 0
    assert (rows(stretch), stretch.waiting, stretch.dropped) == ([1], 2, 0)
    stretch.arrive([4, 5])
    assert (stretch.waiting, stretch.dropped) == (4, 1)
    assert stretch.follow()
    assert rows(stretch) == [5, 4, 3]
    assert (stretch.waiting, stretch.dropped) == (0, 0)


def test_what_was_missed_while_held_is_counted_as_dropped() -> None:
    stretch = window(3)
    stretch.arrive([1])
    stretch.held = True
    stretch.arrive([8, 9], missed=6)
    assert (stretch.waiting, stretch.dropped) == (8, 6)
    stretch.follow()
    assert rows(stretch) == [9, 8], "1 does not belong to a stretch that misses 2 to 7"


def test_what_was_loaded_does_not_come_twice() -> None:
    stretch = window()
    stretch.held = True
    stretch.arrive([4, 5, 6])
    stretch.replace([1, 2, 3, 4, 5], complete=True)
    assert stretch.waiting == 1
    stretch.follow()
    stretch.arrive([5, 6, 7])
    assert rows(stretch) == [7, 6, 5, 4, 3, 2, 1]


def test_paging_back_leaves_the_head_and_returns_to_it() -> None:
    stretch = window(4)
    stretch.replace([7, 8, 9], complete=False)
    assert stretch.extend_older([6, 5], complete=True) == 1
    assert (rows(stretch), stretch.at_head, stretch.complete) == ([8, 7, 6, 5], False, True)
    assert stretch.arrive([10]) == 0, "a newer one does not belong to a stretch that misses 9"
    assert not stretch.follow(), "the newest must be read again"
    assert stretch.extend_newer([9, 10], reaches_head=True) == 2
    assert (rows(stretch), stretch.at_head, stretch.complete) == ([10, 9, 8, 7], True, False)


def test_missed_rows_are_never_papered_over() -> None:
    stretch = window(5)
    stretch.replace([1, 2], complete=True)
    stretch.arrive([8, 9], missed=5)
    assert rows(stretch) == [9, 8]
    assert not stretch.complete


@given(st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.integers(0, 3)), max_size=40))
def test_it_never_has_a_hole_or_a_repeat(steps: list[tuple[int, bool, int]]) -> None:
    stretch = window(7)
    number = 0
    for count, hold, missed in steps:
        number += missed
        stretch.held = hold
        if not hold:
            stretch.follow()
        stretch.arrive(list(range(number + 1, number + count + 1)), missed=missed)
        number += count
        shown = rows(stretch)
        assert shown == list(range(shown[0], shown[-1] - 1, -1)) if shown else True
        assert stretch.newest + stretch.waiting == number, "what waits is counted, missed or not"
