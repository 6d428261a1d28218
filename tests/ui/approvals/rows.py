"""A request as the store hands it out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chainbot_desktop.store.agent_rows import ApprovalRow

ROW = ApprovalRow(
    id="1",
    nonce="n",
    run_id="r",
    agent_id="a1",
    agent_name="Coder",
    call_id="c",
    tool="run_command",
    title="Run a command",
    detail="make",
    detail_kind="command",
    why="",
    touches=(),
    sandboxed=None,
    scope="",
    state="pending",
    created_at="2026-01-01T00:00:00.000000Z",
)


def row(**changed: Any) -> ApprovalRow:
    return replace(ROW, **changed)
