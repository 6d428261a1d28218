"""An importer on a real store, and what it made of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.chat.chatgpt.progress import ImportProgress
from chainbot_desktop.chat.chatgpt.service import ChatGptImport
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversation_rows import Conversation, Message
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.imported_conversations import ImportTable
from tests.helpers.stores import Store, open_store


@dataclass
class Importing:
    service: ChatGptImport
    store: Store
    table: ConversationTable

    async def run(self, path: Path) -> ImportProgress:
        await self.service.start(path)
        return await self.service.wait()

    async def conversations(self) -> list[Conversation]:
        return [*await self.table.listed(), *await self.table.listed(archived=True)]

    async def own_messages(self, conversation: Conversation) -> list[Message]:
        return [m for m in await self.table.before(conversation.id, None, 100_000) if m.conversation_id == conversation.id]

    async def texts(self, conversation: Conversation) -> list[str]:
        return [message.text for message in await self.own_messages(conversation)]


@asynccontextmanager
async def open_importing(folder: Path) -> AsyncIterator[Importing]:
    async with open_store(folder) as store:
        failures: list[str] = []
        tasks = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
        service = ChatGptImport(ImportTable(store.database), store.journal, store.preferences, tasks, me="user:test")
        await service.open()
        try:
            yield Importing(service, store, ConversationTable(store.database, store.journal))
        finally:
            await service.close()
            await tasks.cancel_all()
        assert not failures
