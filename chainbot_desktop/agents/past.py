"""What was read of the journal so far: where its events of agents are, the checkpoints and marks found in them, and how far that is."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence

from chainbot_desktop.agents.checkpoints import Checkpoint, Checkpoints
from chainbot_desktop.agents.fold import AgentFold
from chainbot_desktop.agents.marks import Marks
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
            self.marks.note(recorded.seq, self._tip, self._tip.apply(recorded))
            if self.checkpoints.wanted(folded):
                self.checkpoints.keep(recorded.seq, folded, self._tip)
        self.folded += places

    def gap(self, count: int) -> tuple[Checkpoint, int]:
        """Where to begin for the state after `count` events, and where the stretch that is worth reading for it ends."""
        start, following = self.checkpoints.before(count)
        return start, following.folded if following is not None else self.folded


class Gaps:
    """The events of the stretches that were looked at last, by where they begin and end."""

    def __init__(self, most: int = GAP_EVENTS) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[int, int], tuple[Recorded[Event], ...]] = OrderedDict()

    def get(self, start: int, stop: int) -> tuple[Recorded[Event], ...] | None:
        found = self._kept.get((start, stop))
        if found is not None:
            self._kept.move_to_end((start, stop))
        return found

    def keep(self, start: int, stop: int, events: tuple[Recorded[Event], ...]) -> None:
        self._kept[start, stop] = events
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > self._most:
            self._kept.popitem(last=False)
