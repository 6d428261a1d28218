"""A Watchtower over a real journal, a real sampler and a real log, on the real loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtWidgets import QApplication

from chainbot_desktop.app.delivery_wing import DeliveryWing, make_delivery_wing
from chainbot_desktop.app.opened_store import OpenedStore
from chainbot_desktop.core.events import Event, ExternalEventReceived, Recorded, Severity
from chainbot_desktop.core.events.webhooks import ExternalFact
from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.metric_file import MetricFile
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.parts import DeliveryParts, WatchtowerParts
from chainbot_desktop.ui.watchtower.view import WatchtowerView
from chainbot_desktop.watch.alerts.records import AlertDesk
from chainbot_desktop.watch.health import HealthMonitor
from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.watch.logs.timeline import LogTimeline
from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from chainbot_desktop.watch.metric_store import MetricStore
from chainbot_desktop.watch.metrics import MetricsSampler
from tests.helpers.deliveries import StillWay
from tests.helpers.stores import Store, open_store
from tests.ui.watchtower.alerts.desk import MemoryDesk
from tests.ui.watchtower.logs.bench import LogBench


class FakeLink:
    """The link to an ALEX OS that lives on the network: its status is what a test says."""

    def __init__(self) -> None:
        self.status = LinkStatus(state=LinkState.RETRYING, reason="Nobody answers.", registry_url="http://alex:8000")
        self._listeners: list[Callable[[LinkStatus], None]] = []

    def on_change(self, listener: Callable[[LinkStatus], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def become(self, status: LinkStatus) -> None:
        self.status = status
        for listener in tuple(self._listeners):
            listener(status)

    @property
    def listeners(self) -> int:
        return len(self._listeners)


@dataclass
class Tower:
    view: WatchtowerView
    store: Store
    logs: LogRing
    metrics: MetricsSampler
    metric_store: MetricStore
    health: HealthMonitor
    link: FakeLink
    deliveries: DeliveryWing
    tasks: Tasks
    bench: LogBench
    opened: list[tuple[str, object]] = field(default_factory=list)
    messages: list[object] = field(default_factory=list)
    badges: list[int] = field(default_factory=list)

    @property
    def last_message(self) -> Message:
        message = self.messages[-1]
        assert isinstance(message, Message)
        return message

    async def undo(self) -> None:
        """What the last message offers."""
        action = self.last_message.action
        assert action is not None, "there is no way back"
        action()
        await asyncio.sleep(0)

    async def append(self, *events: Event) -> list[Recorded[Event]]:
        return list(await asyncio.gather(*(self.store.journal.append(event) for event in events)))

    def titles(self) -> list[str]:
        """What the visible rows of the Events page say first, from the top."""
        rows = self.view.events.rows
        return [rows.row(index).title for index in self.view.events.list.visible_rows()]

    def texts(self) -> list[str]:
        rows = self.view.events.rows
        return [rows.row(index).text for index in self.view.events.list.visible_rows()]


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until `condition` holds; what does not hold in time fails the test."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def door(
    number: int, *, severity: Severity = Severity.INFO, subject: str = "", attention: bool = False, **facts: object
) -> Event:
    return ExternalEventReceived(
        source="webhook",
        subject=subject,
        severity=severity,
        requires_attention=attention,
        data=ExternalFact.model_validate({"event_type": "door_opened", "number": number, **facts}),
    )


def doors(count: int, start: int = 0) -> Iterable[Event]:
    return (door(number) for number in range(start, start + count))


Build = Callable[..., AbstractAsyncContextManager[Tower]]


@pytest.fixture
def tower(qapp: QApplication, theme_source: ThemeSource, tmp_path: Path) -> Build:
    """`async with tower(width, height) as t:` a shown and loaded Watchtower; `events` are in the journal before."""

    @asynccontextmanager
    async def build(
        width: int = 720,
        height: int = 452,
        *,
        events: Iterable[Event] = (),
        load: bool = True,
        alerts: AlertDesk | None = None,
    ) -> AsyncIterator[Tower]:
        theme_source.apply_to(qapp)
        async with open_store(tmp_path) as store:
            made = _make(store, theme_source, tmp_path, width, height, alerts or MemoryDesk())
            await made.metric_store.open()
            waiting = list(events)
            for start in range(0, len(waiting), 2000):
                await made.append(*waiting[start : start + 2000])
            if load:
                made.view.show()
                made.view.activateWindow()
                await until(made.view.isActiveWindow)  # without, nothing in it has the focus
                made.view.shown_first_time()
                await until(lambda: len(made.view.events.stretch) or not store.journal.head_seq)
                await until(lambda: not made.tasks.names)
            try:
                yield made
            finally:
                made.view.hide()
                await made.metrics.close()
                await made.tasks.cancel_all()
                await made.metric_store.close()
                made.health.close()
                made.logs.follow(None)
                await made.bench.close()
                await made.tasks.cancel_all()
                made.view.deleteLater()
                await asyncio.sleep(0)

    return build


def _make(store: Store, themes: ThemeSource, folder: Path, width: int, height: int, alerts: AlertDesk) -> Tower:
    tasks, logs, link = Tasks(), LogRing(), FakeLink()
    logs.follow(asyncio.get_running_loop())
    metrics = MetricsSampler(folder, Tasks(), LoopLagMonitor(), event_count=lambda: store.journal.head_seq)
    metric_store = MetricStore(MetricFile(folder / "metrics.db"))
    metrics.on_sample(metric_store.take)
    health = HealthMonitor(
        metrics, logs, name="chainbot", version="1", link=lambda: link.status, journal_waiting=lambda: store.journal.waiting
    )
    health.open()
    services = LogBench(LogTimeline(tasks))
    wing = make_delivery_wing(Settings(), cast(OpenedStore, store), tasks, StillWay(), lambda: link.status.outbox_pending)
    view = WatchtowerView(
        WatchtowerParts(
            journal=store.journal,
            bus=store.bus,
            blobs=store.blobs,
            logs=services.services,
            metrics=metrics,
            health=health,
            link=link,
            deliveries=DeliveryParts(wing.desk, wing.received, wing.replay),
            themes=themes,
            tasks=tasks,
            metric_store=metric_store,
            alerts=alerts,
        )
    )
    view.setProperty("ground", "window")
    view.resize(width, height)
    made = Tower(view, store, logs, metrics, metric_store, health, link, wing, tasks, services)
    view.open_requested.connect(lambda key, content: made.opened.append((key, content)))
    view.message.connect(made.messages.append)
    view.badge_changed.connect(made.badges.append)
    return made
