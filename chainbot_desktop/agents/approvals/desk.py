"""Where agents ask a human and a human answers, whichever panel, page or program the answer comes from.

A request is durable: it survives a restart and is answered once. Whoever is first wins, and the others see it.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from chainbot_desktop.agents.approvals.request import ApprovalDraft, Verdict
from chainbot_desktop.agents.facts import RUNTIME_SOURCE
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import ApprovalDecided, ApprovalExpired, ApprovalRequested, Severity
from chainbot_desktop.core.events.envelope import SYSTEM, Actor, label
from chainbot_desktop.core.events.runs import ApprovalAnswer, ApprovalEnd, ApprovalFact, Decision
from chainbot_desktop.core.ids import format_time, new_id, parse_time, utc_now
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import ApprovalRow, ApprovalState
from chainbot_desktop.store.approvals import ApprovalTable

DETAIL_LIMIT = 1024 * 1024
"""Bytes. What is larger nobody can judge: the call is refused instead of shown in part."""

_STATES: dict[Decision, ApprovalState] = {"approve": "approved", "approve_run": "approved_run", "deny": "denied"}


class DetailTooLarge(ChainBotError):
    """What a person would have to judge is larger than anybody reads."""

    code = "detail_too_large"
    http_status = 413


class ApprovalDesk:
    """Use on the loop's thread, between `open` and `close`."""

    def __init__(self, table: ApprovalTable, tasks: Tasks) -> None:
        self._table = table
        self._tasks = tasks
        self._waiting: defaultdict[str, list[asyncio.Future[Verdict]]] = defaultdict(list)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._listeners: Listeners[[]] = Listeners()
        self._putting: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def open(self) -> None:
        for row in await self._table.pending():
            self._arm(row)

    async def close(self) -> None:
        """What waits goes on waiting in the table."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._listeners.clear()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when something was asked, answered or has expired, until the returned function is called."""
        return self._listeners.add(listener)

    async def pending(self) -> list[ApprovalRow]:
        """Oldest first."""
        return await self._table.pending()

    async def latest(self, limit: int = 100) -> list[ApprovalRow]:
        return await self._table.latest(limit)

    async def get(self, approval_id: str) -> ApprovalRow:
        row = await self._table.get(approval_id)
        if row is None:
            raise NotFound("There is no such request.", hint="GET /api/approvals lists what waits.")
        return row

    async def put(self, agent_id: str, agent_name: str, run_id: str, draft: ApprovalDraft) -> str:
        """Ask, unless this call of this run was asked before. The id of the request."""
        if len(draft.detail.encode("utf-8", "replace")) > DETAIL_LIMIT:
            raise DetailTooLarge(
                "This is too large for a person to judge, so it was not asked.",
                hint=f"At most {DETAIL_LIMIT:,} bytes; do it in parts.",
            )
        async with self._putting[run_id]:
            for known in await self._table.of_run(run_id):
                if known.call_id == draft.call_id:
                    return known.id
            row = _row_of(draft, agent_id, agent_name, run_id)
            await self._table.add(row, _requested(row))
        self._arm(row)
        self._tell()
        return row.id

    async def wait(self, approval_id: str) -> Verdict:
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting[approval_id].append(future)  # before the look, so that no answer falls between
        try:
            row = await self.get(approval_id)
            return _verdict_of(row) if row.state != "pending" else await future
        finally:
            self._waiting[approval_id].remove(future)
            if not self._waiting[approval_id]:
                del self._waiting[approval_id]

    async def answered(self, run_id: str, call_id: str, scope: str) -> Verdict | None:
        """The answer to this call of the run, or an approval for the run that covers `scope`."""
        for row in await self._table.of_run(run_id):
            if row.call_id == call_id and row.state != "pending":
                return _verdict_of(row)
            if scope and row.scope == scope and row.state == "approved_run":
                return Verdict(True, for_run=True)
        return None

    async def decide(self, approval_id: str, nonce: str, decision: Decision, *, answer: str = "", actor: Actor) -> ApprovalRow:
        """Answer it. `nonce` is the request's own: it proves that the answer is to what was shown.

        Conflict (code "already_answered") where somebody was first.
        """
        row = await self.get(approval_id)
        if not hmac.compare_digest(row.nonce.encode(), nonce.encode()):
            raise InvalidInput(
                "The nonce is not that of this request.",
                hint="Read the request again: it may have changed.",
                code="wrong_nonce",
            )
        if row.state != "pending":
            raise Conflict(f"This request is {_WORDS[row.state]} already.", code="already_answered")
        if row.detail_kind == "question" and decision != "deny" and not answer.strip():
            raise InvalidInput("The question needs an answer.", code="answer_missing")
        settled = await self._settle(row, decision, answer, actor)
        if decision == "approve_run" and row.scope:
            for other in await self._table.of_run(row.run_id):
                if other.state == "pending" and other.scope == row.scope:
                    with suppress(Conflict):  # somebody was first
                        await self._settle(other, "approve_run", "", actor)
        self._tell()
        return settled

    async def end_run(self, run_id: str, reason: str) -> None:
        """Nobody waits for the answers to this run's requests any more."""
        self._putting.pop(run_id, None)
        for row in await self._table.of_run(run_id):
            if row.state == "pending":
                await self._expire(row, reason)

    async def _settle(self, row: ApprovalRow, decision: Decision, answer: str, actor: Actor) -> ApprovalRow:
        settled = replace(row, state=_STATES[decision], decided_at=utc_now(), decided_by=actor, answer=answer)
        fact = ApprovalAnswer(approval_id=row.id, run_id=row.run_id, agent_id=row.agent_id, decision=decision)
        event = ApprovalDecided(source=RUNTIME_SOURCE, subject=row.agent_id, actor=actor, data=fact)
        await self._table.settle(settled, event)
        self._end(settled)
        return settled

    async def _expire(self, row: ApprovalRow, reason: str) -> None:
        settled = replace(row, state="expired", decided_at=utc_now(), decided_by=SYSTEM, answer=reason)
        fact = ApprovalEnd(approval_id=row.id, run_id=row.run_id, agent_id=row.agent_id, reason=reason)
        event = ApprovalExpired(source=RUNTIME_SOURCE, subject=row.agent_id, severity=Severity.WARNING, data=fact)
        try:
            await self._table.settle(settled, event)
        except Conflict:
            return  # answered in this moment: the answer counts
        self._end(settled)
        self._tell()

    def _arm(self, row: ApprovalRow) -> None:
        if row.expires_at is None:
            return
        seconds = max(0.0, (parse_time(row.expires_at) - datetime.now(UTC)).total_seconds())
        self._timers[row.id] = asyncio.get_running_loop().call_later(seconds, self._on_due, row)

    def _on_due(self, row: ApprovalRow) -> None:
        self._timers.pop(row.id, None)
        self._tasks.spawn(f"approval {row.id} expires", self._expire(row, "Nobody answered in time."))

    def _end(self, row: ApprovalRow) -> None:
        timer = self._timers.pop(row.id, None)
        if timer is not None:
            timer.cancel()
        for future in self._waiting.get(row.id, ()):
            if not future.done():
                future.set_result(_verdict_of(row))

    def _tell(self) -> None:
        self._listeners.tell()


