"""One task while it is worked on: what the worker tells of it, who follows it, and how long it may take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.runtime.budget import RunBudget
from chainbot_desktop.agents.runtime.live import Plan, PlanStatus, RunListener, RunUpdate
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.store.agent_rows import RunRow
from chainbot_desktop.store.agents import RunTable


@dataclass(frozen=True, slots=True)
class Said:
    """A message for a run under way: who said it, and in which conversation, if in one."""

    text: str
    actor: Actor
    conversation_id: str = ""


_ANSWER_KEPT = 1_000_000
"""Characters of the answer so far that a late follower is given."""


class LiveRun:
    """Implements `kind.Run`. `on_change` is called when activity, plan or what it waits for is different; `on_piece` for each
    piece that is streamed.
    """

    def __init__(
        self,
        row: RunRow,
        budget: RunBudget,
        table: RunTable,
        log: AgentLog,
        on_change: Callable[[], None],
        on_piece: Callable[[], None],
    ) -> None:
        self.row = row
        self.budget = budget
        self._table = table
        self._log = log
        self._on_change = on_change
        self._on_piece = on_piece
        self._messages: list[Said] = []
        self._listeners: Listeners[[RunUpdate]] = Listeners()
        self._answer: list[str] = []
        self._answer_length = 0
        self._waits: dict[object, tuple[str, bool]] = {}
        self._clock: asyncio.Timeout | None = None
        self._left = 0.0
        self.activity = ""
        self.data: Mapping[str, Any] = {}
        """What its result says to programs."""
        self.plan_entries: Plan = ()
        self.finished: asyncio.Future[RunRow] = asyncio.get_running_loop().create_future()
        self.cancel: Callable[[str], None] = _nothing
        """Stops the work on it; the argument is why. Set while it is worked on."""
        self.began: float | None = None
        """When the work on it began, by the loop's clock."""

    # What the worker calls

    def stream(self, text: str, *, channel: Literal["answer", "thinking"] = "answer") -> None:
        if not text:
            return
        if channel == "answer" and self._answer_length < _ANSWER_KEPT:
            self._answer.append(text)
            self._answer_length += len(text)
        self.tell(RunUpdate(self.row.id, channel, text))
        self._on_piece()

    def step(self, text: str, *, detail: str = "") -> None:
        self.activity = _one_line(text)
        self._log.add("agent", text if not detail else f"{text}\n{detail}")
        self.tell(RunUpdate(self.row.id, "step", text))
        self._on_change()

    def plan(self, entries: Sequence[tuple[str, PlanStatus]]) -> None:
        self.plan_entries = tuple(entries)
        self.tell(RunUpdate(self.row.id, "plan", "\n".join(f"{status}: {text}" for text, status in entries)))
        self._on_change()

    def waits_for(self, what: str, *, human: bool = True) -> Callable[[], None]:
        token = object()
        if not self._waits:
            self._hold_clock()
        self._waits[token] = (what, human)
        self.tell(RunUpdate(self.row.id, "state", f"waiting for {what}"))
        self._on_change()

        def end() -> None:
            if self._waits.pop(token, None) is not None and not self._waits:
                self._release_clock()
                self.tell(RunUpdate(self.row.id, "state", "running"))
                self._on_change()

        return end

    def take_messages(self) -> Sequence[str]:
        return [said.text for said in self.untaken()]

    async def history(self) -> bytes | None:
        return await self._table.history(self.row.id)

    async def save_history(self, history: bytes) -> None:
        await self._table.save_history(self.row.id, history)

    # What the runtime calls

    @property
    def waiting_for(self) -> str:
        return next((what for what, _ in self._waits.values()), "")

    @property
    def needs_human(self) -> bool:
        return any(human for _, human in self._waits.values())

    @property
    def seconds(self) -> float:
        """How long it has been worked on."""
        return asyncio.get_running_loop().time() - self.began if self.began is not None else 0.0

    def deliver(self, said: Said) -> None:
        """Give it to the worker between two of its tool calls."""
        self._messages.append(said)

    def untaken(self) -> Sequence[Said]:
        """What the worker has not taken yet; from now on it is the caller's."""
        taken, self._messages = self._messages, []
        return taken

    def follow(self, listener: RunListener) -> Callable[[], None]:
        """`listener` hears first the answer so far and the step it is at, then everything, until the returned function is called.

        Of a run that has just ended it hears the end at once: whoever comes in that moment must not wait for it for ever.
        """
        if self._answer:
            listener(RunUpdate(self.row.id, "answer", "".join(self._answer)))
        if self.activity and not self.finished.done():
            listener(RunUpdate(self.row.id, "step", self.activity))
        if self.finished.done():
            listener(RunUpdate(self.row.id, "end", self.row.state))
            return _nothing_more
        return self._listeners.add(listener)

    def tell(self, update: RunUpdate) -> None:
        self._listeners.tell(update)

    def limit(self, seconds: float) -> asyncio.Timeout:
        """The clock of this run: a context manager that ends it with TimeoutError. It stands still while a human is waited for."""
        self._clock = asyncio.timeout(seconds)
        return self._clock

    def end(self, row: RunRow) -> None:
        self.row = row
        self._clock = None
        self.budget.close()
        self.tell(RunUpdate(row.id, "end", row.state))
        self._listeners.clear()
        if not self.finished.done():
            self.finished.set_result(row)

    def _hold_clock(self) -> None:
        if self._clock is not None and (when := self._clock.when()) is not None:
            self._left = max(0.0, when - asyncio.get_running_loop().time())
            self._clock.reschedule(None)

    def _release_clock(self) -> None:
        if self._clock is not None and not self._clock.expired():
            self._clock.reschedule(asyncio.get_running_loop().time() + self._left)


def _nothing_more() -> None:
    return


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def _nothing(_: str) -> None:
    return
