"""What the welcome card has the app do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WelcomeActions:
    """What the app does for the card. `webhook_line` is a whole command line for a terminal, ready to be pasted."""

    webhook_line: str
    show_link: Callable[[], object]
    open_folder: Callable[[], object]
    simulator_line: str
    """The command that starts this program with the ALEX OS simulator."""
    models: ModelOffer | None = None
    spawn_agent: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """What is known of models, in words that follow what is found; how to look again, get better ones, be content with what there is."""

    words: Callable[[], str]
    look: Callable[[], object]
    improve: Callable[[], object]
    take: Callable[[], object]
