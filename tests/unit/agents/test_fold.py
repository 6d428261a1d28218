"""What the directory makes of the events it is told, in the order in which it is told them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from chainbot_desktop.agents.fold import ENDED_KEPT, SPARE_PLACES_KEPT, AgentFold
from chainbot_desktop.agents.records import Agent, Origin, Place
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.core.events import Event, Recorded, Severity
from tests.helpers.agent_events import (
    disentangled,
    entangled,
    guest_appeared,
    guest_changed,
    guest_left,
    health_reported,
    moved,
    spawned,
    terminated,
)


def fold_of(*events: Event) -> AgentFold:
    fold = AgentFold()
    tell(fold, events)
    return fold


def tell(fold: AgentFold, events: Iterable[Event], first_seq: int = 1) -> None:
    for seq, event in enumerate(events, first_seq):
        fold.apply(Recorded(seq, event, "", ""))


def only(fold: AgentFold) -> Agent:
    (agent,) = fold.agents.values()
    return agent


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("running", AgentState.WORKING),
        ("In Progress", AgentState.WORKING),
        ("waiting-for-input", AgentState.NEEDS_INPUT),
        ("degraded", AgentState.WAITING),
        ("online", AgentState.IDLE),
        ("offline", AgentState.UNKNOWN),
        ("Completed", AgentState.DONE),
        ("ERROR", AgentState.FAILED),
        ("contemplating", AgentState.UNKNOWN),
    ],
)
def test_a_word_means_a_state_and_is_kept_as_it_was_said(word: str, state: AgentState) -> None:
    agent = only(fold_of(spawned("a", status=word)))
    assert (agent.state, agent.status) == (state, word)


def test_a_spawn_tells_everything_and_nothing_is_lost() -> None:
    event = spawned(
        "a",
        agent_name="Coder",
        agent_type="assistant",
        status="running",
        user_id="ann",
        timestamp="2026-01-02T03:04:05Z",
        task="editing  api/routes\nagents.py",
        capabilities=["edit", 7, "test"],
        model="qwen3",
        budget={"tokens": 1000},
    )
    agent = only(fold_of(event))
    assert (agent.name, agent.kind, agent.user) == ("Coder", "assistant", "ann")
    assert agent.activity == "editing api/routes agents.py"
    assert agent.capabilities == ("edit", "test")
    assert agent.model_backed
    assert agent.metadata["budget"] == {"tokens": 1000}
    assert agent.metadata["timestamp"] == "2026-01-02T03:04:05Z"
    assert agent.created_at == agent.last_active == event.time


def test_a_second_spawn_of_a_living_agent_changes_only_what_it_says() -> None:
    first = spawned("a", agent_name="Coder", agent_type="assistant", status="running", model="m")
    agent = only(fold_of(first, spawned("a", status="idle")))
    assert (agent.name, agent.kind, agent.state) == ("Coder", "assistant", AgentState.IDLE)
    assert agent.created_at == first.time
    assert agent.metadata["model"] == "m"


def test_an_end_keeps_the_agent_and_a_new_spawn_is_a_new_life() -> None:
    fold = fold_of(spawned("a", agent_name="Coder", model="m"), moved("a", 3, 4), terminated("a", reason="finished"))
    ended = only(fold)
    assert (ended.state, ended.reason, ended.ended) == (AgentState.DONE, "finished", True)
    again = spawned("a", status="running")
    tell(fold, [again], 4)
    agent = only(fold)
    assert (agent.ended, agent.reason, agent.name, agent.born_seq) == (False, "", "a", 4)
    assert agent.created_at == again.time
    assert "model" not in agent.metadata
    assert agent.place == Place(3, 4)


@pytest.mark.parametrize("how", [{"status": "crashed"}, {"severity": Severity.ERROR}])
def test_a_bad_end_is_a_failure(how: dict[str, object]) -> None:
    assert only(fold_of(spawned("a"), terminated("a", **how))).state is AgentState.FAILED  # type: ignore[arg-type]


def test_the_first_end_stands_when_it_is_told_twice() -> None:
    agent = only(fold_of(spawned("a"), terminated("a", status="failed", reason="out of memory"), terminated("a")))
    assert (agent.state, agent.reason, agent.last_seq) == (AgentState.FAILED, "out of memory", 2)


def test_an_end_before_the_spawn_is_known_and_the_spawn_brings_it_to_life() -> None:
    fold = fold_of(terminated("a", agent_name="Coder"))
    assert (only(fold).state, only(fold).name) == (AgentState.DONE, "Coder")
    tell(fold, [spawned("a", status="running")], 2)
    assert only(fold).state is AgentState.WORKING


def test_the_oldest_ended_agents_go_and_the_living_stay() -> None:
    fold = fold_of(spawned("alive"), *(terminated(f"e{n}") for n in range(ENDED_KEPT + 5)))
    assert len(fold.agents) == ENDED_KEPT + 1
    assert "alive" in fold.agents
    assert "e4" not in fold.agents
    assert "e5" in fold.agents


def test_a_place_is_kept_for_an_agent_that_is_yet_to_come() -> None:
    fold = fold_of(moved("a", 1, 2), moved("a", -5.5, 6), spawned("a"))
    assert only(fold).place == Place(-5.5, 6)
    assert not fold.spare_places


def test_places_of_strangers_do_not_grow_for_ever() -> None:
    fold = fold_of(*(moved(f"s{n}", n, n) for n in range(SPARE_PLACES_KEPT + 3)))
    assert len(fold.spare_places) == SPARE_PLACES_KEPT
    assert "s2" not in fold.spare_places


def test_attention_makes_an_agent_need_input_and_a_later_word_takes_it_back() -> None:
    fold = fold_of(spawned("a", requires_attention=True, status="running", question="push to main?"))
    assert (only(fold).state, only(fold).attention) == (AgentState.NEEDS_INPUT, "push to main?")
    tell(fold, [spawned("a", status="running")], 2)
    assert (only(fold).state, only(fold).attention) == (AgentState.WORKING, "")


def test_guests_come_change_and_go_and_their_place_waits_for_them() -> None:
    fold = fold_of(guest_appeared("g", name="watchtower", agent_type="monitor", status="online", description="keeps watch"))
    guest = only(fold)
    assert (guest.origin, guest.kind, guest.state, guest.activity) == (Origin.GUEST, "monitor", AgentState.IDLE, "keeps watch")
    tell(fold, [moved("g", 7, 8), guest_changed("g", status="degraded"), guest_left("g")], 2)
    assert not fold.agents
    tell(fold, [guest_appeared("g", status="online")], 5)
    assert only(fold).place == Place(7, 8)


def test_a_row_of_alex_os_does_not_change_one_of_ours_while_it_lives() -> None:
    fold = fold_of(spawned("a", status="running"), guest_appeared("a", status="offline"), guest_left("a"))
    assert (only(fold).origin, only(fold).state) == (Origin.OWN, AgentState.WORKING)
    tell(fold, [terminated("a"), guest_changed("a", status="online")], 4)
    assert (only(fold).origin, only(fold).state) == (Origin.GUEST, AgentState.IDLE)
    tell(fold, [spawned("a", status="running")], 6)
    assert only(fold).origin is Origin.OWN


def test_an_entanglement_goes_from_the_first_agent_to_each_other_and_repeats_count_once() -> None:
    fold = fold_of(entangled("e", "a", "b", "a", "c", name="pair"))
    assert fold.entanglements["e"].pairs == (("a", "b"), ("a", "c"))
    tell(fold, [entangled("e", "b", "c")], 2)
    again = fold.entanglements["e"]
    assert again.name == "pair"
    assert again.pairs == (("b", "c"),)
    assert not fold.links_of("a")
    tell(fold, [disentangled("e"), disentangled("e"), disentangled("never")], 3)
    assert not fold.entanglements
    assert not fold.links_of("b")


def test_what_ends_or_leaves_is_released_from_its_entanglements() -> None:
    fold = fold_of(
        spawned("a"),
        spawned("b"),
        guest_appeared("g"),
        entangled("trio", "a", "b", "g"),
        entangled("pair", "g", "b"),
        terminated("a"),
    )
    assert fold.entanglements["trio"].agents == ("b", "g")
    tell(fold, [guest_left("g")], 7)
    assert not fold.entanglements


def test_a_report_counts_for_the_agent_whose_id_or_only_name_it_bears() -> None:
    fold = fold_of(spawned("a", agent_name="Coder"), spawned("b", agent_name="Twin"), spawned("c", agent_name="Twin"))
    reports = [
        health_reported("Coder", status_id="healthy", workflow_state="running", activity="compiling"),
        health_reported("Twin", status_id="unhealthy"),
        health_reported("nobody", status_id="unhealthy"),
        health_reported("b", status_id="degraded", requires_attention=True, attention_reason="disk full"),
    ]
    tell(fold, reports, 4)
    assert (fold.agents["a"].state, fold.agents["a"].activity) == (AgentState.WORKING, "compiling")
    assert (fold.agents["b"].state, fold.agents["b"].attention) == (AgentState.NEEDS_INPUT, "disk full")
    assert fold.agents["c"].state is AgentState.IDLE
    assert set(fold.agents) == {"a", "b", "c"}


def test_a_report_of_an_agent_that_has_ended_does_not_wake_it() -> None:
    assert only(fold_of(spawned("a"), terminated("a"), health_reported("a", status_id="healthy"))).state is AgentState.DONE


def test_a_change_names_what_changed_and_nothing_else() -> None:
    fold = fold_of(spawned("a"), spawned("b"), entangled("e", "a", "b"))
    change = fold.apply(Recorded(4, terminated("a"), "", ""))
    assert (change.agents, change.entanglements) == (frozenset({"a"}), frozenset({"e"}))
    assert not fold.apply(Recorded(5, terminated("a"), "", ""))
    assert not fold.apply(Recorded(6, moved("stranger", 1, 1), "", ""))
