"""Who is told of alerts, and when: each channel at its own pace, several alerts at once, again until it is taken or too old.

What is to be told is on the disk before it is told, so it is told after a restart too; a channel may hear twice what was on its way
when the program was killed (the message has the same id then). While the disk takes nothing it is told all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from chainbot_desktop.core.events import AlertChannelTested, AlertsMuted
from chainbot_desktop.core.events.alerts import ChannelTest, Mute
from chainbot_desktop.core.events.envelope import Actor, label
from chainbot_desktop.core.ids import new_id, parse_time
from chainbot_desktop.core.ports import Journal, Preferences
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.alerts import Notice, NoticeTable, NoticeWord
from chainbot_desktop.watch.alerts.clocks import Clocks
from chainbot_desktop.watch.alerts.delivery_lane import Lane, LanePace
from chainbot_desktop.watch.alerts.delivery_messages import RANK, Message, Way
from chainbot_desktop.watch.alerts.delivery_quiet import QuietHours
from chainbot_desktop.watch.alerts.engine import OWN_SOURCE
from chainbot_desktop.watch.alerts.records import Alert, AlertSeverity, Channel, ChannelKind

_log = logging.getLogger(__name__)
LONGEST_MUTE = 31 * 86_400.0
"""Seconds."""
_MUTED = "alerts.muted_until"


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """A channel as the settings have it. `way` None: the panel, which looks by itself."""

    name: str
    kind: ChannelKind
    target: str
    enabled: bool
    severity: AlertSeverity
    tells_resolved: bool
    way: Way | None


class Courier:
    """Use on the loop's thread."""

    def __init__(  # noqa: PLR0913 (who is told, when and how is what it is)
        self,
        plans: Sequence[ChannelPlan],
        table: NoticeTable,
        journal: Journal,
        preferences: Preferences,
        tasks: Tasks,
        *,
        sender: str,
        hours: QuietHours,
        critical_breaks_quiet: bool,
        clocks: Clocks,
        pace: LanePace,
    ) -> None:
        self._plans: Mapping[str, ChannelPlan] = {plan.name: plan for plan in plans}
        self._table = table
        self._journal = journal
        self._preferences = preferences
        self._tasks = tasks
        self._sender = sender
        self._hours = hours
        self._critical_breaks_quiet = critical_breaks_quiet
        self._clocks = clocks
        self._pace = pace
        self._muted_until = 0.0
        self._lanes: dict[str, Lane] = {}
        self._on_change: Callable[[], None] = lambda: None

    async def open(self, find: Callable[[str], Awaitable[Alert | None]], on_change: Callable[[], None]) -> None:
        """`find` gives an alert as it is now, over or not."""
        self._on_change = on_change
        await self._remember_mute()
        for plan in self._plans.values():
            if plan.way is not None:
                self._lanes[plan.name] = Lane(
                    plan.name,
                    plan.way,
                    self._table,
                    find,
                    sender=self._sender,
                    quiet_for=self.quiet_for,
                    clocks=self._clocks,
                    pace=self._pace,
                    on_change=on_change,
                )
        kept = await self._table.pending()
        orphans = [notice.number for notice in kept if notice.channel not in self._lanes]
        if orphans:
            await self._table.settle(orphans, "dropped", "There is no such channel any more.")
        self.take([notice for notice in kept if notice.channel in self._lanes])
        for lane in self._lanes.values():
            lane.start(self._tasks)

    async def close(self) -> None:
        """What is on its way is cut short; it is told again by the next start."""
        await asyncio.gather(*(lane.stop() for lane in self._lanes.values()))

    def plan(self, alert: Alert, notify: tuple[str, ...] | None, word: NoticeWord) -> list[Notice]:
        """What is to be told of it, to be kept with it. `notify`: the channels that its rule names, None: all."""
        return [
            Notice(alert.id, plan.name, word, self._clocks.now(), created=self._clocks.now())
            for plan in self._plans.values()
            if plan.way is not None
            and plan.enabled
            and RANK[alert.severity] >= RANK[plan.severity]
            and (notify is None or plan.name in notify)
            and (word == "firing" or plan.tells_resolved)
        ]

    def take(self, notices: Sequence[Notice]) -> None:
        """They are on the disk (or cannot be now, and have no number): tell them."""
        for notice in notices:
            if notice.channel in self._lanes:
                self._lanes[notice.channel].take(notice)

    @property
    def channels(self) -> Sequence[Channel]:
        return [
            Channel(
                name=plan.name,
                kind=plan.kind,
                target=plan.target,
                enabled=plan.enabled,
                refusal=plan.way.refusal if plan.way is not None else "",
                last=self._lanes[plan.name].last if plan.name in self._lanes else "",
            )
            for plan in self._plans.values()
        ]

    async def test(self, name: str, actor: Actor) -> None:
        """ChainBotError with what went wrong."""
        plan = self._plans.get(name)
        if plan is None:
            raise NotFound(f"There is no channel {name[:100]!r}.", code="no_such_channel")
        if plan.way is None:
            raise InvalidInput("The panel shows and sounds by itself.", code="panel_channel")
        error: ChainBotError | None = None
        try:
            await plan.way.send(Message(new_id(), self._sender, self._clocks.now()))
        except ChainBotError as refused:
            error = refused
        tested = ChannelTest(channel=label(name), ok=error is None, reason="" if error is None else str(error))
        if name in self._lanes:
            self._lanes[name].last = "The test arrived." if error is None else f"The test failed: {error.message}"
        await self._journal.append(AlertChannelTested(source=OWN_SOURCE, subject=name, actor=actor, data=tested))
        self._on_change()
        if error is not None:
            raise error

    @property
    def quiet_until(self) -> str:
        ends = [end for end in (self._mute_end(), self._hours.until(self._clocks.wall())) if end is not None]
        return self._clocks.at(max(ends) - self._clocks.wall()) if ends else ""

    async def mute(self, seconds: float, actor: Actor) -> None:
        if not 0 <= seconds <= LONGEST_MUTE:
            raise InvalidInput("Alerts are muted for 0 seconds to 31 days.", code="bad_mute")
        until = self._clocks.at(seconds) if seconds else ""
        muted = AlertsMuted(source=OWN_SOURCE, actor=actor, data=Mute(seconds=seconds, until=until))
        await self._preferences.set(_MUTED, until)
        await self._journal.append(muted)
        self._muted_until = self._clocks.steady() + seconds
        for lane in self._lanes.values():
            lane.wake()

    async def _remember_mute(self) -> None:
        until = await self._preferences.get(_MUTED)
        if isinstance(until, str) and until:
            left = parse_time(until).timestamp() - self._clocks.wall()
            self._muted_until = self._clocks.steady() + min(max(0.0, left), LONGEST_MUTE)

    def _mute_end(self) -> float | None:
        left = self._muted_until - self._clocks.steady()
        return self._clocks.wall() + left if left > 0 else None

    def quiet_for(self, severity: str) -> float:
        """Seconds for which nobody is told of alerts of this severity; 0: tell them."""
        muted = max(0.0, self._muted_until - self._clocks.steady())
        if severity == "critical" and self._critical_breaks_quiet:
            return muted
        end = self._hours.until(self._clocks.wall())
        return muted if end is None else max(muted, end - self._clocks.wall())
