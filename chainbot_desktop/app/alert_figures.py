"""Figures about the house that rules can watch, beside those of the machine: made at every sample, from memory."""

from __future__ import annotations

import ctypes
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.events import ApprovalDecided, ApprovalExpired, ApprovalRequested
from chainbot_desktop.core.events.envelope import Recorded
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.core.ports import DiskRefusal
from chainbot_desktop.watch.health import REFUSAL_MEMORY
from chainbot_desktop.watch.series import Series

UNITS: Mapping[str, str] = {
    "link_down": "s",
    "outbox_pending": "",
    "outbox_given_up": "",
    "waiting_for_person": "s",
    "questions": "",
    "budget": "%",
    "disk_refuses": "",
    "clock_jumped": "s",
    "clock_unset": "",
}
MEANINGS: Mapping[str, str] = {
    "link_down": "how long ALEX OS has been away; not known where the settings name none",
    "outbox_pending": "events that ALEX OS has still to be told",
    "outbox_given_up": "events that ALEX OS refused for good, since the start",
    "waiting_for_person": "how long the oldest question of an agent has waited for a person; 0 where none does",
    "questions": "questions of agents that wait for a person",
    "budget": "what agents used today, of what they may: tokens or cost, whichever is nearer to its limit",
    "disk_refuses": "1 while the disk takes no events",
    "clock_jumped": "by how much the clock was set at once, the largest of the last ten minutes",
    "clock_unset": "1 where the kernel says that nothing sets its clock",
}
_WORKING = frozenset((LinkState.REGISTERED, LinkState.DEGRADED))
_JUMP_MEMORY = 600.0
_UNSET = 5
"""What adjtimex answers for a clock that nothing sets (TIME_ERROR)."""
_CLOCK_EVERY = 60


class Question(Protocol):
    """A request that waits for a person."""

    @property
    def id(self) -> str: ...

    @property
    def created_at(self) -> str: ...


class HouseFigures:
    """Use on the loop's thread. `series` keeps an hour of them by the slots of the sampler."""

    def __init__(
        self,
        *,
        link: Callable[[], LinkStatus],
        refused: Callable[[], DiskRefusal | None],
        ledger: Ledger,
        steady: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        clock_is_unset: Callable[[], bool | None] | None = None,
    ) -> None:
        self._link = link
        self._refused = refused
        self._ledger = ledger
        self._steady = steady
        self._wall = wall
        self._clock_is_unset = clock_is_unset or _clock_is_unset
        self._unset: bool | None = None
        self._samples = 0
        self._down_since: float | None = None
        self._questions: dict[str, float] = {}
        self._offset: float | None = None
        self._jumps: deque[tuple[float, float]] = deque()
        self.series = {name: Series(unit) for name, unit in UNITS.items()}

    def follow(self, bus: EventBus, waiting: Sequence[Question]) -> Callable[[], None]:
        """Know who waits for a person; returns what ends it."""
        for question in waiting:
            age = max(0.0, self._wall() - parse_time(question.created_at).timestamp())
            self._questions[question.id] = self._steady() - age

        def on_asked(recorded: Recorded[ApprovalRequested]) -> None:
            self._questions[recorded.event.data.approval_id] = self._steady()

        def on_answered(recorded: Recorded[ApprovalDecided]) -> None:
            self._questions.pop(recorded.event.data.approval_id, None)

        def on_expired(recorded: Recorded[ApprovalExpired]) -> None:
            self._questions.pop(recorded.event.data.approval_id, None)

        subscriptions = (
            bus.subscribe(on_asked, ApprovalRequested),
            bus.subscribe(on_answered, ApprovalDecided),
            bus.subscribe(on_expired, ApprovalExpired),
        )

        def cancel() -> None:
            for subscription in subscriptions:
                subscription.cancel()

        return cancel

    def read(self, slot: int) -> dict[str, float | None]:
        now = self._steady()
        status = self._link()
        waits = [now - since for since in self._questions.values()]
        refused = self._refused()
        refuses = refused is not None and time.monotonic() - refused.at < REFUSAL_MEMORY
        figures: dict[str, float | None] = {
            "link_down": self._away(status, now),
            "outbox_pending": float(status.outbox_pending),
            "outbox_given_up": float(status.outbox_given_up),
            "waiting_for_person": max(waits, default=0.0),
            "questions": float(len(waits)),
            "budget": self._spent(),
            "disk_refuses": float(refuses),
            "clock_jumped": self._jumped(now),
            "clock_unset": self._clock_unset(),
        }
        for name, value in figures.items():
            if slot >= self.series[name].newest_slot:
                self.series[name].put(slot, value)
        return figures

    def _away(self, status: LinkStatus, now: float) -> float | None:
        if status.state is LinkState.DISABLED:
            self._down_since = None
            return None
        if status.state in _WORKING:
            self._down_since = None
            return 0.0
        if self._down_since is None:
            self._down_since = now
        return now - self._down_since

    def _spent(self) -> float | None:
        limits, used = self._ledger.settings, self._ledger.of_everybody()
        shares = []
        if limits.day_tokens:
            shares.append(used.tokens / limits.day_tokens * 100)
        if limits.day_cost:
            shares.append(used.cost / limits.day_cost * 100)
        return max(shares) if shares else None

    def _jumped(self, now: float) -> float:
        """Both clocks are read at once: where their difference changed, the wall clock was set. While the machine sleeps it is not."""
        offset = self._wall() - now
        if self._offset is not None:
            self._jumps.append((now, abs(offset - self._offset)))
        self._offset = offset
        while self._jumps and now - self._jumps[0][0] > _JUMP_MEMORY:
            self._jumps.popleft()
        return max((size for _, size in self._jumps), default=0.0)

    def _clock_unset(self) -> float | None:
        if self._samples % _CLOCK_EVERY == 0:
            self._unset = self._clock_is_unset()
        self._samples += 1
        return None if self._unset is None else float(self._unset)


def _clock_is_unset() -> bool | None:
    """None where the kernel does not tell (another system, a sandbox)."""
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
    except (AttributeError, OSError):
        return None
    return None if answer < 0 else bool(answer == _UNSET)
