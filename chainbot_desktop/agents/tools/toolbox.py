"""The tools of one agent under its policy: every call is planned, judged, journaled where it must be, and only then carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from chainbot_desktop.agents.approvals.request import ApprovalDraft, Verdict
from chainbot_desktop.agents.kind import AgentContext, Run
from chainbot_desktop.agents.tools.plan import Plan, Refused, Tool
from chainbot_desktop.agents.tools.policy import Decision, Policy
from chainbot_desktop.agents.tools.shown import cut, line, quoted
from chainbot_desktop.agents.tools.tool import Judgement, ToolCall, ToolFailed, ToolInfo
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import Severity, ToolCallJudged
from chainbot_desktop.core.events.runs import ToolVerdict
from chainbot_desktop.core.ports import Journal

_Verdict = Literal["allowed", "approved", "denied", "refused"]


class MoreTools(Protocol):
    """Tools that come and go while the program runs: those of tool servers."""

    async def tools(self, context: AgentContext) -> Mapping[str, Tool]: ...


@dataclass(frozen=True, slots=True)
class _Judged:
    plan: Plan
    decision: Decision
    draft: ApprovalDraft


class PolicedToolbox:
    """A `Toolbox`. `names`: the tools that it is meant to have, None: all; a server's whole set is meant by `mcp__server`."""

    def __init__(
        self,
        context: AgentContext,
        policy: Policy,
        tools: Sequence[Tool],
        journal: Journal,
        *,
        more: MoreTools | None = None,
        names: Sequence[str] | None = None,
        output_limit: int = 30_000,
    ) -> None:
        self._context = context
        self._policy = policy
        self._own = {tool.info.name: tool for tool in tools}
        self._journal = journal
        self._more = more
        self._names = None if names is None else frozenset(names)
        self._output_limit = output_limit

    async def infos(self) -> Sequence[ToolInfo]:
        return [tool.info for name, tool in (await self._tools()).items() if not self._policy.denies_altogether(name)]

    async def judge(self, call: ToolCall, run: Run) -> Judgement:
        try:
            judged = await self._judged(call, run)
        except Refused as refusal:
            await self._note(call, run, "refused", refusal.target, refusal.rule, refusal.message)
            return Judgement("deny", refusal.rule, refusal.message)
        except ToolFailed as failure:
            # Nothing would be done, so there is nothing to ask: `execute` says the same to the model.
            return Judgement("allow", "cannot be done", failure.message)
        if judged.decision.action == "deny":
            await self._note_denial(call, run, judged)
            return Judgement("deny", judged.decision.rule, _denial(judged.decision))
        if judged.decision.action == "ask":
            return Judgement("ask", judged.decision.rule, draft=judged.draft)
        return Judgement("allow", judged.decision.rule)

    async def execute(self, call: ToolCall, run: Run) -> str:
        try:
            judged = await self._judged(call, run)
        except Refused as refusal:
            await self._note(call, run, "refused", refusal.target, refusal.rule, refusal.message)
            raise
        if judged.decision.action == "deny":
            await self._note_denial(call, run, judged)
            raise ToolFailed(_denial(judged.decision), code="tool_denied")
        if judged.decision.action == "ask":
            verdict = await self._require_approval(call, run, judged)
            if judged.plan.question:
                return verdict.answer
        elif not judged.decision.by_default:
            await self._note(call, run, "allowed", _target(judged.plan), judged.decision.rule, "")
        try:
            return cut(await judged.plan.carry_out(), self._output_limit)
        except Refused as refusal:  # what shows only on the way: an address behind a name, a redirection
            await self._note(call, run, "refused", refusal.target, refusal.rule, refusal.message)
            raise
        except ToolFailed:
            raise
        except (ChainBotError, OSError) as error:
            raise ToolFailed(line(str(error), 2000)) from error

    async def _tools(self) -> dict[str, Tool]:
        tools = dict(self._own)
        if self._more is not None and (self._names is None or any(name.startswith("mcp__") for name in self._names)):
            tools.update(await self._more.tools(self._context))
        return {name: tool for name, tool in tools.items() if self._has(name)}

    def _has(self, name: str) -> bool:
        if self._names is None or name in self._names:
            return True
        return name.startswith("mcp__") and name.rpartition("__")[0] in self._names

    async def _judged(self, call: ToolCall, run: Run) -> _Judged:
        tool = self._own.get(call.name) if self._has(call.name) else None
        if tool is None:
            tool = (await self._tools()).get(call.name)
        if tool is None:
            raise Refused(f"There is no tool {line(call.name, 100)!r} here.", rule="unknown tool")
        plan = await tool.plan(call.arguments, run)
        decision = self._policy.decide(call.name, plan.targets)
        if plan.question and decision.action == "allow":
            decision = Decision("ask", decision.rule, decision.by_default)
        return _Judged(plan, decision, plan.draft(call.call_id, call.name))

    async def _require_approval(self, call: ToolCall, run: Run, judged: _Judged) -> Verdict:
        draft = judged.draft
        verdict = await self._context.approvals.answered(run.row.id, draft.call_id, draft.scope)
        if verdict is None:
            raise ToolFailed(
                "Nobody approved this, or what it would do changed since it was approved.", code="tool_not_approved"
            )
        if not verdict.approved:
            reason = "Nobody answered in time." if verdict.expired else f"A person denied it. {verdict.answer}".strip()
            await self._note(call, run, "denied", _target(judged.plan), "a person", reason)
            raise ToolFailed(reason, code="tool_denied")
        rule = "a person, for this run" if verdict.for_run else "a person"
        await self._note(call, run, "approved", _target(judged.plan), rule, "")
        return verdict

    async def _note_denial(self, call: ToolCall, run: Run, judged: _Judged) -> None:
        await self._note(call, run, "denied", _target(judged.plan), judged.decision.rule, _denial(judged.decision))

    async def _note(self, call: ToolCall, run: Run, verdict: _Verdict, target: str, rule: str, reason: str) -> None:
        against = verdict in {"denied", "refused"}
        fact = ToolVerdict(
            run_id=run.row.id,
            agent_id=self._context.agent_id,
            tool=line(call.name, 200),
            target=line(target),
            verdict=verdict,
            rule=line(rule),
            reason=line(reason, 1000),
        )
        await self._journal.append(
            ToolCallJudged(
                source="tools",
                severity=Severity.WARNING if against else Severity.INFO,
                subject=line(self._context.name, 200),
                actor=f"agent:{line(self._context.agent_id, 200)}",
                data=fact,
            )
        )


def _denial(decision: Decision) -> str:
    return f"The policy denies this for good ({decision.rule}). Do not try it in another way."


def _target(plan: Plan) -> str:
    target = plan.targets[0]
    return quoted(target.words) if target.kind == "command" else target.words[0]
