"""The truth after a start: what ran when the program ended is not taken for running because its last message said so.

A clean end leaves every agent stopped and, unless somebody stopped it, wanted: such agents start again where their policy is
"always". After a crash the rows still say "running": what is left of their processes is ended by its lease, then the agent is
marked failed with the cause, or started again if its policy says so. A run that waits for a human goes on where it can.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from chainbot_desktop.agents.conversation_context import without_conversation
from chainbot_desktop.agents.facts import RUNTIME_SOURCE
from chainbot_desktop.agents.runtime.kinds import Kinds
from chainbot_desktop.agents.runtime.shared import RuntimeParts
from chainbot_desktop.agents.runtime.supervised import ENDED, SupervisedAgent
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import AgentTerminated, RunFinished, Severity
from chainbot_desktop.core.events.agents import AgentFact
from chainbot_desktop.core.events.runs import RunOutcome
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.store.agent_rows import AgentRow, RunRow

if TYPE_CHECKING:
    from chainbot_desktop.agents.runtime.service import AgentService

_log = logging.getLogger(__name__)

CRASHED = "The program ended without stopping it."


async def reconcile(service: AgentService, parts: RuntimeParts, kinds: Kinds) -> None:
    open_runs: dict[str, list[RunRow]] = {}
    for run in reversed(await parts.runs.open_runs()):
        open_runs.setdefault(run.agent_id, []).append(run)
    for row in await parts.agents.all():
        try:
            config = kinds.check(row.kind, row.config)
        except ChainBotError as error:
            await _give_up(parts, row, f"{error.message} {CRASHED if row.state not in ENDED else ''}".strip())
            continue
        crashed = row.state not in ENDED
        if crashed and row.lease is not None:
            await asyncio.to_thread(parts.leases.end, row.lease)
        again = row.wanted and (config.restart == "always" or (crashed and config.restart == "on-failure"))
        agent = service.adopt(replace(row, lease=None), config)
        if again:
            await service.start_again(agent)
            agent.log.add("system", f"{CRASHED} Started again." if crashed else "Started again.")
            await _take_up(service, parts, agent, open_runs.pop(row.id, []))
        elif crashed:
            await agent.stopped("failed", CRASHED)
    for runs in open_runs.values():
        for run in runs:
            await _abandon(parts, run)


async def _take_up(service: AgentService, parts: RuntimeParts, agent: SupervisedAgent, runs: list[RunRow]) -> None:
    """Tasks that had not begun, and those that left something to go on from, go on; the others failed."""
    for run in runs:
        if run.state == "queued" or await parts.runs.history(run.id) is not None:
            service.take_on(agent, run)
        else:
            await _abandon(parts, run)


async def _abandon(parts: RuntimeParts, run: RunRow) -> None:
    reason = "The program ended in the middle of it."
    context = without_conversation(run.context)
    ended = replace(run, state="failed", ended_at=utc_now(), reason=reason, context=context)
    outcome = RunOutcome(
        run_id=run.id,
        agent_id=run.agent_id,
        agent_name="",
        parent_run_id=run.parent_id,
        depth=run.depth,
        state="failed",
        reason=reason,
        input_tokens=run.input_tokens,
        output_tokens=run.output_tokens,
        cost=run.cost,
    )
    event = RunFinished(source=RUNTIME_SOURCE, subject=run.agent_id, severity=Severity.WARNING, data=outcome)
    await parts.runs.finish(ended, event)
    await parts.desk.end_run(run.id, reason)


async def _give_up(parts: RuntimeParts, row: AgentRow, reason: str) -> None:
    """An agent whose kind is gone, or whose configuration is no longer understood: it stays in its table, and is said to have failed."""
    _log.warning("the agent %s cannot be taken back in: %s", row.name, reason)
    if row.state == "failed" and row.reason == reason:
        return
    if row.lease is not None:
        await asyncio.to_thread(parts.leases.end, row.lease)
    failed = replace(row, state="failed", since=utc_now(), reason=reason, lease=None)
    fact = AgentFact(agent_id=row.id, agent_name=row.name, agent_type=row.kind, status="failed", reason=reason)
    event = AgentTerminated(source=RUNTIME_SOURCE, subject=row.id, severity=Severity.ERROR, data=fact)
    await parts.agents.set_state(failed, event)
