"""Coordinations that outlive the program, answers that say what they answer, and runs that say which one they follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("follows", sa.String(36), nullable=False, server_default=""))
    op.create_index("ix_runs_follows", "runs", ["follows"])
    op.add_column("agent_messages", sa.Column("in_reply_to", sa.String(36), nullable=False, server_default=""))
    op.add_column("agent_messages", sa.Column("conversation_id", sa.String(36), nullable=False, server_default=""))
    op.create_index("ix_agent_messages_recipient", "agent_messages", ["recipient", "number"])
    op.create_index("ix_agent_messages_in_reply_to", "agent_messages", ["in_reply_to"])
    op.create_table(
        "coordinations",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("entanglement_id", sa.String(200), nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("actor", sa.String(220), nullable=False),
        sa.Column("started_at", sa.String(27), nullable=False),
        sa.Column("lead", sa.String(200), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("merged_by", sa.String(200), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=False),
        sa.Column("merge_run_id", sa.String(36), nullable=False),
        sa.Column("stopping", sa.Boolean, nullable=False),
    )
    op.create_index("ix_coordinations_entanglement", "coordinations", ["entanglement_id", "started_at"])
    op.create_index("ix_coordinations_ended_at", "coordinations", ["ended_at"])
    op.create_table(
        "coordination_parts",
        sa.Column("coordination_id", sa.String(36), sa.ForeignKey("coordinations.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("agent_id", sa.String(200), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("ix_coordination_parts_message", "coordination_parts", ["message_id"])
