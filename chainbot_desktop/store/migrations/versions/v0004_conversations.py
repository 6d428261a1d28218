"""Conversations that branch and have several agents, threads inside them, notes that are remembered, and their search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, number = sa.String, sa.Integer
    for column in (
        sa.Column("branched_from", text(36), nullable=False, server_default=""),
        sa.Column("branched_at", number, nullable=False, server_default="0"),
        sa.Column("cleared_through", number, nullable=False, server_default="0"),
        sa.Column("named_by", text(10), nullable=False, server_default=""),
        sa.Column("turn_order", text(20), nullable=False, server_default="lead"),
        sa.Column("members", sa.JSON, nullable=False, server_default="[]"),
        sa.Column("recall", sa.JSON, nullable=False, server_default="{}"),
    ):
        op.add_column("conversations", column)
    op.create_index("ix_conversations_branched_from", "conversations", ["branched_from"])
    # Who named those that have a name is not known any more: a person's word is never overwritten.
    op.execute("UPDATE conversations SET named_by = 'person' WHERE title <> ''")
    op.add_column("messages", sa.Column("thread", text(36), nullable=False, server_default=""))
    op.create_index("ix_messages_thread", "messages", ["conversation_id", "thread", "number"])
    op.create_index("ix_runs_conversation", "runs", ["conversation_id", "started_at"])
    op.create_index("ix_runs_parent", "runs", ["parent_id"])
    op.create_table(
        "memories",
        sa.Column("number", number, primary_key=True),
        sa.Column("id", text(36), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author", text(220), nullable=False),
        sa.Column("conversation_id", text(36), nullable=False),
        sa.Column("created_at", text(27), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_memories_id", "memories", ["id"], unique=True)
    op.execute(
        "CREATE VIRTUAL TABLE memories_text USING fts5("
        "text, content='memories', content_rowid='number', tokenize='unicode61 remove_diacritics 2')"
    )
    op.execute(
        "CREATE TRIGGER memories_text_insert AFTER INSERT ON memories BEGIN "
        "INSERT INTO memories_text(rowid, text) VALUES (new.number, new.text); END"
    )
    op.execute(
        "CREATE TRIGGER memories_text_delete AFTER DELETE ON memories BEGIN "
        "INSERT INTO memories_text(memories_text, rowid, text) VALUES ('delete', old.number, old.text); END"
    )
    op.execute(
        "CREATE TRIGGER memories_text_update AFTER UPDATE OF text ON memories BEGIN "
        "INSERT INTO memories_text(memories_text, rowid, text) VALUES ('delete', old.number, old.text); "
        "INSERT INTO memories_text(rowid, text) VALUES (new.number, new.text); END"
    )
