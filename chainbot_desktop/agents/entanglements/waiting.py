"""What a dependency means: a task begins when what the agent depends on does now has ended."""

from __future__ import annotations

from chainbot_desktop.agents.entanglements.links import sources_for
from chainbot_desktop.agents.entanglements.people import Members
from chainbot_desktop.agents.runtime.run import LiveRun
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.store.agent_rows import RunRow


class Dependencies:
    """Use on the loop's thread."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def waits_for(self, agent_id: str) -> tuple[str, ...]:
        """The names of the agents whose present run `agent_id` would wait for."""
        return tuple(self._members.name(source) for source, _ in self._busy(agent_id))

    async def before_task(self, run: LiveRun) -> None:
        """Returns when nothing that its agent depends on works any more on what it did when this was asked.

        A run that this one was caused by is not waited for: it waits for this one.
        """
        callers = await self._callers(run.row.parent_id)
        for source, run_id in self._busy(run.row.agent_id):
            if run_id in callers:
                continue
            done = run.waits_for(f"{self._members.name(source)}, which it depends on", human=False)
            try:
                await self._members.runtime.wait(run_id)
            finally:
                done()

    def _busy(self, agent_id: str) -> list[tuple[str, str]]:
        links = self._members.directory.entanglements_of(agent_id)
        found = ((source, self._members.live(source)) for source in sources_for(links, agent_id))
        return [(source, live.run_id) for source, live in found if live is not None and live.run_id]

    async def _callers(self, run_id: str) -> frozenset[str]:
        found: list[str] = []
        while run_id and run_id not in found:
            found.append(run_id)
            run_id = await self._parent(run_id)
        return frozenset(found)

    async def _parent(self, run_id: str) -> str:
        try:
            row: RunRow = await self._members.runtime.run(run_id)
        except NotFound:
            return ""
        return row.parent_id
