"""Which run another follows, because what was said came too late for it."""

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
