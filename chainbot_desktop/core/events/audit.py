"""The journal about itself: verified, pruned, exported."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from chainbot_desktop.core.events.envelope import Event


class ChainVerdict(BaseModel):
    """`fault` is empty where all is well; `vouched` is the newest event that a head kept outside of the database vouches for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ok: bool
    checked: int
    first_seq: int
    broken_at: int | None = None
    fault: str = ""
    reason: str = ""
    vouched: int = 0


class ChainVerified(Event):
    """The whole chain was computed again. Told when the verdict is another than the last one, or a person asked."""

    type: Literal["chain_verified"] = "chain_verified"
    data: ChainVerdict


class Pruning(BaseModel):
    """All events up to `last_seq` are no more; `last_hash` was the hash of this one: what is left is verified from there on.

    `signature` (Ed25519, base64) is by `key` (base64) over the head that `security.checkpoints` keeps: `seq`, `hash`, `time`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_seq: int
    last_seq: int
    last_hash: str
    first_time: str
    last_time: str
    time: str
    key: str
    signature: str


class JournalPruned(Event):
    """The anchor. It is durable before the first event goes."""

    type: Literal["journal_pruned"] = "journal_pruned"
    data: Pruning


class Exported(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str
    first_seq: int
    last_seq: int
    count: int
    sha256: str
    key_fingerprint: str


class AuditExported(Event):
    """Somebody took a copy of the audit trail out of the house."""

    type: Literal["audit_exported"] = "audit_exported"
    data: Exported
