"""Requests to a human: answered once, by whoever is first, and never by somebody who saw something else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chainbot_desktop.agents.approvals.desk import AgentApprovals, ApprovalDesk, DetailTooLarge
from chainbot_desktop.agents.approvals.request import ApprovalDraft
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.approvals import ApprovalTable
from tests.helpers.stores import Store, open_store

ME = "user:tester"


def draft(call_id: str = "call-1", *, scope: str = "", expires_in: float | None = None, detail: str = "ls") -> ApprovalDraft:
    return ApprovalDraft(call_id, "run_command", "Run ls", detail, "command", scope=scope, expires_in=expires_in)


@asynccontextmanager
async def open_desk(folder: Path) -> AsyncIterator[tuple[ApprovalDesk, AgentApprovals, Store]]:
    async with open_store(folder) as store:
        tasks = Tasks()
        desk = ApprovalDesk(ApprovalTable(store.database, store.journal), tasks)
        await desk.open()
        try:
            yield desk, AgentApprovals(desk, "ada", "Ada"), store
        finally:
            await desk.close()
            await tasks.cancel_all()


async def test_a_request_is_shown_answered_and_journaled(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (desk, ada, store):
        told = 0

        def on_change() -> None:
            nonlocal told
            told += 1

        desk.on_change(on_change)
        waiting = asyncio.ensure_future(ada.ask("run-1", draft()))
        async with asyncio.timeout(5):
            while not (pending := await desk.pending()):
                await asyncio.sleep(0.01)
        [row] = pending
        assert (row.agent_name, row.detail, row.state) == ("Ada", "ls", "pending")
        decided = await desk.decide(row.id, row.nonce, "approve", actor=ME)
        assert (decided.state, decided.decided_by) == ("approved", ME)
        assert (await waiting).approved
        assert told == 2
        types = [recorded.event.type for recorded in await store.journal.read(EventQuery())]
        assert types == ["approval_requested", "approval_decided"]


async def test_only_the_first_answer_counts(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (desk, ada, store):
        approval_id = await ada.put("run-1", draft())
        row = await desk.get(approval_id)
        answers = await asyncio.gather(
            *(desk.decide(row.id, row.nonce, word, actor=ME) for word in ("approve", "deny", "approve_run")),
            return_exceptions=True,
        )
        assert sum(isinstance(answer, Conflict) for answer in answers) == 2
        assert len([r for r in await store.journal.read(EventQuery()) if r.event.type == "approval_decided"]) == 1


async def test_an_answer_to_something_else_is_refused(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (desk, ada, _):
        approval_id = await ada.put("run-1", draft())
        with pytest.raises(InvalidInput, match="nonce"):
            await desk.decide(approval_id, "guessed", "approve", actor=ME)
        with pytest.raises(NotFound):
            await desk.decide("nothing", "guessed", "approve", actor=ME)
        assert (await desk.get(approval_id)).state == "pending"


async def test_the_same_call_asks_once_even_after_a_restart(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (_, ada, _store):
        first = await ada.put("run-1", draft())
        assert await ada.put("run-1", draft()) == first
    async with open_desk(tmp_path) as (desk, ada, _store):
        assert await ada.put("run-1", draft()) == first
        row = await desk.get(first)
        await desk.decide(first, row.nonce, "deny", answer="no", actor=ME)
        verdict = await ada.ask("run-1", draft())
        assert (verdict.approved, verdict.answer) == (False, "no")


async def test_an_approval_for_the_run_covers_what_is_alike_and_nothing_else(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (desk, ada, _):
        first = await ada.put("run-1", draft("a", scope="run_command ls"))
        second = await ada.put("run-1", draft("b", scope="run_command ls"))
        other = await ada.put("run-1", draft("c", scope="run_command rm"))
        row = await desk.get(first)
        await desk.decide(first, row.nonce, "approve_run", actor=ME)
        assert (await ada.wait(second)).approved
        assert (await desk.get(other)).state == "pending"
        assert await ada.answered("run-1", "d", "run_command ls") is not None
        assert await ada.answered("run-1", "d", "run_command rm") is None
        assert await ada.answered("run-2", "d", "run_command ls") is None


async def test_nobody_answers_in_time(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (desk, ada, _):
        verdict = await ada.ask("run-1", draft(expires_in=0.05))
        assert (verdict.approved, verdict.expired) == (False, True)
        assert not await desk.pending()


async def test_what_expired_while_the_program_was_away_expires_at_its_start(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (_, ada, _store):
        approval_id = await ada.put("run-1", draft(expires_in=0.01))
    async with open_desk(tmp_path) as (_, ada, _store):
        async with asyncio.timeout(5):
            assert (await ada.wait(approval_id)).expired


async def test_a_question_wants_an_answer(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (desk, ada, _):
        approval_id = await ada.put("run-1", ApprovalDraft("q", "ask_human", "A question", "Which branch?", "question"))
        row = await desk.get(approval_id)
        with pytest.raises(InvalidInput):
            await desk.decide(row.id, row.nonce, "approve", answer=" ", actor=ME)
        await desk.decide(row.id, row.nonce, "approve", answer="main", actor=ME)
        assert (await ada.wait(approval_id)).answer == "main"


async def test_what_nobody_can_judge_is_not_asked(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (desk, ada, _):
        with pytest.raises(DetailTooLarge):
            await ada.put("run-1", draft(detail="x" * (1024 * 1024 + 1)))
        assert not await desk.pending()
