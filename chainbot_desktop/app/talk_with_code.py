"""What conversations ask of the agents, with the code that is run in them besides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chainbot_desktop.agents.approvals.desk import ApprovalDesk
from chainbot_desktop.agents.entanglements.guests import Guests
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.app.agent_talk import ServiceTalk
from chainbot_desktop.app.code_runs import CodeRuns
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ports import TalkOutcome, TalkRun, TalkUpdate


class TalkWithCode(ServiceTalk):
    """Implements `core.ports.AgentTalk`: the agents', and the runs of code besides."""

    def __init__(self, agents: AgentService, desk: ApprovalDesk, guests: Guests, code: CodeRuns) -> None:
        super().__init__(agents, desk, guests)
        self._code = code

    def follow(self, run_id: str, listener: Callable[[TalkUpdate], None]) -> Callable[[], None]:
        return self._code.follow(run_id, listener) if self._code.knows(run_id) else super().follow(run_id, listener)

    async def outcome(self, run_id: str) -> TalkOutcome:
        return await (self._code.outcome(run_id) if self._code.knows(run_id) else super().outcome(run_id))

    async def following(self, run_id: str) -> Sequence[TalkRun]:
        return () if self._code.knows(run_id) else await super().following(run_id)

    async def cancel(self, run_id: str, *, actor: Actor) -> None:
        if self._code.knows(run_id):
            await self._code.cancel(run_id, actor=actor)
        else:
            await super().cancel(run_id, actor=actor)

    def on_begun(self, listener: Callable[[TalkRun], None]) -> Callable[[], None]:
        ends = (super().on_begun(listener), self._code.begun.add(listener))

        def end() -> None:
            for each in ends:
                each()

        return end
