"""Search over a million messages, and the list of ten thousand conversations.

The control of a search is the bare FTS5 query for the same words and the same limit, on the same file, taken by turns with it: the
numbers of the newest messages that have them. Ours says besides where each is, by whom, when, and shows the words in their place.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import tempfile
import time
from pathlib import Path

from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.journal import match_expression
from tests.bench.measure import Result, middle, percentile
from tests.helpers.stores import Store, open_store

_MESSAGES = int(os.environ.get("CHAT_SEARCH_MESSAGES", "1000000"))
_CONVERSATIONS = 10_000
_QUERIES = 400
_LIMIT = 100
_BARE = "SELECT rowid FROM messages_text WHERE messages_text MATCH ? ORDER BY rowid DESC LIMIT ?"


def run() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="chat-search-") as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> list[Result]:
    chance = random.Random(5)
    words = [_word(chance) for _ in range(30_000)]
    async with open_store(folder) as store:
        await store.database.on_writer(lambda: _fill(folder / "journal.db", words, chance))
        table = ConversationTable(store.database, store.journal)
        return [await _search(store, table, words, chance), await _first_page(table), await _far_page(table)]


async def _search(store: Store, table: ConversationTable, words: list[str], chance: random.Random) -> Result:
    ours: list[float] = []
    bare: list[float] = []
    found = 0
    for query in [_query(words, chance) for _ in range(_QUERIES)]:
        expression = match_expression(query)

        def control(expression: str = expression) -> list[int]:
            return [row[0] for row in _reader(store).execute(_BARE, (expression, _LIMIT))]

        for turn in chance.sample(("ours", "bare"), 2):
            begun = time.perf_counter()
            if turn == "ours":
                numbers = [hit.number for hit in await table.search(query, limit=_LIMIT)]
                ours.append((time.perf_counter() - begun) * 1000)
            else:
                expected = await store.database.read(lambda _: control())
                bare.append((time.perf_counter() - begun) * 1000)
        assert numbers == expected
        found += len(numbers)
    note = (
        f"{_MESSAGES:,} messages, {_QUERIES} searches, {found / _QUERIES:.0f} hits each; "
        f"p50 {middle(ours):.2f} ms against {middle(bare):.2f} ms"
    )
    return Result("chat_search.p95", percentile(ours, 0.95), "ms", percentile(bare, 0.95), "<=2", note)


_readers: dict[int, sqlite3.Connection] = {}


def _reader(store: Store) -> sqlite3.Connection:
    """A plain connection of the reading thread at hand, set up as the store's own."""
    import threading

    key = threading.get_ident()
    if key not in _readers:
        connection = sqlite3.connect(store.database.path, check_same_thread=False)
        connection.execute("PRAGMA cache_size=-8000")
        _readers[key] = connection
    return _readers[key]


async def _first_page(table: ConversationTable) -> Result:
    """The first 100 of 10,000 conversations, and the totals: against the whole list, which the panel would else read."""
    page, whole = [], []
    for _ in range(15):
        begun = time.perf_counter()
        assert len(await table.listed(limit=100)) == 100
        await table.totals()
        page.append((time.perf_counter() - begun) * 1000)
        begun = time.perf_counter()
        assert len(await table.listed(limit=_CONVERSATIONS)) == _CONVERSATIONS
        whole.append((time.perf_counter() - begun) * 1000)
    note = "the first 100 rows and the totals, against all 10,000 rows"
    return Result("chat_search.list", middle(page), "ms", middle(whole), "<=0.25", note)


async def _far_page(table: ConversationTable) -> Result:
    near, far = [], []
    for _ in range(15):
        begun = time.perf_counter()
        await table.listed(limit=100)
        near.append((time.perf_counter() - begun) * 1000)
        begun = time.perf_counter()
        assert len(await table.listed(limit=100, offset=9_900)) == 100
        far.append((time.perf_counter() - begun) * 1000)
    return Result("chat_search.far_page", middle(far), "ms", middle(near), "<=2", "the last 100 rows against the first 100")


def _word(chance: random.Random) -> str:
    return "".join(chance.choice("bcdfghklmnprstvw") + chance.choice("aeiou") for _ in range(chance.randint(2, 5)))


def _text(words: list[str], chance: random.Random) -> str:
    # Common words are common: the rank falls off as it does in a language.
    return " ".join(words[min(int(chance.paretovariate(0.6)) - 1, len(words) - 1)] for _ in range(chance.randint(4, 60)))


def _query(words: list[str], chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.3:
        return words[chance.randrange(30)]
    if kind < 0.6:
        return words[chance.randrange(len(words))]
    if kind < 0.9:
        return f"{words[chance.randrange(200)]} {words[chance.randrange(2000)]}"
    return words[chance.randrange(2000)][:3]


def _fill(path: Path, words: list[str], chance: random.Random) -> None:
    now = utc_now()
    texts = [_text(words, chance) for _ in range(50_000)]
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    keys = [new_id() for _ in range(_CONVERSATIONS)]
    connection.executemany(
        "INSERT INTO conversations (id, title, created_at, updated_at, pinned, archived, draft, read_through)"
        " VALUES (?, ?, ?, ?, ?, 0, '', ?)",
        ((key, f"Conversation {n}", now, f"{n:027d}", n % 997 == 0, _MESSAGES) for n, key in enumerate(keys)),
    )
    rows = (
        (n, new_id(), chance.choice(keys), "user:test" if n % 2 else "agent:a", f"{chance.choice(texts)} {n}", now)
        for n in range(1, _MESSAGES + 1)
    )
    connection.executemany(
        "INSERT INTO messages (number, id, conversation_id, author, kind, text, created_at) VALUES (?, ?, ?, ?, 'text', ?, ?)",
        rows,
    )
    connection.commit()
    connection.close()
