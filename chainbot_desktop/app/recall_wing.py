"""The rooms of recall, made once and handed to each other: notes, summaries, the index of the workspace, and what a turn brings."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.models.service import ModelService
from chainbot_desktop.agents.tools.private_places import private_places
from chainbot_desktop.agents.tools.secret_files import belongs_to_git, holds_secrets
from chainbot_desktop.app.opened_store import OpenedStore
from chainbot_desktop.chat.commands import OpenWindow
from chainbot_desktop.chat.recall.candidates import Gatherer
from chainbot_desktop.chat.recall.commands import RecallCommands
from chainbot_desktop.chat.recall.embeddings import StaticEmbeddings
from chainbot_desktop.chat.recall.meanings import Meanings
from chainbot_desktop.chat.recall.notes import NotesService
from chainbot_desktop.chat.recall.service import RecallLimits, RecallPorts, RecallService
from chainbot_desktop.chat.recall.summarising import Summarising
from chainbot_desktop.chat.recall.workspace_index import IndexPlaces, WorkspaceIndex
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.chat.summaries import Summaries, SummaryLimits, SummaryPorts
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import ConversationCleared, ConversationDeleted, FileSaved
from chainbot_desktop.core.events.envelope import SYSTEM
from chainbot_desktop.core.ports import Wording
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.meanings import MeaningFile
from chainbot_desktop.store.memories import MemoryTable
from chainbot_desktop.store.recall import RecallTable

_LEARN_AFTER = 20.0
"""Seconds from the start on."""
_BUSY_LAG = 0.033
"""Seconds by which the loop may be late before the index of the workspace waits: two frames."""


@dataclass(frozen=True, slots=True)
class RecallWing:
    """`open` and `close` on the loop's thread. `recall` is what a turn asks."""

    recall: RecallService
    notes: NotesService
    summaries: Summaries
    index: WorkspaceIndex | None
    meanings: Meanings
    commands: RecallCommands
    _embeddings: StaticEmbeddings
    _tasks: Tasks
    _store: OpenedStore
    _running: list[asyncio.Task[None]] = field(default_factory=list)
    _ends: list[Callable[[], None]] = field(default_factory=list)

    def files(self) -> str:
        """What a person is told of the files of the workspace."""
        return (
            self.index.state.sentence if self.index is not None else "Files are not searched: chat.recall_workspace is false."
        )

    async def open(self) -> None:
        """The workspace is indexed and the meaning of messages learnt in the background."""
        await self.commands.refresh()
        self._ends.append(self.notes.changed.add(self._on_notes_changed))
        if self.index is not None:
            index = self.index
            self._running.append(self._tasks.spawn("index the workspace", index.run()))
            self._ends.append(self._store.bus.subscribe(lambda _: index.look_again(), FileSaved).cancel)
        self._running.append(self._tasks.spawn("learn what messages mean", self.meanings.run(begin_after=_LEARN_AFTER)))
        gone = self._store.bus.subscribe(
            lambda _: self.meanings.look_again(gone=True), ConversationCleared, ConversationDeleted
        )
        self._ends.append(gone.cancel)

    def _on_notes_changed(self) -> None:
        self._tasks.spawn("notes for completion", self.commands.refresh())

    async def close(self) -> None:
        for end in self._ends:
            end()
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        if self.index is not None:
            await self.index.close()
        await self.meanings.close()
        await self._embeddings.close()


@dataclass(frozen=True, slots=True)
class Around:
    """What recall needs of the rest of the house."""

    workspace: Callable[[], Path]
    loop_lag: Callable[[], float | None]
    redact: Callable[[str], str]
    wording: Wording | None


