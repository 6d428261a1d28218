"""A program with nothing but a journal and a link to ALEX OS, to be killed: FOLDER REGISTRY_URL BUS_URL.

Appends events for ever and prints the id of each once it is on disk.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from chainbot_desktop.core.events import WorkflowStarted
from chainbot_desktop.core.events.webhooks import WorkflowFact
from tests.helpers.alexos import linked


async def main(folder: str, registry_url: str, bus_url: str) -> None:
    async with linked(Path(folder), None, registry_url=registry_url, event_bus_url=bus_url) as link:
        number = 0
        while True:
            number += 1
            name = f"w{number % 3}"
            event = WorkflowStarted(data=WorkflowFact(workflow_id=name), subject=name, source="webhook")
            sys.stdout.write((await link.store.journal.append(event)).event.id + "\n")
            sys.stdout.flush()
            await asyncio.sleep(0.001)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
