"""Points by where they are: what is here, what is near, is there room. A hash of cells, so that thousands cost no more than ten."""

from __future__ import annotations

from collections.abc import Iterator

from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, CELL_HEIGHT, CELL_WIDTH, Box, Point

# Cards closer than this look like one.
_CLEAR_X = CARD_WIDTH + 8
_CLEAR_Y = CARD_HEIGHT + 8


class PlaceIndex:
    """Ids at their points. Of several cards on one spot the one that was put there last lies on top."""

    def __init__(self) -> None:
        self._points: dict[str, Point] = {}
        self._cells: dict[tuple[int, int], dict[str, None]] = {}
        self.version = 0
        """Another after every change."""

    def __len__(self) -> int:
        return len(self._points)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._points

    def __iter__(self) -> Iterator[tuple[str, Point]]:
        return iter(self._points.items())

    def __getitem__(self, id_: str) -> Point:
        return self._points[id_]

    def get(self, id_: str) -> Point | None:
        return self._points.get(id_)

    def put(self, id_: str, point: Point) -> None:
        self.remove(id_)
        self.version += 1
        self._points[id_] = point
        self._cells.setdefault(_cell(point), {})[id_] = None

    def remove(self, id_: str) -> None:
        point = self._points.pop(id_, None)
        if point is not None:
            self.version += 1
            ids = self._cells[_cell(point)]
            del ids[id_]
            if not ids:
                del self._cells[_cell(point)]

    def within(self, box: Box) -> list[str]:
        """Whose middle lies in `box`, bottom to top."""
        left, top = _cell(Point(box.left, box.top))
        right, bottom = _cell(Point(box.right, box.bottom))
        if (right - left + 1) * (bottom - top + 1) >= len(self._cells):
            return [id_ for id_, point in self._points.items() if box.holds(point)]
        return [
            id_
            for column in range(left, right + 1)
            for row in range(top, bottom + 1)
            for id_ in self._cells.get((column, row), ())
            if box.holds(self._points[id_])
        ]

    def is_free(self, point: Point) -> bool:
        """Whether a card at `point` would touch no other."""
        box = Box(point.x - _CLEAR_X, point.y - _CLEAR_Y, point.x + _CLEAR_X, point.y + _CLEAR_Y)
        return not any(
            abs(point.x - self._points[id_].x) < _CLEAR_X and abs(point.y - self._points[id_].y) < _CLEAR_Y
            for id_ in self.within(box)
        )

    def bounds(self) -> Box | None:
        """Around the middles of all; None when there is nothing."""
        if not self._points:
            return None
        xs = [point.x for point in self._points.values()]
        ys = [point.y for point in self._points.values()]
        return Box(min(xs), min(ys), max(xs), max(ys))


def _cell(point: Point) -> tuple[int, int]:
    return int(point.x // CELL_WIDTH), int(point.y // CELL_HEIGHT)
