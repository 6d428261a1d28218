"""Where the rows stand, against rows that are really laid out under one another."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.ui.watchtower.logs.position import BAR_MOST, Position
from chainbot_desktop.watch.logs.document import LogRow


class Many:
    """Rows of numbers alone; each is as many lines high as its number says."""

    def __init__(self, count: int, first: int = 0) -> None:
        self.count = count
        self.first = first

    def rows(self, first: int, count: int) -> Sequence[LogRow]:
        end = min(self.count, first + count)
        return [LogRow(self.first + n, None, 0, "file", "", "") for n in range(max(0, first), end)]

    def place_of(self, number: int) -> int:
        return min(max(0, number - self.first), self.count)


def lines_of(row: LogRow) -> int:
    return 1 + row.number % 3


def position(room: int, *, wrapped: bool) -> Position:
    made = Position()
    made.height, made.room = 10, room
    made.lines_of = lines_of if wrapped else None
    return made


def top_of(at: Position, rows: Many) -> int:
    """Pixels above the top, counted row by row."""
    tall = [lines_of(row) * 10 if at.lines_of else 10 for row in rows.rows(0, at.place)]
    return sum(tall) + at.offset


@given(st.integers(0, 60), st.integers(1, 200), st.booleans(), st.lists(st.integers(-900, 900), max_size=8))
def test_moving_is_as_if_all_rows_were_one_tall_sheet(count: int, room: int, wrapped: bool, moves: list[int]) -> None:
    rows, at = Many(count), position(room, wrapped=wrapped)
    whole = sum(lines_of(row) * 10 if wrapped else 10 for row in rows.rows(0, count))
    top = 0
    for pixels in moves:
        at.move(rows, pixels)
        top = max(0, min(top + pixels, whole - room))
        assert top_of(at, rows) == top
    at.to_end(rows)
    assert top_of(at, rows) == max(0, whole - room)
    assert at.at_end(rows)


@given(st.integers(1, 60), st.integers(20, 200), st.booleans(), st.integers(0, 59), st.integers(0, 59))
def test_revealing_shows_the_whole_row_and_moves_no_further(
    count: int, room: int, wrapped: bool, start: int, place: int
) -> None:
    rows, at = Many(count), position(room, wrapped=wrapped)
    place = min(place, count - 1)
    at.go(rows, start)
    at.reveal(rows, place)
    top = top_of(at, rows)
    above = sum(lines_of(row) * 10 if wrapped else 10 for row in rows.rows(0, place))
    tall = lines_of(rows.rows(place, 1)[0]) * 10 if wrapped else 10
    assert top <= above
    assert above + tall <= top + max(room, tall)


def test_the_row_at_the_top_stays_when_others_go_and_come() -> None:
    rows, at = Many(100), position(50, wrapped=False)
    at.go(rows, 40, 3)
    at.keep(Many(140, first=20))
    assert (at.place, at.offset) == (20, 3)
    at.keep(Many(100, first=60))
    assert (at.place, at.offset) == (0, 3), "its line is gone: the first that is kept"


def test_billions_of_rows_fit_the_scroll_bar() -> None:
    rows, at = Many(5_000_000_000), position(600, wrapped=False)
    at.to_end(rows)
    value, maximum, page = at.bar(rows)
    assert value == maximum <= BAR_MOST
    assert page >= 1
    at.move(rows, -10)
    assert at.place == 5_000_000_000 - 61, "a row is a row, however many there are"
    at.from_bar(rows, maximum // 2, maximum)
    assert abs(at.place - 2_500_000_000) < 100
    at.from_bar(rows, maximum, maximum)
    assert at.at_end(rows)
