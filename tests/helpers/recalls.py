"""Recall over a real chat service and store, with a model for summaries that a test plays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chainbot_desktop.chat.commands import OpenWindow
from chainbot_desktop.chat.recall.candidates import Gatherer
from chainbot_desktop.chat.recall.commands import RecallCommands
from chainbot_desktop.chat.recall.embeddings import Similarity
from chainbot_desktop.chat.recall.notes import NotesService
from chainbot_desktop.chat.recall.service import RecallLimits, RecallPorts, RecallService
from chainbot_desktop.chat.recall.summarising import Summarising
from chainbot_desktop.chat.recall.workspace_index import WorkspaceIndex
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.chat.summaries import Summaries, SummaryLimits, SummaryPorts
from chainbot_desktop.core.events.envelope import SYSTEM
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.memories import MemoryTable
from chainbot_desktop.store.recall import RecallTable
from chainbot_desktop.watch.redaction import Redactor
from tests.helpers.chats import Chat, open_chat


class WordsAlone:
    """As without the optional extra."""

    available = False

    async def to(self, question: str, texts: Sequence[str]) -> Sequence[float] | None:
        return None


@dataclass
class PlayedModel:
    """Implements `core.ports.Wording`: `answers` are given by turns; an exception among them is raised. `held` waits until it is set."""

    answers: list[str | Exception] = field(default_factory=lambda: ["What was said before."])
    asked: list[tuple[str, int]] = field(default_factory=list)
    held: asyncio.Event | None = None

    async def title(self, first_exchange: str) -> str | None:
        return None

    async def summarise(self, text: str, most_tokens: int) -> str:
        self.asked.append((text, most_tokens))
        answer = self.answers[(len(self.asked) - 1) % len(self.answers)]
        if self.held is not None:
            await self.held.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Recalling:
    chat: Chat
    recall: RecallService
    notes: NotesService
    summaries: Summaries
    commands: RecallCommands
    model: PlayedModel
    redactor: Redactor
    tasks: Tasks
    contexts: dict[str, int]
    """What the model of an agent takes in, by its id; empty where nobody knows."""

    @property
    def service(self) -> ChatService:
        return self.chat.service

    async def conversation(self, *texts: str) -> str:
        """A conversation in which these were said, by a person."""
        begun = await self.service.begin()
        for text in texts:
            await self.service.post(begun.id, text)
        return begun.id

    async def recalled(self, conversation_id: str, task: str, agent_id: str = "agent") -> list[str]:
        conversation = await self.service.conversation(conversation_id)
        return [each.text for each in (await self.recall.recall(conversation, task, agent_id)).recalled]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.002)


@asynccontextmanager
async def open_recalling(
    folder: Path,
    *,
    limits: RecallLimits | None = None,
    summary_limits: SummaryLimits | None = None,
    similarity: Similarity | None = None,
    index: WorkspaceIndex | None = None,
) -> AsyncIterator[Recalling]:
    async with open_chat(folder) as chat:
        failures: list[str] = []
        tasks = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
        table = RecallTable(chat.store.database)
        conversations = ConversationTable(chat.store.database, chat.store.journal)
        model, redactor, contexts = PlayedModel(), Redactor(), {}  # type: ignore[var-annotated]

        async def context_tokens(agent_id: str) -> int | None:
            return contexts.get(agent_id)

        async def of_lead(_conversation_id: str) -> int | None:
            return contexts.get("agent")

        summaries = Summaries(
            table,
            chat.service,
            model,
            SummaryPorts(
                post=lambda conversation_id, text, author, kind, detail: conversations.post(
                    conversation_id, text, author=author, kind=kind, detail=detail
                ),
                set_detail=table.set_detail,
                name_of=lambda author: author.partition(":")[2],
                redact=redactor.redact,
                context_tokens=context_tokens,
            ),
            tasks,
            summary_limits or SummaryLimits(),
        )
        recall = RecallService(
            table,
            Gatherer(table, index, lambda author: author.partition(":")[2]),
            similarity or WordsAlone(),
            summaries,
            RecallPorts(
                chat.service.message,
                redactor.redact,
                context_tokens,
                lambda path, line: OpenWindow("code-agent", {"path": path, "line": line}),
            ),
            limits or RecallLimits(),
        )
        notes = NotesService(MemoryTable(chat.store.database, chat.store.journal))
        summarising = Summarising(
            summaries,
            tasks,
            lambda conversation_id, text: conversations.post(conversation_id, text, author=SYSTEM, kind="system"),
            of_lead,
        )
        commands = RecallCommands(recall, notes, summarising)
        commands.register_in(chat.service.commands)
        try:
            yield Recalling(chat, recall, notes, summaries, commands, model, redactor, tasks, contexts)
        finally:
            await tasks.cancel_all()
    assert not failures
