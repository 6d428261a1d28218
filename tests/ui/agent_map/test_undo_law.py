"""Whatever a person moves, links, releases, undoes and redoes: the journal and the map say the same, and it is the right thing."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.history import History, Move
from chainbot_desktop.ui.theme import ThemeSource
from tests.ui.acting import act
from tests.ui.agent_map.steering import Steering, open_steering

WHO = st.integers(0, 2)
PLACES = st.integers(-400, 400)
STEPS = st.lists(
    st.just(("undo",))
    | st.just(("redo",))
    | st.tuples(st.just("move"), st.lists(WHO, min_size=1, max_size=3, unique=True), PLACES, PLACES)
    | st.tuples(st.just("link"), st.lists(WHO, min_size=2, max_size=3, unique=True), st.sampled_from(["data", "control"]))
    | st.tuples(st.just("release"), st.integers(0, 5)),
    min_size=1,
    max_size=14,
)

State = tuple[tuple[tuple[float, float], ...], tuple[tuple[str, tuple[str, ...]], ...]]


@pytest.fixture
def steering(
    qapp: QApplication,
    theme_source: ThemeSource,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    tmp_path: Path,
) -> Iterator[Steering]:
    theme_source.apply_to(qapp)
    opening = open_steering(tmp_path, theme_source, on_loop)
    steering = on_loop(opening.__aenter__())
    yield steering
    on_loop(opening.__aexit__(None, None, None))
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    theme_source.select("auto")


class Law:
    """The plainest reference there is: every state that was, and where one is among them."""

    def __init__(self, steering: Steering, ids: list[str]) -> None:
        self.steering, self.ids = steering, ids
        self.undo = steering.view.hands.undo
        self.undo.history = History()
        self.undo.changed.emit()
        for number, id_ in enumerate(ids):
            steering.on_loop(steering.house.directory.move(id_, number * 300.0, 0.0, "user:tester"))
        for link in steering.house.directory.entanglements:
            steering.on_loop(steering.links.release(link.id, actor="user:tester"))
        steering.settle()
        self.states, self.at = [self.now(steering.house.directory)], 0

    def now(self, directory: AgentDirectory) -> State:
        agents = [directory.get(id_) for id_ in self.ids]
        places = tuple((agent.place.x, agent.place.y) for agent in agents if agent is not None and agent.place is not None)
        return places, tuple(sorted((link.kind, link.agents) for link in directory.entanglements))

    def step(self, step: tuple[Any, ...]) -> None:
        places, links = self.states[self.at]
        match step:
            case ("undo",):
                act(self.steering.run, self.undo.undo)
                self.at = max(0, self.at - 1)
            case ("redo",):
                act(self.steering.run, self.undo.redo)
                self.at = min(len(self.states) - 1, self.at + 1)
            case ("move", who, dx, dy):
                moved = {n: Point(places[n][0] + dx, places[n][1] + dy) for n in who}
                moves = tuple(Move(self.ids[n], Point(*places[n]), point) for n, point in moved.items())
                act(self.steering.run, partial(self.steering.view.canvas.dropped.emit, moves))
                after = [moved.get(n, Point(*place)) for n, place in enumerate(places)]
                self._reached((tuple((point.x, point.y) for point in after), links))
            case ("link", who, kind):
                members = tuple(self.ids[n] for n in who)
                act(self.steering.run, lambda: self.undo.link(kind, "", members, lambda _: None))
                self._reached((places, tuple(sorted((*links, (kind, members))))))
            case ("release", which) if links:
                link = sorted(self.steering.house.directory.entanglements, key=lambda each: (each.kind, each.agents))
                chosen = link[which % len(link)]
                act(self.steering.run, partial(self.undo.release, chosen.id))
                rest = list(links)
                rest.remove((chosen.kind, chosen.agents))
                self._reached((places, tuple(rest)))

    def check(self) -> None:
        view, directory = self.steering.view, self.steering.house.directory
        assert self.now(directory) == self.states[self.at]
        assert tuple(tuple(view._model.places[id_]) for id_ in self.ids) == self.states[self.at][0]
        shown = {link.entanglement_id for link in view._model.links}
        assert shown == {link.id for link in directory.entanglements}
        assert view.undo_button.isEnabled() == self.undo.history.can_undo == (self.at > 0)
        assert self.undo.history.can_redo == (self.at < len(self.states) - 1)
        assert not [message for message in self.steering.messages if message.severity == "error"]

    def _reached(self, state: State) -> None:
        self.states, self.at = [*self.states[: self.at + 1], state], self.at + 1


def test_undo_and_redo_walk_through_what_was_done(steering: Steering) -> None:
    ids = [steering.spawn(name) for name in ("Ada", "Bob", "Cleo")]

    @settings(max_examples=12, deadline=None)
    @given(STEPS)
    def law(steps: list[tuple[Any, ...]]) -> None:
        walk = Law(steering, ids)
        for step in steps:
            walk.step(step)
            steering.settle()
            walk.check()

    law()


def test_a_hundred_steps_are_remembered_and_no_more(steering: Steering) -> None:
    ada = steering.spawn("Ada")
    steering.on_loop(steering.house.directory.move(ada, 0.0, 0.0, "user:tester"))
    steering.settle()
    canvas, undo = steering.view.canvas, steering.view.hands.undo
    moves = [(Move(ada, Point(n, 0), Point(n + 1, 0)),) for n in range(105)]
    act(steering.run, *(partial(canvas.dropped.emit, move) for move in moves))
    steering.settle()
    act(steering.run, *[undo.undo] * 105)
    steering.settle()
    assert steering.view._model.places[ada] == Point(5, 0)
    assert not undo.history.can_undo
