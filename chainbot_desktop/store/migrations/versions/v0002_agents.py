"""Agents that run here: definitions and leases, runs, approvals, model usage, messages between agents, answers in conversations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agents",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("wanted", sa.Boolean, nullable=False),
        sa.Column("lease", sa.JSON, nullable=True),
        sa.Column("heartbeat_at", sa.String(27), nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("agent_id", sa.String(200), nullable=False),
        sa.Column("parent_id", sa.String(36), nullable=False),
        sa.Column("depth", sa.Integer, nullable=False),
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("actor", sa.String(220), nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("context", sa.JSON, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("started_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("input_tokens", sa.Integer, nullable=False),
        sa.Column("output_tokens", sa.Integer, nullable=False),
        sa.Column("cost", sa.Float, nullable=True),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("history", sa.LargeBinary, nullable=True),
    )
    op.create_index("ix_runs_agent", "runs", ["agent_id", "started_at"])
    op.create_index("ix_runs_state", "runs", ["state"])
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("agent_id", sa.String(200), nullable=False),
        sa.Column("agent_name", sa.String(300), nullable=False),
        sa.Column("call_id", sa.String(200), nullable=False),
        sa.Column("tool", sa.String(300), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("detail_kind", sa.String(20), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("touches", sa.JSON, nullable=False),
        sa.Column("sandboxed", sa.Boolean, nullable=True),
        sa.Column("scope", sa.String(500), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=True),
        sa.Column("decided_at", sa.String(27), nullable=False),
        sa.Column("decided_by", sa.String(220), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
    )
    op.create_index("ix_approvals_state", "approvals", ["state", "created_at"])
    op.create_index("ix_approvals_run", "approvals", ["run_id"])
    op.create_table(
        "model_usage",
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("agent_id", sa.String(200), primary_key=True),
        sa.Column("model", sa.String(300), primary_key=True),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("input_tokens", sa.Integer, nullable=False),
        sa.Column("output_tokens", sa.Integer, nullable=False),
        sa.Column("cost", sa.Float, nullable=False),
        sa.Column("unpriced_requests", sa.Integer, nullable=False),
    )
    op.create_table(
        "agent_messages",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("entanglement_id", sa.String(200), nullable=False),
        sa.Column("sender", sa.String(300), nullable=False),
        sa.Column("recipient", sa.String(300), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_agent_messages_id", "agent_messages", ["id"], unique=True)
    op.create_index("ix_agent_messages_entanglement", "agent_messages", ["entanglement_id", "number"])
    op.add_column("conversations", sa.Column("lead", sa.String(200), nullable=False, server_default=""))
    op.add_column("messages", sa.Column("detail", sa.JSON, nullable=False, server_default="{}"))
