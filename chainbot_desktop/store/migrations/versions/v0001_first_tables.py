"""The first tables: journal, idempotency, blobs, projections, outbox, conversations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("time", sa.String(27), nullable=False),
        sa.Column("type", sa.String(300), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("actor", sa.String(220), nullable=False),
        sa.Column("requires_attention", sa.Boolean, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("prev_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_events_id", "events", ["id"], unique=True)
    op.create_index("ix_events_type_seq", "events", ["type", "seq"])
    op.create_index("ix_events_subject_seq", "events", ["subject", "seq"])
    op.create_index("ix_events_time", "events", ["time"])
    op.create_table(
        "journal_marks",
        sa.Column("name", sa.String(50), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.String(300), primary_key=True),
        sa.Column("key", sa.String(300), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("recorded_at", sa.Float, nullable=False),
    )
    op.create_index("ix_idempotency_keys_recorded_at", "idempotency_keys", ["recorded_at"])
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("stored_at", sa.String(27), nullable=False),
    )
    op.create_table(
        "snapshots",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
    )
    op.create_table(
        "preferences",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
    )
    op.create_table(
        "outbox_positions",
        sa.Column("destination", sa.String(300), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("destination", sa.String(300), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("event_type", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.Column("status_code", sa.Integer, nullable=True),
        sa.Column("answer", sa.Text, nullable=False),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["destination", "state", "seq"])
    op.create_table(
        "dialects",
        sa.Column("registry_url", sa.String(300), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("rows", sa.JSON, nullable=False),
        sa.Column("detected_at", sa.String(27), nullable=False),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("draft", sa.Text, nullable=False),
        sa.Column("read_through", sa.Integer, nullable=False),
    )
    op.create_index("ix_conversations_updated_at", "conversations", ["updated_at"])
    op.create_table(
        "messages",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column(
            "conversation_id",
            sa.String(36),
            sa.ForeignKey("conversations.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("author", sa.String(220), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_id", "messages", ["id"], unique=True)
    op.create_index("ix_messages_conversation", "messages", ["conversation_id", "number"])
    _create_text_indexes()


def _create_text_indexes() -> None:
    # `_` belongs to a word: event types and identifiers are searched as they are written.
    tokenize = "unicode61 remove_diacritics 2 tokenchars ''_''"
    op.execute(
        "CREATE VIRTUAL TABLE events_text USING fts5("
        f"type, source, subject, data, content='events', content_rowid='seq', tokenize='{tokenize}')"
    )
    op.execute(
        "CREATE VIRTUAL TABLE messages_text USING fts5("
        f"text, content='messages', content_rowid='number', tokenize='{tokenize}')"
    )
    op.execute(
        "CREATE TRIGGER messages_text_insert AFTER INSERT ON messages BEGIN "
        "INSERT INTO messages_text(rowid, text) VALUES (new.number, new.text); END"
    )
    op.execute(
        "CREATE TRIGGER messages_text_delete AFTER DELETE ON messages BEGIN "
        "INSERT INTO messages_text(messages_text, rowid, text) VALUES ('delete', old.number, old.text); END"
    )
    op.execute(
        "CREATE TRIGGER messages_text_update AFTER UPDATE OF text ON messages BEGIN "
        "INSERT INTO messages_text(messages_text, rowid, text) VALUES ('delete', old.number, old.text); "
        "INSERT INTO messages_text(rowid, text) VALUES (new.number, new.text); END"
    )
