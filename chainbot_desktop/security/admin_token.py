"""The token that opens everything, made at the first start."""

from __future__ import annotations

import secrets
from hashlib import sha256
from hmac import compare_digest

from chainbot_desktop.security.secret_store import SecretStore

ADMIN_TOKEN = "admin token"  # noqa: S105 - its name
"""The name under which it is kept."""


class AdminToken:
    """Compares what a caller shows with the token, in a time that tells nothing of either."""

    def __init__(self, token: str) -> None:
        self._digest = sha256(token.encode()).digest()

    def matches(self, shown: str) -> bool:
        return compare_digest(sha256(shown.encode(errors="surrogateescape")).digest(), self._digest)


def read_token(store: SecretStore) -> str | None:
    """The token of this data directory, if one was made. May block."""
    return store.get(ADMIN_TOKEN)


def read_or_make_token(store: SecretStore) -> str:
    """As `read_token`; made and kept if there is none. May block."""
    token = store.get(ADMIN_TOKEN)
    if token is None:
        token = secrets.token_urlsafe(32)
        store.set(ADMIN_TOKEN, token)
    return token
