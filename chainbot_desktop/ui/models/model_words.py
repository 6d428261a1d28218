"""What is known of the models, in a sentence each: honest about the one that only demonstrates. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

from chainbot_desktop.agents.models.gateway import ProviderStatus

DEMONSTRATION = "Demonstration model, answers are often wrong"


def models_in_words(statuses: Sequence[ProviderStatus]) -> str:
    """One line for each provider that was set up or found."""
    lines = [_line(status) for status in statuses if status.state != "unconfigured"]
    return "\n".join(lines) or "No model is set up."


def has_good_one(statuses: Sequence[ProviderStatus]) -> bool:
    return any(status.state == "ready" and not status.demonstration for status in statuses)


def _line(status: ProviderStatus) -> str:
    if status.demonstration:
        return f"{status.name}: {DEMONSTRATION.lower()}" + ("." if status.state == "ready" else f" ({status.state}).")
    if status.state == "ready":
        count = len(status.models)
        return f"{status.name}: ready, {count} {'model' if count == 1 else 'models'}."
    return f"{status.name}: {status.state}" + (f". {status.reason}" if status.reason else ".")
