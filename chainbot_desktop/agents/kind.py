"""What a kind of agent is, and what it is handed: the contract between the runtime and the kinds.

A kind is a small file that offers an `AgentKind` under the entry-point group `chainbot.agents`. The runtime owns identity, state,
queue, limits and the journal; a kind's `Worker` does the work and knows of all that only what `AgentContext` and `Run` give it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from chainbot_desktop.agents.approvals.request import Approvals
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.processes.child import ChildProcesses
from chainbot_desktop.core.ports import AgentCommand
from chainbot_desktop.store.agent_rows import RunRow

Restart = Literal["never", "on-failure", "always"]
Delivery = Literal["queue", "between", "interrupt"]
"""How a message reaches an agent at work: after it, between two of its tool calls, or instead of what it does."""


class Limits(BaseModel):
    """What one agent may use; what is None is limited by the settings alone. Money in US dollars, times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wall_seconds: float | None = Field(None, gt=0, le=7 * 86_400, description="Longest that one task may take, in seconds.")
    run_tokens: int | None = Field(None, ge=1, description="Tokens that one task may use, in and out together.")
    run_cost: float | None = Field(None, gt=0, description="US dollars that one task may cost.")
    day_tokens: int | None = Field(None, ge=1, description="Tokens a day (UTC).")
    day_cost: float | None = Field(None, gt=0, description="US dollars a day (UTC).")
    memory_mb: int | None = Field(None, ge=16, description="Memory of its child processes, where systemd can limit it.")
    cpu_percent: int | None = Field(None, ge=1, le=6400, description="CPU of its child processes; 100 is one core.")


class AgentConfig(BaseModel):
    """What every definition has; a kind's own fields come on top. Unknown fields are refused: a typo must not be obeyed by half."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workspace: Path | None = Field(None, description="Folder that it works in; the one that Code Agent has open if empty.")
    restart: Restart = Field("on-failure", description="What happens when it ends by itself or the program was killed.")
    limits: Limits = Limits()
    policy: Mapping[str, Any] = Field(default_factory=dict, description="Rules for its tools that win over the general ones.")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a task: the answer as Markdown, and what programs want of it."""

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one request to a model. `cost` in US dollars, None where no price is known."""

    model: str
    input_tokens: int
    output_tokens: int
    cost: float | None = None


class Budget(Protocol):
    """What a run may still use, shared with the runs it causes. All limits are looked at: run, agent's day, everybody's day."""

    async def reserve(self, tokens: int, cost: float | None = None) -> None:
        """Before a request to a model that will use about `tokens` and `cost` US dollars (None: no price is known).

        LimitReached if that would exceed what is left. Waits while the agent is paused.
        """
        ...

    async def spend(self, usage: Usage) -> None:
        """After a request, whether it came to a good end or not."""
        ...

    def remaining_tokens(self) -> int | None:
        """What is left of the tightest limit; None where there is none."""
        ...


class Run(Protocol):
    """One task while it is worked on. Use on the loop's thread."""

    @property
    def row(self) -> RunRow:
        """Id, task, context, actor, depth as they were at the start."""
        ...

    @property
    def budget(self) -> Budget: ...

    def stream(self, text: str, *, channel: Literal["answer", "thinking"] = "answer") -> None:
        """More of the answer, as it comes. Not kept: what counts is the Result."""
        ...

    def step(self, text: str, *, detail: str = "") -> None:
        """A tool call or another step worth a line: it becomes the activity on the map and goes to the log. `detail` may be long."""
        ...

    def plan(self, entries: Sequence[tuple[str, Literal["pending", "in_progress", "completed"]]]) -> None:
        """The whole plan as it is now."""
        ...

    def waits_for(self, what: str, *, human: bool = True) -> Callable[[], None]:
        """The run is held up ("your approval", "the answer of Tests") until the returned function is called. `human`: by a person."""
        ...

    def take_messages(self) -> Sequence[str]:
        """Messages that are to be delivered now, between two tool calls; each is given once."""
        ...

    async def history(self) -> bytes | None:
        """What `save_history` kept, if this run began in an earlier life of the program."""
        ...

    async def save_history(self, history: bytes) -> None:
        """Keep what the run can go on from after a crash. Call it before waiting for a human."""
        ...


