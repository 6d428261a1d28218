"""The states an agent can be in, and which of them the words of webhooks and of ALEX OS mean.

Other programs say what they like ("running", "online", "degraded"). The word is kept and shown; the state decides shape and
colour.
"""

from __future__ import annotations

from enum import StrEnum


class AgentState(StrEnum):
    NEEDS_INPUT = "needs_input"
    WORKING = "working"
    WAITING = "waiting"
    IDLE = "idle"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


ENDED = frozenset({AgentState.DONE, AgentState.FAILED})

_WORDS: dict[AgentState, str] = {
    AgentState.NEEDS_INPUT: (
        "needs_input need_input input_required waiting_for_input awaiting_input waiting_for_user waiting_for_human "
        "needs_approval awaiting_approval waiting_for_approval attention attention_required requires_attention needs_attention"
    ),
    AgentState.WORKING: "working running busy active executing processing in_progress started thinking streaming",
    # What limps along is held back by something: it is neither at rest nor lost.
    AgentState.WAITING: "waiting queued pending paused suspended blocked starting initializing spawning restarting "
    "stopping degraded",
    AgentState.IDLE: "idle spawned created ready online healthy available connected ok standby sleeping",
    AgentState.DONE: (
        "done completed complete finished success succeeded stopped terminated exited killed cancelled canceled ended"
    ),
    AgentState.FAILED: "failed failure error errored crashed unhealthy dead timeout timed_out critical",
    # Nobody can tell what something out of reach is doing.
    AgentState.UNKNOWN: "unknown offline unreachable disconnected",
}

_STATES: dict[str, AgentState] = {word: state for state, words in _WORDS.items() for word in words.split()}


def state_of_word(word: str) -> AgentState:
    """The state that `word` means; UNKNOWN for a word that nobody has agreed on."""
    return _STATES.get("_".join(word.lower().replace("-", " ").replace("_", " ").split()), AgentState.UNKNOWN)


def end_of_word(word: str) -> AgentState:
    """The state of an agent that has ended, with the last word that was said of it."""
    return AgentState.FAILED if state_of_word(word) is AgentState.FAILED else AgentState.DONE
