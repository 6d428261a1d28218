"""What was read of the journal so far: where its events of agents are, the checkpoints and marks found in them, and how far that is."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence

from chainbot_desktop.agents.checkpoints import Checkpoints
from chainbot_desktop.agents.fold import AgentFold
from chainbot_desktop.agents.marks import Marks
from chainbot_desktop.agents.records import Agent, DirectoryChange
from chainbot_desktop.agents.sharing import sharing
from chainbot_desktop.core.events import Event, Recorded

GAP_EVENTS = 2_048
"""Events that are kept as they were read, so that moving about between two checkpoints reads nothing."""


class Past:
    """Grows at its end only. `fold_on` alone runs on another thread, one call at a time; the rest belongs to the loop's."""

    def __init__(self, first_seq: int, checkpoints: Checkpoints) -> None:
        self.first_seq = first_seq
        self.seqs = array("q")
        """The places of the events that change the map, up to `known`."""
        self.known = 0
        self.folded = 0
        """How many of them are in the checkpoints and marks."""
        self.checkpoints = checkpoints
        self.marks = Marks()
        self.gaps = Gaps()
        self._tip = AgentFold()
        self._known: dict[str, Agent] = {}

    def learn(self, seqs: Sequence[int], known: int) -> None:
        """The places after those that are known, up to the event `known`; some may be known already."""
        new = bisect_right(seqs, self.seqs[-1]) if self.seqs else 0
        self.seqs.extend(seqs[new:])
        self.known = max(known, self.known, self.seqs[-1] if self.seqs else 0)

    def count(self, seq: int) -> int:
        """How many events up to and with `seq` change the map."""
        return bisect_right(self.seqs, seq)

    def fold_on(self, events: Sequence[Recorded[Event]], places: int) -> None:
        """The events of the next `places`, none left out."""
        for folded, recorded in enumerate(events, self.folded + 1):
            self.marks.note(recorded.seq, self._follow(self._tip.apply(recorded)))
            if self.checkpoints.wanted(folded):
                self.checkpoints.keep(recorded.seq, folded, self._tip)
        self.folded += places

    def _follow(self, change: DirectoryChange) -> list[tuple[Agent | None, Agent | None]]:
        """What the agents that changed were before, and what they are now."""
        found = []
        for agent_id in change.agents:
            before, after = self._known.pop(agent_id, None), self._tip.agents.get(agent_id)
            if after is not None:
                if before is not None:
                    after = self._tip.agents[agent_id] = sharing(after, before)
                self._known[agent_id] = after
            found.append((before, after))
        return found


class Gaps:
    """The events that follow the checkpoints that were looked at last, as far as they were read."""

    def __init__(self, most: int = GAP_EVENTS) -> None:
        self._most = most
        self._kept: OrderedDict[int, tuple[Recorded[Event], ...]] = OrderedDict()

    def after(self, start: int) -> tuple[Recorded[Event], ...]:
        """Those after the `start`th."""
        if start in self._kept:
            self._kept.move_to_end(start)
        return self._kept.get(start, ())

    def keep(self, start: int, events: tuple[Recorded[Event], ...]) -> None:
        self._kept[start] = events
        self._kept.move_to_end(start)
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > self._most:
            self._kept.popitem(last=False)
