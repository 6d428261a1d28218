"""What arrives at the API is what was asked for, below the base address, whatever a task writes: seen from the server's side."""

from __future__ import annotations

import asyncio
import json
import posixpath
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainbot_desktop.store.agent_rows import RunRow
from tests.helpers.agent_house import AgentHouse
from tests.helpers.api_agents import agent, do
from tests.helpers.raw_http import Arrived, RawServer, raw_server

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/things/{id}/parts/{part}": {
            "get": {
                "operationId": "getPart",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "part", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "q", "in": "query", "schema": {"type": "string"}},
                    {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "X-Note", "in": "header", "schema": {"type": "string"}},
                ],
            }
        }
    },
}
STEPS = ("..", ".", "/", "//", "\\", ";", "..;", "%2e", "%2E%2e", "%252e", "%2f", "%5c", "%c0%ae")
SIGNS = (
    "%",
    "%00",
    "%0d%0a",
    "\r\n",
    "\x00",
    "\u2028",
    "?",
    "&",
    "=",
    "+",
    " ",
    "#",
    "@",
    ":",
    "'",
    '"',
    "{id}",
    "a",
    "é",
    "😀",
)
NASTY = st.lists(st.sampled_from([*STEPS, *SIGNS, "http:", "v1", "things"]), max_size=6).map("".join)
WORDS = NASTY | st.text(max_size=12)


