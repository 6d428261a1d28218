"""The headers of a request with the keys in them, and how keys are kept out of what is shown."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from chainbot_desktop.agents.kind import AgentContext
from chainbot_desktop.agents.kinds.api.config import ApiConfig
from chainbot_desktop.agents.kinds.api.headers import value_problem
from chainbot_desktop.agents.kinds.secrets import needed_secret
from chainbot_desktop.core.errors import ChainBotError, Unavailable

_SHORTEST_HIDDEN = 6
"""Characters. To leave out something shorter would take other words apart."""


class Hidden:
    """Secrets as they are, and as JSON or an address would repeat them; longest first, so that none is left by half."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST_HIDDEN for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)

    def out_of(self, text: str) -> str:
        """`text` without them, and without halves of characters, which an API may send and nothing here can keep."""
        text = text.encode("utf-8", "replace").decode()
        for form in self._forms:
            text = text.replace(form, "…")
        return text

    def out_of_error(self, error: ChainBotError) -> ChainBotError:
        """The same error without them."""
        error.message, error.hint = self.out_of(error.message), self.out_of(error.hint)
        error.args = (error.message,)
        return error


@dataclass(frozen=True, slots=True)
class Keys:
    """`headers` are all that the configuration sets, the secret ones too."""

    headers: Mapping[str, str]
    hidden: Hidden


def read_keys(context: AgentContext, config: ApiConfig) -> Keys:
    """Blocks. Unavailable, naming the secret, where one is missing or cannot be sent."""
    headers, secrets = dict(config.headers), []
    for name, secret_name in config.secret_headers.items():
        secret = headers[name] = _sendable(secret_name, needed_secret(context, secret_name))
        secrets.append(secret)
    auth = config.auth
    if auth.type == "none":
        return Keys(headers, Hidden(secrets))
    secret = needed_secret(context, auth.secret)
    if auth.type == "basic":
        both = b64encode(f"{auth.user}:{secret}".encode()).decode()
        headers["Authorization"] = f"Basic {both}"
        return Keys(headers, Hidden([*secrets, both, secret]))
    _sendable(auth.secret, secret)
    headers[auth.sets] = secret if auth.type == "header" else f"Bearer {secret}"
    return Keys(headers, Hidden([*secrets, secret]))


def _sendable(name: str, secret: str) -> str:
    if problem := value_problem(secret):
        raise Unavailable(
            f"The secret {name!r} cannot be sent in a header: {problem}.",
            hint=f"Keep it again with: chainbot-desktop secret set {name}",
            code="bad_secret",
        )
    return secret


def _forms(secret: str) -> tuple[str, ...]:
    return (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
    )
