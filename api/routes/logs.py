"""The log lines of everything that runs here: a page at a time in either direction, or all that passes, streamed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from api.answers import headers, json_answer, json_bytes_of, saved_as
from api.endpoints import Answer, Endpoint
from api.keys import DOOR, SERVICES
from api.reading import parse_query
from api.schemas import RfcTime
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, Unavailable
from chainbot_desktop.core.ids import format_time, parse_time
from chainbot_desktop.watch.logs.document import LEVELS, LogQuery
from chainbot_desktop.watch.logs.records import SOURCES, Source
from chainbot_desktop.watch.logs.timeline import LogTimeline
from chainbot_desktop.watch.logs.timeline_reading import Page, TimelineReader, WholeRecord

_log = logging.getLogger(__name__)

_NUMBERS = {name: number for number, name in LEVELS.items()}
_HELD = 256 * 1024
"""Characters of an export that go into one write."""

Level = Literal["none", "debug", "info", "warning", "error", "critical"]
Format = Literal["json", "jsonl", "text"]


def _as_list(value: object) -> object:
    words = value if isinstance(value, list) else [value]
    return [name for word in words for name in str(word).split(",") if name]


def _as_names(value: object) -> object:
    return value if isinstance(value, list) else [value]


class LogParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    level: Annotated[list[Level], BeforeValidator(_as_list), Field(max_length=6)] = Field(
        default_factory=list, description="Only these levels; repeat it, or separate them by commas."
    )
    source: Annotated[list[Source], BeforeValidator(_as_list), Field(max_length=len(SOURCES))] = Field(
        default_factory=list, description="Only from these sources; repeat it, or separate them by commas."
    )
    name: Annotated[
        list[Annotated[str, StringConstraints(max_length=300)]], BeforeValidator(_as_names), Field(max_length=100)
    ] = Field(default_factory=list, description="Only from those of this name (logger, agent, unit, route); repeat it.")
    q: Annotated[str, StringConstraints(max_length=1000)] = Field(
        "", description='Words that must all occur (several in "double quotes" as they are), or an expression with regex=true.'
    )
    regex: bool = Field(False, description="Whether `q` is a regular expression.")
    case: bool = Field(False, description="Whether upper and lower case are told apart in `q`.")
    after: RfcTime | None = Field(None, description="Not before this time (RFC 3339).")
    before: RfcTime | None = Field(None, description="Not after this time (RFC 3339).")
    limit: int = Field(100, ge=1, le=1000, description="Most records in one answer; an export has all.")
    cursor: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        None, description="Go on from `older` or `newer` of an earlier answer; without it the newest records come."
    )
    format: Format = Field("json", description="json: a page; jsonl, text: everything that passes, as a file.")

    def query(self) -> LogQuery:
        return LogQuery(
            levels=frozenset(_NUMBERS[level] for level in self.level),
            sources=frozenset(self.source),
            names=frozenset(self.name),
            text=self.q,
            regex=self.regex,
            case=self.case,
            after=_seconds(self.after),
            before=_seconds(self.before),
        )


class LogEntry(BaseModel):
    """One record. `text` may have several lines and hold control characters, as it was written; secrets are left out."""

    number: int = Field(description="The number of its first line. It stays its own until the program is started again.")
    time: str
    level: Level
    source: Source
    name: str = Field(description="Who of the source said it: a logger, an agent, a unit, a route.")
    text: str


class TimelinePage(BaseModel):
    items: list[LogEntry] = Field(description="The oldest first.")
    older: str | None = Field(description="The cursor for what came before; null where nothing older is kept.")
    newer: str = Field(description="The cursor for what came after, or will come: ask with it again.")
    dropped: int = Field(description="Lines after the cursor that are no longer kept.")


async def list_logs(request: web.Request) -> web.StreamResponse:
    asked = parse_query(request.query, LogParameters)
    timeline = request.app[SERVICES].timeline
    if timeline is None:
        raise Unavailable("This program keeps no log timeline.", code="no_timeline")
    reader = timeline.reader(asked.query())
    if asked.format != "json":
        return await _export(request, reader, asked.format)
    return json_answer(_document(await _page(timeline, reader, asked), timeline))


async def _page(timeline: LogTimeline, reader: TimelineReader, asked: LogParameters) -> Page:
    if asked.cursor is None:
        return await reader.newest(asked.limit)
    way, number = _position(asked.cursor, timeline)
    return await (reader.newest(asked.limit, number) if way == "before" else reader.oldest(asked.limit, number))


def _position(cursor: str, timeline: LogTimeline) -> tuple[str, int]:
    way, _, rest = cursor.partition(".")
    number, _, life = rest.partition(".")
    if way not in {"before", "from"} or not (number.isascii() and number.isdigit()):
        raise InvalidInput("This is no cursor.", hint="Take `older` or `newer` of an answer.", code="invalid_cursor")
    if life != timeline.life:
        raise InvalidInput(
            "The program was started again since: what this cursor points at is gone.",
            hint="Ask without a cursor.",
            code="stale_cursor",
        )
    return way, int(number)


def _document(page: Page, timeline: LogTimeline) -> dict[str, Any]:
    older = page.begin > timeline.first
    return {
        "items": [_entry(record) for record in page.records],
        "older": f"before.{page.begin}.{timeline.life}" if older else None,
        "newer": f"from.{page.end}.{timeline.life}",
        "dropped": page.dropped,
    }


def _entry(record: WholeRecord) -> dict[str, Any]:
    first = record.first
    return {
        "number": first.number,
        "time": _time(first.time),
        "level": LEVELS[first.level],
        "source": first.source,
        "name": first.name,
        "text": record.text,
    }


async def _export(request: web.Request, reader: TimelineReader, form: Literal["jsonl", "text"]) -> web.StreamResponse:
    media_type, ending, write = _FORMS[form]
    name = f"logs-{datetime.now(UTC):%Y%m%d-%H%M%S}.{ending}"
    response = web.StreamResponse(headers=headers(media_type, Content_Disposition=saved_as(name)))
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    may_stay = request.app[DOOR].stay(request)
    try:
        async with aclosing(reader.all()) as parts:
            async for part in parts:
                if not may_stay():
                    raise ConnectionResetError
                await _write(response, part, write)
        await response.write_eof()
    except (ChainBotError, ConnectionError) as error:
        # Half a file must not look like a whole one: the connection is cut before the end that every whole one has.
        _log.warning("an export of log lines broke off: %s", error)
        if request.transport is not None:
            request.transport.abort()
    return response


async def _write(response: web.StreamResponse, records: Sequence[WholeRecord], write: Callable[[WholeRecord], bytes]) -> None:
    held = bytearray()
    for record in records:
        held += write(record)
        if len(held) > _HELD:
            await response.write(bytes(held))
            held.clear()
    if held:
        await response.write(bytes(held))


def _as_json_line(record: WholeRecord) -> bytes:
    return json_bytes_of(_entry(record)) + b"\n"


def _as_text(record: WholeRecord) -> bytes:
    first = record.first
    return f"{_time(first.time)} {LEVELS[first.level]} {first.source}/{first.name}: {record.text}\n".encode()


_FORMS: Mapping[str, tuple[str, str, Callable[[WholeRecord], bytes]]] = {
    "jsonl": ("application/x-ndjson", "jsonl", _as_json_line),
    "text": ("text/plain; charset=utf-8", "txt", _as_text),
}


def _time(seconds: float | None) -> str:
    return format_time(datetime.fromtimestamp(seconds or 0.0, UTC))


def _seconds(moment: str | None) -> float | None:
    return parse_time(moment).timestamp() if moment is not None else None


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/logs",
        list_logs,
        "Log lines of the program, its agents, the system, ALEX OS and the server",
        "logs",
        (
            Answer("", TimelinePage),
            Answer("With format=jsonl: one record a line", None, "application/x-ndjson"),
            Answer("With format=text", None, "text/plain"),
        ),
        description=(
            "The newest records first come in one page; `older` leads back, `newer` on, and asked again later to what came since. "
            "Order is arrival: sources tell of things late, and clocks jump. 422 with `stale_cursor` after a restart; "
            "with `slow_pattern` for an expression that takes too long."
        ),
        query=LogParameters,
        problems=(422, 503),
    ),
)
