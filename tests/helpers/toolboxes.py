"""An agent's toolbox on a real workspace and a real journal, with a human who answers as a test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from chainbot_desktop.agents.approvals.request import ApprovalDraft, Verdict
from chainbot_desktop.agents.kind import AgentContext, Run, Told
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.processes.children import Children
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.agents.tools.addresses import Resolve, resolve
from chainbot_desktop.agents.tools.tool import Judgement, ToolCall
from chainbot_desktop.agents.tools.toolbox import MoreTools, PolicedToolbox
from chainbot_desktop.agents.tools.toolboxes import ToolboxFactory
from chainbot_desktop.core.events import ToolCallJudged
from chainbot_desktop.core.events.runs import ToolVerdict
from chainbot_desktop.core.ports import EventQuery, Journal
from chainbot_desktop.core.settings import ToolRule, ToolsSettings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import RunRow
from tests.helpers.stores import Store, open_store


class FakeApprovals:
    """Answers by the exact id of a call, or by scope."""

    def __init__(self) -> None:
        self.calls: dict[str, Verdict] = {}
        self.scopes: dict[str, Verdict] = {}

    async def ask(self, run_id: str, draft: ApprovalDraft) -> Verdict:
        raise AssertionError("a toolbox asks nobody itself")

    async def put(self, run_id: str, draft: ApprovalDraft) -> str:
        raise AssertionError("a toolbox asks nobody itself")

    async def wait(self, approval_id: str) -> Verdict:
        raise AssertionError("a toolbox waits for nobody")

    async def answered(self, run_id: str, call_id: str, scope: str) -> Verdict | None:
        return self.calls.get(call_id) or (self.scopes.get(scope) if scope else None)


class FakeConversations:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, str]] = []
        self.notes: list[str] = []
        self.note_of_told = ""

    async def tell(self, sender: str, recipient: str, text: str, *, run_id: str = "") -> Told:
        self.told.append((sender, recipient, text, run_id))
        return Told("message-1", self.note_of_told)

    async def notebook(self, agent_id: str) -> str:
        return "\n".join(self.notes)

    async def note(self, agent_id: str, text: str, *, run_id: str = "") -> str:
        self.notes.append(text)
        return "note-1"


@dataclass
class _Run:
    row: RunRow


def fake_run(run_id: str = "run-1") -> Run:
    return cast(Run, _Run(RunRow(run_id, "agent-1", "task", "user:admin", "2026-01-01T00:00:00.000000Z")))


@dataclass
class Bench:
    workspace: Path
    box: PolicedToolbox
    factory: ToolboxFactory
    context: AgentContext
    approvals: FakeApprovals
    conversations: FakeConversations
    store: Store
    run: Run = field(default_factory=fake_run)
    _calls: int = 0

    def call(self, tool: str, **arguments: Any) -> ToolCall:
        self._calls += 1
        return ToolCall(f"call-{self._calls}", tool, arguments)

    async def judge(self, tool: str, **arguments: Any) -> Judgement:
        return await self.box.judge(self.call(tool, **arguments), self.run)

    async def execute(self, tool: str, **arguments: Any) -> str:
        return await self.box.execute(self.call(tool, **arguments), self.run)

    async def approved(self, tool: str, **arguments: Any) -> str:
        """Judged, approved as shown, carried out."""
        call = self.call(tool, **arguments)
        await self.approve(call)
        return await self.box.execute(call, self.run)

    async def approve(self, call: ToolCall) -> ApprovalDraft:
        judgement = await self.box.judge(call, self.run)
        assert judgement.verdict == "ask", judgement
        assert judgement.draft is not None
        self.approvals.calls[judgement.draft.call_id] = Verdict(True)
        return judgement.draft

    async def judged(self) -> list[ToolVerdict]:
        """What the journal tells of this run's calls, oldest first."""
        rows = await self.store.journal.read(EventQuery(types=("tool_call_judged",)))
        events = [row.event for row in rows]
        assert all(isinstance(event, ToolCallJudged) for event in events)
        return [event.data for event in events]

    def with_rules(self, *rules: Mapping[str, str]) -> Bench:
        box = self.factory.of(self.context, {"rules": list(rules)}, None)
        return Bench(self.workspace, box, self.factory, self.context, self.approvals, self.conversations, self.store)


@asynccontextmanager
async def open_bench(
    folder: Path,
    *,
    rules: Sequence[ToolRule] = (),
    more: MoreTools | None = None,
    resolver: Resolve = resolve,
    **settings: Any,
) -> AsyncIterator[Bench]:
    workspace, private, data = folder / "workspace", folder / "private", folder / "data"
    for made in (workspace, private, data):
        made.mkdir(exist_ok=True)
    tasks = Tasks()
    host = ProcessHost()
    approvals, conversations = FakeApprovals(), FakeConversations()
    children = Children(host, tasks)
    context = AgentContext("agent-1", "tester", workspace, private, AgentLog(), children, approvals, lambda _name: None)
    async with open_store(data) as store:
        journal: Journal = store.journal
        chosen = ToolsSettings(policy=tuple(rules), **settings)
        factory = ToolboxFactory(
            chosen, journal, conversations, tasks, redact=_redact, hidden=(data,), more=more, resolver=resolver
        )
        try:
            yield Bench(workspace, factory.of(context, {}, None), factory, context, approvals, conversations, store)
        finally:
            await children.stop_all()
            await host.close()
            await tasks.cancel_all()


def _redact(text: str) -> str:
    return text.replace("hunter22", "[redacted]")
