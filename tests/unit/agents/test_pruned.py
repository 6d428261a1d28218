"""After old events were let go: the agents are still known, and the past begins where the journal does."""

from __future__ import annotations

import asyncio
from pathlib import Path

from chainbot_desktop.agents.directory import SNAPSHOT, AgentDirectory
from chainbot_desktop.agents.fold import FOLDED_TYPES
from chainbot_desktop.agents.replay import MapHistory
from chainbot_desktop.core.events import UnknownEvent
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.security.secret_store import SecretStore
from chainbot_desktop.security.signing import read_or_make_signer
from chainbot_desktop.store.retention import Wish
from tests.helpers.agent_events import spawned
from tests.helpers.stores import open_store


async def test_agents_outlive_the_events_that_made_them(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        directory = AgentDirectory(store.journal, store.bus, store.snapshots)
        await directory.open()
        secrets = SecretStore(tmp_path, "file", None)
        trail = AuditTrail(store.database, store.journal, store.preferences, tmp_path, lambda: read_or_make_signer(secrets))
        trail.projections = {SNAPSHOT: FOLDED_TYPES}
        await trail.open()
        for name in ("a-1", "a-2"):
            await store.journal.append(spawned(name))
        await asyncio.gather(*(store.journal.append(UnknownEvent(type="note", data=n)) for n in range(300)))
        # No snapshot has them yet: nothing goes.
        assert (await trail.preview(Wish(keep=100))).count == 0
        trail.keep_snapshots = directory.keep
        recorded = await trail.prune(Wish(keep=100))
        assert recorded is not None
        assert recorded.event.data.last_seq > 2
        await store.journal.append(spawned("a-3"))
        history = MapHistory(store.journal)
        span = await history.span()
        assert (span.first_seq, span.pruned) == (recorded.event.data.last_seq + 1, True)
        assert (await history.at(span.last_seq)).seq == span.last_seq
        await trail.close()
        # Not closed: as after a crash.
    async with open_store(tmp_path) as store:
        directory = AgentDirectory(store.journal, store.bus, store.snapshots)
        await directory.open()
        assert [agent.id for agent in directory.agents] == ["a-1", "a-2", "a-3"]
        await directory.close()
