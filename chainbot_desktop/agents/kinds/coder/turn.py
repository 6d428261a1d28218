"""One task of a coding agent while it works on it: what it answers, what it waits for, and the end of all that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

from chainbot_desktop.agents.approvals.request import ApprovalDraft, Approvals, Verdict
from chainbot_desktop.agents.kind import Run, Usage
from chainbot_desktop.agents.kinds.coder.errors import TurnOver
from chainbot_desktop.agents.kinds.coder.pacing import Channel, Pacing

ANSWER_LIMIT = 1_000_000
"""Characters told and kept of the answer, and of its thoughts."""


class Turn:
    """Use on the loop's thread."""

    def __init__(self, run: Run, approvals: Approvals) -> None:
        self.run = run
        self._approvals = approvals
        self._pacing = Pacing(self._hand_on)
        self._parts: list[str] = []
        self._length = 0
        self._thought = 0
        self._apart = False
        self._asking: set[asyncio.Task[object]] = set()
        self._requests = 0
        self.over = False
        self.used: tuple[int, int] | None = None
        """Tokens in and out, where it tells."""

    def say(self, text: str) -> None:
        if self.over or not text:
            return
        if self._apart and self._length:
            text = f"\n\n{text}"
        self._apart = False
        self._told(text, self._length, "answer")
        self._length += len(text)

    def think(self, text: str) -> None:
        if self.over or not text:
            return
        self._told(text, self._thought, "thinking")
        self._thought += len(text)

    def step(self, text: str, *, detail: str = "") -> None:
        if not self.over:
            self._pacing.flush()
            self.run.step(text, detail=detail)

    def plan(self, entries: Sequence[tuple[str, Literal["pending", "in_progress", "completed"]]]) -> None:
        if not self.over:
            self._pacing.flush()
            self.run.plan(entries)

    def set_apart(self) -> None:
        """What it says next is another paragraph: it did something in between."""
        self._apart = True

    def _told(self, text: str, before: int, channel: Channel) -> None:
        if before < ANSWER_LIMIT:
            self._pacing.add(text[: ANSWER_LIMIT - before], channel)

    def _hand_on(self, text: str, channel: Channel) -> None:
        if channel == "answer":
            self._parts.append(text)
        self.run.stream(text, channel=channel)

    @property
    def answer(self) -> str:
        self._pacing.flush()
        lost = self._length - ANSWER_LIMIT
        return "".join(self._parts).strip() + (f"\n\n… {lost:,} more characters" if lost > 0 else "")

    def next_request(self) -> str:
        """An id that no other request of this task has: an approval is for one of them."""
        self._requests += 1
        return f"coder-{self._requests}"

    async def ask(self, draft: ApprovalDraft) -> Verdict:
        """TurnOver where the task ends first."""
        if self.over:
            raise TurnOver
        self._pacing.flush()
        task = asyncio.current_task()
        assert task is not None
        done = self.run.waits_for("your approval")
        self._asking.add(task)
        try:
            return await self._approvals.ask(self.run.row.id, draft)
        except asyncio.CancelledError:
            if not self.over:
                raise
            raise TurnOver from None
        finally:
            self._asking.discard(task)
            done()

    def end(self) -> None:
        """Nothing more is told of it, and nobody is asked for it any more."""
        self._pacing.close()
        self.over = True
        for task in tuple(self._asking):
            task.cancel()

    def count(self, tokens_in: int, tokens_out: int) -> None:
        before = self.used or (0, 0)
        self.used = (before[0] + tokens_in, before[1] + tokens_out)

    async def spend(self, model: str, cost: float | None) -> None:
        """Count what it told of its use; nothing where it told nothing."""
        if self.used is None and cost is None:
            return
        tokens_in, tokens_out = self.used or (0, 0)
        await self.run.budget.spend(Usage(model, tokens_in, tokens_out, cost))
