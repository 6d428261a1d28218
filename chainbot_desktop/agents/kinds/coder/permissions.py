"""A coding agent's own questions: may it do this? They become cards for a human, whose answer goes back as the option it stands for.

An approval is worth what the human gave: once, or for this run. A coding agent's "always" may outlast both, so it is only chosen where
a run was approved and nothing smaller is offered; what a run's approval covers is remembered here, by scope.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from acp import schema

from chainbot_desktop.agents.approvals.request import ApprovalDraft, Verdict
from chainbot_desktop.agents.kinds.coder.denials import denial
from chainbot_desktop.agents.kinds.coder.errors import TurnOver
from chainbot_desktop.agents.kinds.coder.showing import command_of, difference, diffs_of, paths_of, raw_text, words_of
from chainbot_desktop.agents.kinds.coder.turn import Turn
from chainbot_desktop.agents.tools.shown import line, plain
from chainbot_desktop.agents.tools.tool import Toolbox
from chainbot_desktop.store.agent_rows import DetailKind


async def ask_permission(
    request: schema.RequestPermissionRequest, turn: Turn, toolbox: Toolbox, title: str, workspace: Path
) -> schema.RequestPermissionResponse:
    """`title` is the coding agent's, for the card. ChainBotError where it cannot be put to a human."""
    if reason := await denial(request.tool_call, turn, toolbox, workspace):
        turn.step(f"Denied: {_named(request.tool_call)}", detail=reason)
        return _answer(_chosen(request.options, Verdict(False)))
    try:
        draft = await asyncio.to_thread(_draft, request, turn.next_request(), title, workspace)
        verdict = await turn.ask(draft)
    except TurnOver:
        return _answer(None)
    return _answer(_chosen(request.options, verdict))


def _answer(option: str | None) -> schema.RequestPermissionResponse:
    if option is None:
        return schema.RequestPermissionResponse(outcome=schema.DeniedOutcome(outcome="cancelled"))
    return schema.RequestPermissionResponse(outcome=schema.AllowedOutcome(outcome="selected", option_id=option))


def _chosen(options: Sequence[schema.PermissionOption], verdict: Verdict) -> str | None:
    """The option that allows no more than the human did; None (cancelled) where there is nothing to choose."""
    kinds: tuple[str, ...] = ("reject_once", "reject_always")
    if verdict.approved:
        kinds = ("allow_once", "allow_always", *kinds) if verdict.for_run else ("allow_once", *kinds)
    return next((option.option_id for kind in kinds for option in options if option.kind == kind), None)


def _draft(request: schema.RequestPermissionRequest, call_id: str, title: str, workspace: Path) -> ApprovalDraft:
    call = request.tool_call
    detail, kind = _detail(call)
    named = _named(call)
    paths = paths_of(call)
    why = f"{title} asks before it does this by itself."
    if not any(option.kind == "allow_once" for option in request.options):
        why += " It takes no single approval: approve it for this run, or it is refused."
    return ApprovalDraft(
        call_id=call_id,
        tool=f"coder:{call.kind or 'other'}",
        title=named,
        detail=detail or named,
        detail_kind=kind,
        why=why,
        touches=paths,
        sandboxed=False,
        scope=_scope(call, named, detail, paths, workspace),
    )


def _named(call: schema.ToolCallUpdate) -> str:
    return line((call.title or "").strip(), 500) or f"{call.kind or 'A tool call'}"


def _detail(call: schema.ToolCallUpdate) -> tuple[str, DetailKind]:
    """Exactly what it says it will do. TooLarge."""
    said = words_of(call)
    if diffs := diffs_of(call):
        return "\n".join(difference(diff) for diff in diffs), "diff"
    if command := command_of(call.raw_input):
        return command, "command"
    return "\n\n".join(part for part in (raw_text(call.raw_input), plain(said), "\n".join(paths_of(call))) if part), "text"


def _scope(call: schema.ToolCallUpdate, title: str, detail: str, paths: Sequence[str], workspace: Path) -> str:
    """What "for this run" covers: further edits in the workspace, or just this again."""
    real = workspace.resolve()
    if call.kind == "edit" and paths and all((real / path).resolve().is_relative_to(real) for path in paths):
        return "coder: edit in the workspace"
    digest = sha256(f"{call.kind}\0{title}\0{detail}\0{paths}".encode("utf-8", "replace")).hexdigest()[:32]
    return f"coder:{digest}"
