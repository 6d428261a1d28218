"""What passes over entanglements, from the events that tell of it; how much of it, and to whom it matters at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.records import Entanglement
from chainbot_desktop.agents.vitals.buckets import Buckets
from chainbot_desktop.agents.vitals.figures import Pulse, Rate
from chainbot_desktop.core.events import AgentMessageDelivered, Recorded, RunAccepted
from chainbot_desktop.core.listeners import Listeners


class Passages:
    """Use on the loop's thread. Nothing is replayed: what is counted happened while this listened."""

    def __init__(self, directory: AgentDirectory, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._clock = clock
        self._lately = Buckets(clock)
        self._totals: Counter[str] = Counter()
        self.listeners: Listeners[[Pulse]] = Listeners()

    def delivered(self, recorded: Recorded[AgentMessageDelivered]) -> None:
        fact = recorded.event.data
        link = self._directory.entanglement(fact.entanglement_id)
        if link is None:
            return  # a person wrote, or it was released in this moment
        source, target = _member(link, fact.sender), _member(link, fact.recipient)
        self._pass(Pulse(link.id, source, target, fact.kind, recorded.seq, self._clock()))

    def accepted(self, recorded: Recorded[RunAccepted]) -> None:
        """A task that was handed over went along a link, where there is one between the two."""
        fact = recorded.event.data
        if not fact.handed_over_by:
            return
        for link in self._directory.entanglements_of(fact.handed_over_by):
            if fact.agent_id in link.agents:
                self._pass(Pulse(link.id, fact.handed_over_by, fact.agent_id, "handover", recorded.seq, self._clock()))
                return

    def rate(self, entanglement_id: str) -> Rate:
        return Rate(self._lately.total(entanglement_id), self._totals[entanglement_id])

    def rates(self, entanglement_ids: Sequence[str]) -> list[int]:
        """A minute, of many at once."""
        return self._lately.totals(entanglement_ids)

    def forget(self, entanglement_id: str) -> None:
        self._lately.forget(entanglement_id)
        self._totals.pop(entanglement_id, None)

    def _pass(self, pulse: Pulse) -> None:
        self._lately.add(pulse.entanglement_id)
        self._totals[pulse.entanglement_id] += 1
        self.listeners.tell(pulse)


def _member(link: Entanglement, who: str) -> str:
    return who if who in link.agents else ""
