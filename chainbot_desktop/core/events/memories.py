"""Notes that are remembered. Their text is private and erasable: it lives in its table, the event carries its digest."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from chainbot_desktop.core.events.envelope import Event


class MemoryFact(BaseModel):
    """`size` is in bytes of UTF-8, `sha256` of the same: of the note as it is now, or was when it was forgotten."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory_id: str
    size: int
    sha256: str


class MemoryKept(Event):
    type: Literal["memory_kept"] = "memory_kept"
    data: MemoryFact


class MemoryChanged(Event):
    type: Literal["memory_changed"] = "memory_changed"
    data: MemoryFact


class MemoryForgotten(Event):
    type: Literal["memory_forgotten"] = "memory_forgotten"
    data: MemoryFact
