"""What a coding agent is told of a task, and what its ways to stop mean."""

from __future__ import annotations

import json

from chainbot_desktop.agents.kinds.coder.errors import CoderFailed
from chainbot_desktop.store.agent_rows import RunRow

_REASONS = {
    "max_tokens": "it reached its largest number of tokens",
    "max_turn_requests": "it reached its largest number of requests to its model",
    "refusal": "it refuses to do this",
    "cancelled": "it cancelled the task by itself",
}


def prompt_of(row: RunRow) -> str:
    if not row.context:
        return row.task
    context = json.dumps(dict(row.context), ensure_ascii=False, indent=1, default=str)
    return f"{row.task}\n\nContext:\n```json\n{context}\n```"


def stopped(name: str, reason: str, answer: str) -> CoderFailed:
    """Why a task has no result; `reason` is the protocol's word."""
    hint = f"It said last: {answer[-500:]}" if answer else ""
    return CoderFailed(f"{name} stopped before the end: {_REASONS.get(reason, reason)}.", hint=hint, code=f"coder_{reason}")