class _Chat:
    """The conversations, which are made after recall: they ask it at every turn."""

    def __init__(self, chat: Callable[[], ChatService]) -> None:
        self._chat = chat

    async def after(self, conversation_id: str, number: int, limit: int) -> list[Message]:
        return await self._chat().after(conversation_id, number, limit)

    async def before(self, conversation_id: str, number: int | None, limit: int) -> list[Message]:
        return await self._chat().before(conversation_id, number, limit)

    async def message(self, message_id: str) -> Message | None:
        return await self._chat().message(message_id)

    async def lead(self, conversation_id: str) -> str:
        """The agent that is meant where a message names none; "" is nobody."""
        answers = self._chat().answers
        return answers.lead(await self._chat().conversation(conversation_id)) if answers is not None else ""


def make_recall(
    settings: Settings,
    data_dir: Path,
    store: OpenedStore,
    chat: Callable[[], ChatService],
    agents: AgentDirectory,
    models: ModelService,
    tasks: Tasks,
    around: Around,
) -> RecallWing:
    """`chat` is asked for when the first question comes, and not before."""
    table = RecallTable(store.database)
    talks = _Chat(chat)
    chosen = settings.chat
    embeddings = StaticEmbeddings()

    def busy() -> bool:
        return (around.loop_lag() or 0.0) > _BUSY_LAG

    # Beside the database, and not in it: they may be thrown away at any time.
    cache = data_dir / "cache"
    meanings = Meanings(MeaningFile(cache / "meanings.db"), table, embeddings, busy)
    index = (
        WorkspaceIndex(_places(data_dir, cache / "workspace-text.db", around.workspace, busy))
        if chosen.recall_workspace
        else None
    )

    def name_of(author: str) -> str:
        kind, _, name = author.partition(":")
        agent = agents.get(name) if kind == "agent" else None
        return agent.name if agent is not None else "The user" if kind == "user" else name or author

    async def context_tokens(agent_id: str) -> int | None:
        agent = agents.get(agent_id)
        if agent is None or not agent.model_backed:
            return None
        model = agent.metadata.get("model", "")
        try:
            return (await models.choose("" if model == "automatic" else str(model)))[0].context_tokens
        except ChainBotError:
            return None  # no model can be asked now: the turn itself will say so

    async def of_lead(conversation_id: str) -> int | None:
        return await context_tokens(await talks.lead(conversation_id))

    conversations = ConversationTable(store.database, store.journal)
    summaries = Summaries(
        table,
        talks,
        around.wording,
        SummaryPorts(
            post=lambda conversation_id, text, author, kind, detail: conversations.post(
                conversation_id, text, author=author, kind=kind, detail=detail
            ),
            set_detail=lambda message_id, detail: chat().set_detail(message_id, detail),
            name_of=name_of,
            redact=around.redact,
            context_tokens=context_tokens,
        ),
        tasks,
        SummaryLimits(chosen.summarise_above, chosen.assumed_context),
    )
    recall = RecallService(
        table,
        Gatherer(table, index, name_of, meanings if embeddings.available else None),
        embeddings,
        summaries,
        RecallPorts(talks.message, around.redact, context_tokens, _open_file),
        RecallLimits(chosen.recall_share, chosen.recall_tokens, chosen.recall),
    )
    notes = NotesService(MemoryTable(store.database, store.journal))
    summarising = Summarising(
        summaries,
        tasks,
        lambda conversation_id, text: conversations.post(conversation_id, text, author=SYSTEM, kind="system"),
        of_lead,
    )
    commands = RecallCommands(recall, notes, summarising if around.wording is not None else None)
    return RecallWing(recall, notes, summaries, index, meanings, commands, embeddings, tasks, store)


def _open_file(path: str, line: int) -> OpenWindow:
    return OpenWindow("code-agent", {"path": path, "line": line})


def _places(data_dir: Path, database: Path, workspace: Callable[[], Path], busy: Callable[[], bool]) -> IndexPlaces:
    folders, files = private_places(Path.home(), (data_dir,), os.environ)
    hidden = (*folders, *files)

    def may_read(relative: str, path: Path) -> bool:
        name = PurePath(relative)
        if holds_secrets(name) or belongs_to_git(name):
            return False
        real = Path(os.path.realpath(path))
        return not any(real.is_relative_to(place) for place in hidden)

    return IndexPlaces(database, workspace, may_read, busy)
