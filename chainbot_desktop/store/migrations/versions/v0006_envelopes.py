"""The journal keeps what was hashed as it was hashed, not in columns that would have to be put together again; `events` is a view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

from chainbot_desktop.core.json_codec import Verbatim, canonical_json

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_FIELDS = ("id", "time", "type", "version", "source", "severity", "subject", "actor", "requires_attention")
_ROWS = 1_000


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("envelope", sa.Text, nullable=False),
        sa.Column("prev_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    _move_events(op.get_bind())
    op.drop_table("events")
    op.execute("CREATE UNIQUE INDEX ix_journal_id ON journal (json_extract(envelope, '$.id'))")
    op.execute("CREATE INDEX ix_journal_type_seq ON journal (json_extract(envelope, '$.type'), seq)")
    op.execute("CREATE INDEX ix_journal_subject_seq ON journal (json_extract(envelope, '$.subject'), seq)")
    op.execute("CREATE INDEX ix_journal_actor_seq ON journal (json_extract(envelope, '$.actor'), seq)")
    op.execute("CREATE INDEX ix_journal_time ON journal (json_extract(envelope, '$.time'))")
    op.execute(
        "CREATE INDEX ix_journal_severe ON journal (json_extract(envelope, '$.severity'), seq) "
        "WHERE json_extract(envelope, '$.severity') IN ('warning', 'error', 'critical')"
    )
    op.execute("CREATE INDEX ix_journal_attention ON journal (seq) WHERE json_extract(envelope, '$.requires_attention') = 1")
    said = ", ".join(f"json_extract(envelope, '$.{name}') AS {name}" for name in _FIELDS)
    # Not `envelope -> '$.data'`: some systems still have an SQLite from before it.
    said += ", json_quote(json_extract(envelope, '$.data')) AS data"
    op.execute(f"CREATE VIEW events AS SELECT seq, envelope, prev_hash, hash, {said} FROM journal")  # noqa: S608 - names of our own


def _move_events(connection: sa.Connection) -> None:
    insert = "INSERT INTO journal (seq, envelope, prev_hash, hash) VALUES (?, ?, ?, ?)"
    for rows in _old_rows(connection):
        moved = [(row.seq, _envelope(row), row.prev_hash, row.hash) for row in rows]
        connection.exec_driver_sql(insert, moved)


def _old_rows(connection: sa.Connection) -> Iterator[Sequence[sa.Row[Any]]]:
    select = f"SELECT seq, {', '.join(_FIELDS)}, data, prev_hash, hash FROM events WHERE seq > ? ORDER BY seq LIMIT {_ROWS}"  # noqa: S608
    last = -(2**63)
    while rows := connection.exec_driver_sql(select, (last,)).all():
        yield rows
        last = rows[-1].seq


def _envelope(row: sa.Row[Any]) -> str:
    """What was hashed. A row that was changed to something that is no event stays such a one: its hash does not fit."""
    fields = {"seq": row.seq, **{name: getattr(row, name) for name in _FIELDS}}
    if type(row.requires_attention) is int and row.requires_attention in {0, 1}:  # nothing else was ever written
        fields["requires_attention"] = bool(row.requires_attention)
    try:
        orjson.loads(row.data)
        return canonical_json({**fields, "data": Verbatim(row.data)}).decode()
    except (ValueError, TypeError):
        return canonical_json({**{name: _plain(value) for name, value in fields.items()}, "data": str(row.data)}).decode()


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, str)) else str(value)
