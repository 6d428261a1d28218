"""The webhooks that came in: what each was, how it was answered, and its very bytes, so that it can be looked at and played again.

A row of one that made an event is written with the event, in its transaction and batch. Nothing of a request's headers is kept but the
id that its sender gave it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Select, delete, func, insert, or_, select, text

from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.ports import IdempotencyKey
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.event_statements import RowsOf
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.schema import blobs, events, received_webhooks

E = TypeVar("E", bound=Event)

IncomingState = Literal["accepted", "refused", "replayed"]
MAX_PAGE = 500
_TABLE = "received_webhooks"
_ACCEPTED = {"status": "200", "reason": "''"}
_ROWS = RowsOf(_TABLE, "received_at", "path", "caller", "key", "size", "body", **_ACCEPTED, body_sha256="''")
_ROWS_OF_LARGE = RowsOf(_TABLE, "received_at", "path", "caller", "key", "size", "body_sha256", **_ACCEPTED)
_ROWS_OF_REPLAYS = RowsOf(_TABLE, "received_at", "path", "caller", "size", "replay_of", **_ACCEPTED, key="''", body_sha256="''")
_T = received_webhooks.c
_REFUSED = text("status >= 400")
"""As the partial index says it: with a bound value SQLite would not use it."""
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class ReceivedWebhook:
    """One delivery. `path` is below `/api/webhooks/chainbot/`; `seq`, `event_id` and `event_type` are those of its event.

    They are None and empty where it was refused; the last two also where the event is no longer kept. `size` in bytes.
    """

    number: int
    received_at: str
    path: str
    caller: str
    key: str
    status: int
    reason: str
    size: int
    body_sha256: str
    replay_of: int | None
    has_body: bool
    seq: int | None
    event_id: str
    event_type: str

    @property
    def state(self) -> IncomingState:
        return "refused" if self.status >= 400 else "replayed" if self.replay_of is not None else "accepted"


@dataclass(frozen=True, slots=True)
class RefusedWebhook:
    """One that made no event. `body` is None where it is not to be kept."""

    received_at: str
    path: str
    caller: str
    key: str
    status: int
    reason: str
    size: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class IncomingQuery:
    """Newest first; `before` is a `number`, exclusive. `words` must each occur in path, caller, key, reason or event type."""

    before: int | None = None
    after: int | None = None
    limit: int = 100
    state: IncomingState | None = None
    words: tuple[str, ...] = ()


class ReceivedWebhooks:
    """Use on the loop's thread only."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        self._database = database
        self._journal = journal

    def append(
        self,
        event: E,
        idempotency: IdempotencyKey | None,
        path: str,
        caller: str,
        key: str,
        size: int,
        body: bytes | None,
        sha256: str,
    ) -> Awaitable[Recorded[E]]:
        """Append `event` with the row of the delivery that made it. `sha256` names the body in the blobs where `body` is None."""
        if body is None:
            return self._journal.append(event, idempotency, row=(_ROWS_OF_LARGE, (event.time, path, caller, key, size, sha256)))
        return self._journal.append(event, idempotency, row=(_ROWS, (event.time, path, caller, key, size, body)))

    def append_replay(self, event: E, original: ReceivedWebhook, actor: str) -> Awaitable[Recorded[E]]:
        """Append `event` as what came of `original` this time."""
        values = (event.time, original.path, actor, original.size, original.number)
        return self._journal.append(event, row=(_ROWS_OF_REPLAYS, values))

    async def keep_refused(self, refused: Sequence[RefusedWebhook]) -> None:
        rows = [
            {
                "received_at": one.received_at,
                "path": one.path,
                "caller": one.caller,
                "key": one.key,
                "status": one.status,
                "reason": one.reason[:_LONGEST_REASON],
                "size": one.size,
                "body": one.body,
                "body_sha256": "",
            }
            for one in refused
        ]
        await self._database.write(lambda connection: connection.execute(insert(received_webhooks), rows))

    async def refused_since(self, time: str) -> list[tuple[bool, int]]:
        """Of each refused one since then (RFC 3339): whether its body is kept, and how many bytes that has."""
        statement = select(_T.body.is_not(None), func.coalesce(func.length(_T.body), 0)).where(_REFUSED, _T.received_at >= time)
        return await self._database.read(lambda c: [(bool(row[0]), row[1]) for row in c.execute(statement)])

    async def page(self, query: IncomingQuery) -> list[ReceivedWebhook]:
        statement = _selected().limit(max(1, min(query.limit, MAX_PAGE)))
        if query.after is not None:
            statement = statement.where(_T.number > query.after).order_by(_T.number)
        else:
            statement = statement.order_by(_T.number.desc())
        if query.before is not None:
            statement = statement.where(_T.number < query.before)
        if query.state == "refused":
            statement = statement.where(_REFUSED)
        elif query.state is not None:
            statement = statement.where(
                _T.status < 400, _T.replay_of.is_(None) if query.state == "accepted" else _T.replay_of > 0
            )
        for word in query.words:
            places = (_T.path, _T.caller, _T.key, _T.reason, events.c.type, events.c.subject)
            statement = statement.where(or_(*(place.icontains(word, autoescape=True) for place in places)))
        return await self._database.read(lambda c: [_of_row(row) for row in c.execute(statement)])

    async def get(self, number: int) -> ReceivedWebhook | None:
        statement = _selected().where(_T.number == number)
        found = await self._database.read(lambda c: [_of_row(row) for row in c.execute(statement)])
        return found[0] if found else None

    async def of_event(self, seq: int, limit: int = 10) -> list[ReceivedWebhook]:
        """The deliveries that made the event, or were answered with it again; the first one first."""
        statement = _selected().where(_T.seq == seq).order_by(_T.number).limit(limit)
        return await self._database.read(lambda c: [_of_row(row) for row in c.execute(statement)])

    async def body(self, number: int) -> bytes | None:
        """The very bytes; None where they are not kept. Those of a replay are those of what was played again."""

        def work(connection: Connection) -> bytes | None:
            wanted = number
            while True:
                row = connection.execute(select(_T.body, _T.body_sha256, _T.replay_of).where(_T.number == wanted)).first()
                if row is None:
                    return None
                if row.body is not None:
                    return bytes(row.body)
                if row.body_sha256:
                    found = connection.execute(
                        select(blobs.c.body).where(blobs.c.sha256 == row.body_sha256)
                    ).scalar_one_or_none()
                    return bytes(found) if found is not None else None
                if row.replay_of is None or row.replay_of >= wanted:
                    return None
                wanted = row.replay_of

        return await self._database.read(work)

    async def counts(self) -> tuple[int, int]:
        """How many are kept, and how many of them were refused."""

        def work(connection: Connection) -> tuple[int, int]:
            kept = connection.execute(select(func.count()).select_from(received_webhooks)).scalar_one()
            refused = connection.execute(select(func.count()).select_from(received_webhooks).where(_REFUSED)).scalar_one()
            return kept, refused

        return await self._database.read(work)

    async def prune(self, before: str, keep: int, limit: int) -> int:
        """Forget those that came before that time (RFC 3339 in UTC), and all but the newest `keep`; at most `limit`, how many went."""

        def work(connection: Connection) -> int:
            newest = connection.execute(select(func.max(_T.number))).scalar_one() or 0
            oldest = connection.execute(select(_T.number, _T.received_at).order_by(_T.number).limit(limit)).all()
            gone = [row.number for row in oldest if row.received_at < before or row.number <= newest - keep]
            if gone:
                connection.execute(delete(received_webhooks).where(_T.number.in_(gone)))
            return len(gone)

        return await self._database.write(work)


def _selected() -> Select[Any]:
    has_body = or_(_T.body.is_not(None), _T.body_sha256 != "", _T.replay_of.is_not(None)).label("has_body")
    columns = (
        _T.number,
        _T.received_at,
        _T.path,
        _T.caller,
        _T.key,
        _T.status,
        _T.reason,
        _T.size,
        _T.body_sha256,
        _T.replay_of,
    )
    of_event = (_T.seq, func.coalesce(events.c.id, ""), func.coalesce(events.c.type, ""))
    return select(*columns, has_body, *of_event).select_from(received_webhooks.outerjoin(events, events.c.seq == _T.seq))


def _of_row(row: Any) -> ReceivedWebhook:
    *plain, has_body, seq, event_id, event_type = row
    values: list[Any] = [*plain, bool(has_body), seq, event_id, event_type]
    return ReceivedWebhook(*values)
