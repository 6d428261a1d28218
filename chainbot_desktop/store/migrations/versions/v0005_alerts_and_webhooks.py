"""Alerts and what was told of them, the webhooks that came in, and the runs of all agents by their start."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, number = sa.String, sa.Integer
    op.create_index("ix_runs_started", "runs", ["started_at", "id"])
    op.create_table(
        "alerts",
        sa.Column("number", number, primary_key=True),
        sa.Column("id", text(36), nullable=False),
        sa.Column("rule", text(100), nullable=False),
        sa.Column("fingerprint", text(64), nullable=False),
        sa.Column("title", text(200), nullable=False),
        sa.Column("severity", text(10), nullable=False),
        sa.Column("state", text(20), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("since", text(27), nullable=False),
        sa.Column("fired_at", text(27), nullable=False),
        sa.Column("resolved_at", text(27), nullable=False),
        sa.Column("acknowledged_by", text(220), nullable=False),
        sa.Column("acknowledged_at", text(27), nullable=False),
        sa.Column("snoozed_until", text(27), nullable=False),
        sa.Column("times", number, nullable=False),
        sa.Column("flapping", sa.Boolean, nullable=False),
        sa.Column("runbook", sa.Text, nullable=False),
        sa.Column("cause", sa.JSON, nullable=False),
        sa.Column("changed_at", text(27), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_id", "alerts", ["id"], unique=True)
    op.create_index("ix_alerts_state", "alerts", ["state", "number"])
    op.create_index("ix_alerts_rule", "alerts", ["rule", "number"])
    op.create_table(
        "alert_deliveries",
        sa.Column("number", number, primary_key=True),
        sa.Column("alert_id", text(36), nullable=False),
        sa.Column("channel", text(100), nullable=False),
        sa.Column("word", text(20), nullable=False),
        sa.Column("state", text(20), nullable=False),
        sa.Column("attempts", number, nullable=False),
        sa.Column("next_attempt_at", text(27), nullable=False),
        sa.Column("updated_at", text(27), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_deliveries_state", "alert_deliveries", ["state", "next_attempt_at"])
    op.create_index("ix_alert_deliveries_alert", "alert_deliveries", ["alert_id", "number"])
    op.create_table(
        "received_webhooks",
        sa.Column("number", number, primary_key=True),
        sa.Column("seq", number),
        sa.Column("received_at", text(27), nullable=False),
        sa.Column("path", text(200), nullable=False),
        sa.Column("caller", text(220), nullable=False),
        sa.Column("key", text(300), nullable=False),
        sa.Column("status", number, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("size", number, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("body_sha256", text(64), nullable=False),
        sa.Column("replay_of", number),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_received_webhooks_seq", "received_webhooks", ["seq"])
    op.create_index("ix_received_webhooks_refused", "received_webhooks", ["number"], sqlite_where=sa.text("status >= 400"))
