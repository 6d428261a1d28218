"""The agents that run here, their runs and what they said to each other. What an event tells of is committed with the event."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert

from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.core.ports import IdempotencyKey
from chainbot_desktop.store.agent_rows import OPEN_RUNS, AgentMessage, AgentRow, Lease, RunQuery, RunRow, UsageRow
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.schema import agent_messages, agents, model_usage, runs

E = TypeVar("E", bound=Event)

LISTED_CHARACTERS = 500
"""Of a task and a result, in a list of runs."""


class AgentTable:
    """Use on the loop's thread; `journal` is open."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        self._database = database
        self._journal = journal

    async def all(self) -> list[AgentRow]:
        """In the order in which they were made."""
        statement = select(agents).order_by(agents.c.created_at, agents.c.id)
        return await self._database.read(lambda c: [_agent_of_row(row) for row in c.execute(statement)])

    async def save(self, agent: AgentRow, event: E, key: IdempotencyKey | None = None) -> Recorded[E]:
        """The definition as a whole, new or not, and the event that tells of it."""
        row = {**asdict(agent), "config": _json(agent.config), "lease": _json(asdict(agent.lease)) if agent.lease else None}
        columns = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(f"INSERT OR REPLACE INTO agents ({columns}) VALUES ({marks})", row)  # noqa: S608 - names of ours

        return await self._journal.append(event, key, write=write)

    async def remove(self, agent_id: str, event: E) -> Recorded[E]:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM agents WHERE id = ?", (agent_id,))

        return await self._journal.append(event, write=write)

    async def set_state(self, agent: AgentRow, event: E) -> Recorded[E]:
        """State, since, reason, wanted and lease of `agent`, with the event that tells of them."""
        lease = _json(asdict(agent.lease)) if agent.lease else None
        values = (agent.state, agent.since, agent.reason, agent.wanted, lease, agent.heartbeat_at, agent.id)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE agents SET state = ?, since = ?, reason = ?, wanted = ?, lease = ?, heartbeat_at = ? WHERE id = ?",
                values,
            )

        return await self._journal.append(event, write=write)

    async def beat(self, agent_ids: Iterable[str], at: str) -> None:
        """These agents were alive at `at`."""
        statement = update(agents).where(agents.c.id.in_(list(agent_ids))).values(heartbeat_at=at)
        await self._database.write(lambda c: _run(c, statement))


class RunTable:
    """Use on the loop's thread; `journal` is open."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        self._database = database
        self._journal = journal

    async def get(self, run_id: str) -> RunRow | None:
        return next(iter(await self._select(runs.c.id == run_id, limit=1)), None)

    async def of_agent(self, agent_id: str, *, limit: int = 100) -> list[RunRow]:
        """Newest first."""
        return await self._select(runs.c.agent_id == agent_id, limit=limit)

    async def listed(self, query: RunQuery) -> list[RunRow]:
        """Of all agents, newest first. Task and result are cut to LISTED_CHARACTERS: a page of long ones is not read whole."""
        cut = {"task", "result"}
        columns = [
            func.substr(c, 1, LISTED_CHARACTERS).label(c.name) if c.name in cut else c for c in runs.c if c.name != "history"
        ]
        statement = select(*columns).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(query.limit)
        if query.states:
            statement = statement.where(runs.c.state.in_(query.states))
        if query.agent_id is not None:
            statement = statement.where(runs.c.agent_id == query.agent_id)
        for word in query.words.split():
            found = [column.contains(word, autoescape=True) for column in (runs.c.task, runs.c.result, runs.c.reason)]
            statement = statement.where(or_(*found))
        if query.before is not None:
            statement = statement.where(tuple_(runs.c.started_at, runs.c.id) < query.before)
        return await self._database.read(lambda c: [RunRow(**row._mapping) for row in c.execute(statement)])  # noqa: SLF001

    async def following(self, run_id: str) -> list[RunRow]:
        """Those that began because their task came too late for `run_id`, oldest first."""
        return (await self._select(runs.c.follows == run_id, limit=1000))[::-1]

    async def open_runs(self) -> list[RunRow]:
        """Those that have not ended, newest first."""
        return await self._select(runs.c.state.in_(OPEN_RUNS), limit=100_000)

    async def begin(self, run: RunRow, event: E, key: IdempotencyKey | None = None) -> Recorded[E]:
        row = {**asdict(run), "context": _json(run.context), "data": _json(run.data), "history": None}
        columns, marks = ", ".join(row), ", ".join(f":{name}" for name in row)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(f"INSERT INTO runs ({columns}) VALUES ({marks})", row)  # noqa: S608 - names of ours

        return await self._journal.append(event, key, write=write)

    async def set_state(self, run_id: str, state: str) -> None:
        statement = update(runs).where(runs.c.id == run_id).values(state=state)
        await self._database.write(lambda c: _run(c, statement))

    async def set_task(self, run_id: str, task: str, event: E) -> Recorded[E]:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE runs SET task = ? WHERE id = ?", (task, run_id))

        return await self._journal.append(event, write=write)

    async def save_history(self, run_id: str, history: bytes) -> None:
        """What the run goes on from if the program ends before it does."""
        statement = update(runs).where(runs.c.id == run_id).values(history=history)
        await self._database.write(lambda c: _run(c, statement))

    async def history(self, run_id: str) -> bytes | None:
        statement = select(runs.c.history).where(runs.c.id == run_id)
        return await self._database.read(lambda c: c.execute(statement).scalar_one_or_none())

    async def finish(self, run: RunRow, event: E) -> Recorded[E]:
        used = (run.input_tokens, run.output_tokens, run.cost)
        values = (run.state, run.ended_at, run.result, run.reason, *used, _json(run.data), _json(run.context), run.id)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE runs SET state = ?, ended_at = ?, result = ?, reason = ?, input_tokens = ?, output_tokens = ?,"
                " cost = ?, data = ?, context = ?, history = NULL WHERE id = ?",
                values,
            )

        return await self._journal.append(event, write=write)

    async def _select(self, condition: Any, *, limit: int) -> list[RunRow]:
        columns = [column for column in runs.c if column.name != "history"]
        statement = select(*columns).where(condition).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        return await self._database.read(lambda c: [RunRow(**row._mapping) for row in c.execute(statement)])  # noqa: SLF001


class UsageTable:
    """Model usage, summed a day, an agent and a model."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: UsageRow) -> None:
        """Add the figures of `row` to what is there."""
        statement = insert(model_usage).values(**asdict(row))
        counts = ("requests", "input_tokens", "output_tokens", "cost", "unpriced_requests")
        sums = {name: model_usage.c[name] + statement.excluded[name] for name in counts}
        statement = statement.on_conflict_do_update(index_elements=["day", "agent_id", "model"], set_=sums)
        await self._database.write(lambda c: _run(c, statement))

    async def since(self, day: str) -> list[UsageRow]:
        """Rows of `day` (YYYY-MM-DD, UTC) and later."""
        statement = select(model_usage).where(model_usage.c.day >= day).order_by(model_usage.c.day)
        return await self._database.read(lambda c: [UsageRow(**row._mapping) for row in c.execute(statement)])  # noqa: SLF001


