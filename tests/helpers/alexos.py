"""A client of ALEX OS on a real store, in a hurry, for tests against the simulator."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import AnyUrl

from chainbot_desktop.alexos.client import AlexOsClient
from chainbot_desktop.alexos.identity import Identity, OwnAgent
from chainbot_desktop.alexos.pace import Pace
from chainbot_desktop.alexos.simulator import Simulator
from chainbot_desktop.core.events.envelope import Event
from chainbot_desktop.core.link import DialectRow, LinkState
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.core.settings import AlexOsSettings
from chainbot_desktop.store.deliveries import DeliveryTable
from chainbot_desktop.store.dialects import DialectTable
from tests.helpers.stores import Store, open_store

UUID = "0198c0de-0000-7000-8000-00000000c4a7"

HURRIED = Pace(
    gathering=0.01,
    noting=0.01,
    longest_retry=0.2,
    retest=30,
    bus_first=0.05,
    bus_longest=0.2,
    heartbeat=0.3,
    index=30,
    debounce=0.05,
    poll=0.1,
    delivery_first=0.02,
    delivery_longest=0.1,
    health_look=60,
    goodbye=1,
    status=0.05,
)


@dataclass
class Linked:
    """A client and what it stands on. `failures`: tasks that failed, which no test expects."""

    client: AlexOsClient
    store: Store
    deliveries: DeliveryTable
    identity: Identity
    health: dict[str, Any] = field(default_factory=lambda: {"status_id": "healthy", "workflow_state": "idle"})
    failures: list[tuple[str, BaseException]] = field(default_factory=list)

    async def events(self, *types: str) -> list[Event]:
        return [item.event for item in await self.store.journal.read(EventQuery(types=types, limit=10_000))]

    async def journals(self, condition: Callable[[list[Event]], Any], seconds: float = 40) -> list[Event]:
        """Wait until the journal satisfies `condition`; its events."""
        changed = asyncio.Event()
        subscription = self.store.bus.subscribe(lambda _recorded: changed.set())
        found: list[Event] = []
        try:
            async with asyncio.timeout(seconds):
                while not condition(found := await self.events()):
                    await changed.wait()
                    await asyncio.sleep(0.02)  # events come in crowds: look at them together
                    changed.clear()
        except TimeoutError:
            raise AssertionError(f"it was not journaled: {[(event.type, event.data) for event in found[-10:]]}") from None
        finally:
            subscription.cancel()
        return found

    async def receives(self, *event_types: str) -> list[str]:
        """Wait until events of ALEX OS of these types were journaled; the types of all, in order."""

        def had(found: list[Event]) -> bool:
            return set(event_types) <= {event.data.event_type for event in found if event.type == "alexos_event_received"}

        found = await self.journals(had)
        return [event.data.event_type for event in found if event.type == "alexos_event_received"]

    async def reaches(self, *states: LinkState) -> None:
        await until(lambda: self.client.status.state in states, lambda: f"{self.client.status}")

    def row(self, capability: str, path: str) -> DialectRow:
        return next(row for row in self.client.status.rows if (row.capability, row.path) == (capability, path))


async def until(condition: Callable[[], Any], shown: Callable[[], str] = str, seconds: float = 40) -> None:
    """Wait until `condition` holds; fail with what is `shown` where it does not in time."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"it did not come to pass in {seconds} s: {shown()}") from None


@cache
def migrated_database() -> Path:
    """A folder with an empty database, to copy: migrating one for each test would be most of what it does. Not on a loop."""
    folder = Path(tempfile.mkdtemp(prefix="chainbot-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    async def make() -> None:
        async with open_store(folder):
            pass

    asyncio.run(make())
    return folder


@asynccontextmanager
async def linked(
    folder: Path,
    simulator: Simulator | None,
    *,
    ours: Callable[[], Sequence[OwnAgent]] = tuple,
    pace: Pace = HURRIED,
    start: bool = True,
    **settings: Any,
) -> AsyncIterator[Linked]:
    """A started client of `simulator` (None: of an address where nobody listens)."""
    url = simulator.url if simulator else "http://127.0.0.1:9"
    bus_url = simulator.ws_url if simulator else "ws://127.0.0.1:9/ws/events"
    wanted: dict[str, Any] = {
        "registry_url": AnyUrl(url),
        "event_bus_url": AnyUrl(bus_url),
        "registration_retry": 0.05,
        "timeout": 2,
        **settings,
    }
    identity = Identity(
        uuid=UUID,
        agent_name="chainbot",
        agent_version="0.1.0",
        role="workflow_orchestrator",
        port=9000,
        event_bus_url=bus_url,
        webhook_url="http://127.0.0.1:9000",
    )
    if not (folder / "journal.db").exists():
        shutil.copytree(await asyncio.to_thread(migrated_database), folder, dirs_exist_ok=True)
    async with open_store(folder) as store:
        deliveries = DeliveryTable(store.database, store.journal)
        failures: list[tuple[str, BaseException]] = []
        health: dict[str, Any] = {"status_id": "healthy", "workflow_state": "idle"}
        client = AlexOsClient(
            AlexOsSettings(**wanted),
            identity,
            journal=store.journal,
            bus=store.bus,
            blobs=store.blobs,
            snapshots=store.snapshots,
            deliveries=deliveries,
            dialects=DialectTable(store.database),
            health=lambda: health,
            ours=ours,
            on_failure=lambda name, error: failures.append((name, error)),
            pace=pace,
        )
        if start:
            await client.start()
        try:
            yield Linked(client, store, deliveries, identity, health, failures)
        finally:
            await client.stop()
        assert failures == []
