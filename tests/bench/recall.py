"""Recall in a store of 100,000 messages: its latency beside a bare FTS5 query, and how often it finds the one text that answers.

The control asks for what a program would ask that knows nothing better: the words of the question that are no stop words, any of
them, the best five by rank. Both run on the same store, by turns.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from sqlalchemy import insert

from chainbot_desktop.chat.commands import OpenWindow
from chainbot_desktop.chat.recall.candidates import Gatherer
from chainbot_desktop.chat.recall.embeddings import StaticEmbeddings
from chainbot_desktop.chat.recall.meanings import Meanings
from chainbot_desktop.chat.recall.question import terms_of
from chainbot_desktop.chat.recall.service import RecallLimits, RecallPorts, RecallService
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.meanings import MeaningFile
from chainbot_desktop.store.recall import RecallTable
from chainbot_desktop.store.schema import messages
from tests.bench.measure import Result, middle, percentile
from tests.bench.recall_questions import ANSWERED, UNANSWERED, chatter
from tests.helpers.stores import Store, open_store

MESSAGES = 100_000
ROUNDS = 5
"""Each question is asked so often; its time is the middle one, whatever else the machine does meanwhile."""
_BARE = (
    "SELECT m.id FROM messages_text JOIN messages m ON m.number = messages_text.rowid"
    " WHERE messages_text MATCH ? ORDER BY rank LIMIT 5"
)


class NoEmbeddings:
    """As without the optional extra."""

    available = False

    async def to(self, question: str, texts: Sequence[str]) -> Sequence[float] | None:
        return None


class NoSummaries:
    async def standing(self, conversation_id: str) -> Message | None:
        return None

    def look_later(self, conversation_id: str, agent_id: str) -> None:
        return


def run() -> list[Result]:
    folder = Path(tempfile.mkdtemp(prefix="recall-"))
    try:
        return asyncio.run(_measure(folder))
    finally:
        shutil.rmtree(folder)


async def _measure(folder: Path) -> list[Result]:
    async with open_store(folder) as store:
        answers = await fill(store, MESSAGES)
        embeddings = StaticEmbeddings()
        meanings = Meanings(MeaningFile(folder / "meanings.db"), RecallTable(store.database), embeddings, lambda: False)
        by_words, fused = service(store, NoEmbeddings()), service(store, embeddings, meanings)
        learning = asyncio.create_task(meanings.run())
        while meanings.count < MESSAGES:
            await asyncio.sleep(0.05)
        bare = sqlite3.connect(store.database.path)
        bare_times: list[float] = []
        word_times: list[float] = []
        fused_times: list[float] = []
        hits = {"bare": 0, "words": 0, "fused": 0}
        await fused.find("load the table")
        for question, _ in ANSWERED * ROUNDS:
            began = perf_counter()
            refs = [f"message:{row[0]}" for row in bare.execute(_BARE, (bare_expression(question),))]
            bare_times.append(perf_counter() - began)
            hits["bare"] += answers[question] in refs
            for name, recall, times in (("words", by_words, word_times), ("fused", fused, fused_times)):
                began = perf_counter()
                found = await recall.find(question, limit=5)
                times.append(perf_counter() - began)
                hits[name] += answers[question] in [each.ref for each in found]
        noise = {"bare": 0, "words": 0, "fused": 0}
        for question in UNANSWERED:
            noise["bare"] += bool(bare.execute(_BARE, (bare_expression(question),)).fetchall())
            noise["words"] += bool(await by_words.find(question))
            noise["fused"] += bool(await fused.find(question))
        bare.close()
        learning.cancel()
        await asyncio.wait([learning])
        await meanings.close()
        await embeddings.close()
    if not embeddings.available:
        raise RuntimeError("the optional extra `recall` is not installed: nothing to measure")
    return _results(bare_times, word_times, fused_times, hits, noise)


def _results(
    bare: Sequence[float], words: Sequence[float], fused: Sequence[float], hits: dict[str, int], noise: dict[str, int]
) -> list[Result]:
    control, by_words, by_both = (_slowest(times) for times in (bare, words, fused))
    asked, unasked = ROUNDS * len(ANSWERED), len(UNANSWERED)
    wrongly = "questions that nothing answers, and yet something is recalled"
    return [
        Result("recall by words, p95", by_words, "ms", control, "<=2"),
        Result("recall with embeddings, p95", by_both, "ms", control, "<=3"),
        # What does not fit is not recalled, and that costs an answer now and then: see the last two.
        Result("recall by words, hit@5", hits["words"] / asked, "", hits["bare"] / asked, ">=0.85"),
        Result("recall with embeddings, hit@5", hits["fused"] / asked, "", hits["bare"] / asked, ">=1.3"),
        Result("recall by words, wrongly", noise["words"] / unasked, "", noise["bare"] / unasked, "<=0.35", wrongly),
        Result("recall with embeddings, wrongly", noise["fused"] / unasked, "", noise["bare"] / unasked, "<=0.35", wrongly),
    ]


def _slowest(times: Sequence[float]) -> float:
    """In milliseconds, the time within which 95 of 100 questions are answered."""
    questions = len(ANSWERED)
    return percentile((middle(times[place::questions]) for place in range(questions)), 0.95) * 1000


def bare_expression(question: str) -> str:
    words = [term[0] for term in terms_of(question)] or ["nothing"]
    return " OR ".join(f'"{word}"' for word in words)


async def fill(store: Store, count: int) -> dict[str, str]:
    """`count` messages in a hundred conversations, the answers among them; the refs of the answers by their questions."""
    table = ConversationTable(store.database, store.journal)
    conversations = [(await table.create(f"Talk {number}", actor="user:test")).id for number in range(100)]
    texts = list(chatter(count - len(ANSWERED)))
    step = len(texts) // len(ANSWERED)
    answers: dict[str, str] = {}
    rows = []
    for number, text in enumerate(texts):
        rows.append(_row(text, conversations[number % 100]))
        if number % step == step // 2 and number // step < len(ANSWERED):
            question, answer = ANSWERED[number // step]
            rows.append(_row(answer, conversations[number % 100]))
            answers[question] = f"message:{rows[-1]['id']}"
    for start in range(0, len(rows), 5000):
        part = rows[start : start + 5000]
        await store.database.write(lambda connection, part=part: connection.execute(insert(messages), part) and None)  # type: ignore[misc]
    return answers


def _row(text: str, conversation_id: str) -> dict[str, object]:
    return {
        "id": new_id(), "conversation_id": conversation_id, "author": "user:test", "kind": "text", "text": text,
        "created_at": utc_now(), "detail": {}, "thread": "",
    }  # fmt: skip


def service(store: Store, similarity: StaticEmbeddings | NoEmbeddings, meanings: Meanings | None = None) -> RecallService:
    table = RecallTable(store.database)
    conversations = ConversationTable(store.database, store.journal)

    async def unknown(_agent_id: str) -> int | None:
        return None

    ports = RecallPorts(conversations.message, lambda text: text, unknown, lambda path, line: OpenWindow("code-agent"))
    return RecallService(
        table, Gatherer(table, None, lambda author: author, meanings), similarity, NoSummaries(), ports, RecallLimits()
    )
