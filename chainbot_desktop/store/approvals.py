"""Requests to a human, answered once. A request and its answer are committed with the events that tell of them."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from typing import Any, TypeVar

from sqlalchemy import select

from chainbot_desktop.core.errors import Conflict
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.store.agent_rows import ApprovalRow
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.schema import approvals

E = TypeVar("E", bound=Event)


class ApprovalTable:
    """Use on the loop's thread; `journal` is open."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        self._database = database
        self._journal = journal

    async def add(self, approval: ApprovalRow, event: E) -> Recorded[E]:
        row = {**asdict(approval), "touches": canonical_json(approval.touches).decode()}
        columns, marks = ", ".join(row), ", ".join(f":{name}" for name in row)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(f"INSERT INTO approvals ({columns}) VALUES ({marks})", row)  # noqa: S608 - names of ours

        return await self._journal.append(event, write=write)

    async def settle(self, approval: ApprovalRow, event: E) -> Recorded[E]:
        """The answer, if it still waits for one; Conflict (code "already_answered") and no event if it does not."""
        values = (approval.state, approval.decided_at, approval.decided_by, approval.answer, approval.id)

        def write(connection: sqlite3.Connection) -> None:
            changed = connection.execute(
                "UPDATE approvals SET state = ?, decided_at = ?, decided_by = ?, answer = ? WHERE id = ? AND state = 'pending'",
                values,
            )
            if changed.rowcount != 1:
                raise Conflict("This request was answered before.", code="already_answered")

        return await self._journal.append(event, write=write)

    async def get(self, approval_id: str) -> ApprovalRow | None:
        return next(iter(await self._select(approvals.c.id == approval_id, limit=1)), None)

    async def pending(self) -> list[ApprovalRow]:
        """Oldest first."""
        return list(reversed(await self._select(approvals.c.state == "pending", limit=10_000)))

    async def of_run(self, run_id: str) -> list[ApprovalRow]:
        """Newest first."""
        return await self._select(approvals.c.run_id == run_id, limit=10_000)

    async def latest(self, limit: int = 100) -> list[ApprovalRow]:
        """Newest first, whatever became of them."""
        return await self._select(approvals.c.id != "", limit=limit)

    async def _select(self, condition: Any, *, limit: int) -> list[ApprovalRow]:
        statement = select(approvals).where(condition).order_by(approvals.c.created_at.desc(), approvals.c.id.desc())
        return await self._database.read(
            lambda c: [
                ApprovalRow(**{**row._mapping, "touches": tuple(row.touches)})  # noqa: SLF001 - SQLAlchemy's documented way to a dict
                for row in c.execute(statement.limit(limit))
            ]
        )
