"""What agents may use of models, looked at before each request: a run (with the runs it causes), an agent's day, everybody's day.

Days are UTC by the wall clock: they are what a person pays by. A request whose price is not known counts its tokens only.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from chainbot_desktop.agents.kind import Limits, Usage
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.settings import AgentsSettings
from chainbot_desktop.store.agent_rows import UsageRow
from chainbot_desktop.store.agents import UsageTable

N = TypeVar("N", int, float)


class LimitReached(ChainBotError):
    """What was asked would exceed a limit; nothing was spent on it."""

    code = "limit_reached"
    http_status = 429


@dataclass(slots=True)
class Sums:
    """What was used, and what requests under way have reserved."""

    tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0
    """Requests whose price is not known: `cost` is without them."""
    reserved_tokens: int = 0
    reserved_cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Boundary:
    """Up to where `sums` may go. `what` begins a sentence; None is no limit."""

    what: str
    sums: Sums
    most_tokens: int | None
    most_cost: float | None
    hint: str

    def check(self, tokens: int, cost: float) -> None:
        used = self.sums.tokens + self.sums.reserved_tokens
        if self.most_tokens is not None and used + tokens > self.most_tokens:
            raise LimitReached(
                f"{self.what} may use {self.most_tokens:,} tokens; {used:,} are used and the next request needs about {tokens:,}.",
                hint=self.hint,
            )
        spent = self.sums.cost + self.sums.reserved_cost
        if self.most_cost is not None and spent + cost > self.most_cost:
            raise LimitReached(
                f"{self.what} may cost ${self.most_cost:.2f}; ${spent:.4f} is spent and the next request costs about ${cost:.4f}.",
                hint=self.hint,
            )


class Ledger:
    """The sums of today, in memory and in their table. Use on the loop's thread, after `open`."""

    def __init__(self, table: UsageTable, settings: AgentsSettings) -> None:
        self._table = table
        self.settings = settings
        self._day = ""
        self._everybody = Sums()
        self._agents: defaultdict[str, Sums] = defaultdict(Sums)
        self._listeners: Listeners[[str]] = Listeners()

    async def open(self) -> None:
        today = _today()
        self._turn_to(today)
        for row in await self._table.since(today):
            if row.day == today:
                self._count(row)

    def of_agent(self, agent_id: str) -> Sums:
        self._turn_to(_today())
        return self._agents[agent_id]

    def of_everybody(self) -> Sums:
        self._turn_to(_today())
        return self._everybody

    def on_spent(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener` with the id of an agent (empty: of nobody) after each of its requests; it must return at once."""
        return self._listeners.add(listener)

    async def note(self, agent_id: str, usage: Usage) -> None:
        """Count a request, in memory at once and durably on return."""
        day = _today()
        self._turn_to(day)
        unpriced = usage.cost is None
        row = UsageRow(
            day, agent_id, usage.model, 1, usage.input_tokens, usage.output_tokens, usage.cost or 0.0, 1 if unpriced else 0
        )
        self._count(row)
        self._listeners.tell(agent_id)
        await self._table.add(row)

    def _count(self, row: UsageRow) -> None:
        for sums in (self._everybody, self._agents[row.agent_id]):
            sums.tokens += row.input_tokens + row.output_tokens
            sums.cost += row.cost
            sums.unpriced += row.unpriced_requests

    def _turn_to(self, day: str) -> None:
        # A clock that is set back to yesterday must not give yesterday's allowance again.
        if day > self._day:
            self._day = day
            self._everybody = Sums()
            self._agents.clear()


class RunBudget:
    """Implements `kind.Budget`. A run's requests also count for the runs that caused it."""

    def __init__(
        self, agent_id: str, limits: Limits, ledger: Ledger, parent: RunBudget | None, unpaused: asyncio.Event
    ) -> None:
        self._agent_id = agent_id
        self._limits = limits
        self._ledger = ledger
        self._unpaused = unpaused
        self._reservations: list[tuple[int, float, list[Sums]]] = []
        self._unpriced = False
        most = ledger.settings
        self.own = Boundary(
            "This task",
            Sums(),
            _least(limits.run_tokens, most.run_tokens),
            _least(limits.run_cost, most.run_cost),
            "Give the agent a larger limit for a task, or a smaller task.",
        )
        self.shared: tuple[Boundary, ...] = (self.own, *(parent.shared if parent is not None else ()))
        """Of this run and of those that caused it."""
        self.input_tokens = 0
        self.output_tokens = 0
        self.cost: float | None = None

    async def reserve(self, tokens: int, cost: float | None = None) -> None:
        await self._unpaused.wait()
        boundaries = self._boundaries()
        for boundary in boundaries:
            boundary.check(tokens, cost or 0.0)
        touched = [boundary.sums for boundary in boundaries]
        for sums in touched:
            sums.reserved_tokens += tokens
            sums.reserved_cost += cost or 0.0
        self._reservations.append((tokens, cost or 0.0, touched))

    async def spend(self, usage: Usage) -> None:
        self._release()
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self._unpriced = self._unpriced or usage.cost is None
        self.cost = None if self._unpriced else (self.cost or 0.0) + (usage.cost or 0.0)
        for boundary in self.shared:
            boundary.sums.tokens += usage.input_tokens + usage.output_tokens
            boundary.sums.cost += usage.cost or 0.0
        await self._ledger.note(self._agent_id, usage)

    def remaining_tokens(self) -> int | None:
        left = [
            boundary.most_tokens - boundary.sums.tokens - boundary.sums.reserved_tokens
            for boundary in self._boundaries()
            if boundary.most_tokens is not None
        ]
        return max(0, min(left)) if left else None

    def close(self) -> None:
        """Give back what was reserved and never spent: the run has ended."""
        while self._reservations:
            self._release()

    def _release(self) -> None:
        if self._reservations:
            tokens, cost, touched = self._reservations.pop(0)
            for sums in touched:
                sums.reserved_tokens = max(0, sums.reserved_tokens - tokens)
                sums.reserved_cost = max(0.0, sums.reserved_cost - cost)

    def _boundaries(self) -> list[Boundary]:
        most = self._ledger.settings
        agent, everybody = self._ledger.of_agent(self._agent_id), self._ledger.of_everybody()
        own_hint = "Raise its limit a day, or wait until 0:00 UTC."
        all_hint = "Raise agents.day_tokens or agents.day_cost in the settings, or wait until 0:00 UTC."
        return [
            *self.shared,
            Boundary("This agent, today,", agent, self._limits.day_tokens, self._limits.day_cost, own_hint),
            Boundary("All agents together, today,", everybody, most.day_tokens, most.day_cost, all_hint),
        ]


def _least(one: N | None, other: N | None) -> N | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def _today() -> str:
    return utc_now()[:10]
