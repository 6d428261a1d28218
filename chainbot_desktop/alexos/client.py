"""The link to ALEX OS: keeps us registered, healthy in its eyes, told and informed, and says plainly how it stands.

Order of things: register (finding the dialect on the way), then the outbox opens, the index is compared, events are received. What
fails is tried again: registration with exponential backoff and full jitter from `alex_os.registration_retry` up to five minutes,
the bus from one second up to one. Nothing here is ever waited for by the rest of the program.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from chainbot_desktop.alexos.answers import AlexOsHttp, Answer, bare_url, basic_auth
from chainbot_desktop.alexos.board import LinkBoard
from chainbot_desktop.alexos.clock_skew import SkewGauge
from chainbot_desktop.alexos.comparing import IndexComparison
from chainbot_desktop.alexos.envelopes import documented_event, observed_event
from chainbot_desktop.alexos.event_bus import BusHooks, EventBusLink, Style
from chainbot_desktop.alexos.guests import GuestIndex
from chainbot_desktop.alexos.health_reports import HealthReports
from chainbot_desktop.alexos.identity import Identity, OwnAgent
from chainbot_desktop.alexos.intake import RemoteEvents
from chainbot_desktop.alexos.link_journal import LinkJournal
from chainbot_desktop.alexos.missed_events import EventStorePoll, MissedEvents
from chainbot_desktop.alexos.outbox import Outbox
from chainbot_desktop.alexos.pace import Backoff, Pace, wait_for_event
from chainbot_desktop.alexos.probing import Findings, Prober, Routes
from chainbot_desktop.alexos.senders import DialectSender
from chainbot_desktop.core.bus import EventBus, Subscription
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events.envelope import Event
from chainbot_desktop.core.json_codec import JsonObject
from chainbot_desktop.core.link import ClockSkew, LinkState, LinkStatus
from chainbot_desktop.core.ports import Blobs, Journal, Snapshots
from chainbot_desktop.core.settings import AlexOsSettings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.deliveries import DeliveryTable
from chainbot_desktop.store.dialects import DialectTable

_log = logging.getLogger(__name__)

_COUNT_EVERY = 5.0
_PRUNE_EVERY = 3600.0
_BUS_FIRST_TRY = 2.0


class AlexOsClient:
    """Implements `core.ports.Link`. Use on the loop's thread only.

    `health` gives the documented fields of a health report, from memory and at once. `ours` are the agents of this house.
    """

    def __init__(  # noqa: PLR0913 - the one place where the parts of the link are put together
        self,
        settings: AlexOsSettings,
        identity: Identity,
        *,
        journal: Journal,
        bus: EventBus,
        blobs: Blobs,
        snapshots: Snapshots,
        deliveries: DeliveryTable,
        dialects: DialectTable,
        health: Callable[[], JsonObject],
        ours: Callable[[], Sequence[OwnAgent]] = tuple,
        on_failure: Callable[[str, BaseException], None] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._journal = journal
        self._bus = bus
        self._blobs = blobs
        self._snapshots = snapshots
        self._deliveries = deliveries
        self._measure = health
        self._ours = ours
        self._pace = pace or Pace()
        self._tasks = Tasks(on_failure)
        self._skew = SkewGauge()
        self._registry_url = bare_url(settings.registry_url)
        status = LinkStatus(
            state=LinkState.UNREGISTERED if settings.enabled else LinkState.DISABLED,
            reason="" if settings.enabled else "ALEX OS is switched off in the settings.",
            registry_url=self._registry_url,
            event_bus_url=bare_url(settings.event_bus_url),
        )
        self._board = LinkBoard(status, self._pace.status)
        self._record = LinkJournal(self._registry_url, journal, dialects, self._board)
        self._routes: Routes | None = None
        self._again = asyncio.Event()
        self._bus_tried = asyncio.Event()
        self._retry = Backoff(settings.registration_retry, self._pace.longest_retry)
        self._unknown = Backoff(settings.registration_retry, self._pace.longest_retry)
        self._bus_was_open = False
        self._subscription: Subscription | None = None
        self._registering: asyncio.Task[None] | None = None
        self._session: ClientSession | None = None

    @property
    def status(self) -> LinkStatus:
        return self._board.status

    def on_change(self, listener: Callable[[LinkStatus], None]) -> Callable[[], None]:
        return self._board.on_change(listener)

    @property
    def clock_skew(self) -> ClockSkew | None:
        """None where ALEX OS told nothing of the last ten minutes that can be relied on."""
        return self._skew.current

    @property
    def destination(self) -> str:
        """Under which the deliveries stand."""
        return self._registry_url

    @property
    def outbox(self) -> Outbox | None:
        """None where nothing is delivered: before `start`, after `stop`, and where ALEX OS is switched off."""
        return self._outbox if self._session is not None else None

    def on_the_wire(self, event: Event) -> bytes:
        """The body by which `event` is told, in the dialect of the moment; the documented one where none is known."""
        observed = self._routes is not None and self._routes.style == "observed"
        return observed_event(event, self._identity) if observed else documented_event(event, self._identity)

    def look_again(self) -> None:
        """Somebody wants ALEX OS tried at once: where it is away, it is."""
        if self._session is not None and self._board.status.state in {LinkState.RETRYING, LinkState.FAILED}:
            self._again.set()

    def report_now(self) -> None:
        """The health changed: tell ALEX OS at once."""
        if self._session is not None:
            self._health.report_now()

    def introduce_again(self, identity: Identity) -> None:
        """What we can do has changed: register with it."""
        if self._session is not None:
            self._prober.identity = identity
            self._again.set()

    async def start(self) -> None:
        """Returns at once; the network is waited for in the background."""
        if not self._settings.enabled:
            return
        headers = {}
        if self._settings.api_key is not None:
            headers["Authorization"] = f"Bearer {self._settings.api_key.get_secret_value()}"
        elif basic := basic_auth(self._settings.registry_url):
            headers["Authorization"] = basic
        connector = TCPConnector(limit=32)
        self._session = ClientSession(connector=connector, headers=headers, cookie_jar=DummyCookieJar())
        self._build(self._session)
        await self._record.recall()
        await self._guests.open()
        self._subscription = self._comparison.listen(self._bus)
        self._registering = self._tasks.spawn("alexos registration", self._keep_registered())
        for name, work in (
            ("alexos bus", self._event_bus.run()),
            ("alexos outbox", self._outbox.run()),
            ("alexos health", self._health.run(self._settings.health_interval)),
            ("alexos index", self._comparison.run()),
            ("alexos polling", self._keep_polling()),
            ("alexos counting", self._keep_counting()),
        ):
            self._tasks.spawn(name, work)

    async def stop(self) -> None:
        """Say goodbye where that is possible, note what was delivered, end every task and socket. At most about 2 s."""
        if self._session is None:
            return
        if self._subscription is not None:
            self._subscription.cancel()
        if self._registering is not None:
            self._registering.cancel()
        routes, self._routes = self._routes, None
        if routes is None:
            await self._flush_outbox()
        else:
            await asyncio.gather(self._health.say_goodbye(routes, self._pace.goodbye), self._flush_outbox())
        stuck = await self._tasks.cancel_all(1.0)
        if stuck:
            _log.error("tasks of the link to ALEX OS did not end: %s", ", ".join(stuck))
        self._board.update(state=LinkState.UNREGISTERED, bus_connected=False, registered_at="", next_attempt_at="")
        self._board.close()
        await self._session.close()
        self._session = None

    def _build(self, session: ClientSession) -> None:
        self._http = AlexOsHttp(session, self._registry_url, self._settings.timeout, self._skew)
        identity, board, journal = self._identity, self._board, self._journal
        self._health = HealthReports(self._http, board, identity, self._measure, self._current_routes, self._on_report_trouble)
        self._prober = Prober(self._http, board, identity, self._health.current)
        self._remote = RemoteEvents(journal, self._blobs, identity.agent_name, identity.uuid)
        self._missed = MissedEvents(self._http, self._remote, journal)
        self._poll = EventStorePoll(self._http, board, self._remote, journal)
        self._guests = GuestIndex(self._http, board, identity, journal, self._snapshots, self._ours)
        self._comparison = IndexComparison(self._http, board, self._guests, self._pace, self._current_routes)
        self._event_bus = EventBusLink(
            session,
            board,
            BusHooks(self._on_bus_open, self._on_frame, self._on_bus_lost),
            bare_url(self._settings.event_bus_url),
            self._registry_url,
            self._tasks,
            self._pace,
            self._settings.timeout,
        )
        self._health.send_copies(self._event_bus, self._remote)
        self._outbox = Outbox(
            self._registry_url,
            table=self._deliveries,
            journal=journal,
            bus=self._bus,
            sender=DialectSender(self._http, board, identity, self._current_routes, self._on_delivered, self._health.is_taken),
            tasks=self._tasks,
            pace=self._pace,
            on_away=self._on_outbox_away,
        )

    def _current_routes(self) -> Routes | None:
        return self._routes

    # Registration

    async def _keep_registered(self) -> None:
        while True:
            self._again.clear()
            if self._board.status.state in {LinkState.UNREGISTERED, LinkState.RETRYING}:
                self._board.update(state=LinkState.REGISTERING)
            try:
                wait = await self._settle(await self._prober.probe())
            except ChainBotError as error:  # a full disk, say: the link goes on without its record
                _log.warning("what became of the registration could not be put on record: %s", error)
                wait = self._retry.next()
            await wait_for_event(self._again, wait)

    async def _settle(self, findings: Findings) -> float | None:
        """Act on a probe; the seconds until the next one, None to wait for a reason."""
        routes = findings.routes
        usable = findings.reachable and (findings.registered or (findings.impossible and routes.events is not None))
        if not usable:
            return await self._failed(findings)
        self._routes = routes
        await wait_for_event(self._bus_tried, _BUS_FIRST_TRY)
        await self._record.dialect(routes)
        self._retry.reset()
        state = LinkState.REGISTERED if findings.registered else LinkState.DEGRADED
        await self._record.settled(state, findings)
        self._guests.forget_announcements()
        self._comparison.due()
        self._event_bus.hurry()
        if routes.events is not None:
            self._outbox.open_gate()
        if findings.report_failed:
            # Registered, and no report is taken all the same: asking again at once would go on for ever.
            return self._unknown.next()
        self._unknown.reset()
        return None if findings.registered else self._pace.retest

    async def _failed(self, findings: Findings) -> float:
        if not findings.reachable or findings.routes.events is None:
            self._routes = None
            self._outbox.close_gate()
        else:
            # It answers, takes events, and refuses the registration: what it takes is not held back.
            self._routes = findings.routes
            await self._record.dialect(findings.routes)
            self._outbox.open_gate()
            self._comparison.due()
        delay = self._retry.next()
        attempts = self._retry.failures
        if attempts >= self._settings.max_registration_attempts:
            delay = max(delay, self._pace.longest_retry)
        await self._record.failed(findings.reason, attempts, self._settings.max_registration_attempts, delay)
        return delay

    # Trouble that others notice

    def _on_report_trouble(self, answer: Answer) -> None:
        # 404: it does not know us, it may have been started again. One registration at once, further ones with patience.
        if answer.status is None or (answer.status == 404 and self._unknown.failures == 0):
            self._again.set()

    async def _flush_outbox(self) -> None:
        try:
            await self._outbox.flush(self._pace.goodbye)
        except ChainBotError as error:
            _log.warning("what was delivered last could not be noted, it will be sent again with the same id: %s", error)

    # Events of ALEX OS

    async def _on_bus_open(self, style: Style, lost_at: str) -> None:
        self._bus_tried.set()
        self._bus_was_open = True
        if lost_at or self._board.status.state in {LinkState.RETRYING, LinkState.FAILED}:
            self._again.set()  # it may be another run of ALEX OS, which does not know us
        if style == "documented":
            await self._missed.catch_up(lost_at)

    async def _on_frame(self, frame: JsonObject) -> None:
        row = frame.get("data")
        if self._event_bus.style == "observed" and isinstance(row, dict) and "event_type" in row:
            await self._remote.take_rows([row])
        else:
            await self._remote.take_envelopes([frame])

    def _on_bus_lost(self, reason: str, nobody: bool) -> None:
        self._bus_tried.set()
        if self._board.status.state in {LinkState.REGISTERED, LinkState.DEGRADED}:
            _log.info("the event bus of ALEX OS ended: %s", reason)
        if nobody and self._bus_was_open:
            self._bus_was_open = False
            self._again.set()  # a registration attempt tells what else is gone

    async def _keep_polling(self) -> None:
        while True:
            await asyncio.sleep(self._pace.poll)
            routes = self._routes
            if routes is None or routes.style != "observed" or routes.events is None:
                continue
            try:
                await self._poll.look(routes.events)
            except ChainBotError as error:
                _log.warning("events of ALEX OS could not be taken over and are read again: %s", error)

    # Outbox

    def _on_delivered(self, event_id: str, body: bytes) -> None:
        self._remote.note_sent(event_id)
        if self._event_bus.style == "documented":
            self._tasks.spawn("alexos bus copy", self._event_bus.send(body))

    def _on_outbox_away(self, reason: str) -> None:
        _log.info("the outbox waits: %s", reason)
        self._again.set()

    async def _keep_counting(self) -> None:
        pruned_at = float("-inf")
        while True:
            try:
                self._board.update(outbox_pending=await self._outbox.count(), outbox_given_up=self._outbox.given_up)
                if asyncio.get_running_loop().time() - pruned_at > _PRUNE_EVERY:
                    pruned_at = asyncio.get_running_loop().time()
                    await self._outbox.prune()
            except ChainBotError as error:
                _log.warning("the outbox could not be counted: %s", error)
            await asyncio.sleep(min(_COUNT_EVERY, self._pace.status))
