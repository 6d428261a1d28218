"""What slash commands change of agents: links, shared work, models, personas, limits. A seam between two rooms of the house."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.entanglements.coordination import Coordination
from chainbot_desktop.agents.entanglements.links import LINK_KINDS, LinkKind
from chainbot_desktop.agents.entanglements.service import Entanglements
from chainbot_desktop.agents.models.service import ModelService
from chainbot_desktop.agents.personas import load_personas
from chainbot_desktop.agents.records import Entanglement
from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.core.errors import Conflict
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ports import AgentLink, AgentSetup, ModelSource, SharedPart, SharedWork, Spending

_MEANINGS: Mapping[LinkKind, str] = {
    "data": "share a notebook",
    "control": "the first directs the other",
    "dependency": "the second waits for the first",
}


class HouseControl:
    """Implements `core.ports.AgentControl`."""

    def __init__(
        self,
        agents: AgentService,
        directory: AgentDirectory,
        links: Entanglements,
        models: ModelService,
        ledger: Ledger,
        persona_folder: Path,
    ) -> None:
        self._agents = agents
        self._directory = directory
        self._links = links
        self._models = models
        self._ledger = ledger
        self._persona_folder = persona_folder

    def links(self) -> Sequence[AgentLink]:
        return [_link(found) for found in self._links.list()]

    def name_of(self, agent_id: str) -> str:
        found = self._directory.get(agent_id)
        return found.name if found is not None else agent_id

    def link_kinds(self) -> Mapping[str, str]:
        return {kind: _MEANINGS[kind] for kind in LINK_KINDS}

    async def entangle(self, agents: Sequence[str], kind: str, name: str = "", *, actor: Actor) -> AgentLink:
        return _link(await self._links.create(name, kind, agents, actor=actor))

    async def release(self, link_id: str, *, actor: Actor) -> None:
        await self._links.release(link_id, actor=actor)

    async def coordinate(self, task: str, *, agents: Sequence[str] = (), link_id: str = "", actor: Actor) -> SharedWork:
        if link_id:
            return self._work(await self._links.coordinate(link_id, task, actor=actor))
        return self._work(await self._links.coordinate_among(agents, task, actor=actor))

    def on_work(self, listener: Callable[[SharedWork], None]) -> Callable[[], None]:
        return self._links.on_coordination(lambda found: listener(self._work(found)))

    async def work(self, work_id: str) -> SharedWork:
        return self._work(await self._links.coordination(work_id))

    def models(self) -> Sequence[ModelSource]:
        return [
            ModelSource(known.name, known.state, known.reason, known.models, known.default_model, known.demonstration)
            for known in self._models.statuses()
        ]

    async def look_at_models(self) -> Sequence[ModelSource]:
        await self._models.probe()
        return self.models()

    async def check_model(self, name: str) -> None:
        await self._models.choose(name)

    async def personas(self) -> Mapping[str, str]:
        found = await asyncio.to_thread(load_personas, self._persona_folder)
        return {name: persona.description or persona.title for name, persona in sorted(found.by_name.items())}

    def setup(self, agent_id: str) -> AgentSetup:
        row = self._agents.definition(agent_id)
        known = self._agents.config_schema(row.kind).get("properties", {})
        given = [
            str(row.config.get(field, known[field].get("default", ""))) if field in known else None
            for field in ("model", "persona")
        ]
        return AgentSetup(*given)

    async def change_setup(self, agent_id: str, *, model: str | None = None, persona: str | None = None, actor: Actor) -> None:
        changes = {name: value for name, value in (("model", model), ("persona", persona)) if value is not None}
        await self._swap(agent_id, changes, actor)

    def spending(self, agent_id: str = "") -> Spending:
        if not agent_id:
            most, sums = self._ledger.settings, self._ledger.of_everybody()
            return Spending(sums.tokens, sums.cost, sums.unpriced, most.day_tokens, most.day_cost)
        limits, sums = self._limits(agent_id), self._ledger.of_agent(agent_id)
        return Spending(sums.tokens, sums.cost, sums.unpriced, limits.get("day_tokens"), limits.get("day_cost"))

    async def limit(self, agent_id: str, limits: Mapping[str, float | None], *, actor: Actor) -> None:
        await self._swap(agent_id, {"limits": {**self._limits(agent_id), **limits}}, actor)

    def _limits(self, agent_id: str) -> dict[str, Any]:
        return dict(self._agents.definition(agent_id).config.get("limits") or {})

    async def _swap(self, agent_id: str, changes: Mapping[str, Any], actor: Actor) -> None:
        row, live = self._agents.definition(agent_id), self._agents.live(agent_id)
        if live is not None and live.run_id:
            raise Conflict(
                f"{row.name} works on a task, which this would end.",
                hint="Wait until it has finished, or stop its answer first.",
                code="at_work",
            )
        await self._agents.hot_swap(agent_id, actor=actor, config={**row.config, **changes})

    def _work(self, found: Coordination) -> SharedWork:
        parts = tuple(SharedPart(part.agent_id, part.name, part.state, part.answer, part.reason) for part in found.parts)
        merged_by = self.name_of(found.merged_by) if found.merged_by else ""
        return SharedWork(found.id, found.state, parts, found.answer, merged_by, found.note)


def _link(found: Entanglement) -> AgentLink:
    return AgentLink(found.id, found.name, found.kind, found.agents, found.made_here)
