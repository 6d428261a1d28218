"""A tool of a tool server as an agent sees it. What a server says of itself is a stranger's text: bounded and cleaned."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from chainbot_desktop.agents.kind import Run
from chainbot_desktop.agents.tools.patterns import Target
from chainbot_desktop.agents.tools.plan import Plan, Refused
from chainbot_desktop.agents.tools.shown import line, plain
from chainbot_desktop.agents.tools.tool import ToolInfo

_log = logging.getLogger(__name__)

_NAME_LIMIT = 64
"""What providers take as the name of a tool."""
_DESCRIPTION_LIMIT = 1000
_SCHEMA_LIMIT = 16 * 1024
_TOOLS_LIMIT = 128
_ARGUMENTS_LIMIT = 256 * 1024


class Caller(Protocol):
    """A connection to a tool server."""

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """ToolFailed where it is not there, says no or takes too long."""
        ...


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server offers, in its own words. `name` is the server's own."""

    name: str
    description: str
    schema: Mapping[str, Any]


class McpTool:
    def __init__(self, server: str, offer: Offer, caller: Caller) -> None:
        self._server = server
        self._offer = offer
        self._caller = caller
        description = plain(offer.description[:_DESCRIPTION_LIMIT])
        self._info = ToolInfo(offered_name(server, offer.name), f"(tool server {server}) {description}", _cleaned(offer.schema))

    @property
    def info(self) -> ToolInfo:
        return self._info

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        shown = json.dumps(arguments, indent=1, sort_keys=True, ensure_ascii=False)
        if len(shown) > _ARGUMENTS_LIMIT:
            raise Refused("The arguments are too long.", rule="malformed", target=self._info.name)

        async def carry_out() -> str:
            return plain(await self._caller.call(self._offer.name, arguments))

        return Plan(
            targets=(Target("name", (json.dumps(arguments, sort_keys=True, ensure_ascii=False),)),),
            title=line(f"{self._offer.name} of the tool server {self._server}"),
            detail=f"{plain(self._offer.name, kept='')} {plain(shown)}",
            detail_kind="text",
            carry_out=carry_out,
            touches=(f"whatever the tool server {self._server} may touch",),
            sandboxed=False,
            scope=f"mcp:{self._info.name}",
        )


def offered_name(server: str, tool: str) -> str:
    """`mcp__server__tool`, in letters and length that every provider takes."""
    name = f"mcp__{server}__{re.sub(r'[^A-Za-z0-9_-]', '_', tool)}"
    if len(name) <= _NAME_LIMIT:
        return name
    return f"{name[: _NAME_LIMIT - 9]}_{sha256(tool.encode('utf-8', 'replace')).hexdigest()[:8]}"


def tools_of(server: str, offers: list[Offer], caller: Caller) -> dict[str, McpTool]:
    """The tools by their offered names; what is too much, too large or named twice is left out and logged."""
    tools: dict[str, McpTool] = {}
    for offer in offers[:_TOOLS_LIMIT]:
        name = offered_name(server, offer.name)
        if name in tools or len(json.dumps(offer.schema)) > _SCHEMA_LIMIT:
            _log.warning(
                "tool server %s: its tool %s is left out: named twice, or too large a schema", server, line(offer.name, 100)
            )
            continue
        tools[name] = McpTool(server, offer, caller)
    if len(offers) > _TOOLS_LIMIT:
        _log.warning("tool server %s offers %d tools; the first %d are taken", server, len(offers), _TOOLS_LIMIT)
    return tools


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {plain(str(key), kept=""): _cleaned(item) for key, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value
