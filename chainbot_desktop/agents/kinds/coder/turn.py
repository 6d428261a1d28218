"""One task of a coding agent while it works on it: what it answers, what it waits for, and the end of all that."""

from __future__ import annotations

import asyncio

from chainbot_desktop.agents.approvals.request import ApprovalDraft, Approvals, Verdict
from chainbot_desktop.agents.kind import Run, Usage
from chainbot_desktop.agents.kinds.coder.errors import TurnOver

ANSWER_LIMIT = 1_000_000
"""Characters kept of the answer."""


class Turn:
    """Use on the loop's thread."""

    def __init__(self, run: Run, approvals: Approvals) -> None:
        self.run = run
        self._approvals = approvals
        self._parts: list[str] = []
        self._length = 0
        self._apart = False
        self._asking: set[asyncio.Task[object]] = set()
        self._requests = 0
        self.over = False
        self.used: tuple[int, int] | None = None
        """Tokens in and out, where it tells."""

    def say(self, text: str) -> None:
        if self._apart and self._parts:
            text = f"\n\n{text}"
        self._apart = False
        self.run.stream(text)
        if self._length < ANSWER_LIMIT:
            self._parts.append(text[: ANSWER_LIMIT - self._length])
        self._length += len(text)

    def set_apart(self) -> None:
        """What it says next is another paragraph: it did something in between."""
        self._apart = True

    @property
    def answer(self) -> str:
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
        """Nobody is asked for it any more."""
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
