"""Deliveries, made once: those that came in, with what keeps them within bounds, and those that go out, as people see them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.services import DeliveryServices
from chainbot_desktop.alexos.delivery_desk import DeliveryDesk, Way
from chainbot_desktop.alexos.refusals import Refusals
from chainbot_desktop.alexos.replaying import WebhookReplay
from chainbot_desktop.alexos.webhooks import Receipts, WebhookIntake
from chainbot_desktop.app.opened_store import OpenedStore
from chainbot_desktop.app.stopping import closed_within
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.ids import format_time
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.deliveries import DeliveryTable
from chainbot_desktop.store.received_webhooks import ReceivedWebhooks

_log = logging.getLogger(__name__)

_PRUNE_EVERY = 60.0
_PRUNE_SLICE = 2_000
"""Rows that go at a time: the writing thread has others to serve."""


@dataclass(frozen=True, slots=True)
class DeliveryWing:
    intake: WebhookIntake
    received: ReceivedWebhooks
    refusals: Refusals
    replay: WebhookReplay
    desk: DeliveryDesk

    def for_api(self) -> DeliveryServices:
        return DeliveryServices(self.desk, self.received, self.replay, lambda: self.refusals.not_kept)

    async def open(self, stack: AsyncExitStack, settings: Settings, tasks: Tasks) -> None:
        """Closed by `stack`, which has the server after it: nothing comes in any more then."""
        await self.refusals.open()
        stack.push_async_callback(closed_within, 0.5, "the refused webhooks", self.refusals.close)
        tasks.spawn("prune received webhooks", _keep_pruned(self.received, settings))


def make_delivery_wing(
    settings: Settings, store: OpenedStore, tasks: Tasks, way: Way, waiting: Callable[[], int]
) -> DeliveryWing:
    """`waiting`: how many events ALEX OS has still to be told."""
    received = ReceivedWebhooks(store.database, store.journal)
    bounds = settings.deliveries
    refusals = Refusals(received, tasks, rows=bounds.refused_rows, bytes_=bounds.refused_bytes)
    intake = WebhookIntake(store.journal, store.blobs, settings.chainbot.name, Receipts(received, refusals))
    replay = WebhookReplay(intake, received, store.journal, store.blobs)
    desk = DeliveryDesk(DeliveryTable(store.database, store.journal), way, waiting)
    return DeliveryWing(intake, received, refusals, replay, desk)


async def _keep_pruned(received: ReceivedWebhooks, settings: Settings) -> None:
    bounds = settings.deliveries
    while True:
        before = format_time(datetime.now(UTC) - timedelta(days=bounds.incoming_days))
        try:
            while await received.prune(before, bounds.incoming_rows, _PRUNE_SLICE) == _PRUNE_SLICE:
                pass
        except ChainBotError as error:
            _log.warning("webhooks that came in long ago could not be forgotten: %s", error)
        await asyncio.sleep(_PRUNE_EVERY)
