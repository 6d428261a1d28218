"""The law of undoing: after any posting, branching, editing, clearing, deleting and undoing, each conversation reads what a list would.

The same after a restart, which carries out what was not undone.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from chainbot_desktop.chat.commands import Undoable
from tests.helpers.chats import Chat, open_chat

Step = tuple[str, int, int]
Texts = list[str]


@dataclass
class Undone:
    """What undoing brings back: in front of what was posted since, or the conversation as a whole."""

    undoable: Undoable
    conversation_id: str
    before: Texts
    whole: bool


@dataclass
class Lists:
    shown: dict[str, Texts] = field(default_factory=dict)
    pending: list[Undone] = field(default_factory=list)
    said: int = 0

    def words(self) -> str:
        self.said += 1
        return f"m{self.said}"

    def settle(self, conversation_id: str) -> None:
        """What waits for its undo time there can be undone no more."""
        self.pending = [each for each in self.pending if each.conversation_id != conversation_id]


async def _take(chat: Chat, lists: Lists, step: Step) -> None:
    action, which, where = step
    if action in ("undo", "carry out"):
        if lists.pending:
            await _end(chat, lists, lists.pending[which % len(lists.pending)], undo=action == "undo")
        return
    if action == "begin" or not lists.shown:
        lists.shown[(await chat.service.begin()).id] = []
        return
    chosen = list(lists.shown)[which % len(lists.shown)]
    shown = lists.shown[chosen]
    if action == "post":
        shown.append(lists.words())
        await chat.service.post(chosen, shown[-1])
    elif action in ("branch", "edit") and shown:
        place = where % len(shown)
        message = (await chat.service.before(chosen, None, 1000))[place]
        if action == "branch":
            lists.shown[(await chat.service.branch(chosen, message.id)).id] = shown[: place + 1]
        else:
            words = lists.words()
            posted = await chat.service.edit_and_resend(message.id, words, conversation_id=chosen)
            lists.shown[posted.conversation_id] = [*shown[:place], words]
    elif action == "clear" and shown:
        lists.settle(chosen)
        lists.pending.append(Undone(await chat.service.clear(chosen), chosen, list(shown), whole=False))
        shown.clear()
    elif action == "delete":
        lists.settle(chosen)
        lists.pending.append(Undone(await chat.service.delete(chosen), chosen, list(shown), whole=True))
        del lists.shown[chosen]


async def _end(chat: Chat, lists: Lists, pending: Undone, *, undo: bool) -> None:
    lists.pending.remove(pending)
    if not undo:
        await chat.service._erasures.carry_out(pending.conversation_id)
        return
    await pending.undoable.undo()
    since = [] if pending.whole else lists.shown[pending.conversation_id]
    lists.shown[pending.conversation_id] = [*pending.before, *since]


async def _compare(chat: Chat, lists: Lists) -> None:
    found = {c.id: c for c in await chat.service.conversations()}
    assert set(found) == set(lists.shown)
    for conversation_id, shown in lists.shown.items():
        assert [m.text for m in await chat.service.before(conversation_id, None, 1000)] == shown
        assert [m.text for m in await chat.service.after(conversation_id, 0, 1000)] == shown
        assert await chat.service.count(conversation_id) == len(shown)
        assert found[conversation_id].last_text == (shown[-1] if shown else "")
        assert found[conversation_id].unread == 0


_actions = st.sampled_from(
    [*["post"] * 4, *["branch"] * 4, "edit", *["clear"] * 3, "delete", *["undo"] * 2, "carry out", "begin"]
)
_steps = st.lists(st.tuples(_actions, st.integers(0, 2), st.integers(0, 4)), min_size=12, max_size=24)


@settings(max_examples=30, deadline=None)
@given(_steps)
def test_each_conversation_reads_what_a_list_would(steps: list[Step]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            lists = Lists()
            async with open_chat(Path(folder)) as chat:
                for step in [("begin", 0, 0), *[("post", 0, 0)] * 4, *steps]:
                    await _take(chat, lists, step)
                await _compare(chat, lists)
            async with open_chat(Path(folder)) as chat:
                await _compare(chat, lists)

    asyncio.run(run())
