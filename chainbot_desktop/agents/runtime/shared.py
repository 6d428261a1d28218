"""What every supervised agent is handed: the tables, the clocks and the ways to the rest of the house."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chainbot_desktop.agents.approvals.desk import ApprovalDesk
from chainbot_desktop.agents.kind import Limits
from chainbot_desktop.agents.processes.child import ChildProcesses
from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.agents.runtime.run import LiveRun, Said
from chainbot_desktop.core.settings import AgentsSettings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import Lease
from chainbot_desktop.store.agents import AgentTable, RunTable


@dataclass(frozen=True, slots=True)
class Leases:
    """How a process is told from another that got its pid. May block for a moment; called on a thread."""

    take: Callable[[int], Lease | None]
    """The lease of a living process; None where there is none of this pid."""
    alive: Callable[[Lease], bool]
    end: Callable[[Lease], None]
    """Kill what is left of it, its group included. Returns when it is gone."""


@dataclass(frozen=True, slots=True)
class RuntimeParts:
    """Belongs to the loop. `workspace` is the folder for agents that name none."""

    agents: AgentTable
    runs: RunTable
    ledger: Ledger
    desk: ApprovalDesk
    tasks: Tasks
    settings: AgentsSettings
    children: Callable[[Limits], ChildProcesses]
    leases: Leases
    workspace: Callable[[], Path]
    private: Path
    """The folder that holds each agent's own."""
    secret: Callable[[str], str | None]
    """A secret by name. May block."""


class Owner(Protocol):
    """Who an agent belongs to: what it tells and asks of the others."""

    def changed(self, agent_id: str) -> None:
        """`live` of this agent answers something else. Often."""
        ...

    def worked(self, agent_id: str, count: int) -> None:
        """It wrote so many lines, or streamed so many pieces. Very often."""
        ...

    async def before_run(self, run: LiveRun) -> None:
        """Awaited before a run is worked on; a ChainBotError fails the run."""
        ...

    async def came_too_late(self, run: LiveRun, messages: Sequence[Said]) -> None:
        """Messages for a run that ends before they could be delivered.

        Awaited before its end is told: who hears of that finds what follows.
        """
        ...
