"""Our tools as the model framework sees them. What the policy says is decided in the tool layer; here it is only passed on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.exceptions import ApprovalRequired
from pydantic_ai.exceptions import ToolFailed as ModelSeesFailure
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, ToolsetTool
from pydantic_core import SchemaValidator, core_schema

from chainbot_desktop.agents.approvals.request import Approvals
from chainbot_desktop.agents.kind import Run
from chainbot_desktop.agents.kinds.assistant.progress import Outcome, Progress, own_call_id
from chainbot_desktop.agents.tools.tool import Toolbox, ToolCall, ToolFailed

_ANY_OBJECT = SchemaValidator(core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema()))
"""Arguments are checked by the tool itself, whose sentences a model can use."""


class PolicedToolset(AbstractToolset[None]):
    """The tools of one agent for one run."""

    def __init__(self, toolbox: Toolbox, run: Run, approvals: Approvals, progress: Progress) -> None:
        self._toolbox = toolbox
        self._run = run
        self._approvals = approvals
        self._progress = progress

    @property
    def id(self) -> str | None:
        return "chainbot"

    async def get_tools(self, ctx: RunContext[None]) -> dict[str, ToolsetTool[None]]:
        infos = await self._toolbox.infos()
        return {
            info.name: ToolsetTool(
                toolset=self,
                tool_def=ToolDefinition(
                    name=info.name,
                    description=info.description,
                    parameters_json_schema=dict(info.parameters),
                    # One after the other: two writes of one answer must not meet, and a person reads one card at a time.
                    sequential=True,
                ),
                max_retries=3,
                args_validator=_ANY_OBJECT,
            )
            for info in infos
        }

    async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: RunContext[None], tool: ToolsetTool[None]) -> Any:
        call = ToolCall(own_call_id(ctx.messages, ctx.tool_call_id or ""), name, tool_args)
        outcome = self._progress.outcome(ctx.messages, call.call_id)
        if outcome is None:
            if not ctx.tool_call_approved:
                await self._need_approval(call)
            outcome = await self._carry_out(call, ctx)
        if outcome.failed:
            raise ModelSeesFailure(outcome.text)
        return outcome.text

    async def _carry_out(self, call: ToolCall, ctx: RunContext[None]) -> Outcome:
        await self._progress.begin(ctx.messages, call.call_id, ctx.usage.requests)
        detail = json.dumps(call.arguments, ensure_ascii=False)[:20_000]
        self._run.step(f"{call.name} {short(call.arguments)}".strip(), detail=detail)
        try:
            outcome = Outcome(await self._toolbox.execute(call, self._run))
        except ToolFailed as error:
            outcome = Outcome(str(error), failed=True)
        said = self._run.take_messages()
        self._progress.hear(said)
        await self._progress.end(call.call_id, outcome)
        for text in said:
            ctx.enqueue(text)
        return outcome

    async def _need_approval(self, call: ToolCall) -> None:
        judgement = await self._toolbox.judge(call, self._run)
        if judgement.verdict == "deny":
            raise ModelSeesFailure(judgement.reason or "The policy does not allow it.")
        if judgement.verdict == "ask":
            draft = judgement.draft
            known = await self._approvals.answered(self._run.row.id, draft.call_id, draft.scope) if draft is not None else None
            if known is None:
                raise ApprovalRequired
            if not known.approved:
                raise ModelSeesFailure(known.answer or "A person denied it.")


def short(arguments: Mapping[str, Any]) -> str:
    """What a line of activity shows of a call: its first short argument."""
    for value in arguments.values():
        text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        if text.strip():
            return text.splitlines()[0][:80]
    return ""
