"""The messages that the chat is measured with: short ones mostly, with lists, tables, code and a long answer among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert

from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.store.schema import messages
from tests.helpers.chats import Chat

_SENTENCE = "the backup ran at two and copied most of it because the stick in the shed answers slowly when it is cold"
_WORDS = _SENTENCE.split()
_CODE = """\
def verify(folder: Path) -> list[str]:
    \"\"\"Names of the files whose sums differ.\"\"\"
    expected = json.loads((folder / "sums.json").read_text())
    return [name for name, digest in expected.items() if sha256(folder / name) != digest]
"""
_TABLE = "| Folder | Files | Size |\n|---|--:|--:|\n| `/home` | 12,411 | 3.2 GB |\n| `/etc` | 1,204 | 18 MB |\n"


def text_of(n: int) -> str:
    """The text of message `n`: always the same."""
    words = " ".join(_WORDS[(n * 7 + k * 3) % len(_WORDS)] for k in range(8 + n % 23))
    if n % 40 == 17:
        return "\n\n".join(paragraphs(n, 6_000))
    if n % 10 == 3:
        return f"Message {n}: {words}\n\n```python\n{_CODE}```\n\nand `that` is **all**."
    if n % 10 == 6:
        return f"Message {n}:\n\n1. {words}\n2. **bold** and *more*\n   - [ ] one\n   - [x] two\n\n> {words}"
    if n % 20 == 9:
        return f"Message {n} has a table:\n\n{_TABLE}\n{words}"
    return f"Message {n}: {words}"


def paragraphs(n: int, size: int) -> Iterator[str]:
    """An answer of about `size` characters: headings, prose, lists and code."""
    made, part = 0, 0
    while made < size:
        words = " ".join(_WORDS[(n + part * 5 + k) % len(_WORDS)] for k in range(60))
        pieces = (
            f"## Step {part}",
            f"{words} with `code`, **bold** and [a link](https://example.com/{part}).",
            f"- {words[:60]}\n- {words[60:120]}\n  - nested",
            f"```python\n{_CODE * (1 + part % 4)}```",
        )
        piece = pieces[part % 4]
        made, part = made + len(piece) + 2, part + 1
        yield piece


async def fill(chat: Chat, count: int, title: str) -> str:
    """A conversation of `count` messages, put into the table directly; its id."""
    made = await chat.service.begin(title)
    for start in range(0, count, 10_000):
        rows = [_row(made.id, n) for n in range(start, min(count, start + 10_000))]

        def write(connection: Any, rows: list[dict[str, Any]] = rows) -> None:
            connection.execute(insert(messages), rows)

        await chat.store.database.write(write)
    newest = await chat.service.before(made.id, None, 1)
    await chat.service.mark_read(made.id, newest[0].number)
    return made.id


def _row(conversation_id: str, n: int) -> dict[str, Any]:
    author = "user:test" if n % 5 == 0 else "agent:ada"
    fields = {"id": new_id(), "conversation_id": conversation_id, "author": author, "kind": "text"}
    return {**fields, "text": text_of(n), "created_at": utc_now(), "detail": {}, "thread": ""}
