"""The tables as SQLAlchemy sees them. How a database gets them is `migrations/`'s business; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False),
    Column("time", String(27), nullable=False),
    Column("type", String(300), nullable=False),
    Column("version", Integer, nullable=False),
    Column("source", String(300), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("actor", String(220), nullable=False),
    Column("requires_attention", Boolean, nullable=False),
    Column("data", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_events_id", "id", unique=True),
    Index("ix_events_type_seq", "type", "seq"),
    Index("ix_events_subject_seq", "subject", "seq"),
    Index("ix_events_time", "time"),
)
"""The journal. `data` is canonical JSON, exactly the bytes that were hashed."""

journal_marks = Table(
    "journal_marks",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("seq", Integer, nullable=False),
)
"""How far derived indexes have come: `text` is the last `seq` in the full-text index `events_text` (FTS5)."""

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", String(300), primary_key=True),
    Column("key", String(300), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("recorded_at", Float, nullable=False),
    Index("ix_idempotency_keys_recorded_at", "recorded_at"),
)
"""`recorded_at` in seconds since the epoch; a key counts for seven days."""

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("stored_at", String(27), nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("state", JSON, nullable=False),
)

preferences = Table(
    "preferences",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("value", JSON, nullable=False),
)

outbox_positions = Table(
    "outbox_positions",
    metadata,
    Column("destination", String(300), primary_key=True),
    Column("seq", Integer, nullable=False),
)
"""Up to which `seq` the journal's public events have become deliveries to a destination."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("destination", String(300), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("event_id", String(36), nullable=False),
    Column("event_type", String(300), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", String(27), nullable=False),
    Column("updated_at", String(27), nullable=False),
    Column("status_code", Integer, nullable=True),
    Column("answer", Text, nullable=False),
    Index("ix_deliveries_state", "destination", "state", "seq"),
)
"""State: pending | delivered | given_up. `answer` is the beginning of what the other side said last."""

dialects = Table(
    "dialects",
    metadata,
    Column("registry_url", String(300), primary_key=True),
    Column("name", String(50), nullable=False),
    Column("rows", JSON, nullable=False),
    Column("detected_at", String(27), nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("title", Text, nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("updated_at", String(27), nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("draft", Text, nullable=False),
    Column("read_through", Integer, nullable=False),
    Index("ix_conversations_updated_at", "updated_at"),
)
"""`read_through` is the `number` of the last message that was shown."""

messages = Table(
    "messages",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(36), nullable=False),
    Column("conversation_id", String(36), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("author", String(220), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", String(27), nullable=False),
    Index("ix_messages_id", "id", unique=True),
    Index("ix_messages_conversation", "conversation_id", "number"),
    sqlite_autoincrement=True,
)
"""`number` orders messages and is never used twice. Full text in `messages_text` (FTS5), kept by triggers."""
