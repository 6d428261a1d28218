"""What a tool is: what a model may call, what it would touch, and how it is carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from chainbot_desktop.agents.approvals.request import ApprovalDraft
from chainbot_desktop.agents.kind import AgentContext, Run
from chainbot_desktop.core.errors import ChainBotError


class ToolFailed(ChainBotError):
    """The call came to nothing; the sentence goes back to the model, which may do better."""

    code = "tool_failed"
    http_status = 422


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """What a model is told of a tool. `parameters` is a JSON schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`call_id` is the model's own id of the call; unique within a run."""

    call_id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the policy says to a call. `ask` comes with the card to put; `deny` is final and `reason` goes to the model."""

    verdict: Literal["allow", "ask", "deny"]
    rule: str
    reason: str = ""
    draft: ApprovalDraft | None = None


class Toolbox(Protocol):
    """The tools of one agent under its policy. Use on the loop's thread."""

    async def infos(self) -> Sequence[ToolInfo]:
        """What may be offered to the model now; tools that the policy denies altogether are left out."""
        ...

    async def judge(self, call: ToolCall, run: Run) -> Judgement:
        """Looks at the arguments as they would be carried out. A denial is journaled here."""
        ...

    async def execute(self, call: ToolCall, run: Run) -> str:
        """Judges again and carries out; ToolFailed where it is denied, not approved yet, or goes wrong. The text is bounded.

        An approval counts when it was given for this call id of this run, or for the run with the same scope.
        """
        ...


class Toolboxes(Protocol):
    """Makes the toolbox of each agent."""

    def of(self, context: AgentContext, policy: Mapping[str, Any], names: Sequence[str] | None) -> Toolbox:
        """`policy` is the agent's own ({"rules": [...]}), `names` the tools that it is meant to have; None: all."""
        ...
