"""The map as it was: the same fold as the directory's, done again up to any event of the journal.

The first look at the past reads it once and keeps checkpoints on the way; from then on a moment is a checkpoint and the few events after
it. Whoever asks does the reading, a page at a time, and may give up at any page: what was read by then is kept. Folding is done in
a thread. Order is `seq`; times are only looked up.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise, takewhile

from chainbot_desktop.agents.checkpoints import Checkpoint, Checkpoints
from chainbot_desktop.agents.fold import FOLDED_TYPES
from chainbot_desktop.agents.moments import Bucket, HistorySpan, MapMoment, Step
from chainbot_desktop.agents.past import Past
from chainbot_desktop.core.errors import InvalidInput, NotFound
from chainbot_desktop.core.events import Event, Recorded
from chainbot_desktop.core.ids import format_time, parse_time
from chainbot_desktop.core.ports import JournalEnds, Timeline

MAX_BUCKETS = 1_000
MAX_STEPS = 1_000

_PAGE = 256
_BEYOND = 16


class MapHistory:
    """Use on the loop's thread. Holds no task and no file: nothing is to be closed.

    Every call may be cancelled, which whoever drags a slider should do with the one before. Unavailable where the disk refuses.
    """

    def __init__(self, journal: Timeline, checkpoints: Callable[[], Checkpoints] = Checkpoints) -> None:
        self._journal = journal
        self._make_checkpoints = checkpoints
        self._past = Past(0, checkpoints())
        self._turn = asyncio.Lock()

    async def span(self) -> HistorySpan:
        ends = await self._journal.ends()
        return HistorySpan(0, "", 0, "") if ends is None else _span(ends)

    async def at(self, seq: int) -> MapMoment:
        """The map after the event `seq`. NotFound where the journal has no such event, or not any more."""
        ends = await self._ends()
        _check_within(seq, ends)
        past = await self._read_up_to(seq, ends)
        count = past.count(seq)
        start, events = await self._since_checkpoint(past, count)
        times = await self._journal.times((seq,))
        if seq not in times:
            raise _gone(seq, ends)
        return await asyncio.to_thread(_moment, seq, times[seq], start, events)

    async def density(self, buckets: int, *, whole: bool = True) -> tuple[Bucket, ...]:
        """The past in at most `buckets` stretches of as many events each, oldest first.

        Not `whole`: at once, with the marks that were found so far.
        """
        if not 1 <= buckets <= MAX_BUCKETS:
            raise InvalidInput(f"{buckets} buckets: found {buckets}, expected from 1 to {MAX_BUCKETS}.")
        ends = await self._journal.ends()
        if ends is None:
            return ()
        past = await (self._read_up_to if whole else self._learn_up_to)(ends.last_seq, ends)
        edges = _edges(ends, buckets)
        times = await self._journal.times([first for first, _ in edges])
        async with self._turn:  # nobody adds marks meanwhile
            return tuple(
                Bucket(
                    first, last, times.get(first, ""), past.count(last) - past.count(first - 1), past.marks.within(first, last)
                )
                for first, last in edges
            )

    async def seq_at(self, time: str) -> int:
        """The event whose time is the last not after `time` (RFC 3339). InvalidInput for no time, NotFound before the first."""
        try:
            wanted = format_time(parse_time(time))
        except (ValueError, OverflowError):
            raise InvalidInput(
                f"{time[:60]!r} is no time.", hint="Write it as RFC 3339, with its offset: 2026-01-31T12:00:00Z."
            ) from None
        ends = await self._ends()
        seq = await self._journal.seq_at(wanted)
        if seq is None:
            raise NotFound(f"Nothing was recorded by {time[:60]}.", hint=f"The journal begins at {ends.first_time}.")
        return seq

    async def neighbour(self, seq: int, *, forward: bool, mark: bool) -> int | None:
        """The next event that changes the map after `seq` (or the one before it), or the next that has a mark."""
        ends = await self._ends()
        if not mark:
            past = await self._learn_up_to(ends.last_seq, ends)
            index = past.count(seq) if forward else bisect_left(past.seqs, seq) - 1
            return past.seqs[index] if 0 <= index < len(past.seqs) else None
        past = await self._read_up_to(ends.last_seq, ends)
        async with self._turn:
            found = past.marks.after(seq) if forward else past.marks.before(seq)
        return found.seq if found is not None else None

    async def steps_after(self, seq: int, limit: int = 256) -> tuple[Step, ...]:
        """The next events that change the map, with their times. Times may go back: clocks jump."""
        ends = await self._ends()
        past = await self._learn_up_to(ends.last_seq, ends)
        start = past.count(seq)
        seqs = past.seqs[start : start + min(max(0, limit), MAX_STEPS)]
        times = await self._journal.times(seqs)
        return tuple(Step(place, times[place]) for place in seqs if place in times)

    # Reading on.

    async def _ends(self) -> JournalEnds:
        ends = await self._journal.ends()
        if ends is None:
            raise NotFound("Nothing has happened yet.", hint="The journal is empty.")
        return ends

    async def _learn_up_to(self, seq: int, ends: JournalEnds) -> Past:
        """Where the events are that change the map, at least up to `seq`."""
        async with self._turn:
            return await self._learn(seq, ends)

    async def _learn(self, seq: int, ends: JournalEnds) -> Past:
        if self._past.first_seq < ends.first_seq:
            # What began before was pruned; from what is left the past is another.
            self._past = Past(ends.first_seq, self._make_checkpoints())
        past = self._past
        if past.known < seq:
            past.learn(await self._journal.seqs(FOLDED_TYPES, past.known), ends.last_seq)
        return past

    async def _read_up_to(self, seq: int, ends: JournalEnds) -> Past:
        """The checkpoints and marks at least up to `seq`."""
        past = self._past
        if past.first_seq == ends.first_seq and past.known >= seq and past.folded >= past.count(seq):
            return past  # without waiting for whoever reads on
        while True:
            async with self._turn:  # others have theirs between two pages
                past = await self._learn(seq, ends)
                if past.folded >= past.count(seq):
                    return past
                await self._fold_page(past)

    async def _fold_page(self, past: Past) -> None:
        seqs = past.seqs[past.folded : past.folded + _PAGE]
        events = await self._journal.events_at(seqs)
        await _through(asyncio.get_running_loop().run_in_executor(None, past.fold_on, events, len(seqs)))

    async def _since_checkpoint(self, past: Past, count: int) -> tuple[Checkpoint, Sequence[Recorded[Event]]]:
        """A checkpoint, and the events that follow it at least up to the `count`th."""
        start = past.checkpoints.before(count)
        events = past.gaps.after(start.folded)
        while start.folded + len(events) < count:
            read = start.folded + len(events)
            # A little further than asked: whoever looks there will look beside it.
            page = await self._journal.events_at(past.seqs[read : min(past.folded, count + _BEYOND, read + _PAGE)])
            if not page:
                break  # pruned meanwhile
            events = (*events, *page)
            past.gaps.keep(start.folded, events)
        return start, events


async def _through(folding: asyncio.Future[None]) -> None:
    """Wait for a page to be folded, also if cancelled: it takes milliseconds, and the next one must not begin beside it."""
    cancelled = False
    while not folding.done():
        try:
            await asyncio.shield(folding)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError


def _moment(seq: int, time: str, start: Checkpoint, events: Sequence[Recorded[Event]]) -> MapMoment:
    fold = start.fold()
    for recorded in takewhile(lambda recorded: recorded.seq <= seq, events):
        fold.apply(recorded)
    return MapMoment(seq, time, tuple(fold.agents.values()), tuple(fold.entanglements.values()))


def _span(ends: JournalEnds) -> HistorySpan:
    return HistorySpan(ends.first_seq, ends.first_time, ends.last_seq, ends.last_time)


def _edges(ends: JournalEnds, buckets: int) -> list[tuple[int, int]]:
    """First and last event of each stretch; no stretch is empty."""
    total = ends.last_seq - ends.first_seq + 1
    many = min(buckets, total)
    cuts = [ends.first_seq + total * number // many for number in range(many + 1)]
    return [(first, after - 1) for first, after in pairwise(cuts)]


def _check_within(seq: int, ends: JournalEnds) -> None:
    if seq > ends.last_seq:
        raise NotFound(f"There is no event {seq}.", hint=f"The journal ends with {ends.last_seq}.")
    if seq < ends.first_seq:
        raise _gone(seq, ends)


def _gone(seq: int, ends: JournalEnds) -> NotFound:
    why = "what came before was pruned" if ends.first_seq > 1 else "it is the first"
    return NotFound(f"There is no event {seq}.", hint=f"The journal begins with {ends.first_seq}: {why}.")
