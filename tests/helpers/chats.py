"""A chat service on a real store, with the probes of a panel that is well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.chat.attachments import AttachmentService
from chainbot_desktop.chat.builtin_commands import StatusProbes
from chainbot_desktop.chat.service import ChatService, Surroundings
from chainbot_desktop.chat.turns import TurnSource
from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.core.ports import AgentTalk, Wording
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.attachments import AttachmentTable
from chainbot_desktop.store.conversations import ConversationTable
from tests.helpers.stores import Store, open_store


@dataclass
class Chat:
    service: ChatService
    store: Store
    folder: Path
    blockers: list[str]
    link: LinkStatus


@asynccontextmanager
async def open_chat(
    folder: Path,
    undo_seconds: float = 60.0,
    talk: AgentTalk | None = None,
    turns: TurnSource | None = None,
    wording: Wording | None = None,
) -> AsyncIterator[Chat]:
    async with open_store(folder) as store:
        failures: list[str] = []
        tasks = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
        opened: list[Chat] = []
        probes = StatusProbes(lambda: opened[0].blockers, lambda: opened[0].link, lambda: 3)
        attachments = AttachmentService(store.blobs, AttachmentTable(store.database), store.journal, store.preferences)
        service = ChatService(
            ConversationTable(store.database, store.journal),
            store.journal,
            store.bus,
            tasks,
            store.preferences,
            Surroundings(
                probes,
                folder / "exports",
                lambda: folder / "work",
                talk,
                attachments=attachments,
                turns=turns,
                wording=wording,
            ),
            me="user:test",
            undo_seconds=undo_seconds,
        )
        opened.append(Chat(service, store, folder, [], LinkStatus(state=LinkState.REGISTERED, registry_url="http://a:8000")))
        await service.open()
        try:
            yield opened[0]
        finally:
            await service.close()
            await tasks.cancel_all()
    assert not failures
