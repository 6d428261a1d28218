"""The law of branches: whatever is posted, branched, cleared and deleted, every conversation reads what a list of its own would.

And nothing else is kept: a message that no conversation shows is not in the database.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.schema import messages
from tests.helpers.stores import Store, open_store

ME = "user:test"
Step = tuple[str, int, int]


@dataclass
class Lists:
    """The same steps on plain lists of messages, one for each conversation: a branch is a copy."""

    shown: dict[str, list[Message]] = field(default_factory=dict)
    threads: dict[str, list[Message]] = field(default_factory=dict)

    def branch(self, source: str, made: str, at: Message | None) -> None:
        number = at.number if at is not None else 0
        self.shown[made] = [m for m in self.shown[source] if m.number <= number]
        self.threads[made] = [m for m in self.threads[source] if m.number <= number]

    def clear(self, conversation_id: str, through: int) -> None:
        self.shown[conversation_id] = [m for m in self.shown[conversation_id] if m.number > through]
        self.threads[conversation_id] = [m for m in self.threads[conversation_id] if m.number > through]


async def _take(table: ConversationTable, lists: Lists, step: Step) -> None:
    action, which, where = step
    ids = list(lists.shown)
    if action == "begin" or not ids:
        made = await table.create(actor=ME)
        lists.shown[made.id], lists.threads[made.id] = [], []
        return
    chosen = ids[which % len(ids)]
    shown = lists.shown[chosen]
    at = shown[where % len(shown)] if shown else None
    if action == "post":
        lists.shown[chosen].append(await table.post(chosen, "said", author=ME))
    elif action == "thread":
        lists.threads[chosen].append(await table.post(chosen, "in a thread", author="agent:a", thread="run"))
    elif action in ("branch", "branch at nothing"):
        # Where a message lies may have changed: it was given to a branch.
        at = await table.message(at.id) if action == "branch" and at is not None else None
        made = await table.branch(await table.get(chosen), at, title="", floor=0, actor=ME)
        lists.branch(chosen, made.id, at)
    elif action == "clear" and at is not None:
        await table.clear(chosen, at.number, actor=ME)
        lists.clear(chosen, at.number)
    elif action == "clear all" and shown:
        await table.clear(chosen, shown[-1].number, actor=ME)
        lists.clear(chosen, shown[-1].number)
    elif action == "delete":
        await table.delete(chosen, actor=ME)
        del lists.shown[chosen], lists.threads[chosen]


def _texts(found: list[Message]) -> list[tuple[int, str, str]]:
    return [(m.number, m.id, m.text) for m in found]


async def _read(table: ConversationTable, conversation_id: str, thread: str) -> list[Message]:
    """All, in pages of two."""
    found: list[Message] = []
    while page := await table.thread(conversation_id, thread, after=found[-1].number if found else 0, limit=2):
        found += page
    return found


async def _compare(store: Store, table: ConversationTable, lists: Lists) -> None:
    for conversation_id, shown in lists.shown.items():
        assert _texts(await table.before(conversation_id, None, 1000)) == _texts(shown)
        assert _texts(await _read(table, conversation_id, "")) == _texts(shown)
        threads = lists.threads[conversation_id]
        assert _texts(await _read(table, conversation_id, "run")) == _texts(threads)
        assert await table.thread_counts(conversation_id, ["run", "other"]) == ({"run": len(threads)} if threads else {})
        summary = await table.get(conversation_id)
        assert (summary.last_number, summary.last_text) == ((shown[-1].number, shown[-1].text) if shown else (0, ""))
        if shown:
            middle = shown[len(shown) // 2].number
            assert _texts(await table.before(conversation_id, middle, 3)) == _texts(
                [m for m in shown if m.number < middle][-3:]
            )
    kept = await store.database.read(lambda c: {row[0] for row in c.execute(select(messages.c.number))})
    needed = {m.number for each in (*lists.shown.values(), *lists.threads.values()) for m in each}
    assert kept == needed


_actions = st.sampled_from(
    [*["post"] * 2, "thread", *["branch"] * 4, "branch at nothing", *["clear"] * 3, "clear all", *["delete"] * 2]
)
_steps = st.lists(st.tuples(_actions, st.integers(0, 9), st.integers(0, 9)), min_size=8, max_size=24)
_BEGINNING: list[Step] = [("begin", 0, 0), *[("post", 0, 0)] * 4, ("thread", 0, 0), *[("post", 0, 0)] * 3]


@settings(max_examples=30, deadline=None)
@given(_steps)
def test_every_conversation_reads_what_a_list_of_its_own_would(steps: list[Step]) -> None:
    async def run() -> None:
        # Bits so small that giving away and erasing take many.
        with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as folder:
            patched.setattr("chainbot_desktop.store.conversation_erasure._SLICE", 2)
            async with open_store(Path(folder)) as store:
                table, lists = ConversationTable(store.database, store.journal), Lists()
                for step in [*_BEGINNING, *steps]:
                    await _take(table, lists, step)
                await _compare(store, table, lists)
                while lists.shown:
                    await _take(table, lists, ("delete", len(steps), 0))
                    await _compare(store, table, lists)

    asyncio.run(run())
