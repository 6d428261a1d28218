"""Whatever tree an export has, and in however many exports it grew: each message is kept once, after what it followed there."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chainbot_desktop.chat.chatgpt.tree import MAX_TEXT, _pieces
from chainbot_desktop.store.message_search import reaches_of
from tests.helpers.chatgpt_exports import conversation, message, node, write_json
from tests.helpers.imports import Importing, open_importing

Tree = list[int]
"""For each node the one that it follows; -1 for a first one."""


def _trees() -> st.SearchStrategy[Tree]:
    return st.lists(st.integers(0, 10_000), min_size=1, max_size=14).map(
        lambda numbers: [number % (place + 1) - 1 for place, number in enumerate(numbers)]
    )


def _path(tree: Tree, place: int) -> list[str]:
    found: list[str] = []
    while place >= 0:
        found.append(f"text {place}")
        place = tree[place]
    return found[::-1]


def _export(tree: Tree, current: int) -> dict[str, Any]:
    nodes = [
        node(f"n{place}", f"n{parent}" if parent >= 0 else "client-created-root", message("user", f"text {place}"))
        for place, parent in enumerate(tree)
    ]
    return conversation("k", nodes, f"n{current}")


async def _shown(importing: Importing) -> dict[str, list[str]]:
    """For each message the conversation that it ends, as a reader sees it: what its stems share comes before."""

    def work(connection: Any) -> dict[str, list[str]]:
        rows = connection.execute(text("SELECT number, conversation_id, text FROM messages ORDER BY number")).all()
        shown: dict[str, list[str]] = {}
        for row in rows:
            reaches = reaches_of(connection, row.conversation_id)
            before = [r.text for r in rows if r.number <= row.number and _is_in(r, reaches)]
            assert row.text not in shown
            shown[row.text] = before
        return shown

    return await importing.store.database.read(work)


def _is_in(row: Any, reaches: list[tuple[str, int]]) -> bool:
    return any(row.conversation_id == key and row.number <= upto for key, upto in reaches)


@settings(max_examples=40)
@given(tree=_trees(), ends=st.tuples(st.integers(1, 14), st.integers(0, 13), st.integers(0, 13)))
def test_every_message_is_kept_once_after_what_it_followed(tree: Tree, ends: tuple[int, int, int]) -> None:
    known, first_current, current = min(ends[0], len(tree)), ends[1] % len(tree), ends[2] % len(tree)

    async def scene(folder: Path) -> dict[str, list[str]]:
        path = folder / "conversations.json"
        async with open_importing(folder) as importing:
            for part, at in ((tree[:known], first_current % known), (tree, current), (tree, first_current)):
                write_json(path, [_export(part, at)])
                assert (await importing.run(path)).state == "done"
            return await _shown(importing)

    with tempfile.TemporaryDirectory() as folder:
        shown = asyncio.run(scene(Path(folder)))
    assert shown == {f"text {place}": _path(tree, place) for place in range(len(tree))}


@settings(max_examples=30)
@given(st.text(alphabet="aü€\U0001f600\n", min_size=1, max_size=40), st.integers(1, 60_000))
def test_a_long_text_is_cut_and_not_shortened(part: str, times: int) -> None:
    whole = part * times
    pieces = _pieces(whole)
    assert "".join(pieces) == whole
    assert all(len(piece.encode()) <= MAX_TEXT for piece in pieces)
