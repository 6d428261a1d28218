"""The shapes of notes that are remembered."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from api.conversation_schemas import Plain, Strict
from chainbot_desktop.chat.recall.notes import MAX_NOTE_BYTES

MAX_MEMORIES = 500
_Text = Annotated[Plain, StringConstraints(max_length=MAX_NOTE_BYTES)]


class MemoryParameters(Strict):
    q: Annotated[Plain, StringConstraints(max_length=500)] = Field("", description="Words that a note must all have.")
    before: Annotated[int, Field(ge=0, le=2**63 - 1)] = Field(0, description="`next` of the page before; 0 begins.")
    limit: int = Field(100, ge=1, le=MAX_MEMORIES)


class NewMemory(Strict):
    text: _Text = Field(description="At most 16 KiB.")
    conversation_id: Annotated[str, StringConstraints(max_length=36)] = Field(
        "", description="Where it was written, if in one."
    )


class MemoryText(Strict):
    text: _Text


class MemoryDocument(BaseModel):
    number: int = Field(description="How a person names it.")
    id: str
    text: str
    author: str
    conversation_id: str | None
    created_at: str


class MemoryPage(BaseModel):
    items: list[MemoryDocument] = Field(description="Newest first.")
    next: int | None = Field(description="Give it as `before` to read on; null at the end.")
