"""What a worker is handed, for tests of one kind without the runtime: a context with real children, and runs that remember."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from chainbot_desktop.agents.approvals.request import ApprovalDraft, Verdict
from chainbot_desktop.agents.kind import AgentContext, Budget
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.store.agent_rows import RunRow
from tests.helpers.processes import children


class RememberingRun:
    """Not budgeted: a kind that asks for its budget fails the test."""

    def __init__(self, task: str = "go", context: Mapping[str, Any] | None = None) -> None:
        self.row = RunRow(id="run-1", agent_id="agent-1", task=task, actor="user:me", started_at="", context=context or {})
        self.streamed = ""
        self.steps: list[str] = []
        self.waited: list[str] = []

    @property
    def budget(self) -> Budget:
        raise AssertionError("this kind uses no model")

    def stream(self, text: str, *, channel: Literal["answer", "thinking"] = "answer") -> None:
        self.streamed += text

    def step(self, text: str, *, detail: str = "") -> None:
        self.steps.append(text)

    def plan(self, entries: Sequence[tuple[str, Literal["pending", "in_progress", "completed"]]]) -> None: ...

    def waits_for(self, what: str, *, human: bool = True) -> Callable[[], None]:
        self.waited.append(what)
        return lambda: None

    def take_messages(self) -> Sequence[str]:
        return ()

    async def history(self) -> bytes | None:
        return None

    async def save_history(self, history: bytes) -> None: ...


class AnsweringApprovals:
    """A human who always says the same."""

    def __init__(self, approved: bool) -> None:
        self.approved = approved
        self.asked: list[ApprovalDraft] = []

    async def ask(self, run_id: str, draft: ApprovalDraft) -> Verdict:
        self.asked.append(draft)
        return Verdict(self.approved, answer="" if self.approved else "not this one")

    async def put(self, run_id: str, draft: ApprovalDraft) -> str:
        raise NotImplementedError

    async def wait(self, approval_id: str) -> Verdict:
        raise NotImplementedError

    async def answered(self, run_id: str, call_id: str, scope: str) -> Verdict | None:
        return None


@asynccontextmanager
async def agent_context(
    folder: Path, *, approves: bool = True, secrets: Mapping[str, str] | None = None
) -> AsyncIterator[AgentContext]:
    (folder / "private").mkdir()
    (folder / "work").mkdir()
    async with children() as started:
        yield AgentContext(
            agent_id="agent-1",
            name="Bob",
            workspace=folder / "work",
            private=folder / "private",
            log=AgentLog(),
            children=started,
            approvals=AnsweringApprovals(approves),
            secret=(secrets or {}).get,
        )
