"""Keys that configurations name and never hold. Blocks: the keyring may have to be asked over D-Bus."""

from __future__ import annotations

from collections.abc import Mapping

from chainbot_desktop.agents.kind import AgentContext
from chainbot_desktop.core.errors import Unavailable


def needed_secret(context: AgentContext, name: str) -> str:
    """Unavailable, with how to keep one, where there is none of this name."""
    value = context.secret(name)
    if not value:
        raise Unavailable(
            f"There is no secret {name!r}.", hint=f"Keep one with: chainbot-desktop secret set {name}", code="no_secret"
        )
    return value


def secret_environment(context: AgentContext, named: Mapping[str, str]) -> dict[str, str]:
    """Environment variables with the secrets that `named` gives for them."""
    return {variable: needed_secret(context, name) for variable, name in named.items()}
