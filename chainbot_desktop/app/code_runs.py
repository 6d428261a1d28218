"""Code of a conversation that is run: planned and confined like a command of an agent's, approved on the same card, told as an answer.

A run of code is a run among those of the agents: `talk_with_code` tells of both, so that it streams, is stopped and is kept like them.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

from chainbot_desktop.agents.approvals.desk import AgentApprovals, ApprovalDesk
from chainbot_desktop.agents.approvals.request import ApprovalDraft, Verdict
from chainbot_desktop.agents.kind import AgentContext, Run
from chainbot_desktop.agents.logs import AgentLog, Stream
from chainbot_desktop.agents.processes.child import ChildProcesses
from chainbot_desktop.agents.tools.command import RunCommand
from chainbot_desktop.agents.tools.places import Places
from chainbot_desktop.agents.tools.plan import Plan
from chainbot_desktop.agents.tools.policy import Policy
from chainbot_desktop.agents.tools.sandbox import Sandbox
from chainbot_desktop.agents.tools.shown import line, path_text, plain
from chainbot_desktop.agents.tools.tool import ToolFailed
from chainbot_desktop.chat.fenced_text import fenced
from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound, TooLarge, Unavailable
from chainbot_desktop.core.events import Severity, ToolCallJudged
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.events.runs import ToolVerdict
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.ports import Journal, TalkOutcome, TalkRun, TalkUpdate
from chainbot_desktop.core.settings import ToolsSettings
from chainbot_desktop.core.tasks import Tasks

_log = logging.getLogger(__name__)

NAME = "Code block"
_RUN = "code:"
_TOOL = "run_command"
_LONGEST = 32_000
_APPROVAL_SECONDS = 3600.0
_FENCE = "`" * 12
_PROGRAMS = {
    "python": "python3",
    "py": "python3",
    "python3": "python3",
    "bash": "bash",
    "sh": "sh",
    "shell": "sh",
    "zsh": "zsh",
}
_NOBODY = cast(Run, None)
"""A plan of a command asks its run nothing."""


@dataclass(slots=True)
class _CodeRun:
    row: TalkRun
    actor: Actor
    outcome: asyncio.Future[TalkOutcome]
    state: str = "queued"
    said: list[str] = field(default_factory=list)
    length: int = 0
    listeners: Listeners[[TalkUpdate]] = field(default_factory=Listeners)
    work: asyncio.Task[None] | None = None

    def tell(self, kind: Literal["answer", "state", "end"], text: str) -> None:
        if kind == "answer":
            self.said.append(text)
        elif kind == "state":
            self.state = text
        self.listeners.tell(TalkUpdate(self.row.run_id, kind, text))


class _HeardLog(AgentLog):
    """What a command prints goes to who shows it."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        super().__init__(kept=1)
        self._heard = heard

    def add(self, stream: Stream, text: str) -> None:
        if stream == "out":
            self._heard(text)


