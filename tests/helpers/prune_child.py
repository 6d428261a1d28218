"""Fills a journal and prunes it in a process of its own, saying how far it is, so that a test can kill it in the middle."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from chainbot_desktop.core.events import UnknownEvent
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.security.secret_store import SecretStore
from chainbot_desktop.security.signing import read_or_make_signer
from chainbot_desktop.store.retention import Wish
from tests.helpers.stores import open_store

EVENTS = 20_000
KEPT = 200


async def _work(folder: Path) -> None:
    async with open_store(folder) as store:
        secrets = SecretStore(folder, "file", None)
        trail = AuditTrail(store.database, store.journal, store.preferences, folder, lambda: read_or_make_signer(secrets))
        await trail.open()
        for start in range(0, EVENTS, 5_000):
            await asyncio.gather(
                *(store.journal.append(UnknownEvent(type="note", data=number)) for number in range(start, start + 5_000))
            )
        await trail.prune(Wish(keep=KEPT), lambda done, total: print(done, total, flush=True))
        await trail.close()


if __name__ == "__main__":
    asyncio.run(_work(Path(sys.argv[1])))
