"""Reading the journal: what happened in the house, bounded, with everything hidden that looks like a secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import orjson
from pydantic import Field, field_validator

from chainbot_desktop.agents.kind import Run
from chainbot_desktop.agents.tools.patterns import Target
from chainbot_desktop.agents.tools.plan import Arguments, Plan, described, parsed
from chainbot_desktop.agents.tools.shown import plain
from chainbot_desktop.agents.tools.tool import ToolInfo
from chainbot_desktop.core.events import Event, Recorded
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.core.ports import EventQuery, Journal

_EVENT_LIMIT = 1500
"""Characters of one event's data."""


class _JournalArguments(Arguments):
    text: str = Field("", max_length=300, description="Words that must all occur.")
    types: tuple[str, ...] = Field((), max_length=50, description="Types of events, such as run_finished.")
    severities: tuple[Literal["info", "warning", "error", "critical"], ...] = ()
    subject: str | None = Field(None, max_length=300, description="Whom or what the events are about.")
    after: str | None = Field(None, description="Not before this time (RFC 3339).")
    before: str | None = Field(None, description="Not after this time (RFC 3339).")
    limit: int = Field(30, ge=1, le=100, description="Most events; the newest come first.")

    @field_validator("after", "before")
    @classmethod
    def _is_time(cls, value: str | None) -> str | None:
        if value is not None:
            parse_time(value)
        return value


class QueryJournal:
    def __init__(self, journal: Journal, redact: Callable[[str], str]) -> None:
        self._journal = journal
        self._redact = redact

    @property
    def info(self) -> ToolInfo:
        return described("query_journal", "Read what happened here: events of the journal, newest first.", _JournalArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_JournalArguments, arguments)
        query = EventQuery(
            limit=wanted.limit,
            types=wanted.types,
            subject=wanted.subject,
            severities=wanted.severities,
            text=wanted.text,
            after=wanted.after,
            before=wanted.before,
            order="desc",
        )

        async def carry_out() -> str:
            events = await self._journal.read(query)
            return "\n".join(self._line(event) for event in events) or "[no such events]"

        return Plan(
            targets=(Target("name", ("journal",)),),
            title="Read the journal",
            detail=plain(wanted.model_dump_json(exclude_defaults=True)),
            detail_kind="text",
            carry_out=carry_out,
            scope="journal",
        )

    def _line(self, recorded: Recorded[Event]) -> str:
        event = recorded.event
        data = self._redact(event.data_json())  # before it is cut: half a secret would not be known as one
        kept = data if len(data) <= _EVENT_LIMIT else data[:_EVENT_LIMIT] + "…"
        head = {
            "seq": recorded.seq,
            "time": event.time,
            "type": event.type,
            "severity": event.severity.value,
            "subject": event.subject,
            "actor": event.actor,
        }
        return plain(f"{self._redact(orjson.dumps(head).decode())} {kept}", kept="")