class Worker(Protocol):
    """An agent at work. Every coroutine may be cancelled and must then leave nothing behind but what `stop` cleans up."""

    async def start(self) -> None:
        """Returns when it is ready. ChainBotError where it cannot be."""
        ...

    async def execute(self, run: Run) -> Result:
        """One task at a time. ChainBotError says why it failed; being cancelled means: stop working on it."""
        ...

    async def pause(self) -> None:
        """Hold still, also in the middle of a task where that can be done. The next task waits in any case."""
        ...

    async def resume(self) -> None: ...

    async def ended(self) -> str:
        """Returns when it ended without having been asked, with the reason ("" is a good end). Waits for ever where it cannot."""
        ...

    async def stop(self) -> None:
        """Leave nothing running; may be called in any state, also twice."""
        ...

    @property
    def pid(self) -> int | None:
        """Its child process, where it has one now."""
        ...

    @property
    def serving(self) -> str | None:
        """What it does by itself between tasks, as the last line that it said; None where it rests."""
        ...

    @property
    def commands(self) -> tuple[AgentCommand, ...]:
        """Slash commands that it understands in a task: "/name" and what follows. They may change while it lives."""
        ...


@runtime_checkable
class Preparing(Protocol):
    """A worker that can learn what it offers before its first task. A kind may have this or not."""

    async def prepare(self) -> None:
        """Somebody is about to give it a task. Called often and cancelled with the worker; its tasks do not wait for it.

        Returns when `commands` are as they will be. ChainBotError says why that cannot be known.
        """
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """A message that is on its way. `note` is what is known of that where the other does not run here; else empty."""

    message_id: str
    note: str = ""


class Conversations(Protocol):
    """Where agents meet other agents and people."""

    async def tell(self, sender: str, recipient: str, text: str, *, run_id: str = "") -> Told:
        """A message to an entangled agent, by id or name. Refused where no link allows it."""
        ...

    async def notebook(self, agent_id: str) -> str:
        """The shared notes of its data links, as text."""
        ...

    async def note(self, agent_id: str, text: str, *, run_id: str = "") -> str:
        """Append to the shared notes of its data links; the note's id. Refused where it has no data link."""
        ...


@dataclass(frozen=True, slots=True)
class AgentContext:
    """What a worker is handed. It belongs to one agent and one life of it."""

    agent_id: str
    name: str
    workspace: Path
    """An existing folder."""
    private: Path
    """A folder of its own in the data directory (0700), kept until the agent is deleted."""
    log: AgentLog
    children: ChildProcesses
    approvals: Approvals
    """Of this agent: what it asks is asked in its name."""
    secret: Callable[[str], str | None]
    """A secret by name, from the keyring; None where there is none. May block: not on the loop."""


@dataclass(frozen=True, slots=True)
class KindInfo:
    """What a list of kinds shows."""

    name: str
    title: str
    description: str
    model_backed: bool
    default_restart: Restart = "on-failure"
    takes_tasks: bool = True
    """Whether `execute` means something for it."""


class AgentKind(Protocol):
    """Made once at the start and shared by all agents of this kind."""

    @property
    def info(self) -> KindInfo: ...

    @property
    def config_model(self) -> type[AgentConfig]:
        """What its configuration must look like."""
        ...

    def describe(self, config: AgentConfig) -> Mapping[str, str]:
        """What a list shows beside the name: provider, model, persona, command. No secrets."""
        ...

    def make(self, context: AgentContext, config: AgentConfig) -> Worker:
        """A worker for one life of an agent. Quick, no I/O."""
        ...
