"""The canonical index: whom ALEX OS lists that we lack becomes a guest, who is gone leaves, ours it lacks are announced."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from pydantic import TypeAdapter, ValidationError

from chainbot_desktop.alexos.answers import AlexOsHttp, Answer
from chainbot_desktop.alexos.board import LinkBoard
from chainbot_desktop.alexos.identity import Identity, OwnAgent, announcement_id
from chainbot_desktop.alexos.intake import ACTOR
from chainbot_desktop.alexos.listing import Listing, differs, read_listing
from chainbot_desktop.alexos.probing import DOCUMENTED_WEBHOOKS, Routes, is_already_there
from chainbot_desktop.alexos.remote_ids import ALEXOS_SCOPE
from chainbot_desktop.core.events import GuestAppeared, GuestChanged, GuestLeft
from chainbot_desktop.core.events.agents import Guest, GuestGone
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.json_codec import JsonObject
from chainbot_desktop.core.ports import EventQuery, Journal, Snapshots

_log = logging.getLogger(__name__)
SNAPSHOT = "alexos.guests"
_REPLAY = 1000
_guests: TypeAdapter[list[Guest]] = TypeAdapter(list[Guest])


class GuestIndex:
    """`open` it before `compare`. Use on the loop's thread."""

    def __init__(
        self,
        http: AlexOsHttp,
        board: LinkBoard,
        identity: Identity,
        journal: Journal,
        snapshots: Snapshots,
        ours: Callable[[], Sequence[OwnAgent]],
    ) -> None:
        self._http = http
        self._board = board
        self._identity = identity
        self._journal = journal
        self._snapshots = snapshots
        self._ours = ours
        self._guests: dict[str, Guest] = {}
        self._announced: set[str] = set()

    async def open(self) -> None:
        """Know the guests of earlier runs: the saved state, and what was journaled after it."""
        saved = await self._snapshots.load(SNAPSHOT)
        seq = 0
        if saved is not None:
            try:
                self._guests = {guest.agent_id: guest for guest in _guests.validate_python(saved[1])}
                seq = saved[0]
            except ValidationError:
                _log.warning("the saved list of guests is not understood: it is made again from the journal")
        types = ("guest_appeared", "guest_changed", "guest_left")
        while found := await self._journal.read(EventQuery(since=seq, limit=_REPLAY, types=types)):
            for recorded in found:
                self._fold(recorded)
            seq = found[-1].seq
        self._board.update(guests=len(self._guests))

    def forget_announcements(self) -> None:
        """ALEX OS may have been started again without what it was told."""
        self._announced.clear()

    async def compare(self, routes: Routes) -> None:
        if routes.index is None:
            return
        answer = await self._http.get(routes.index)
        if not answer.accepted:
            self._board.note("index", routes.index, answer)
            return
        listing = read_listing(answer.value, self._recognise_ours())
        problem = "; ".join(text for text in (answer.problem, listing.problem) if text)
        if not listing.usable:
            # Guests are not sent away because an answer was bad.
            self._board.note("index", routes.index, answer, problem)
            return
        await self._take(listing)
        cannot = await self._announce(routes, listing)
        self._board.note("index", routes.index, answer, "; ".join(text for text in (problem, cannot) if text))

    async def _take(self, listing: Listing) -> None:
        events: list[Event] = []
        for agent_id, guest in listing.guests.items():
            known = self._guests.get(agent_id)
            if known is None:
                events.append(GuestAppeared(data=guest, source=ALEXOS_SCOPE, subject=agent_id, actor=ACTOR))
            elif differs(known, guest):
                events.append(GuestChanged(data=guest, source=ALEXOS_SCOPE, subject=agent_id, actor=ACTOR))
        for agent_id, guest in self._guests.items():
            if agent_id not in listing.guests and listing.complete:
                gone = GuestGone(agent_id=agent_id, name=guest.name)
                events.append(GuestLeft(data=gone, source=ALEXOS_SCOPE, subject=agent_id, actor=ACTOR))
        seq = 0
        for event in events:
            recorded = await self._journal.append(event)
            self._fold(recorded)
            seq = recorded.seq
        self._board.update(guests=len(self._guests))
        if seq:
            await self._snapshots.save(SNAPSHOT, seq, _guests.dump_python(list(self._guests.values()), mode="json"))

    def _fold(self, recorded: Recorded[Event]) -> None:
        event = recorded.event
        if isinstance(event, (GuestAppeared, GuestChanged)):
            self._guests[event.data.agent_id] = event.data
        elif isinstance(event, GuestLeft):
            self._guests.pop(event.data.agent_id, None)

    def _recognise_ours(self) -> Callable[[str, JsonObject], bool]:
        """Tells rows that are this program or an agent of it; made once for a listing, which may be long."""
        me = self._identity
        ids = {me.uuid, me.agent_name}
        for own in self._ours():
            ids |= {own.agent_id, me.announced_uuid(own.agent_id)}
        return lambda agent_id, row: agent_id in ids or row.get("agent_name") == me.agent_name

    async def _announce(self, routes: Routes, listing: Listing) -> str:
        """Tell of ours that are missing; in words, what could not be told."""
        missing = [
            own
            for own in self._ours()
            if own.agent_id not in self._announced
            and not listing.ours & {own.agent_id, self._identity.announced_uuid(own.agent_id)}
        ]
        failed = 0
        for own in missing:
            answer = await self._announce_one(routes, own)
            if answer is not None and (answer.accepted or is_already_there(answer)):
                self._announced.add(own.agent_id)
            else:
                failed += 1
        return f"{failed} of our agents cannot be announced" if failed else ""

    async def _announce_one(self, routes: Routes, own: OwnAgent) -> Answer | None:
        if routes.style == "observed":
            return await self._http.post(routes.register, own.observed(self._identity)) if routes.register else None
        if routes.events is None:
            return None
        event_id = announcement_id(self._identity, own.agent_id)
        envelope: JsonObject = {
            "event_id": event_id,
            "event_type": "agent_spawned",
            "timestamp": utc_now(),
            "source": self._identity.agent_name,
            "data": own.documented(),
            "severity": "info",
            "requires_attention": False,
        }
        return await self._http.post(DOCUMENTED_WEBHOOKS + "agent_spawned", envelope, {"webhook-id": event_id})