class AgentMessageTable:
    """What passed between agents. Use on the loop's thread; `journal` is open."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        self._database = database
        self._journal = journal

    async def add(self, message: AgentMessage, event: E) -> Recorded[E]:
        """`message.number` is given by the table."""
        row = asdict(message)
        del row["number"]
        columns, marks = ", ".join(row), ", ".join(f":{name}" for name in row)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(f"INSERT INTO agent_messages ({columns}) VALUES ({marks})", row)  # noqa: S608 - names of ours

        return await self._journal.append(event, write=write)

    async def of_entanglement(self, entanglement_id: str, *, since: int = 0, limit: int = 500) -> list[AgentMessage]:
        """In order, those after number `since`."""
        statement = (
            select(agent_messages)
            .where(agent_messages.c.entanglement_id == entanglement_id, agent_messages.c.number > since)
            .order_by(agent_messages.c.number)
            .limit(limit)
        )
        return await self._database.read(lambda c: [_message_of_row(row) for row in c.execute(statement)])

    async def get(self, message_id: str) -> AgentMessage | None:
        return next(iter(await self._select(agent_messages.c.id == message_id)), None)

    async def answers_to(self, message_ids: Sequence[str]) -> list[AgentMessage]:
        return await self._select(agent_messages.c.in_reply_to.in_(list(message_ids))) if message_ids else []

    async def waiting_for(self, recipient: str, since: str) -> list[AgentMessage]:
        """What `recipient` was told after `since` (RFC 3339) and nothing answers, in order."""
        answers = agent_messages.alias()
        answered = exists().where(answers.c.in_reply_to == agent_messages.c.id)
        return await self._select(agent_messages.c.recipient == recipient, agent_messages.c.created_at >= since, ~answered)

    async def forget_conversation(self, conversation_id: str, *, questions_too: bool) -> None:
        """What was said for a conversation and over no link; without `questions_too`, the answers alone."""
        which = [agent_messages.c.conversation_id == conversation_id, agent_messages.c.entanglement_id == ""]
        if not questions_too:
            which.append(agent_messages.c.in_reply_to != "")
        statement = delete(agent_messages).where(*which)
        await self._database.write(lambda c: _run(c, statement))

    async def _select(self, *conditions: ColumnElement[bool]) -> list[AgentMessage]:
        statement = select(agent_messages).where(*conditions).order_by(agent_messages.c.number)
        return await self._database.read(lambda c: [_message_of_row(row) for row in c.execute(statement)])

    async def forget(self, entanglement_id: str) -> None:
        statement = delete(agent_messages).where(agent_messages.c.entanglement_id == entanglement_id)
        await self._database.write(lambda c: _run(c, statement))


def _agent_of_row(row: Row[Any]) -> AgentRow:
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a dict
    return AgentRow(**{**fields, "wanted": bool(row.wanted), "lease": Lease(**row.lease) if row.lease else None})


def _message_of_row(row: Row[Any]) -> AgentMessage:
    values: Sequence[Any] = tuple(row)
    return AgentMessage(*values)


def _json(value: Any) -> str:
    return canonical_json(value).decode()


def _run(connection: Connection, statement: Any) -> None:
    connection.execute(statement)
