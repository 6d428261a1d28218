"""The envelope that every event travels in, and the event whose type nobody here knows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.json_codec import Verbatim, canonical_json

GENESIS_HASH = "0" * 64
"""The `prev_hash` of the first event of a journal."""


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


Actor = Annotated[str, StringConstraints(pattern=r"^(user|device|agent|system):[^\x00-\x1f]{1,200}$")]
"""Who caused an event: `user:admin`, `device:…`, `agent:…`, `system:…`."""

Label = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=300)]
"""A single line that is shown, filtered and indexed: no control characters."""


def label(text: str) -> str:
    """`text` as a Label: whatever is no printable character becomes a space, and what is too long is cut."""
    return "".join(c if c.isprintable() else " " for c in text)[:300]


SYSTEM: Actor = "system:chainbot"


class Event(BaseModel):
    """What every event has. A subclass adds `type` (a literal with a default), `data`, and says whether ALEX OS hears of it.

    When the shape of a subclass's `data` changes, it raises the default of `version` and overrides `lift`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    public: ClassVar[bool] = False

    type: str
    version: int = 1
    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")] = Field(default_factory=new_id)
    time: str = Field(default_factory=utc_now)
    source: Label = "panel"
    severity: Severity = Severity.INFO
    subject: Label = ""
    actor: Actor = SYSTEM
    requires_attention: bool = False
    data: Any

    @classmethod
    def latest_version(cls) -> int:
        version = cls.model_fields["version"].default
        assert isinstance(version, int)
        return version

    @classmethod
    def lift(cls, version: int, data: dict[str, Any]) -> dict[str, Any]:
        """`data` of an older `version` in the shape of the present one."""
        return data

    def data_json(self) -> str:
        """The canonical JSON of `data`: what is stored, hashed and sent."""
        data = self.data
        plain = data.model_dump(mode="json", exclude_unset=True) if isinstance(data, BaseModel) else data
        return canonical_json(plain).decode()


class UnknownEvent(Event):
    """An event that a newer node or another program wrote: kept, shown raw and passed on."""

    data: Any

    @classmethod
    def latest_version(cls) -> int:
        raise TypeError("an unknown event has no latest version")


E_co = TypeVar("E_co", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True)
class Recorded(Generic[E_co]):
    """An event that is on disk: its place in the journal and in the hash chain."""

    seq: int
    event: E_co
    prev_hash: str
    hash: str

    def envelope(self) -> dict[str, Any]:
        """The whole envelope as JSON-ready values, `data` verbatim; for `canonical_json` or `orjson`."""
        event = self.event
        return {
            **hashed_fields(self.seq, event, event.data_json()),
            "prev_hash": self.prev_hash,
            "hash": self.hash,
        }


def hashed_fields(seq: int, event: Event, data_json: str) -> dict[str, Any]:
    """The envelope without its hashes, in the shape that is hashed."""
    return {
        "seq": seq,
        "id": event.id,
        "time": event.time,
        "type": event.type,
        "version": event.version,
        "source": event.source,
        "severity": event.severity.value,
        "subject": event.subject,
        "actor": event.actor,
        "requires_attention": event.requires_attention,
        "data": Verbatim(data_json),
    }


def hashed_envelope(seq: int, event: Event) -> bytes:
    """The bytes that are hashed after `prev_hash`, and stored: canonical JSON."""
    return canonical_json(hashed_fields(seq, event, event.data_json()))


def chain_hash(prev_hash: str, envelope: bytes) -> str:
    """SHA-256, in hex, over `prev_hash` (its 64 hex digits) followed by the bytes of the envelope."""
    return sha256(prev_hash.encode() + envelope).hexdigest()