@dataclass
class Meeting:
    """An agent, the API that it calls, and somebody else's server, which nobody must hear of."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    house: AgentHouse
    agent_id: str
    api: RawServer
    other: RawServer

    def ask(self, **context: Any) -> tuple[RunRow, Arrived | None]:
        self.api.arrived.clear()
        row: RunRow = self.run(do(self.house, self.agent_id, "Look it up", **context))
        assert "bug" not in row.reason
        assert self.other.connections == 0
        assert len(self.api.arrived) == (1 if row.state == "succeeded" else 0), row.reason
        if not self.api.arrived:
            return row, None
        [arrived] = self.api.arrived
        assert arrived.header("Host") == [self.api.host]
        assert re.fullmatch(r"(?:[A-Za-z0-9/:@!$&'()*+,;=._~?\[\]-]|%[0-9A-Fa-f]{2})+", arrived.target), "as RFC 3986 has it"
        assert _as_a_lenient_server_reads(arrived.target.partition("?")[0]).startswith("/v1")
        return row, arrived


def _as_a_lenient_server_reads(path: str) -> str:
    for _ in range(10):
        path = unquote(path)
    steps = (step.partition(";")[0] for step in path.replace("\\", "/").split("/"))
    return posixpath.normpath("/" + "/".join(steps).lstrip("/"))


@contextmanager
def meeting(folder: Path) -> Iterator[Meeting]:
    (folder / "spec.json").write_text(json.dumps(DOCUMENT))
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def open_it() -> Meeting:
            api = await stack.enter_async_context(raw_server())
            other = await stack.enter_async_context(raw_server())
            house, agent_id = await stack.enter_async_context(
                agent(folder, f"http://{api.host}/v1", openapi=str(folder / "spec.json"))
            )
            return Meeting(runner.run, house, agent_id, api, other)

        try:
            yield runner.run(open_it())
        finally:
            runner.run(stack.aclose())


def test_what_the_server_reads_is_what_was_asked_for(tmp_path: Path) -> None:
    with meeting(tmp_path) as met:

        @settings(max_examples=200, deadline=None)
        @given(thing=WORDS, part=WORDS, q=st.none() | WORDS, tags=st.lists(WORDS, max_size=3), note=st.none() | WORDS)
        @example(thing="50%", part="a/b", q="", tags=["", "&x=1"], note="a b")
        @example(thing="a?b#c", part="größer 😀", q="%2e+&", tags=[], note=None)
        @example(thing="a@b:c", part="http://x/", q="\r\nX: y", tags=[], note=None)
        @example(thing="a", part="a\r\nX-Evil: 1", q=None, tags=[], note="a\r\nX-Evil: 1")
        def check(thing: str, part: str, q: str | None, tags: list[str], note: str | None) -> None:
            given_: dict[str, Any] = {"id": thing, "part": part, "tag": tags}
            given_ |= {name: value for name, value in (("q", q), ("X-Note", note)) if value is not None}
            row, arrived = met.ask(operation="getPart", parameters=given_)
            if arrived is None:
                assert "'id'" in row.reason or "'part'" in row.reason or "'X-Note'" in row.reason
                assert _may_be_refused(thing) or _may_be_refused(part) or not _fits_a_header(note), row.reason
                return
            assert arrived.steps == ["v1", "things", thing, "parts", part]
            assert arrived.query == [*([("q", q)] if q is not None else []), *(("tag", tag) for tag in tags)]
            assert arrived.header("X-Note") == ([note] if note is not None else [])
            assert arrived.header("X-Evil") == []

        check()


def test_a_path_that_a_task_writes_stays_below_and_arrives_as_written(tmp_path: Path) -> None:
    with meeting(tmp_path) as met:
        elsewhere = st.sampled_from([f"//{met.other.host}/x", f"http://{met.other.host}", f"@{met.other.host}/", "\\\\", "/"])
        paths = st.tuples(st.just("") | elsewhere, WORDS).map("".join)
        queries = st.dictionaries(WORDS, WORDS | st.lists(WORDS, min_size=1, max_size=2), max_size=3)

        @settings(max_examples=300, deadline=None)
        @given(path=paths, query=queries)
        @example(path="/things/50%/a%2Fb//c;v=1?x=1&x=2&y=a+b", query={"x": ["3", ""], "": "é&="})
        @example(path="", query={})
        @example(path="/", query={})
        @example(path=f"//{met.other.host}/x", query={})
        @example(path=f"things?next=http://{met.other.host}/@", query={})
        @example(path="/a HTTP/1.1\r\nHost: evil\r\n\r\n", query={})
        @example(path="/a?b HTTP/1.1\r\nHost: evil\r\n\r\n", query={})
        def check(path: str, query: dict[str, Any]) -> None:
            _, arrived = met.ask(path=path, query=query)
            if arrived is None:
                return
            asked, _, inline = path.partition("?")
            steps = asked.removeprefix("/").split("/") if asked else []
            assert [unquote(step) for step in arrived.target.partition("?")[0].split("/")[1:]] == ["v1", *map(unquote, steps)]
            added = [(name, part) for name, value in query.items() for part in (value if isinstance(value, list) else [value])]
            read = parse_qsl(arrived.target.partition("?")[2], keep_blank_values=True)
            assert read == [*parse_qsl(inline, keep_blank_values=True), *added]

        check()


@pytest.mark.parametrize(
    "path",
    ["/things/7", "things/größer", "/a b", "/a%20b", "/a//b", "/a;v=1", "/...", "/a.b/..c", "/50%", "/?q=..", "/q?u=a@b"],
)
def test_a_path_that_leads_nowhere_else_is_not_refused(tmp_path: Path, path: str) -> None:
    with meeting(tmp_path) as met:
        assert met.ask(path=path)[1] is not None


@pytest.mark.parametrize(
    "place",
    ["http://{other}/", "//{other}/v1/x", "/v1/../admin", "/v1/%2e%2e/admin", "/v1/..;/admin", "/v1x", "https://{api}/v1/", ""],
)
def test_no_redirect_leads_elsewhere(tmp_path: Path, place: str) -> None:
    with meeting(tmp_path) as met:
        location = place.format(other=met.other.host, api=met.api.host)
        met.api.answers = lambda _: f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        row = met.run(do(met.house, met.agent_id, "GET /things"))
        assert "not below the base address" in row.reason
        assert met.other.connections == 0
        assert len(met.api.arrived) == 1


def _may_be_refused(value: str) -> bool:
    """Values with none of these can lead nowhere: to refuse them would be a fault."""
    return not value or any(sign in value for sign in "%.\\") or any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in value)


def _fits_a_header(value: str | None) -> bool:
    return value is None or (value != "" and value == value.strip(" ") and all(" " <= sign <= "~" for sign in value))
