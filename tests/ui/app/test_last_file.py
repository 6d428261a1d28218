"""Which file an agent wrote last, as its journalled tool calls tell."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from chainbot_desktop.app.panel_services import last_file_of
from chainbot_desktop.core.events import ToolCallJudged
from chainbot_desktop.core.events.runs import ToolVerdict
from tests.helpers.stores import open_store


async def test_the_last_file_that_its_tools_wrote_and_no_other(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:

        async def called(agent: str, tool: str, target: str, verdict: Literal["allowed", "approved", "denied"]) -> None:
            fact = ToolVerdict(run_id="r", agent_id=agent, tool=tool, target=target, verdict=verdict)
            await store.journal.append(ToolCallJudged(source="tools", subject=agent, actor=f"agent:{agent}", data=fact))

        assert await last_file_of(store.journal, "ada") == ""
        await called("ada", "write_file", "first.py", "allowed")
        await called("ada", "patch_file", "second.py", "approved")
        await called("ada", "write_file", "refused.py", "denied")
        await called("ada", "read_file", "read.py", "allowed")
        await called("bea", "write_file", "hers.py", "allowed")
        assert await last_file_of(store.journal, "ada") == "second.py"
