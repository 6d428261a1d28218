"""One channel and what it has still to be told."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import AlertDeliveryGivenUp
from chainbot_desktop.core.events.alerts import LostNotice
from chainbot_desktop.core.events.envelope import Severity, label
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.alerts import Notice, NoticeTable
from chainbot_desktop.watch.alerts.clocks import Clocks
from chainbot_desktop.watch.alerts.delivery_messages import Message, Told, Way
from chainbot_desktop.watch.alerts.engine import OWN_SOURCE
from chainbot_desktop.watch.alerts.records import Alert

_log = logging.getLogger(__name__)
_AT_ONCE = 50
"""Alerts of one message."""
_MOST_WAITING = 10_000
"""Notices that wait for a channel; the oldest beyond are dropped, and said to be."""


_LOOK_AGAIN = 60.0
"""Seconds between two looks whether it is still quiet: a clock may have been set."""
_LONGEST_SEND = 120.0


@dataclass(frozen=True, slots=True)
class LanePace:
    """Seconds. `gather`: alerts that come within it are one message; `give_up`: how old a notice may become."""

    gather: float = 5.0
    first: float = 5.0
    longest: float = 900.0
    give_up: float = 86_400.0


@dataclass(slots=True, eq=False)
class _Item:
    notice: Notice
    due: float
    born: float
    held: bool = False
    """Quiet hours, or a mute, kept it back."""
    told: bool = False


class Lane:
    """`start` and `stop` once each. `quiet_for` gives the seconds for which a severity is not told."""

    def __init__(  # noqa: PLR0913 (who is told, when and how is what it is)
        self,
        name: str,
        way: Way,
        table: NoticeTable,
        find: Callable[[str], Awaitable[Alert | None]],
        *,
        sender: str,
        quiet_for: Callable[[str], float],
        clocks: Clocks,
        pace: LanePace,
        on_change: Callable[[], None],
    ) -> None:
        self._name = name
        self._way = way
        self._table = table
        self._find = find
        self._sender = sender
        self._quiet_for = quiet_for
        self._clocks = clocks
        self._pace = pace
        self._on_change = on_change
        self._items: list[_Item] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.last = ""
        """What became of the last one, in a sentence."""

    def start(self, tasks: Tasks) -> None:
        self._task = tasks.spawn(f"alerts: telling {self._name}", self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    @property
    def waiting(self) -> int:
        return len(self._items)

    def wake(self) -> None:
        """Quiet hours or a mute are not what they were."""
        for item in self._items:
            if item.held:
                item.due = min(item.due, self._clocks.steady())
        self._wake.set()

    def take(self, notice: Notice) -> None:
        """One that is kept, or (with no number) one that cannot be kept now; then it is taken again when it is."""
        known = next((item for item in self._items if _key(item.notice) == _key(notice) and not item.notice.number), None)
        if known is not None:
            known.notice = notice
        else:
            self._items.append(self._item(notice))
        if len(self._items) > _MOST_WAITING:
            oldest = self._items.pop(0)
            _log.warning("too much waits for the channel %s: %s is not told", self._name, oldest.notice.alert_id)
        self._wake.set()

    def _item(self, notice: Notice) -> _Item:
        now = self._clocks.steady()
        age = max(0.0, self._clocks.wall() - parse_time(notice.created).timestamp()) if notice.created else 0.0
        wait = self._pace.gather if not notice.attempts else 0.0
        return _Item(notice, now + wait, now - min(age, self._pace.give_up))

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            wait = self._seconds_to_next()
            if wait is None or wait > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
                continue
            try:
                await self._deliver()
            except ChainBotError as error:
                _log.warning("what became of alerts for %s could not be noted: %s", self._name, error)
                await asyncio.sleep(self._pace.first)

    def _seconds_to_next(self) -> float | None:
        now = self._clocks.steady()
        # One that was told while the disk took nothing has something to be noted as soon as it has a number.
        moments = [item.due if not item.told else now for item in self._items if not item.told or item.notice.number]
        return max(0.0, min(moments) - now) if moments else None

    async def _deliver(self) -> None:
        told = [item for item in self._items if item.told and item.notice.number]
        if told:
            await self._settle(told, "delivered", "It was told before the disk took it.")
        ready = await self._ready()
        if not ready:
            return
        message = self._message(ready)
        items = [item for item, _ in ready]
        failure = await self._send(message)
        if failure is None:
            await self._settle(items, "delivered", "")
            self.last = f"{len(items)} told at {self._clocks.now()}"
            self._hurry()
        else:
            self.last = f"Failed at {self._clocks.now()}: {failure}"
            await self._fail(items, failure)
        self._on_change()

    async def _ready(self) -> list[tuple[_Item, Alert]]:
        now = self._clocks.steady()
        due = [item for item in self._items if item.due <= now and not item.told]
        if due:  # what has just come is told with them
            due = [item for item in self._items if not item.told and (item.due <= now or _is_new(item))]
        due = due[:_AT_ONCE]
        ready: list[tuple[_Item, Alert]] = []
        untold: set[str] = set()
        for item in due:
            alert = await self._find(item.notice.alert_id)
            reason = _needless(item, alert, untold)
            if reason or alert is None:
                untold.add(item.notice.alert_id)
                await self._settle([item], "dropped", reason)
            elif (quiet := self._quiet_for(alert.severity)) > 0:
                item.held = True
                item.due = now + min(quiet, _LOOK_AGAIN)
            else:
                ready.append((item, alert))
        return ready

    def _message(self, ready: Sequence[tuple[_Item, Alert]]) -> Message:
        told = tuple(Told(item.notice.word, alert) for item, alert in ready)
        names = sorted(f"{t.alert.id} {t.word} {t.alert.fired_at} {t.alert.snoozed_until}" for t in told)
        return Message(sha256("\n".join(names).encode()).hexdigest()[:32], self._sender, self._clocks.now(), told)

    async def _send(self, message: Message) -> str | None:
        """Why it was not taken."""
        try:
            async with asyncio.timeout(_LONGEST_SEND):
                await self._way.send(message)
        except ChainBotError as error:
            return error.message
        except TimeoutError:
            return f"It took longer than {_LONGEST_SEND:.0f} s."
        except Exception as error:  # the border of a task: one message that cannot be sent must not silence the channel
            _log.exception("the channel %s failed", self._name)
            return f"{type(error).__name__}: {error}"
        return None

    async def _fail(self, items: Sequence[_Item], reason: str) -> None:
        now = self._clocks.steady()
        lost = [item for item in items if now - item.born >= self._pace.give_up]
        if lost:
            await self._give_up(lost, reason)
        for item in items:
            if item in lost:
                continue
            attempts = item.notice.attempts + 1
            wait = min(self._pace.longest, self._pace.first * 3.0 ** min(attempts - 1, 20)) * random.uniform(0.8, 1.2)  # noqa: S311
            item.notice = replace(item.notice, attempts=attempts)
            item.due = now + wait
            if item.notice.number:
                await self._table.postpone([item.notice.number], attempts, self._clocks.at(wait), reason)

    async def _give_up(self, items: Sequence[_Item], reason: str) -> None:
        _log.warning("%d alerts are not told to %s any more: %s", len(items), self._name, reason)
        attempts = max(item.notice.attempts for item in items) + 1
        lost = LostNotice(
            channel=label(self._name),
            word=items[0].notice.word,
            alert_ids=tuple(item.notice.alert_id for item in items),
            attempts=attempts,
            reason=reason[:1000],
        )
        event = AlertDeliveryGivenUp(source=OWN_SOURCE, subject=self._name, severity=Severity.ERROR, data=lost)
        await self._table.give_up([item.notice.number for item in items], attempts, reason, event)
        self._items = [item for item in self._items if item not in items]

    async def _settle(self, items: Sequence[_Item], state: Literal["delivered", "dropped"], answer: str) -> None:
        numbers = [item.notice.number for item in items if item.notice.number]
        for item in items:
            item.told = True
        # Those that are not kept yet stay until they are: else they would be told again then.
        self._items = [item for item in self._items if not item.told or not item.notice.number]
        if numbers:
            await self._table.settle(numbers, state, answer)

    def _hurry(self) -> None:
        """It works again: what waits for another try need not."""
        for item in self._items:
            if item.notice.attempts and not item.held:
                item.due = min(item.due, self._clocks.steady())


def _is_new(item: _Item) -> bool:
    return not item.notice.attempts and not item.held


def _key(notice: Notice) -> tuple[str, str]:
    return notice.alert_id, notice.word


def _needless(item: _Item, alert: Alert | None, untold: set[str]) -> str:
    """Why it need not be told; "" where it must be."""
    if alert is None:
        return "There is no such alert any more."
    if item.notice.word == "resolved":
        return "It was over before anybody was told of it." if alert.id in untold else ""
    if alert.state == "acknowledged":
        return "Somebody had seen it."
    if alert.state == "snoozed":
        return "It was snoozed."
    if alert.state == "resolved" and item.held:
        return "It was over before anybody was told of it."
    return ""
