"""Where the agents that nobody has placed stand: at once beside their neighbours or in a grid, and as one of the layouts on request.

What did not change does not jump: newcomers find room beside those that are there, and only a person's wish, or a group that somebody
enters, has all of them laid out again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Mapping
from typing import Literal, get_args

from PySide6.QtCore import QObject, QTimer, Signal

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.geometry import CELL_HEIGHT, CELL_WIDTH, Point
from chainbot_desktop.ui.agent_map.layouts.request import LayoutKind, LayoutRequest
from chainbot_desktop.ui.agent_map.model import Group, LayoutTask, MapDelta, MapModel
from chainbot_desktop.ui.agent_map.services import MapServices
from chainbot_desktop.ui.agent_map.shapes import LABELS
from chainbot_desktop.ui.view import Message

Mode = Literal["layered", "organic", "grid", "manual"]
Grouping = Literal["", "state", "entanglement"]

MODES: Mapping[Mode, str] = {"layered": "Layered", "organic": "Organic", "grid": "Grid", "manual": "As placed by hand"}
GROUPINGS: Mapping[Grouping, str] = {"": "No groups", "state": "By state", "entanglement": "By entanglement"}
ALONE = "Not entangled"

_APART_FROM = 400
"""From so many nodes on newcomers are placed in a thread; so many at once are put into a grid first."""
_REGROUP_MS = 300
_MODE, _GROUPING = "map.layout", "map.grouping"


class Arranger(QObject):
    """`aspect`: width to height of the ground that is seen."""

    settled = Signal(object, bool)
    """A `MapDelta`, and whether its nodes shall glide to their new places."""
    arranged = Signal()
    """Everything has found a new place, on somebody's wish."""
    changed = Signal()
    """Another mode or grouping."""
    refused = Signal(object)
    """A `Message`."""

    def __init__(
        self, model: MapModel, services: MapServices, tasks: Tasks, aspect: Callable[[], float], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._layouts = services.layouts
        self._memory = services.memory
        self._tasks = tasks
        self._aspect = aspect
        mode, grouping = services.memory.known.get(_MODE), services.memory.known.get(_GROUPING)
        self.mode: Mode = mode if self._layouts is not None and mode in get_args(Mode) else "layered"  # type: ignore[assignment]
        self.grouping: Grouping = grouping if self._layouts is not None and grouping in get_args(Grouping) else ""  # type: ignore[assignment]
        self._groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
        self._titles: dict[str, str] = {}
        self._placing = False
        self._asked = 0
        self._regroup = QTimer(self, singleShot=True, interval=_REGROUP_MS)
        self._regroup.timeout.connect(lambda: self._ask(again=True))

    @property
    def can_arrange(self) -> bool:
        return self._layouts is not None

    @property
    def busy(self) -> bool:
        """Whether places are being worked out, or soon will be."""
        return self._placing or self._regroup.isActive()

    def choose(self, mode: Mode, grouping: Grouping) -> None:
        """Another layout from now on. "manual" leaves everybody where they are."""
        if self._layouts is None:
            return
        self.mode, self.grouping = mode, grouping if mode != "manual" else ""
        self._memory.keep(_MODE, self.mode)
        self._memory.keep(_GROUPING, self.grouping)
        self.changed.emit()
        self.arrange_anew()

    def arrange_anew(self) -> None:
        """Everybody but those that were placed by hand gets another place."""
        self._regroup.stop()
        if self.mode == "manual":
            self.settled.emit(self._model.rearrange({}), False)
        else:
            self._ask(again=False)

    def place_newcomers(self) -> MapDelta:
        """Call once a frame, when the model has taken over what is new. Whoever is not in the answer comes with `settled`."""
        task = self._model.layout_task() if not self._placing else None
        if task is None:
            return MapDelta()
        if task.placed and len(task.ids) + len(task.placed) >= _APART_FROM:
            self._placing = True
            self._tasks.spawn("map: places for newcomers", self._place_apart(task))
            return MapDelta()
        many = len(task.ids) >= _APART_FROM
        delta = self._model.settle(_grid(task.ids, self._aspect()) if many else task.run())
        if not task.placed and (many or self.mode in ("organic", "grid") or self.grouping):
            self._ask(again=False, quietly=True)
        return delta

    def take_note(self, changed: Collection[str]) -> None:
        """Of agents that are different: whoever belongs to another group now moves there."""
        if self.grouping and self._layouts is not None and changed and self._grouped() != self._groups:
            self._regroup.start()

    async def _place_apart(self, task: LayoutTask) -> None:
        try:
            found = await asyncio.to_thread(task.run)
        finally:
            self._placing = False
        self.settled.emit(self._model.settle(found), False)

    def _ask(self, *, again: bool, quietly: bool = False) -> None:
        if self._layouts is None or self.mode == "manual" or not self._model.agents:
            return
        self._asked += 1
        self._tasks.spawn("map: layout", self._arrange(self._request(again=again), self._asked, quietly=quietly))

    def _request(self, *, again: bool) -> LayoutRequest:
        self._groups = self._grouped()
        kind: LayoutKind = self.mode if self.mode != "manual" else "layered"
        return LayoutRequest(
            kind,
            tuple(self._oldest_first()),
            tuple((link.source, link.target) for link in self._model.links),
            self._model.held,
            dict(self._model.places),
            self._groups,
            self._aspect(),
            again,
        )

    async def _arrange(self, request: LayoutRequest, number: int, *, quietly: bool) -> None:
        assert self._layouts is not None
        self._placing = True
        try:
            layout = await self._layouts.arrange(request)
        except ChainBotError as error:
            self.refused.emit(Message(error.message, "error", error.hint))
            return
        finally:
            if number == self._asked:
                self._placing = False
        if layout is None or number != self._asked:
            return
        groups = [Group(self._titles.get(group.key, group.key), group.box) for group in layout.groups]
        self.settled.emit(self._model.rearrange(layout.places, groups), True)
        if not request.again or quietly:
            self.arranged.emit()

    def _grouped(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if self.grouping == "state":
            return self._by_state()
        return self._by_entanglement() if self.grouping == "entanglement" else ()

    def _by_state(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        members: dict[AgentState, list[str]] = {state: [] for state in LABELS}
        for id_ in self._oldest_first():
            members[self._model.agents[id_].state].append(id_)
        return tuple((LABELS[state], tuple(ids)) for state, ids in members.items() if ids)

    def _by_entanglement(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Who is in several belongs to the first."""
        members: dict[str, dict[str, None]] = {}
        names: dict[str, str] = {}
        taken: set[str] = set()
        for link in self._model.links:
            names.setdefault(link.entanglement_id, link.name)
            group = members.setdefault(link.entanglement_id, {})
            for id_ in (link.source, link.target):
                if id_ not in taken or id_ in group:
                    taken.add(id_)
                    group[id_] = None
        groups = [(key, tuple(ids)) for key, ids in members.items() if ids]
        self._titles = {key: names[key] or self._names(ids) for key, ids in groups}
        alone = tuple(id_ for id_ in self._oldest_first() if id_ not in taken)
        return (*groups, *(((ALONE, alone),) if alone else ()))

    def _oldest_first(self) -> list[str]:
        return sorted(self._model.agents, key=lambda id_: self._model.agents[id_].born_seq)

    def _names(self, ids: Collection[str]) -> str:
        shown = [self._model.agents[id_].name for id_ in list(ids)[:3]]
        return ", ".join(shown) + (" …" if len(ids) > len(shown) else "")


def _grid(ids: Collection[str], aspect: float) -> dict[str, Point]:
    """Row after row, so that something stands on the screen before anything is worked out."""
    columns = max(1, math.ceil(math.sqrt(len(ids) * aspect * CELL_HEIGHT / CELL_WIDTH)))
    return {id_: Point(n % columns * CELL_WIDTH, n // columns * CELL_HEIGHT) for n, id_ in enumerate(ids)}
