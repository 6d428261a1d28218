"""An event of ALEX OS is one event, whichever way it reaches us: webhook, event bus, or its event store."""

from __future__ import annotations

from hashlib import sha256

from chainbot_desktop.core.ports import IdempotencyKey

ALEXOS_SCOPE = "alexos"


def remote_key(remote_id: str) -> IdempotencyKey:
    """The key under which an event of ALEX OS is remembered.

    Its digest depends on the id alone, because the same event has another shape on each way.
    """
    return IdempotencyKey(ALEXOS_SCOPE, remote_id, sha256(remote_id.encode()).hexdigest())
