"""The link to ALEX OS in a word, a shape and a colour. The keys are the values of core.link.LinkState (imported by no one here:
the shell is painted before pydantic is loaded)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkLook:
    icon: str
    word: str
    token: str


_LOOKS = {
    "unregistered": LinkLook("state-idle", "Not linked", "idle"),
    "registering": LinkLook("state-waiting", "Linking", "waiting"),
    "registered": LinkLook("state-done", "Linked", "done"),
    "degraded": LinkLook("state-needs-input", "Degraded", "needs_input"),
    "retrying": LinkLook("state-waiting", "Retrying", "waiting"),
    "failed": LinkLook("state-failed", "No link", "failed"),
    "disabled": LinkLook("state-idle", "Link off", "idle"),
}


def link_look(state: str) -> LinkLook:
    """Raises KeyError for a state that LinkState does not have (a test holds the two together)."""
    return _LOOKS[state]
