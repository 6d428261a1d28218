"""The rooms of the chat, made once and handed to each other: conversations, what they carry, and what they recall."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.app.agent_wing import AgentWing
from chainbot_desktop.app.chat_commands import add_commands
from chainbot_desktop.app.code_changes import make_file_set
from chainbot_desktop.app.opened_store import OpenedStore
from chainbot_desktop.app.recall_wing import Around, RecallWing, make_recall
from chainbot_desktop.app.stopping import closed_within
from chainbot_desktop.app.talk_with_code import TalkWithCode
from chainbot_desktop.app.wording import ModelWording
from chainbot_desktop.chat.attachments import AttachmentService
from chainbot_desktop.chat.builtin_commands import StatusProbes
from chainbot_desktop.chat.chatgpt.service import ChatGptImport
from chainbot_desktop.chat.code_actions import CodeActions
from chainbot_desktop.chat.service import ChatService, Surroundings
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.attachments import AttachmentTable
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.imported_conversations import ImportTable
from chainbot_desktop.workspace.changes import FileSet
from chainbot_desktop.workspace.paths import readable
from chainbot_desktop.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ChatWing:
    """`open` and `close` on the loop's thread, while the agents are open."""

    chat: ChatService
    attachments: AttachmentService
    recall: RecallWing
    code: CodeActions
    files: FileSet
    chat_import: ChatGptImport
    _add_commands: Callable[[], Awaitable[None]]

    async def open(self) -> None:
        await self.chat.open()
        await self.recall.open()
        await self._add_commands()
        await self.chat_import.open()

    async def close(self) -> None:
        await closed_within(0.5, "the import", self.chat_import.close)
        await closed_within(0.5, "the chat", self.chat.close)
        await closed_within(0.5, "recall", self.recall.close)


@dataclass(frozen=True, slots=True)
class ChatAround:
    """What the chat needs of the rest of the house. `loop_lag` in seconds, `redact` takes secrets out of a text."""

    workspace: Workspace
    status: StatusProbes
    loop_lag: Callable[[], float | None]
    redact: Callable[[str], str]


def make_chat_wing(
    settings: Settings,
    data_dir: Path,
    store: OpenedStore,
    tasks: Tasks,
    agents: AgentDirectory,
    wing: AgentWing,
    around: ChatAround,
) -> ChatWing:
    workspace = around.workspace
    wording = ModelWording(wing.completions)
    made: list[ChatService] = []
    recall = make_recall(
        settings,
        data_dir,
        store,
        lambda: made[0],
        agents,
        wing.models,
        tasks,
        Around(lambda: workspace.root, around.loop_lag, around.redact, wording),
    )
    attachments = AttachmentService(
        store.blobs, AttachmentTable(store.database), store.journal, store.preferences, settings.chat
    )
    surroundings = Surroundings(
        around.status,
        Path(platformdirs.user_downloads_dir()),
        lambda: workspace.root,
        TalkWithCode(wing.runtime, wing.desk, wing.entanglements.guests, wing.code),
        attachments=attachments,
        turns=recall.recall,
        max_depth=settings.agents.max_depth,
        wording=wording,
    )
    table = ConversationTable(store.database, store.journal)
    chat = ChatService(table, store.journal, store.bus, tasks, store.preferences, surroundings)
    made.append(chat)
    recall.commands.register_in(chat.commands)
    chat_import = ChatGptImport(ImportTable(store.database), store.journal, store.preferences, tasks, me=chat.me)
    files = make_file_set(workspace, store, tasks, data_dir)
    code = CodeActions(files, wing.code, lambda: readable(workspace.root))
    return ChatWing(
        chat, attachments, recall, code, files, chat_import, lambda: add_commands(chat, wing, agents, workspace, tasks)
    )
