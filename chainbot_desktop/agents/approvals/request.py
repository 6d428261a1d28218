"""What is asked of a human, and what came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chainbot_desktop.store.agent_rows import DetailKind


@dataclass(frozen=True, slots=True)
class ApprovalDraft:
    """`detail` is exactly what will happen (the command, the diff, the URL) or the question; nothing is shortened.

    `call_id` names the tool call within its run: asked again under it, also after a restart, the same request is meant.
    `scope` is what an approval "for this run" covers: requests of the run with the same scope ("" covers this one alone).
    """

    call_id: str
    tool: str
    title: str
    detail: str
    detail_kind: DetailKind
    why: str = ""
    touches: tuple[str, ...] = ()
    sandboxed: bool | None = None
    scope: str = ""
    expires_in: float | None = None
    """Seconds; None waits for ever."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the human said. `answer` is the reason of a denial or the answer to a question."""

    approved: bool
    for_run: bool = False
    answer: str = ""
    expired: bool = False


class Approvals(Protocol):
    """Asks in the name of one agent. Use on the loop's thread."""

    async def ask(self, run_id: str, draft: ApprovalDraft) -> Verdict:
        """Put a card on every panel and wait. May be cancelled: the request stays until its run ends."""
        ...

    async def put(self, run_id: str, draft: ApprovalDraft) -> str:
        """Put the card without waiting; its id. Nothing new where the run asked for this call before."""
        ...

    async def wait(self, approval_id: str) -> Verdict:
        """The answer to a request that was put, perhaps in an earlier life of the program."""
        ...

    async def answered(self, run_id: str, call_id: str, scope: str) -> Verdict | None:
        """What is known without asking: the answer to this call, or one for the run that covers `scope`."""
        ...
