"""One agent that runs here: its state, its queue of tasks, and the worker that does them, started again where its policy says so."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from chainbot_desktop.agents.approvals.desk import AgentApprovals
from chainbot_desktop.agents.conversation_context import without_conversation
from chainbot_desktop.agents.facts import RUNTIME_SOURCE
from chainbot_desktop.agents.kind import AgentConfig, AgentContext, AgentKind, Delivery, Preparing, Worker
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.processes.child import ChildProcesses, Leader
from chainbot_desktop.agents.runtime.budget import RunBudget
from chainbot_desktop.agents.runtime.live import AgentUsage, LiveAgent
from chainbot_desktop.agents.runtime.run import LiveRun, Said
from chainbot_desktop.agents.runtime.shared import Owner, RuntimeParts
from chainbot_desktop.agents.runtime.state_journal import Standing, StateJournal
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import AgentSpawned, RunFinished, Severity
from chainbot_desktop.core.events.agents import RuntimeState
from chainbot_desktop.core.events.envelope import SYSTEM, Actor
from chainbot_desktop.core.events.runs import RunOutcome
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.store.agent_rows import AgentRow, RunRow, RunState

_log = logging.getLogger(__name__)

_STOP_SECONDS = 15.0
_BACKOFF = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_HEALTHY_SECONDS = 60.0
"""Who lived for so long starts its backoff anew."""

ENDED: tuple[RuntimeState, ...] = ("stopped", "failed")


@dataclass(frozen=True, slots=True)
class _End:
    """How a life ended by itself. An empty `reason` is a good end; `early` is before it was ready."""

    reason: str
    early: bool = False


class SupervisedAgent:
    """Use on the loop's thread."""

    def __init__(
        self,
        row: AgentRow,
        kind: AgentKind,
        config: AgentConfig,
        parts: RuntimeParts,
        owner: Owner,
    ) -> None:
        self.kind = kind
        self.config = config
        self.log = AgentLog(on_lines=lambda count: owner.worked(row.id, count))
        self.unpaused = asyncio.Event()
        self.unpaused.set()
        self.changing = asyncio.Lock()
        """Held by whoever starts, stops or reconfigures it."""
        self.beats_without_process = 0
        self._parts = parts
        self._owner = owner
        self._journal = StateJournal(row, parts.agents, parts.tasks, self._standing)
        self._children: ChildProcesses = parts.children(config.limits)
        self._worker: Worker | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._life: asyncio.Task[None] | None = None
        self._queue: deque[LiveRun] = deque()
        self._wake = asyncio.Event()
        self._run: LiveRun | None = None
        self._fixed: RuntimeState | None = row.state
        self._waiting_for = ""
        self._end_reason = ""
        self._restarts = 0
        self._tokens = [0, 0]
        self._cost: float | None = 0.0

    # What others see

    @property
    def row(self) -> AgentRow:
        return self._journal.row

    @property
    def alive(self) -> bool:
        return self._life is not None and not self._life.done()

    @property
    def state(self) -> RuntimeState:
        if self._fixed is not None:
            return self._fixed
        if not self.unpaused.is_set():
            return "paused"
        if self._run is None:
            return "idle" if self._serving is None else "running"
        return "waiting" if self._run.waiting_for else "running"

    @property
    def _private(self) -> Path:
        return self._parts.private / self.row.id

    @property
    def folder(self) -> Path:
        """Where it works; may not exist."""
        return self.config.workspace.expanduser() if self.config.workspace is not None else self._parts.workspace()

    @property
    def _serving(self) -> str | None:
        return self._worker.serving if self._worker is not None else None

    @property
    def run(self) -> LiveRun | None:
        return self._run

    @property
    def queued(self) -> tuple[LiveRun, ...]:
        return tuple(self._queue)

    @property
    def leaders(self) -> Sequence[Leader]:
        """Of its child processes."""
        return self._children.leaders

    def usage(self) -> AgentUsage:
        day = self._parts.ledger.of_agent(self.row.id)
        budget = self._run.budget if self._run is not None else None
        return AgentUsage(
            task_tokens=budget.input_tokens + budget.output_tokens if budget is not None else None,
            task_cost=_sum(0.0, budget) if budget is not None else None,
            day_tokens=day.tokens,
            day_cost=None if day.unpriced else day.cost,
        )

    def on_piece(self) -> None:
        self._owner.worked(self.row.id, 1)

    def live(self) -> LiveAgent:
        run = self._run
        return LiveAgent(
            id=self.row.id,
            name=self.row.name,
            kind=self.row.kind,
            state=self.state,
            since=self.row.since,
            activity=run.activity if run is not None else (self._serving or "")[:300],
            waiting_for=run.waiting_for if run is not None else self._waiting_for,
            reason=self.row.reason,
            pid=self._worker.pid if self._worker is not None and self.alive else None,
            heartbeat_at=self.row.heartbeat_at,
            run_id=run.row.id if run is not None else "",
            task=run.row.task if run is not None else "",
            queued=len(self._queue),
            plan=run.plan_entries if run is not None else (),
            input_tokens=self._tokens[0] + (run.budget.input_tokens if run is not None else 0),
            output_tokens=self._tokens[1] + (run.budget.output_tokens if run is not None else 0),
            cost=_sum(self._cost, run.budget) if run is not None else self._cost,
            restarts=self._restarts,
            commands=self._worker.commands if self._worker is not None else (),
        )

    # Life

    def start(self) -> None:
        """Begin a life; the caller has journaled that it starts."""
        self._fixed = "starting"
        self._end_reason = ""
        self._children = self._parts.children(self.config.limits)
        self._life = self._parts.tasks.spawn(f"agent {self.row.name}", self._live())

    def begins(self, actor: Actor = SYSTEM) -> AgentSpawned:
        """A life begins; the caller saves `row` with this event."""
        self._fixed = "starting"
        return self._journal.begins(self.kind.describe(self.config), actor)

    async def end_life(self, reason: str, *, kill: bool = False) -> None:
        """End what lives, in whatever state; returns when nothing of it is left. The state stays "stopping"."""
        self._fixed, self._waiting_for = "stopping", ""
        self._end_reason = reason
        self._refresh()
        if self._life is not None and not self._life.done():
            if kill:
                await self._children.stop_all(grace=0)
            self._life.cancel()
            await asyncio.wait({self._life})
        await self._children.stop_all(grace=0 if kill else 5.0)

    async def stopped(self, state: RuntimeState, reason: str, *, wanted: bool = False, actor: Actor = SYSTEM) -> None:
        """Say that its life is over, and end what waited for it."""
        for run in [*self._queue]:
            await self._finish(run, "cancelled", reason=reason)
        self._queue.clear()
        self._note_end(state, reason, wanted=wanted, actor=actor)
        await self._journal.written()

    def reconfigure(self, row: AgentRow, kind: AgentKind, config: AgentConfig) -> None:
        """Another definition under the same identity, before the next `start`."""
        self._journal.row, self.kind, self.config = row, kind, config

    def forget_folder(self) -> None:
        """Away with what it kept for itself. Blocks."""
        try:
            shutil.rmtree(self._private)
        except FileNotFoundError:
            pass
        except OSError as error:
            _log.warning("the folder of the removed agent %s stays: %s", self.row.name, error)

    async def pause(self) -> None:
        self.unpaused.clear()
        if self._worker is not None:
            await self._worker.pause()
        self._refresh()

    async def resume(self) -> None:
        self.unpaused.set()
        if self._worker is not None:
            await self._worker.resume()
        self._wake.set()
        self._refresh()

    def beat(self, at: str) -> None:
        self._journal.beat(at)
        self._journal.look()  # what serves by itself begins and ends unasked

    async def keep_lease(self) -> None:
        """Note which process does its work now."""
        pid = self._worker.pid if self._worker is not None else None
        known = self.row.lease.pid if self.row.lease is not None else None
        if pid == known:
            return
        lease = await asyncio.to_thread(self._parts.leases.take, pid) if pid is not None else None
        if self.state not in ENDED:
            self._journal.keep_lease(lease)

    # Tasks

    def prepare(self) -> None:
        """Somebody is about to give it a task: let it find out meanwhile what it offers, if it is at rest."""
        worker: object = self._worker
        busy = self._preparing is not None and not self._preparing.done()
        if self.state == "idle" and not busy and isinstance(worker, Preparing):
            self._preparing = self._parts.tasks.spawn(f"agent {self.row.name}: gets ready", self._prepare(worker))

    async def _prepare(self, worker: Preparing) -> None:
        try:
            await worker.prepare()
        except ChainBotError as error:  # its next task says so to whoever gave it
            self.log.add("system", f"It could not get ready before its next task: {error}")
        self._owner.changed(self.row.id)

    def enqueue(self, run: LiveRun, *, first: bool = False) -> None:
        if first:
            self._queue.appendleft(run)
        else:
            self._queue.append(run)
        self._wake.set()
        self._owner.changed(self.row.id)

    def steer(self, said: Said, delivery: Delivery) -> LiveRun | None:
        """Give a message to the run under way; None where there is none, or where it is not meant for it."""
        run = self._run
        if run is None or delivery == "queue":
            return None
        if delivery == "interrupt":
            run.cancel("A new message interrupted it.")
            return None
        run.deliver(said)
        return run

    def waiting(self, run_id: str) -> LiveRun | None:
        """A task that has not begun; None where it is none."""
        return next((run for run in self._queue if run.row.id == run_id), None)

    async def drop(self, run_id: str, reason: str) -> bool:
        """Cancel a run, queued or under way; False where it is neither."""
        if self._run is not None and self._run.row.id == run_id:
            self._run.cancel(reason)
            return True
        for run in self._queue:
            if run.row.id == run_id:
                self._queue.remove(run)
                await self._finish(run, "cancelled", reason=reason)
                return True
        return False

    # Inside

    async def _live(self) -> None:
        attempt = 0
        while True:
            began = asyncio.get_running_loop().time()
            end = await self._one_life()
            if asyncio.get_running_loop().time() - began > _HEALTHY_SECONDS:
                attempt = 0
            restart = self.config.restart
            if (end.early and not attempt) or restart == "never" or (restart == "on-failure" and not end.reason):
                state: RuntimeState = "failed" if end.reason else "stopped"
                await self.stopped(state, end.reason or "It ended by itself.")
                return
            delay = _BACKOFF[min(attempt, len(_BACKOFF) - 1)]
            attempt += 1
            self.log.add("system", f"{end.reason or 'It ended by itself.'} It is started again in {delay:g} s.")
            self._fixed, self._waiting_for = "waiting", f"its restart in {delay:g} s ({end.reason or 'it ended by itself'})"
            self._refresh()
            await asyncio.sleep(delay)
            self._restarts += 1
            self._fixed, self._waiting_for = "starting", ""
            self._refresh()

    async def _one_life(self) -> _End:
        worker: Worker | None = None
        try:
            worker = self._worker = self.kind.make(await self._context(), self.config)
            return await self._start_and_serve(worker)
        except ChainBotError as error:
            return _End(str(error), early=self._fixed == "starting")
        except Exception as error:  # the border of a task: an agent that breaks does not take the others with it
            _log.exception("the agent %s broke", self.row.name)
            return _End(f"A bug in its kind: {error!r}.", early=self._fixed == "starting")
        finally:
            if worker is not None:
                await self._stop_worker(worker)

    async def _start_and_serve(self, worker: Worker) -> _End:
        seconds = self._parts.settings.start_seconds
        try:
            async with asyncio.timeout(seconds):
                await worker.start()
        except TimeoutError:
            return _End(f"It was not ready within {seconds:g} s.", early=True)
        self._fixed, self._waiting_for = None, ""
        self._refresh()
        await self.keep_lease()
        ended = self._parts.tasks.spawn(f"agent {self.row.name}: end", worker.ended())
        try:
            return await self._serve(worker, ended)
        finally:
            ended.cancel()
            await asyncio.wait({ended})

    async def _serve(self, worker: Worker, ended: asyncio.Task[str]) -> _End:
        while True:
            if ended.done():
                return _End(ended.result())
            self._wake.clear()
            if self._queue and self.unpaused.is_set():
                await self._work(self._queue.popleft(), worker, ended)
                continue
            wake = self._parts.tasks.spawn(f"agent {self.row.name}: wake", self._wake.wait())
            try:
                await asyncio.wait({ended, wake}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                wake.cancel()

    async def _work(self, run: LiveRun, worker: Worker, ended: asyncio.Task[str]) -> None:
        task = self._parts.tasks.spawn(f"run {run.row.id}", self._execute(run, worker))
        reasons: list[str] = []

        def cancel(reason: str) -> None:
            reasons.append(reason)
            task.cancel()

        run.cancel = cancel
        run.began = asyncio.get_running_loop().time()
        self._run = run
        self._refresh()
        try:
            await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and ended.done():
                cancel(ended.result() or "The agent ended by itself.")
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=_STOP_SECONDS)
            self._run = None
            await self._conclude(run, task, reasons)
        self._refresh()

    async def _execute(self, run: LiveRun, worker: Worker) -> tuple[RunState, str, str]:
        """(state, result, reason); being cancelled is for the caller to explain."""
        await self._parts.runs.set_state(run.row.id, "running")
        limit = self.config.limits.wall_seconds or self._parts.settings.wall_seconds
        clock = run.limit(limit)
        try:
            async with clock:
                await self._owner.before_run(run)
                result = await worker.execute(run)
        except TimeoutError:
            if not clock.expired():
                raise
            return "failed", "", f"It took longer than {limit:g} s."
        except ChainBotError as error:
            return "failed", "", str(error)
        canonical_json(result.data)  # what cannot be kept as JSON is a bug of the kind, and said to be one
        run.data = result.data
        return "succeeded", result.text, ""

    async def _conclude(self, run: LiveRun, task: asyncio.Task[tuple[RunState, str, str]], reasons: list[str]) -> None:
        if left := run.untaken():  # it ended before its next tool call
            await self._owner.came_too_late(run, left)
        if not task.done():
            _log.error("the agent %s does not let go of its task", self.row.name)
        if not task.done() or task.cancelled():
            reason = reasons[0] if reasons else self._end_reason or "It was stopped."
            await self._finish(run, "cancelled", reason=reason)
        elif error := task.exception():
            await self._finish(run, "failed", reason=f"A bug in its kind: {error!r}.")
        else:
            state, text, reason = task.result()
            await self._finish(run, state, text=text, reason=reason)

    async def _finish(self, run: LiveRun, state: RunState, *, text: str = "", reason: str = "") -> None:
        budget = run.budget
        row = replace(
            run.row,
            state=state,
            ended_at=utc_now(),
            result=text.encode("utf-8", "replace").decode(),
            reason=reason,
            input_tokens=budget.input_tokens,
            output_tokens=budget.output_tokens,
            cost=budget.cost,
            data=run.data,
            context=without_conversation(run.row.context),  # what others said belongs to the conversation, and goes with it
        )
        self._tokens[0] += budget.input_tokens
        self._tokens[1] += budget.output_tokens
        self._cost = _sum(self._cost, budget)
        with suppress(ChainBotError):  # a disk that refuses: the reconcile of the next start tells what became of it
            await self._parts.runs.finish(row, _finished(row, self.row.name, run.seconds))
            await self._parts.desk.end_run(row.id, "Its task has ended.")
        if reason:
            self.log.add("system", f"The task {'failed' if state == 'failed' else 'was cancelled'}: {reason}")
        run.end(row)
        self._owner.changed(self.row.id)

    async def _context(self) -> AgentContext:
        private = self._private
        await asyncio.to_thread(private.mkdir, mode=0o700, parents=True, exist_ok=True)
        workspace = self.folder
        if not await asyncio.to_thread(Path.is_dir, workspace):
            raise ChainBotError(f"Its workspace {workspace} is not a folder.", hint="Give it another one.", code="no_workspace")
        return AgentContext(
            agent_id=self.row.id,
            name=self.row.name,
            workspace=workspace,
            private=private,
            log=self.log,
            children=self._children,
            approvals=AgentApprovals(self._parts.desk, self.row.id, self.row.name),
            secret=self._parts.secret,
        )

    async def _stop_worker(self, worker: Worker) -> None:
        if self._preparing is not None and not self._preparing.done():
            self._preparing.cancel()
            await asyncio.wait({self._preparing}, timeout=_STOP_SECONDS)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await worker.stop()
        except TimeoutError:
            _log.error("the agent %s did not stop within %g s; its processes are killed", self.row.name, _STOP_SECONDS)
        except Exception:  # the border of a task: what it holds is ended below
            _log.exception("the agent %s could not stop by itself; its processes are killed", self.row.name)
        await self._children.stop_all(grace=0)
        self._worker = None

    # Telling

    def _refresh(self) -> None:
        self._journal.look()
        self._owner.changed(self.row.id)

    def on_run_change(self) -> None:
        """What a run does, or waits for, is different."""
        self._refresh()

    def _standing(self) -> Standing:
        run, state = self._run, self.state
        if run is None:
            return Standing(state, self._waiting_for)
        return Standing(state, run.waiting_for, run.activity, run.row.id, state == "waiting" and run.needs_human)

    def _note_end(self, state: RuntimeState, reason: str, *, wanted: bool, actor: Actor) -> None:
        self._fixed, self._waiting_for = state, ""
        self.unpaused.set()
        self.log.add("system", f"{'Failed' if state == 'failed' else 'Stopped'}: {reason}")
        self._journal.ends(state, reason, wanted=wanted, actor=actor)
        self._owner.changed(self.row.id)


def _sum(cost: float | None, budget: RunBudget) -> float | None:
    """None as soon as something was used whose price is not known."""
    unpriced = budget.cost is None and budget.input_tokens + budget.output_tokens > 0
    return None if cost is None or unpriced else cost + (budget.cost or 0.0)


def _finished(row: RunRow, name: str, seconds: float) -> RunFinished:
    outcome = RunOutcome(
        run_id=row.id,
        agent_id=row.agent_id,
        agent_name=name,
        parent_run_id=row.parent_id,
        depth=row.depth,
        state=row.state if row.state in ("succeeded", "failed", "cancelled") else "failed",
        reason=row.reason,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost=row.cost,
        seconds=round(seconds, 3),
    )
    severity = Severity.WARNING if row.state == "failed" else Severity.INFO
    return RunFinished(source=RUNTIME_SOURCE, subject=row.agent_id, actor=row.actor, severity=severity, data=outcome)
