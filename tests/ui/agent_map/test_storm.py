"""Whatever happens in whatever order: the map shows what the directory says, no more and no less."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainbot_desktop.core.events import Event
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.sprites import ENDED, STATES
from tests.helpers.agent_events import disentangled, entangled, guest_appeared, guest_left, moved, spawned, terminated
from tests.ui.agent_map.conftest import Stage

IDS = st.sampled_from([f"a{n}" for n in range(12)])
LINKS = st.sampled_from([f"e{n}" for n in range(6)])
WORDS = st.sampled_from(["running", "idle", "needs_input", "waiting", "failed", "something else"])
PLACES = st.tuples(st.integers(-2_000, 2_000), st.integers(-2_000, 2_000))


def events() -> st.SearchStrategy[Event]:
    return st.one_of(
        st.builds(lambda id_, word: spawned(id_, status=word), IDS, WORDS),
        st.builds(terminated, IDS),
        st.builds(lambda id_, word: guest_appeared(id_, status=word), IDS, WORDS),
        st.builds(guest_left, IDS),
        st.builds(lambda id_, place: moved(id_, *place), IDS, PLACES),
        st.builds(lambda id_, members: entangled(id_, *members), LINKS, st.lists(IDS, min_size=2, max_size=4, unique=True)),
        st.builds(disentangled, LINKS),
    )


def shown(stage: Stage) -> dict[str, Any]:
    """What the scene would draw: who, where and how, and the lines between them."""
    scene, places = stage.view._scene, stage.view._model.places
    nodes = {
        id_: (Point(*scene.nodes.xy[slot].tolist()), int(scene.nodes.looks[slot])) for id_, slot in scene.nodes.slot_of.items()
    }
    edges = scene.edges
    lines = {
        (link.entanglement_id, places.ids[source], places.ids[target])
        for link, source, target in zip(edges.links, edges.source.tolist(), edges.target.tolist(), strict=True)
    }
    return {"nodes": nodes, "lines": lines}


def told(stage: Stage) -> dict[str, Any]:
    """What the directory says of them; a place that nobody gave is the map's own affair."""
    agents = {agent.id: agent for agent in stage.directory.agents}
    nodes = {}
    for agent in agents.values():
        place = Point(agent.place.x, agent.place.y) if agent.place is not None else stage.place(agent.id)
        nodes[agent.id] = (place, STATES.index(agent.state) + (ENDED if agent.ended else 0))
    lines = {
        (link.id, source, target)
        for link in stage.directory.entanglements
        for source, target in link.pairs
        if all(id_ in agents and not agents[id_].ended for id_ in (source, target))
    }
    return {"nodes": nodes, "lines": lines}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(storm=st.lists(events(), min_size=1, max_size=40))
def test_the_map_equals_the_directory_after_any_storm(stage: Stage, storm: list[Event]) -> None:
    stage.happen(*storm)
    assert shown(stage) == told(stage)
    assert stage.view._model.total == len(stage.directory.agents)
    assert sum(stage.view._model.counts.values()) == len(stage.directory.agents)


def test_a_slot_that_is_used_again_keeps_nothing_of_who_had_it(stage: Stage) -> None:
    stage.happen(spawned("a"), guest_appeared("g", status="needs_input"))
    stage.act(lambda: stage.view.select("g"))
    slot = stage.view._scene.nodes.slot_of["g"]
    stage.happen(guest_left("g"), spawned("b", status="running"))
    scene = stage.view._scene
    assert scene.nodes.slot_of["b"] == slot
    assert not scene.nodes.live[slot]
    assert shown(stage) == told(stage)
    assert not np.isnan(scene.nodes.xy).any()
