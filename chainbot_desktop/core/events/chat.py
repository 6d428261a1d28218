"""Conversations. The text of a message is private and erasable: it lives in its table, the event carries its digest."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from chainbot_desktop.core.events.envelope import Event


class ConversationFact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    conversation_id: str


class ConversationCreated(Event):
    type: Literal["conversation_created"] = "conversation_created"
    data: ConversationFact


class ConversationRenamed(Event):
    type: Literal["conversation_renamed"] = "conversation_renamed"
    data: ConversationFact


class ConversationCleared(Event):
    type: Literal["conversation_cleared"] = "conversation_cleared"
    data: ConversationFact


class ConversationDeleted(Event):
    type: Literal["conversation_deleted"] = "conversation_deleted"
    data: ConversationFact


class Branch(BaseModel):
    """`branched_from` is the conversation whose messages up to number `branched_at` the new one shares."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conversation_id: str
    branched_from: str
    branched_at: int


class ConversationBranched(Event):
    type: Literal["conversation_branched"] = "conversation_branched"
    data: Branch


class ConversationChange(BaseModel):
    """`changed` names what is different: pinned, archived, lead, members, turn_order, recall."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conversation_id: str
    changed: tuple[str, ...]


class ConversationChanged(Event):
    type: Literal["conversation_changed"] = "conversation_changed"
    data: ConversationChange


class PostedMessage(BaseModel):
    """`size` is in bytes of UTF-8, `sha256` of the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conversation_id: str
    message_id: str
    author: str
    kind: str
    size: int
    sha256: str


class MessagePosted(Event):
    type: Literal["message_posted"] = "message_posted"
    data: PostedMessage


class MessageFact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    conversation_id: str
    message_id: str


class MessageChanged(Event):
    """What a message says, or has besides its text, is different: other words for a task that waits, a summary switched off."""

    type: Literal["message_changed"] = "message_changed"
    data: MessageFact


class ImportFacts(BaseModel):
    """What an import added since it was begun. `complete` is false where it was cancelled or could not go on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    import_id: str
    form: str
    conversations: int
    branches: int
    messages: int
    attachments: int
    skipped: int
    complete: bool


class ConversationsImported(Event):
    """One for a whole import: an export may have a million messages, and none of them was said now."""

    type: Literal["conversations_imported"] = "conversations_imported"
    data: ImportFacts
