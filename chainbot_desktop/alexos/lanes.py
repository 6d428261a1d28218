"""The deliveries that are loaded, a lane a subject: within a lane one follows the other, and lanes do not wait for each other."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from chainbot_desktop.store.deliveries import Delivery


@dataclass(slots=True)
class Lane:
    """The deliveries of one subject, the next one first; `failures` and `refusals` are those of that one since it was loaded."""

    waiting: deque[Delivery] = field(default_factory=deque)
    failures: int = 0
    refusals: int = 0
    doubtful_since: float | None = None

    def next(self) -> None:
        self.waiting.popleft()
        self.failures = self.refusals = 0


class Lanes:
    """A lane that is not in flight, and only such a one, stands in `due`, with the loop time from which its first may go."""

    def __init__(self) -> None:
        self.due: list[tuple[float, int, str]] = []
        self._lanes: dict[str, Lane] = {}
        self.loaded = 0
        """How many deliveries, those in flight included."""

    def add(self, delivery: Delivery, doubtful_since: float | None) -> None:
        """Behind all others of its subject."""
        self.loaded += 1
        lane = self._lanes.setdefault(delivery.subject, Lane())
        lane.waiting.append(delivery)
        if doubtful_since is not None:
            lane.doubtful_since = doubtful_since
        if len(lane.waiting) == 1:
            heapq.heappush(self.due, (0.0, delivery.seq, delivery.subject))

    def insert(self, delivery: Delivery, doubtful_since: float | None, *, in_flight: bool) -> None:
        """In its place by `seq`, but never before what is `in_flight`; of a lane that waits, the new first one may go at once."""
        lane = self._lanes.get(delivery.subject)
        if lane is None or not lane.waiting:
            self.add(delivery, doubtful_since)
            return
        place = bisect_left([other.seq for other in lane.waiting], delivery.seq, lo=1 if in_flight else 0)
        if place == 0:
            first = lane.waiting[0]
            lane.waiting[0] = replace(first, attempts=first.attempts + lane.failures)
            lane.failures = lane.refusals = 0
        lane.waiting.insert(place, delivery)
        self.loaded += 1
        if doubtful_since is not None:
            lane.doubtful_since = doubtful_since
        if place == 0:
            self.hurry(delivery.subject)

    def remove(self, subject: str, seq: int) -> Delivery | None:
        """It, taken out; None where it is not loaded. Not for what is in flight."""
        lane = self._lanes.get(subject)
        found = next((delivery for delivery in lane.waiting if delivery.seq == seq), None) if lane is not None else None
        if lane is None or found is None:
            return None
        was_first = lane.waiting[0] is found
        attempts = found.attempts + (lane.failures if was_first else 0)
        lane.waiting.remove(found)
        self.loaded -= 1
        if not lane.waiting:
            del self._lanes[subject]
            self._forget_due(lambda its: its == subject)
        elif was_first:
            lane.failures = lane.refusals = 0
            self.hurry(subject)
        return replace(found, attempts=attempts)

    def remove_all(self, in_flight: Collection[str]) -> list[Delivery]:
        """All but the first ones of the subjects that are in flight."""
        taken: list[Delivery] = []
        for subject, lane in list(self._lanes.items()):
            if subject in in_flight:
                first = lane.waiting.popleft()
                taken += lane.waiting
                lane.waiting = deque([first])
            else:
                taken.append(replace(lane.waiting[0], attempts=lane.waiting[0].attempts + lane.failures))
                taken += list(lane.waiting)[1:]
                del self._lanes[subject]
        self.loaded -= len(taken)
        self._forget_due(lambda its: its not in self._lanes)
        return taken

    def first(self, subject: str) -> Delivery | None:
        lane = self._lanes.get(subject)
        return lane.waiting[0] if lane is not None and lane.waiting else None

    def hurry(self, subject: str) -> None:
        """Its first one may go at once; nothing for a lane that is in flight."""
        self._make_due(lambda its: its == subject)

    def hurry_all(self) -> None:
        self._make_due(lambda _subject: True)

    def is_due(self, now: float) -> bool:
        return bool(self.due) and self.due[0][0] <= now

    def take_due(self) -> tuple[str, Lane]:
        _, _, subject = heapq.heappop(self.due)
        return subject, self._lanes[subject]

    def landed(self, subject: str, due: float) -> None:
        """What was in flight of this subject is so no more; its lane goes on at `due`, or ends."""
        lane = self._lanes[subject]
        if lane.waiting:
            heapq.heappush(self.due, (due, lane.waiting[0].seq, subject))
        else:
            del self._lanes[subject]

    def _make_due(self, wanted: Callable[[str], bool]) -> None:
        self._set_due(
            [(0.0 if wanted(subject) else due, self._lanes[subject].waiting[0].seq, subject) for due, _, subject in self.due]
        )

    def _forget_due(self, gone: Callable[[str], bool]) -> None:
        self._set_due([entry for entry in self.due if not gone(entry[2])])

    def _set_due(self, due: list[tuple[float, int, str]]) -> None:
        self.due[:] = due
        heapq.heapify(self.due)
