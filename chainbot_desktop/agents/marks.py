"""The moments of the past that are worth seeing, found while it is folded and kept in a few bytes each."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from chainbot_desktop.agents.moments import Mark, MarkKind
from chainbot_desktop.agents.records import Agent
from chainbot_desktop.agents.vocabulary import AgentState


class Marks:
    """In the order of `seq`, at most one for an event."""

    def __init__(self) -> None:
        self._seqs = array("q")
        self._kinds: list[MarkKind] = []
        self._agents: list[tuple[str, str]] = []

    def note(self, seq: int, changes: Iterable[tuple[Agent | None, Agent | None]]) -> None:
        """The event `seq` made of agents (before, after); None is not there."""
        found: list[tuple[MarkKind, Agent]] = []
        for before, after in changes:
            kind = _kind(before, after)
            if kind is not None and (agent := after or before) is not None:
                found.append((kind, agent))
        if found:
            kind, agent = min(found, key=lambda mark: (_RANK[mark[0]], mark[1].id))
            self._seqs.append(seq)
            self._kinds.append(kind)
            self._agents.append((agent.id, agent.name))

    def within(self, from_seq: int, to_seq: int) -> tuple[Mark, ...]:
        """The newest of each kind between two places, both included."""
        newest: dict[MarkKind, int] = {}
        start = bisect_left(self._seqs, from_seq)
        for index in range(bisect_right(self._seqs, to_seq) - 1, start - 1, -1):
            newest.setdefault(self._kinds[index], index)
            if len(newest) == len(MarkKind):
                break
        return tuple(self._mark(index) for index in sorted(newest.values()))

    def after(self, seq: int) -> Mark | None:
        index = bisect_right(self._seqs, seq)
        return self._mark(index) if index < len(self._seqs) else None

    def before(self, seq: int) -> Mark | None:
        index = bisect_left(self._seqs, seq) - 1
        return self._mark(index) if index >= 0 else None

    def _mark(self, index: int) -> Mark:
        return Mark(self._seqs[index], self._kinds[index], *self._agents[index])


_RANK = {kind: rank for rank, kind in enumerate(MarkKind)}


def _kind(before: Agent | None, after: Agent | None) -> MarkKind | None:
    """What it is that an agent went from `before` to `after`."""
    if after is None:
        # What had ended is only put away.
        return MarkKind.TERMINATED if before is not None and not before.ended else None
    born = before is None or before.born_seq != after.born_seq
    for state, kind in ((AgentState.FAILED, MarkKind.FAILED), (AgentState.NEEDS_INPUT, MarkKind.NEEDED_INPUT)):
        if after.state is state and (born or before is None or before.state is not state):
            return kind
    if after.ended:
        return MarkKind.TERMINATED if born or before is None or not before.ended else None
    return MarkKind.SPAWNED if born else None
