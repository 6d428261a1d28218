"""The alerts that are not over, in memory, and their way to the disk.

A change counts at once for whoever looks; it is written in the order in which it was made. While the disk takes nothing, what the engine
found waits here and is tried again; what a person did is taken back and they are told.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from chainbot_desktop.core.errors import ChainBotError, NotFound, Unavailable
from chainbot_desktop.core.events.envelope import Event
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.alerts import AlertTable, Notice
from chainbot_desktop.watch.alerts.alert_rows import alert_of_row, fingerprint, row_of_alert
from chainbot_desktop.watch.alerts.records import Alert

_log = logging.getLogger(__name__)
_AGAIN = (1.0, 2.0, 5.0, 10.0)
"""Seconds between tries while the disk takes nothing; the last one goes on."""
_RANK = {"critical": 0, "warning": 1, "info": 2}


@dataclass(slots=True, eq=False)
class _Write:
    """`done` is of whoever waits for it, and takes it back where it fails; None: it is tried until the disk takes it."""

    before: Alert | None
    alert: Alert
    event: Event
    notices: tuple[Notice, ...]
    done: asyncio.Future[None] | None
    told: bool = False
    """Its notices were handed on although the disk did not take them."""


class Roster:
    """Use on the loop's thread. `on_notices` hears of what is to be told: when it is on the disk, and before that where it cannot be."""

    def __init__(
        self,
        table: AlertTable,
        tasks: Tasks,
        *,
        on_change: Callable[[], None],
        on_notices: Callable[[Sequence[Notice]], None],
    ) -> None:
        self._table = table
        self._tasks = tasks
        self._on_change = on_change
        self._on_notices = on_notices
        self._alerts: dict[str, Alert] = {}
        self._by_print: dict[str, str] = {}
        self._writes: deque[_Write] = deque()
        self._work = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._sorted: tuple[Alert, ...] | None = ()

    async def open(self) -> Sequence[Alert]:
        """Those that were not over when the program ended."""
        for row in await self._table.unresolved():
            self._hold(alert_of_row(row))
        self._task = self._tasks.spawn("alerts: writing", self._run())
        return self.active

    async def close(self) -> None:
        """What waits for the disk is written, or said to be lost."""
        self._closing = True
        self._work.set()
        if self._task is not None:
            await asyncio.wait([self._task])
            self._task = None
        if self._writes:
            _log.error("%d changes of alerts were not written", len(self._writes))

    @property
    def active(self) -> Sequence[Alert]:
        """The worst and newest first."""
        if self._sorted is None:
            newest = sorted(self._alerts.values(), key=lambda alert: alert.since, reverse=True)
            self._sorted = tuple(sorted(newest, key=lambda alert: _RANK[alert.severity]))
        return self._sorted

    def find(self, rule: str, labels: Mapping[str, str]) -> Alert | None:
        return self._alerts.get(self._by_print.get(fingerprint(rule, labels), ""))

    def get(self, alert_id: str) -> Alert:
        """NotFound where it is over, or never was."""
        alert = self._alerts.get(alert_id)
        if alert is None:
            raise NotFound(f"There is no alert {alert_id[:100]!r}.", code="no_such_alert")
        return alert

    def hold(self, alert: Alert) -> None:
        """Show it, and keep nothing of it: it is pending, or only its counts changed."""
        self._hold(alert)
        self._on_change()

    def drop(self, alert: Alert) -> None:
        """A pending one that is not any more."""
        self._alerts.pop(alert.id, None)
        self._by_print.pop(fingerprint(alert.rule, alert.labels), None)
        self._sorted = None
        self._on_change()

    def change(self, alert: Alert, event: Event, notices: Sequence[Notice] = ()) -> None:
        """Written as soon as the disk takes it."""
        self._add(alert, event, notices, None)

    async def change_now(self, alert: Alert, event: Event, notices: Sequence[Notice] = ()) -> None:
        """On the disk when it returns; where that fails, all is as before and the error is raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._add(alert, event, notices, done)
        await asyncio.shield(done)

    async def note(self, counts: Mapping[str, tuple[int, float | None]]) -> None:
        """How often they happened by now."""
        if not self._writes:
            await self._table.note(counts)

    def _add(self, alert: Alert, event: Event, notices: Sequence[Notice], done: asyncio.Future[None] | None) -> None:
        if self._closing:
            raise Unavailable("The program is stopping.", code="stopping")
        self._writes.append(_Write(self._alerts.get(alert.id), alert, event, tuple(notices), done))
        self._hold(alert)
        self._on_change()
        self._work.set()

    def _hold(self, alert: Alert) -> None:
        key = fingerprint(alert.rule, alert.labels)
        if alert.state == "resolved":
            self._alerts.pop(alert.id, None)
            if self._by_print.get(key) == alert.id:
                del self._by_print[key]
        else:
            self._alerts[alert.id] = alert
            self._by_print[key] = alert.id
        self._sorted = None

    async def _run(self) -> None:
        failures = 0
        while not (self._closing and (failures or not self._writes)):
            if not self._writes:
                self._work.clear()
                await self._work.wait()
                continue
            write = self._writes[0]
            try:
                kept = await self._table.record(row_of_alert(write.alert), write.event, write.notices)
            except ChainBotError as error:
                failures += 1
                await self._on_refused(error, failures)
                continue
            except Exception as error:  # the border of a task: one change that cannot be written must not stop all others
                _log.exception("a change of the alert %s could not be written", write.alert.rule)
                if write.done is not None:
                    self._take_back(write, error)
                else:
                    self._writes.popleft()
                continue
            failures = 0
            self._writes.popleft()
            if write.done is not None and not write.done.done():
                write.done.set_result(None)
            if kept:
                self._on_notices(kept)

    async def _on_refused(self, error: ChainBotError, failures: int) -> None:
        if failures == 1:
            _log.warning("changes of alerts wait for the disk: %s", error)
        for write in [write for write in self._writes if write.done is not None]:
            self._take_back(write, error)
        for write in self._writes:
            if not write.told and write.notices:
                write.told = True
                self._on_notices(write.notices)
        if self._writes and not self._closing:
            self._work.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN[min(failures, len(_AGAIN)) - 1]):
                    await self._work.wait()

    def _take_back(self, write: _Write, error: Exception) -> None:
        self._writes.remove(write)
        assert write.done is not None
        if not write.done.done():
            write.done.set_exception(error)
        if write.before is not None and self._alerts.get(write.alert.id) in (write.alert, None):
            self._hold(write.before)
        self._on_change()
