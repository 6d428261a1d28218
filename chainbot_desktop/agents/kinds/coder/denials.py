"""What the policy denies for good is not put before a human: the coding agent's question is answered with no, and journaled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acp import schema

from chainbot_desktop.agents.kinds.coder.command_lines import program_of, vector_of
from chainbot_desktop.agents.kinds.coder.showing import diffs_of, paths_of
from chainbot_desktop.agents.kinds.coder.turn import Turn
from chainbot_desktop.agents.tools.tool import Toolbox, ToolCall

_CHANGES = frozenset({"edit", "delete", "move"})


async def denial(call: schema.ToolCallUpdate, turn: Turn, toolbox: Toolbox, workspace: Path) -> str:
    """The reason; empty where the policy leaves it to a human. What it does in a way of its own, this does not see."""
    for tool, arguments in _as_our_tools(call, str(workspace)):
        judgement = await toolbox.judge(ToolCall(turn.next_request(), tool, arguments), turn.run)
        if judgement.verdict == "deny":
            return judgement.reason or "The policy does not allow it."
    return ""


def _as_our_tools(call: schema.ToolCallUpdate, workspace: str) -> Iterator[tuple[str, dict[str, Any]]]:
    raw = call.raw_input
    command = raw.get("command") if isinstance(raw, dict) else None
    words = [command] if isinstance(command, str) else command
    if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
        vector = vector_of(words)
        for one in (vector, program_of(vector)):
            if one is not None:
                yield "run_command", {"command": one, "cwd": workspace}
    if call.kind in _CHANGES or diffs_of(call):
        for path in paths_of(call):
            yield "write_file", {"path": path, "content": ""}