class AgentApprovals:
    """Implements `request.Approvals` in the name of one agent."""

    def __init__(self, desk: ApprovalDesk, agent_id: str, agent_name: str) -> None:
        self._desk = desk
        self._agent_id = agent_id
        self._agent_name = agent_name

    async def ask(self, run_id: str, draft: ApprovalDraft) -> Verdict:
        known = await self._desk.answered(run_id, draft.call_id, draft.scope)
        return known if known is not None else await self._desk.wait(await self.put(run_id, draft))

    async def put(self, run_id: str, draft: ApprovalDraft) -> str:
        return await self._desk.put(self._agent_id, self._agent_name, run_id, draft)

    async def wait(self, approval_id: str) -> Verdict:
        return await self._desk.wait(approval_id)

    async def answered(self, run_id: str, call_id: str, scope: str) -> Verdict | None:
        return await self._desk.answered(run_id, call_id, scope)


_WORDS: dict[ApprovalState, str] = {
    "pending": "waiting",
    "approved": "approved",
    "approved_run": "approved for its run",
    "denied": "denied",
    "expired": "expired",
}


def _row_of(draft: ApprovalDraft, agent_id: str, agent_name: str, run_id: str) -> ApprovalRow:
    now = datetime.now(UTC)
    return ApprovalRow(
        id=new_id(),
        nonce=secrets.token_urlsafe(24),
        run_id=run_id,
        agent_id=agent_id,
        agent_name=agent_name,
        call_id=draft.call_id,
        tool=draft.tool,
        title=draft.title,
        detail=draft.detail.encode("utf-8", "replace").decode(),
        detail_kind=draft.detail_kind,
        why=draft.why.encode("utf-8", "replace").decode(),
        touches=draft.touches,
        sandboxed=draft.sandboxed,
        scope=draft.scope,
        state="pending",
        created_at=format_time(now),
        expires_at=format_time(now + timedelta(seconds=draft.expires_in)) if draft.expires_in is not None else None,
    )


def _requested(row: ApprovalRow) -> ApprovalRequested:
    fact = ApprovalFact(
        approval_id=row.id,
        run_id=row.run_id,
        agent_id=row.agent_id,
        agent_name=row.agent_name,
        tool=row.tool,
        title=label(row.title),
        detail_sha256=sha256(row.detail.encode()).hexdigest(),
        expires_at=row.expires_at,
    )
    return ApprovalRequested(
        source=RUNTIME_SOURCE,
        subject=row.agent_id,
        actor=f"agent:{row.agent_id}",
        severity=Severity.WARNING,
        requires_attention=True,
        data=fact,
    )


def _verdict_of(row: ApprovalRow) -> Verdict:
    return Verdict(
        row.state in ("approved", "approved_run"), row.state == "approved_run", row.answer, expired=row.state == "expired"
    )
