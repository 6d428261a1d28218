"""Alerts, wired: what rules look at, where they are kept, and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.app.alert_figures import MEANINGS, UNITS, HouseFigures, Question
from chainbot_desktop.app.alert_past import KeptPast
from chainbot_desktop.app.opened_store import OpenedStore
from chainbot_desktop.app.stopping import closed_within
from chainbot_desktop.app.watch_wing import WatchWing
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.clocks import boot_time_clock
from chainbot_desktop.core.events import EVENT_CLASSES
from chainbot_desktop.core.link import LinkStatus
from chainbot_desktop.core.ports import Journal
from chainbot_desktop.core.resources import resource_path
from chainbot_desktop.core.settings import AlertChannel, Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.alerts import AlertTable, NoticeTable
from chainbot_desktop.watch.alerts.clocks import Clocks
from chainbot_desktop.watch.alerts.delivery import ChannelPlan, Courier
from chainbot_desktop.watch.alerts.delivery_alexos import AlexOsWay
from chainbot_desktop.watch.alerts.delivery_apprise import AppriseWay
from chainbot_desktop.watch.alerts.delivery_email import EmailWay, MailServer
from chainbot_desktop.watch.alerts.delivery_lane import LanePace
from chainbot_desktop.watch.alerts.delivery_messages import Way
from chainbot_desktop.watch.alerts.delivery_quiet import QuietHours, clock_time
from chainbot_desktop.watch.alerts.delivery_webhook import WebhookWay
from chainbot_desktop.watch.alerts.desk import Desk
from chainbot_desktop.watch.alerts.rule_book import RuleBook
from chainbot_desktop.watch.alerts.rule_checks import Known
from chainbot_desktop.watch.alerts.rule_desk import RuleDesk
from chainbot_desktop.watch.figures import FIGURES, unit_of
from chainbot_desktop.watch.logs.document import LogRow
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.timeline import LogTimeline
from chainbot_desktop.watch.metrics import Sample

RULE_FILE = "alert-rules.yaml"


@dataclass(frozen=True, slots=True)
class AlertWing:
    desk: Desk
    figures: HouseFigures
    watch: WatchWing
    timeline: LogTimeline
    bus: EventBus
    questions: Callable[[], Awaitable[Sequence[Question]]]
    enabled: bool

    async def open(self, stack: AsyncExitStack) -> None:
        """Closed by `stack`. The journal, the agents and what watches are open."""
        await self.desk.open()
        stack.push_async_callback(closed_within, 2.0, "the alerts", self.desk.close)
        if not self.enabled:
            return
        stack.callback(self.figures.follow(self.bus, await self.questions()))
        stack.callback(self.watch.metrics.on_sample(self._on_sample))
        stack.callback(self.bus.subscribe(self.desk.feed_event).cancel)
        stack.callback(follow_logs(self.timeline, self.desk))

    def _on_sample(self, sample: Sample) -> None:
        self.desk.feed_sample({**self.figures.read(sample.slot), **sample.values})


def make_alert_wing(  # noqa: PLR0913 (what it looks at is what it is)
    settings: Settings,
    data_dir: Path,
    store: OpenedStore,
    watch: WatchWing,
    timeline: LogTimeline,
    tasks: Tasks,
    *,
    link: Callable[[], LinkStatus],
    ledger: Ledger,
    questions: Callable[[], Awaitable[Sequence[Question]]],
    secret: Callable[[str], str | None],
) -> AlertWing:
    """Reads the rules that were shipped. `questions` are those that wait for a person now; `secret` may block."""
    journal, database = store.journal, store.database
    figures = HouseFigures(link=link, refused=lambda: journal.refused, ledger=ledger, steady=boot_time_clock)
    plans = channel_plans(settings, journal, secret)
    known = Known(
        {**{name: unit_of(name) for name in watch.metrics.names}, **UNITS}, tuple(EVENT_CLASSES), [plan.name for plan in plans]
    )
    book = RuleBook(resource_path("alert-rules.yaml"), data_dir / RULE_FILE)
    clocks = Clocks()
    options = settings.alerts
    courier = Courier(
        plans,
        NoticeTable(database, journal),
        journal,
        store.preferences,
        tasks,
        sender=settings.chainbot.name,
        hours=QuietHours(clock_time(options.quiet_from), clock_time(options.quiet_to)),
        critical_breaks_quiet=options.critical_breaks_quiet,
        clocks=clocks,
        pace=LanePace(gather=options.gather, give_up=options.give_up),
    )
    desk = Desk(
        AlertTable(database, journal),
        RuleDesk(book, journal, known, unit_of),
        courier,
        tasks,
        past=KeptPast(watch.metrics, watch.figures.store, figures, timeline, journal),
        clocks=clocks,
        meanings={**{name: figure.meaning for name, figure in FIGURES.items()}, **MEANINGS},
    )
    return AlertWing(desk, figures, watch, timeline, store.bus, questions, options.enabled)


def channel_plans(settings: Settings, journal: Journal, secret: Callable[[str], str | None]) -> list[ChannelPlan]:
    """The panel and ALEX OS, and those of the settings. `secret` may block: it is asked on a thread."""
    options = settings.alerts
    alexos = AlexOsWay(journal, lambda: settings.alex_os.enabled)
    registry = str(settings.alex_os.registry_url)
    return [
        ChannelPlan("panel", "panel", "this screen", options.panel, "info", False, None),
        ChannelPlan(
            "alexos", "alexos", registry, options.alexos and settings.alex_os.enabled, options.alexos_severity, False, alexos
        ),
        *(_plan(channel, secret) for channel in options.channels),
    ]


def _plan(channel: AlertChannel, secret: Callable[[str], str | None]) -> ChannelPlan:
    async def ask() -> str | None:
        return await asyncio.to_thread(secret, f"alerts.{channel.name}")

    way: Way
    if channel.kind == "webhook":
        assert channel.url is not None
        # What stands after the path may be a password, and is shown to nobody.
        target = f"{channel.url.scheme}://{channel.url.host}{channel.url.path or ''}"
        way = WebhookWay(str(channel.url), ask)
    elif channel.kind == "email":
        target = ", ".join(channel.to)
        server = MailServer(
            channel.host, channel.port, channel.encryption, channel.user, channel.sender, channel.to, channel.ca_file
        )
        way = EmailWay(server, ask)
    else:
        target, way = "apprise", AppriseWay(ask)
    return ChannelPlan(channel.name, channel.kind, target, channel.enabled, channel.severity, channel.resolved, way)


def follow_logs(timeline: LogTimeline, desk: Desk) -> Callable[[], None]:
    def on_records(records: Sequence[LogRecord], numbers: Sequence[int]) -> None:
        least = desk.least_level
        rows = [
            LogRow(number, record.time, record.level, record.source, record.name, record.text)
            for record, number in zip(records, numbers, strict=True)
            if record.level >= least
        ]
        if rows:
            desk.feed_logs(rows)

    return timeline.on_records(on_records)