class CodeRuns:
    """Implements `core.ports.CodeRunner`. Use on the loop's thread, between `open` and `close`."""

    def __init__(
        self,
        desk: ApprovalDesk,
        journal: Journal,
        settings: ToolsSettings,
        children: ChildProcesses,
        tasks: Tasks,
        workspace: Callable[[], Path],
        hidden: Sequence[Path],
    ) -> None:
        self._desk = desk
        self._journal = journal
        self._settings = settings
        self._children = children
        self._tasks = tasks
        self._workspace = workspace
        self._hidden = tuple(hidden)
        self._sandbox = Sandbox(settings.sandbox, hidden)
        self._runs: dict[str, _CodeRun] = {}
        self.begun: Listeners[[TalkRun]] = Listeners()

    async def open(self) -> None:
        """What was asked in an earlier life of the program is asked by nobody any more. After the desk is open."""
        for row in await self._desk.pending():
            if row.run_id.startswith(_RUN):
                await self._desk.end_run(row.run_id, "The program ended before this was answered.")

    async def close(self) -> None:
        work = [run.work for run in self._runs.values() if run.work is not None]
        for task in work:
            task.cancel()
        if work:
            await asyncio.wait(work)

    def languages(self) -> frozenset[str]:
        return frozenset(language for language, program in _PROGRAMS.items() if shutil.which(program))

    async def run(self, language: str, code: str, *, conversation_id: str, actor: Actor) -> str:
        program = _PROGRAMS.get(language)
        if program is None:
            raise InvalidInput(f"{language!r} cannot be run here.", hint=f"What can: {', '.join(sorted(self.languages()))}.")
        if actor.startswith("agent:"):
            raise InvalidInput("Agents run code with their own tools.", code="not_for_agents")
        if len(code) > _LONGEST:
            raise TooLarge(f"This code has more than {_LONGEST:,} characters.", hint="Save it as a file, and run that.")
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed here.", code="no_program")
        run_id = f"{_RUN}{new_id()}"
        row = TalkRun(run_id, conversation_id, NAME, utc_now())
        run = _CodeRun(row, actor, asyncio.get_running_loop().create_future())
        context = self._context(run)
        places = Places(self._workspace(), self._hidden)
        tool = RunCommand(
            context, places, self._sandbox, self._tasks, self._settings.command_timeout, self._settings.output_characters
        )
        plan = await tool.plan({"command": [program, "-c", code]}, _NOBODY)
        self._refuse_denied(plan)
        self._runs[run_id] = run
        run.outcome.add_done_callback(lambda _: self._forget_later(run_id))
        self.begun.tell(row)
        run.work = self._tasks.spawn(f"run code {run_id}", self._work(run, _shown(plan, program, code, places), context))
        return run_id

    # What a talk asks

    def knows(self, run_id: str) -> bool:
        return run_id.startswith(_RUN)

    def follow(self, run_id: str, listener: Callable[[TalkUpdate], None]) -> Callable[[], None]:
        run = self._runs.get(run_id)
        if run is None or run.outcome.done():
            listener(TalkUpdate(run_id, "end", ""))
            return _nothing
        listener(TalkUpdate(run_id, "state", run.state))
        if run.said:
            listener(TalkUpdate(run_id, "answer", "".join(run.said)))
        return run.listeners.add(listener)

    async def outcome(self, run_id: str) -> TalkOutcome:
        run = self._runs.get(run_id)
        if run is None:
            raise NotFound("The program ended while this code was run, and ended it.")
        return await asyncio.shield(run.outcome)

    async def cancel(self, run_id: str, *, actor: Actor) -> None:
        run = self._runs.get(run_id)
        if run is None or run.outcome.done() or run.work is None:
            raise Conflict("This code is not run any more.", code="run_ended")
        run.work.cancel(f"Stopped by {actor.partition(':')[2]}.")
        with suppress(asyncio.CancelledError):
            await asyncio.wait({run.work})

    # Inside

    def _context(self, run: _CodeRun) -> AgentContext:
        def heard(text: str) -> None:
            if run.length < self._settings.output_characters:
                shown = plain(text.replace("\r\n", "\n"))[: self._settings.output_characters - run.length]
                run.length += len(shown)
                run.tell("answer", shown)

        workspace = self._workspace()
        approvals = AgentApprovals(self._desk, NAME, NAME)
        log = _HeardLog(heard)
        return AgentContext(NAME, NAME, workspace, workspace, log, self._children, approvals, lambda name: None)

    def _refuse_denied(self, plan: Plan) -> None:
        """A rule that denies it counts for people too; one that allows it spares nobody the card."""
        decision = Policy(self._settings.policy).decide(_TOOL, plan.targets)
        if decision.action == "deny":
            raise Conflict(
                f"The settings deny this ({decision.rule}).", hint="tools.policy holds the rules.", code="tool_denied"
            )

    async def _work(self, run: _CodeRun, plan: Plan, context: AgentContext) -> None:
        began = 0.0
        try:
            verdict = await self._ask(run, plan, context)
            if not verdict.approved:
                self._end(run, "succeeded", _not_run(verdict))
                return
            began = time.monotonic()
            run.tell("state", "running")
            run.tell("answer", f"{_FENCE}text\n")
            output = await plan.carry_out()
            self._end(run, "succeeded", _told(output, time.monotonic() - began, context.workspace))
        except ToolFailed as failure:
            head, _, output = failure.message.partition(" Its output:\n")
            told = f"\n\n{fenced(output)}" if output.strip() else ""
            self._end(run, "succeeded", f"**{escape_markdown(head)}**{told}")
        except ChainBotError as error:
            self._end(run, "failed", "", str(error))
        except asyncio.CancelledError as stop:
            if began:
                run.tell("answer", f"\n{_FENCE}\n")
            self._end(run, "cancelled", "", str(stop.args[0]) if stop.args else "The program was closed.")
            await self._desk.end_run(run.row.run_id, "Nobody waits for this any more.")
            raise
        except Exception as error:
            self._end(run, "failed", "", f"A bug: {error}")
            raise

    async def _ask(self, run: _CodeRun, plan: Plan, context: AgentContext) -> Verdict:
        run.tell("state", "waiting for your approval")
        draft = plan.draft("code", _TOOL)
        verdict = await context.approvals.ask(run.row.run_id, replace(draft, expires_in=_APPROVAL_SECONDS))
        await self._note(run, draft, verdict)
        return verdict

    async def _note(self, run: _CodeRun, draft: ApprovalDraft, verdict: Verdict) -> None:
        fact = ToolVerdict(
            run_id=run.row.run_id,
            agent_id=NAME,
            tool=_TOOL,
            target=line(draft.title),
            verdict="approved" if verdict.approved else "denied",
            rule="a person",
            reason=line(verdict.answer),
        )
        severity = Severity.INFO if verdict.approved else Severity.WARNING
        await self._journal.append(ToolCallJudged(source="tools", severity=severity, subject=NAME, actor=run.actor, data=fact))

    def _end(self, run: _CodeRun, state: Literal["succeeded", "failed", "cancelled"], text: str, reason: str = "") -> None:
        run.tell("end", state)
        run.listeners.clear()
        if not run.outcome.done():
            run.outcome.set_result(TalkOutcome(run.row.run_id, state, text, reason))

    def _forget_later(self, run_id: str) -> None:
        """Who waits for it has it by then."""
        asyncio.get_running_loop().call_later(60.0, self._runs.pop, run_id, None)


def _shown(plan: Plan, program: str, code: str, places: Places) -> Plan:
    """The card shows the code as it is written, not as one quoted line."""
    lines = code.count("\n") + (not code.endswith("\n"))
    where = path_text(places.workspace)
    return replace(
        plan,
        title=f"Run {lines} {'line' if lines == 1 else 'lines'} of code with {program}",
        detail=f"{program} in {where}:\n\n{plain(code)}",
        why="Somebody tapped Run at a code block of the chat.",
        scope="",
    )


def _told(output: str, seconds: float, workspace: Path) -> str:
    """`output` begins with its end in brackets, as the tool tells it."""
    end, _, printed = output.partition("\n")
    head = f"**{escape_markdown(end.strip('[]').capitalize())}** after {seconds:.1f} s, in `{path_text(workspace).replace('`', '')}`."
    return f"{head}\n\n{fenced(printed)}" if printed.strip() else f"{head} It printed nothing."


def _not_run(verdict: Verdict) -> str:
    if verdict.expired:
        return "Not run: nobody answered in time."
    return f"Not run: it was denied. {escape_markdown(verdict.answer)}".strip()


def _nothing() -> None:
    return
