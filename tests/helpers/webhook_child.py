"""Takes webhooks as fast as the disk allows, in a process that a test kills. Prints the place of each event that was promised."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from chainbot_desktop.alexos.refusals import Refusals
from chainbot_desktop.alexos.webhooks import Caller, Receipts, WebhookIntake
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.received_webhooks import ReceivedWebhooks
from tests.helpers.stores import open_store


async def main(folder: Path) -> None:
    async with open_store(folder) as store:
        received = ReceivedWebhooks(store.database, store.journal)
        receipts = Receipts(received, Refusals(received, Tasks(), rows=100, bytes_=1000))
        intake = WebhookIntake(store.journal, store.blobs, receipts=receipts)
        caller = Caller("system:webhook@127.0.0.1")

        async def post(lane: int) -> None:
            for number in range(100_000):
                body = b'{ "workflow_id": "w-%d-%d" }' % (lane, number)
                key = f"{os.getpid()}-{lane}-{number}" if lane % 2 else None
                recorded = await intake.accept("workflow/started", body, caller, key)
                print(recorded.seq, flush=True)

        await asyncio.gather(*(post(lane) for lane in range(8)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
