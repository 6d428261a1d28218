"""A toolbox with the real desk: what was approved is what happens, also in another life of the program."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chainbot_desktop.agents.approvals.desk import AgentApprovals, ApprovalDesk
from chainbot_desktop.agents.tools.tool import ToolCall, ToolFailed
from chainbot_desktop.agents.tools.toolbox import PolicedToolbox
from chainbot_desktop.core.events.runs import Decision
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.approvals import ApprovalTable
from tests.helpers.toolboxes import Bench, open_bench

ME = "user:tester"


@asynccontextmanager
async def life(folder: Path) -> AsyncIterator[tuple[Bench, PolicedToolbox, ApprovalDesk, AgentApprovals]]:
    """One life of the program."""
    async with open_bench(folder, sandbox="off") as bench:
        tasks = Tasks()
        desk = ApprovalDesk(ApprovalTable(bench.store.database, bench.store.journal), tasks)
        await desk.open()
        approvals = AgentApprovals(desk, "agent-1", "tester")
        context = dataclasses.replace(bench.context, approvals=approvals)
        try:
            yield bench, bench.factory.of(context, {}, None), desk, approvals
        finally:
            await desk.close()
            await tasks.cancel_all()


async def put(bench: Bench, box: PolicedToolbox, approvals: AgentApprovals, call: ToolCall) -> str:
    judgement = await box.judge(call, bench.run)
    assert judgement.draft is not None
    return await approvals.put(bench.run.row.id, judgement.draft)


async def decide(desk: ApprovalDesk, approval_id: str, decision: Decision) -> None:
    row = await desk.get(approval_id)
    await desk.decide(row.id, row.nonce, decision, actor=ME)


async def test_an_approval_given_after_a_restart_is_obeyed(tmp_path: Path) -> None:
    call = ToolCall("call-1", "write_file", {"path": "a.txt", "content": "x\n"})
    async with life(tmp_path) as (bench, box, _, approvals):
        approval_id = await put(bench, box, approvals, call)
    async with life(tmp_path) as (bench, box, desk, approvals):
        assert await put(bench, box, approvals, call) == approval_id, "the same call is the same card"
        with pytest.raises(ToolFailed, match="Nobody approved"):
            await box.execute(call, bench.run)
        await decide(desk, approval_id, "approve")
        await box.execute(call, bench.run)
        assert (bench.workspace / "a.txt").read_text() == "x\n"


async def test_what_changed_since_gets_a_card_of_its_own(tmp_path: Path) -> None:
    call = ToolCall("call-1", "write_file", {"path": "a.txt", "content": "x\n"})
    async with life(tmp_path) as (bench, box, desk, approvals):
        first = await put(bench, box, approvals, call)
        await decide(desk, first, "approve")
        (bench.workspace / "a.txt").write_text("precious\n")
        with pytest.raises(ToolFailed, match="changed since"):
            await box.execute(call, bench.run)
        second = await put(bench, box, approvals, call)
        assert second != first
        assert "-precious" in (await desk.get(second)).detail


async def test_an_approval_for_the_run_covers_what_is_alike_and_no_more(tmp_path: Path) -> None:
    async with life(tmp_path) as (bench, box, desk, approvals):
        listing = ToolCall("call-1", "run_command", {"command": ["ls", "-a"]})
        await decide(desk, await put(bench, box, approvals, listing), "approve_run")
        assert "[exit code 0]" in await box.execute(listing, bench.run)
        again = ToolCall("call-2", "run_command", {"command": ["ls", "-a"]})
        assert "[exit code 0]" in await box.execute(again, bench.run)
        for arguments in ({"command": ["ls", "-a", ".."]}, {"command": ["ls", "-a"], "network": True}, {"command": ["ls -a"]}):
            with pytest.raises(ToolFailed, match="Nobody approved"):
                await box.execute(ToolCall("call-3", "run_command", arguments), bench.run)
