"""Files that a coding agent reads and writes through us: by the agent's policed toolbox, like those of every other agent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from chainbot_desktop.agents.kinds.coder.asking import require
from chainbot_desktop.agents.kinds.coder.turn import Turn
from chainbot_desktop.agents.tools.file_reading import text_of
from chainbot_desktop.agents.tools.places import Places
from chainbot_desktop.agents.tools.tool import Toolbox, ToolCall


class FileAccess(Protocol):
    """Text files as the protocol has them: `first_line` counts from 1, `count` lines, None is all. ToolFailed says why not."""

    async def read_text(self, turn: Turn, path: str, first_line: int | None, count: int | None) -> str: ...

    async def write_text(self, turn: Turn, path: str, content: str) -> None: ...


class CoderFiles:
    """Implements `FileAccess`."""

    def __init__(self, toolbox: Toolbox, workspace: Path) -> None:
        self._toolbox = toolbox
        self._places = Places(workspace)

    async def read_text(self, turn: Turn, path: str, first_line: int | None, count: int | None) -> str:
        place = await asyncio.to_thread(self._places.find, path)
        # By its real path: should a part of it become a link by now, the read below fails instead of leading elsewhere.
        call = ToolCall(turn.next_request(), "read_file", {"path": str(place.real)})
        await require(self._toolbox, turn, call)
        # What the tool answers is numbered for a model; what it refuses is refused here too.
        await self._toolbox.execute(call, turn.run)
        text, _ = await asyncio.to_thread(text_of, place)
        if first_line is None and count is None:
            return text
        lines = text.splitlines(keepends=True)
        first = max(0, (first_line or 1) - 1)
        return "".join(lines[first:] if count is None else lines[first : first + count])

    async def write_text(self, turn: Turn, path: str, content: str) -> None:
        call = ToolCall(turn.next_request(), "write_file", {"path": path, "content": content})
        await require(self._toolbox, turn, call)
        await self._toolbox.execute(call, turn.run)
