"""Alerts and what is told of them. A change of an alert, the event of it and the notices it causes are committed together."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, func, select, update

from chainbot_desktop.core.events.envelope import Event
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.schema import alert_deliveries, alerts

KEPT = 20_000
"""Resolved alerts that are kept."""
NoticeWord = Literal["firing", "resolved"]


@dataclass(frozen=True, slots=True)
class AlertRow:
    """As `watch.alerts.records.Alert`, with the `fingerprint` of its rule and labels; `cause` is JSON."""

    id: str
    rule: str
    fingerprint: str
    title: str
    severity: str
    state: str
    summary: str
    labels: Mapping[str, str]
    value: float | None
    since: str
    fired_at: str
    resolved_at: str
    acknowledged_by: str
    acknowledged_at: str
    snoozed_until: str
    times: int
    flapping: bool
    runbook: str
    cause: Mapping[str, Any]
    changed_at: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told of an alert to a channel. `due` is RFC 3339; `number` 0 while it is not kept yet."""

    alert_id: str
    channel: str
    word: NoticeWord
    due: str
    attempts: int = 0
    number: int = 0
    created: str = ""


class AlertTable:
    """Use on the loop's thread; `journal` is open."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        self._database = database
        self._journal = journal

    async def record(self, alert: AlertRow, event: Event, notices: Sequence[Notice] = ()) -> Sequence[Notice]:
        """Keep the alert as it is now, with the event that tells of it; the notices with their numbers."""
        values = _values(alert)
        kept: list[int] = []

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(_UPSERT, values)
            kept.extend(_insert_notice(connection, notice) for notice in notices)

        await self._journal.append(event, write=write)
        return [
            Notice(n.alert_id, n.channel, n.word, n.due, n.attempts, number, n.created)
            for n, number in zip(notices, kept, strict=True)
        ]

    async def note(self, counts: Mapping[str, tuple[int, float | None]]) -> None:
        """How often alerts happened by now, and their value: by id. No event tells of it."""
        rows = [(times, value, alert_id) for alert_id, (times, value) in counts.items()]

        def work(connection: Connection) -> None:
            for times, value, alert_id in rows:
                connection.execute(update(alerts).where(alerts.c.id == alert_id).values(times=times, value=value))

        await self._database.write(work)

    async def unresolved(self) -> list[AlertRow]:
        """Oldest first."""
        return await self._database.read(
            lambda c: [_row(r) for r in c.execute(select(alerts).where(alerts.c.state != "resolved").order_by(alerts.c.number))]
        )

    async def get(self, alert_id: str) -> AlertRow | None:
        def work(connection: Connection) -> AlertRow | None:
            row = connection.execute(select(alerts).where(alerts.c.id == alert_id)).first()
            return None if row is None else _row(row)

        return await self._database.read(work)

    async def history(self, *, before: str = "", limit: int = 100, rule: str = "", state: str | None = None) -> list[AlertRow]:
        """The newest first; `before` is the id of an alert."""
        statement = select(alerts).order_by(alerts.c.number.desc()).limit(limit)
        if before:
            statement = statement.where(
                alerts.c.number < select(alerts.c.number).where(alerts.c.id == before).scalar_subquery()
            )
        if rule:
            statement = statement.where(alerts.c.rule == rule)
        if state is not None:
            statement = statement.where(alerts.c.state == state)
        return await self._database.read(lambda c: [_row(row) for row in c.execute(statement)])

    async def last_fired(self) -> Mapping[str, str]:
        """When each rule fired last."""
        statement = select(alerts.c.rule, func.max(alerts.c.fired_at)).group_by(alerts.c.rule)
        return await self._database.read(lambda c: {row[0]: row[1] for row in c.execute(statement)})

    async def prune(self) -> None:
        """Forget all but the newest `KEPT` resolved ones, and the notices of those that are gone."""

        def work(connection: Connection) -> None:
            edge = connection.execute(
                select(alerts.c.number)
                .where(alerts.c.state == "resolved")
                .order_by(alerts.c.number.desc())
                .offset(KEPT)
                .limit(1)
            ).scalar_one_or_none()
            if edge is None:
                return
            old = select(alerts.c.id).where(alerts.c.state == "resolved", alerts.c.number <= edge)
            connection.execute(delete(alert_deliveries).where(alert_deliveries.c.alert_id.in_(old)))
            connection.execute(delete(alerts).where(alerts.c.state == "resolved", alerts.c.number <= edge))

        await self._database.write(work)


class NoticeTable:
    """What channels are to be told: kept until they took it, or were given up. Use on the loop's thread; `journal` is open."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        self._database = database
        self._journal = journal

    async def pending(self) -> list[Notice]:
        """Oldest first."""
        table = alert_deliveries
        statement = select(table).where(table.c.state == "pending").order_by(table.c.number)
        return await self._database.read(
            lambda c: [
                Notice(r.alert_id, r.channel, r.word, r.next_attempt_at, r.attempts, r.number, r.updated_at)
                for r in c.execute(statement)
            ]
        )

    async def settle(self, numbers: Sequence[int], state: Literal["delivered", "dropped"], answer: str) -> None:
        statement = update(alert_deliveries).where(alert_deliveries.c.number.in_(list(numbers)))
        values = {"state": state, "answer": answer[:1000], "updated_at": utc_now()}
        await self._database.write(lambda c: c.execute(statement.values(**values)))

    async def postpone(self, numbers: Sequence[int], attempts: int, due: str, answer: str) -> None:
        statement = update(alert_deliveries).where(alert_deliveries.c.number.in_(list(numbers)))
        values = {"attempts": attempts, "next_attempt_at": due, "answer": answer[:1000]}
        await self._database.write(lambda c: c.execute(statement.values(**values)))

    async def give_up(self, numbers: Sequence[int], attempts: int, answer: str, event: Event) -> None:
        moment = utc_now()

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "UPDATE alert_deliveries SET state = 'given_up', attempts = ?, answer = ?, updated_at = ? WHERE number = ?",
                [(attempts, answer[:1000], moment, number) for number in numbers],
            )

        await self._journal.append(event, write=write)


_COLUMNS = tuple(column.name for column in alerts.columns if column.name != "number")
_UPSERT = (
    f"INSERT INTO alerts ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + name for name in _COLUMNS)}) "  # noqa: S608 - names of ours
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS if name != 'id')}"
)


def _insert_notice(connection: sqlite3.Connection, notice: Notice) -> int:
    cursor = connection.execute(
        "INSERT INTO alert_deliveries (alert_id, channel, word, state, attempts, next_attempt_at, updated_at, answer) "
        "VALUES (?, ?, ?, 'pending', 0, ?, ?, '')",
        (notice.alert_id, notice.channel, notice.word, notice.due, notice.created or utc_now()),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _values(alert: AlertRow) -> dict[str, Any]:
    return {
        **asdict(alert),
        "labels": canonical_json(dict(alert.labels)).decode(),
        "cause": canonical_json(dict(alert.cause)).decode(),
    }


def _row(row: Row[Any]) -> AlertRow:
    return AlertRow(**{name: value for name, value in row._mapping.items() if name != "number"})  # noqa: SLF001 - SQLAlchemy's documented way
