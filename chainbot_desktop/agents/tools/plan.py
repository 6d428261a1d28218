"""What a call would do, worked out before anything is done: the policy judges it, a card shows it, and then it is carried out.

A plan is made anew for judging and for executing. `digest` ties an approval to what was shown: if the same call would by now do
something else (a link was swapped, a file changed under a diff), the approval is not one for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from chainbot_desktop.agents.approvals.request import ApprovalDraft
from chainbot_desktop.agents.kind import Run
from chainbot_desktop.agents.tools.patterns import Target
from chainbot_desktop.agents.tools.shown import line, plain
from chainbot_desktop.agents.tools.tool import ToolFailed, ToolInfo
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.store.agent_rows import DetailKind

M = TypeVar("M", bound="Arguments")


class Refused(ToolFailed):
    """The call is malformed or reaches where no policy can allow it; `rule` says which of the two, `target` what it reached for."""

    code = "tool_refused"

    def __init__(self, message: str, *, rule: str, target: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.target = target


class Arguments(BaseModel):
    """What a model gave. Unknown ones are refused: they would be meant and not obeyed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Plan:
    """`title` is one line; the other words are those of an `ApprovalDraft`. `question`: it consists in asking a human."""

    targets: tuple[Target, ...]
    title: str
    detail: str
    detail_kind: DetailKind
    carry_out: Callable[[], Awaitable[str]]
    why: str = ""
    touches: tuple[str, ...] = ()
    sandboxed: bool | None = None
    scope: str = ""
    question: bool = False

    def draft(self, call_id: str, tool: str) -> ApprovalDraft:
        digest = sha256(canonical_json([tool, self.title, self.detail, self.touches, self.sandboxed])).hexdigest()[:32]
        return ApprovalDraft(
            call_id=f"{call_id}.{digest}",
            tool=tool,
            title=self.title,
            detail=self.detail,
            detail_kind=self.detail_kind,
            why=self.why,
            touches=self.touches,
            sandboxed=self.sandboxed,
            scope=self.scope,
        )


class Tool(Protocol):
    """One tool of one agent."""

    @property
    def info(self) -> ToolInfo: ...

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        """What the call would do. Refused where nobody may allow it; ToolFailed where it cannot be done; changes nothing."""
        ...


def described(name: str, description: str, arguments: type[Arguments]) -> ToolInfo:
    schema = arguments.model_json_schema()
    schema.pop("title", None)
    schema.pop("description", None)
    for field in schema.get("properties", {}).values():
        field.pop("title", None)
    return ToolInfo(name, description, schema)


def parsed(model: type[M], arguments: Mapping[str, Any]) -> M:
    """The arguments as `model`; Refused with the first thing that is wrong."""
    try:
        return model.model_validate(dict(arguments))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Refused(
            f"The argument {plain(place)!r} is wrong: {first['msg']}.", rule="malformed", target=line(place)
        ) from None
