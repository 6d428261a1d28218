"""Messages found by their meaning among all: made in the background, kept, forgotten with their messages, made anew where broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

import numpy as np
import pytest
from sqlalchemy import insert

from chainbot_desktop.chat.recall import meanings as module
from chainbot_desktop.chat.recall.meanings import Meanings
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.meanings import MeaningFile
from chainbot_desktop.store.recall import RecallTable
from chainbot_desktop.store.schema import messages
from tests.helpers.stores import Store, open_store

T = TypeVar("T")


class WordVectors:
    """A direction of its own for each word; a text is the sum of its words. What shares most words is nearest."""

    available = True

    def __init__(self) -> None:
        self.made = 0

    async def on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)

    def vectors(self, texts: Sequence[str]) -> Any:
        self.made += len(texts)
        rows = [sum((_direction(word) for word in text.split()), np.zeros(256, np.float32)) for text in texts]
        return np.stack([row / max(1e-6, float(np.linalg.norm(row))) for row in rows]).astype(np.float32)


def _direction(word: str) -> Any:
    return np.random.default_rng(crc32(word.encode())).normal(size=256).astype(np.float32)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as opened:
        yield opened


async def say(store: Store, texts: Sequence[str], kind: str = "text") -> str:
    made = await ConversationTable(store.database, store.journal).create("Talk", actor="user:test")
    row = {"conversation_id": made.id, "author": "user:test", "kind": kind, "created_at": utc_now()}
    rows = [{**row, "id": new_id(), "text": text} for text in texts]
    await store.database.write(lambda connection: connection.execute(insert(messages), rows) and None)
    return made.id


@asynccontextmanager
async def learning(
    store: Store, folder: Path, vectors: WordVectors, busy: Callable[[], bool] = lambda: False
) -> AsyncIterator[Meanings]:
    failures: list[str] = []
    tasks = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
    meanings = Meanings(MeaningFile(folder / "cache" / "meanings.db"), RecallTable(store.database), vectors, busy)
    tasks.spawn("learn", meanings.run())
    try:
        yield meanings
    finally:
        assert await tasks.cancel_all() == ()
        await meanings.close()
    assert not failures


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def text_of(store: Store, number: int) -> str:
    [found] = await RecallTable(store.database).numbered([number])
    return found.text


CHATTER = [f"word{number} thing{number * 7} item{number * 3}" for number in range(300)]


async def test_the_nearest_are_found_and_what_comes_later_too(store: Store, tmp_path: Path) -> None:
    await say(store, [*CHATTER, "the pump had a worn capacitor"])
    async with learning(store, tmp_path, WordVectors()) as meanings:
        await until(lambda: meanings.count == 301)
        [nearest, *_] = await meanings.nearest("capacitor worn pump", 5)
        assert await text_of(store, nearest) == "the pump had a worn capacitor"
        await say(store, ["a recipe for bread with walnuts"])
        await say(store, ["/recall walnuts bread"], kind="command")
        meanings.look_again()
        await until(lambda: meanings.count == 302)
        found = await meanings.nearest("walnuts bread recipe", 1000)
        assert len(found) == 302
        assert await text_of(store, found[0]) == "a recipe for bread with walnuts"
    assert (tmp_path / "cache" / "meanings.db").stat().st_mode & 0o777 == 0o600


async def test_nothing_is_made_twice_over_a_restart(store: Store, tmp_path: Path) -> None:
    await say(store, CHATTER)
    async with learning(store, tmp_path, WordVectors()) as meanings:
        await until(lambda: meanings.count == 300)
    vectors = WordVectors()
    async with learning(store, tmp_path, vectors) as meanings:
        await until(lambda: meanings.count == 300)
        assert await meanings.nearest(CHATTER[7], 1)
        assert vectors.made == 1, "the question alone"


async def test_what_is_deleted_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    gone = await say(store, ["the secret plan of the pumpkin"])
    await say(store, CHATTER)
    async with learning(store, tmp_path, WordVectors()) as meanings:
        await until(lambda: meanings.count == 301)
        await ConversationTable(store.database, store.journal).delete(gone, actor="user:test")
        meanings.look_again(gone=True)
        await until(lambda: meanings.count == 300)
    file = MeaningFile(tmp_path / "cache" / "meanings.db")
    file.open()
    assert len(file.all()[0]) == 300
    file.close()


async def test_with_many_texts_the_mean_is_taken_of_many(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MEAN_OF", 200)
    await say(store, CHATTER[:50])
    async with learning(store, tmp_path, WordVectors()) as meanings:
        await until(lambda: meanings.count == 50)
        await say(store, CHATTER[50:])
        meanings.look_again()
        await until(lambda: meanings.count == 300 and meanings._mean_of == 200)
        [nearest] = await meanings.nearest(CHATTER[10], 1)
        assert await text_of(store, nearest) == CHATTER[10]


@pytest.mark.parametrize("harm", [b"no database at all " * 1000, b""])
async def test_a_broken_file_is_made_anew(store: Store, tmp_path: Path, harm: bytes) -> None:
    await say(store, CHATTER)
    path = tmp_path / "cache" / "meanings.db"
    path.parent.mkdir()
    path.write_bytes(harm)
    async with learning(store, tmp_path, WordVectors()) as meanings:
        await until(lambda: meanings.count == 300)


async def test_it_waits_while_the_machine_has_better_things_to_do(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.01)
    await say(store, CHATTER)
    asked: list[bool] = []

    def busy() -> bool:
        asked.append(len(asked) < 5)
        return asked[-1]

    vectors = WordVectors()
    async with learning(store, tmp_path, vectors, busy) as meanings:
        await until(lambda: len(asked) == 4)
        assert vectors.made == 0
        await until(lambda: meanings.count == 300)


async def test_without_embeddings_it_ends_at_once(store: Store, tmp_path: Path) -> None:
    vectors = WordVectors()
    vectors.available = False
    meanings = Meanings(MeaningFile(tmp_path / "m.db"), RecallTable(store.database), vectors, lambda: False)
    await meanings.run()
    assert await meanings.nearest("anything", 5) == ()
    assert not (tmp_path / "m.db").exists()
    await meanings.close()
