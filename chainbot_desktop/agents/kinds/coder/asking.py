"""What a coding agent wants done by us goes the way of all tools: judged by the agent's policy, asked where a human must be asked."""

from __future__ import annotations

from collections.abc import Callable

from chainbot_desktop.agents.approvals.request import ApprovalDraft
from chainbot_desktop.agents.kinds.coder.turn import Turn
from chainbot_desktop.agents.tools.tool import Toolbox, ToolCall, ToolFailed


async def require(
    toolbox: Toolbox, turn: Turn, call: ToolCall, shown: Callable[[ApprovalDraft], ApprovalDraft] = lambda draft: draft
) -> None:
    """Return where it may be done. ToolFailed with the reason where it may not. `shown` makes the card say what will really happen."""
    judgement = await toolbox.judge(call, turn.run)
    if judgement.verdict == "deny":
        raise ToolFailed(judgement.reason or "The policy does not allow it.", code="tool_denied")
    if judgement.verdict == "allow" and judgement.reason:
        raise ToolFailed(judgement.reason)  # it cannot be done, so the policy was not asked
    if judgement.verdict == "ask" and judgement.draft is not None:
        verdict = await turn.ask(shown(judgement.draft))
        if not verdict.approved:
            reason = "Nobody answered in time." if verdict.expired else f"A person denied it. {verdict.answer}".strip()
            raise ToolFailed(reason, code="tool_denied")
