"""Who is who among the members of a link: what runs here, who is a guest, who has a model and can write an answer of its own."""

from __future__ import annotations

from collections.abc import Callable

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.kind import KindInfo
from chainbot_desktop.agents.records import Agent, Entanglement
from chainbot_desktop.agents.runtime.live import LiveAgent
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.core.errors import Conflict, NotFound

_ENDED = ("stopping", "stopped", "failed")


class Members:
    """Use on the loop's thread. `runtime` is asked for at each use: it may be made after this."""

    def __init__(self, directory: AgentDirectory, runtime: Callable[[], AgentService]) -> None:
        self.directory = directory
        self._runtime = runtime

    @property
    def runtime(self) -> AgentService:
        return self._runtime()

    def agent(self, agent_id: str) -> Agent:
        agent = self.directory.get(agent_id)
        if agent is None:
            raise NotFound(f"There is no agent {agent_id!r}.", hint="GET /api/agents lists them.", code="no_such_agent")
        return agent

    def name(self, agent_id: str) -> str:
        agent = self.directory.get(agent_id)
        return agent.name if agent is not None else agent_id

    def link(self, entanglement_id: str) -> Entanglement:
        found = self.directory.entanglement(entanglement_id)
        if found is None:
            raise NotFound(
                f"There is no entanglement {entanglement_id!r}.",
                hint="GET /api/entanglements lists them.",
                code="no_such_entanglement",
            )
        return found

    def own_link(self, entanglement_id: str) -> Entanglement:
        """One that was made here; Conflict for one that webhooks tell of."""
        found = self.link(entanglement_id)
        if not found.made_here:
            raise Conflict(
                "This entanglement was made by another program: it is shown here and no more.",
                hint="Create one here to use it.",
                code="made_elsewhere",
            )
        return found

    def live(self, agent_id: str) -> LiveAgent | None:
        return self.runtime.live(agent_id)

    def kind(self, live: LiveAgent) -> KindInfo:
        return next(info for info in self.runtime.kinds() if info.name == live.kind)

    def why_no_task(self, agent_id: str) -> str:
        """Why the agent can be given no task now; empty if it can."""
        agent, live = self.directory.get(agent_id), self.live(agent_id)
        if agent is not None and agent.guest:
            return "It is a guest: ALEX OS runs it."
        if live is None:
            return "It does not run here."
        if not self.kind(live).takes_tasks:
            return f"A {live.kind} agent takes no tasks."
        return f"It is {live.state}." if live.state in _ENDED else ""

    def writes(self, agent_id: str) -> bool:
        """Whether it can be asked to write an answer from those of others."""
        live = self.live(agent_id)
        return live is not None and not self.why_no_task(agent_id) and self.kind(live).model_backed

    def among(self, members: tuple[str, ...], wanted: str) -> str:
        """The id of the member that is meant by an id or a name. NotFound, or Conflict where several bear the name."""
        if wanted in members:
            return wanted
        bearers = [member for member in members if self.name(member).casefold() == wanted.strip().casefold()]
        if len(bearers) == 1:
            return bearers[0]
        if bearers:
            raise Conflict(f"Several agents are called {wanted!r}.", hint="Say which by its id.", code="ambiguous_name")
        known = ", ".join(self.name(member) for member in members) or "nobody"
        raise NotFound(f"{wanted!r} is not entangled with you.", hint=f"There is: {known}.", code="not_entangled")
