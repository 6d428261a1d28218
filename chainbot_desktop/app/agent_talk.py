"""What conversations ask of the agents that run here: the seam between two rooms of the house that do not know each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chainbot_desktop.agents.approvals.desk import ApprovalDesk
from chainbot_desktop.agents.conversation_context import as_run_context
from chainbot_desktop.agents.entanglements.guests import Guests
from chainbot_desktop.agents.runtime.live import LiveAgent, RunUpdate
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.core.errors import ChainBotError, Conflict
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.events.runs import Decision
from chainbot_desktop.core.ports import (
    LifeAction,
    TalkAgent,
    TalkContext,
    TalkDelivery,
    TalkOutcome,
    TalkQuestion,
    TalkRun,
    TalkUpdate,
)
from chainbot_desktop.store.agent_rows import ApprovalRow, RunRow

_QUESTION = "guest:"
"""What a question to a guest is called among the runs: this, and the id of its message."""


class ServiceTalk:
    """Implements `core.ports.AgentTalk`."""

    def __init__(self, agents: AgentService, desk: ApprovalDesk, guests: Guests) -> None:
        self._agents = agents
        self._desk = desk
        self._guests = guests

    def agents(self) -> Sequence[TalkAgent]:
        takes = {kind.name: kind.takes_tasks for kind in self._agents.kinds()}
        return [_talk_agent(live, takes.get(live.kind, False)) for live in self._agents.living()]

    def guests(self) -> Sequence[TalkAgent]:
        return [TalkAgent(guest.id, guest.name, "guest", "idle", guest=True) for guest in self._guests.all()]

    def kinds(self) -> Mapping[str, str]:
        return {kind.name: kind.title for kind in self._agents.kinds()}

    def prepare(self, agent_id: str) -> None:
        self._agents.prepare(agent_id)

    async def ask(
        self,
        agent_id: str,
        text: str,
        *,
        conversation_id: str,
        actor: Actor,
        delivery: TalkDelivery = "queue",
        context: TalkContext | None = None,
    ) -> str:
        live = self._agents.live(agent_id)
        if live is None and any(guest.id == agent_id for guest in self._guests.all()):
            return _QUESTION + await self._guests.ask(agent_id, text, conversation_id=conversation_id, actor=actor)
        # What is attached cannot be handed over in the middle of a task: it waits with its message.
        if delivery == "between" and live is not None and live.run_id and not (context is not None and context.attachments):
            return await self._agents.message(agent_id, text, actor=actor, delivery="between", conversation_id=conversation_id)
        return await self._agents.execute(
            agent_id,
            text,
            actor=actor,
            context=as_run_context(context),
            conversation_id=conversation_id,
            delivery=delivery,
        )

    def follow(self, run_id: str, listener: Callable[[TalkUpdate], None]) -> Callable[[], None]:
        if run_id.startswith(_QUESTION):
            listener(TalkUpdate(run_id, "state", "sent to ALEX OS, no answer yet"))
            return _nothing

        def hear(update: RunUpdate) -> None:
            listener(TalkUpdate(update.run_id, update.kind, update.text))

        return self._agents.follow_run(run_id, hear)

    async def outcome(self, run_id: str) -> TalkOutcome:
        if run_id.startswith(_QUESTION):
            answer = await self._guests.answer(run_id.removeprefix(_QUESTION))
            if answer is None:
                return TalkOutcome(run_id, "cancelled", "", "Nobody waits for its answer any more.")
            return TalkOutcome(run_id, "succeeded", answer.text)
        return _outcome(await self._agents.wait(run_id))

    async def following(self, run_id: str) -> Sequence[TalkRun]:
        if run_id.startswith(_QUESTION):
            return ()
        return [_talk_run(row) for row in await self._agents.following(run_id) if row.conversation_id]

    def on_begun(self, listener: Callable[[TalkRun], None]) -> Callable[[], None]:
        def hear(row: RunRow) -> None:
            if row.conversation_id and row.context.get("handed_over_run"):
                listener(_talk_run(row))

        return _all_of(self._guests.begun.add(lambda row: listener(_talk_run(row))), self._agents.on_accepted(hear))

    def on_child(self, listener: Callable[[TalkRun], None]) -> Callable[[], None]:
        def hear(row: RunRow) -> None:
            if row.parent_id:
                listener(_talk_run(row))

        return self._agents.on_accepted(hear)

    async def cancel(self, run_id: str, *, actor: Actor) -> None:
        if run_id.startswith(_QUESTION):
            self._guests.give_up(run_id.removeprefix(_QUESTION))
        else:
            await self._agents.cancel_run(run_id, actor=actor)

    async def edit_queued(self, run_id: str, text: str, *, actor: Actor) -> None:
        _refuse_guest(run_id)
        await self._agents.edit_queued(run_id, text, actor=actor)

    async def take_back(self, run_id: str, *, actor: Actor) -> None:
        _refuse_guest(run_id)
        await self._agents.take_back(run_id, actor=actor)

    async def spawn(self, kind: str, name: str, config: Mapping[str, Any], *, actor: Actor) -> None:
        await self._agents.spawn(kind, name, config, actor=actor)

    async def act(self, agent_id: str, action: LifeAction, *, actor: Actor) -> None:
        do = {
            "stop": self._agents.stop,
            "kill": self._agents.kill,
            "restart": self._agents.restart,
            "pause": self._agents.pause,
            "resume": self._agents.resume,
        }
        await do[action](agent_id, actor=actor)

    async def stop_all(self, *, actor: Actor) -> tuple[Sequence[str], int]:
        report = await self._agents.stop_all(actor=actor)
        return [name for _, name in report.agents], report.runs

    async def questions(self) -> Sequence[TalkQuestion]:
        return [_question(row) for row in await self._desk.pending()]

    async def decide(self, question: TalkQuestion, decision: Decision, *, answer: str = "", actor: Actor) -> None:
        await self._desk.decide(question.id, question.nonce, decision, answer=answer, actor=actor)

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        return _all_of(self._agents.on_change(lambda _: listener()), self._desk.on_change(listener))


def _all_of(*ends: Callable[[], None]) -> Callable[[], None]:
    def end() -> None:
        for each in ends:
            each()

    return end


def _talk_agent(live: LiveAgent, takes_tasks: bool) -> TalkAgent:
    return TalkAgent(
        id=live.id,
        name=live.name,
        kind=live.kind,
        state=live.state,
        run_id=live.run_id,
        activity=live.activity,
        waiting_for=live.waiting_for,
        reason=live.reason,
        takes_tasks=takes_tasks,
        commands=live.commands,
    )


def _talk_run(row: RunRow) -> TalkRun:
    return TalkRun(row.id, row.conversation_id, row.agent_id, row.started_at, row.parent_id, row.task)


def _refuse_guest(run_id: str) -> None:
    if run_id.startswith(_QUESTION):
        raise Conflict("A question to a guest of ALEX OS is sent at once: it cannot be changed any more.", code="task_begun")


def _nothing() -> None:
    return


def _outcome(run: RunRow) -> TalkOutcome:
    if run.state not in ("succeeded", "failed", "cancelled"):
        raise ChainBotError(f"The run {run.id} is {run.state} and nobody works on it.", code="run_lost")
    return TalkOutcome(run.id, run.state, run.result, run.reason, run.data)


def _question(row: ApprovalRow) -> TalkQuestion:
    return TalkQuestion(
        id=row.id,
        nonce=row.nonce,
        agent_name=row.agent_name,
        title=row.title,
        detail=row.detail,
        is_question=row.detail_kind == "question",
        why=row.why,
    )
