"""Choices that must be looked up first: files of the workspace, conversations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from chainbot_desktop.chat.commands import Choice
from chainbot_desktop.chat.looked_up import LookedUp, conversations_source, files_source
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.tasks import Tasks
from tests.helpers.chats import Chat


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    failures: list[str] = []
    made = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
    yield made
    await made.cancel_all()
    assert failures == []


async def looked(source: Callable[[str], Sequence[Choice]], tasks: Tasks, begun: str) -> list[Choice]:
    """What is offered when the look is over."""
    source(begun)
    async with asyncio.timeout(10):
        while tasks.names:
            await asyncio.sleep(0.002)
    return list(source(begun))


async def test_files_complete_folder_by_folder(chat: Chat, tasks: Tasks) -> None:
    root = chat.folder / "work"
    (root / "src" / "deep").mkdir(parents=True)
    (root / "src" / "main file.py").write_text("")
    (root / ".hidden").write_text("")
    (root / "read.me").write_text("")
    (root / "bad\x1bname").write_text("")
    told: list[int] = []
    registry = chat.service.commands
    registry.on_change(lambda: told.append(1))
    source = files_source(lambda: root, tasks, registry.changed)
    registry.sources["file"] = source
    assert registry.complete("/open re") == []  # not known yet: nothing waits for the disk
    assert [choice.text for choice in await looked(source, tasks, "re")] == ["src/", "read.me"]
    assert told == [1]
    assert [(c.text, c.help) for c in registry.complete("/open re")] == [("/open read.me", "file")]
    assert [c.text for c in registry.complete("/open sr")] == ["/open src/"]
    await looked(source, tasks, "src/ma")
    assert [c.text for c in registry.complete("/open src/ma")] == ["/open src/main file.py"]
    assert [c.text for c in registry.complete("/open src/main fi")] == ["/open src/main file.py"]


async def test_a_folder_that_cannot_be_listed_offers_nothing(chat: Chat, tasks: Tasks) -> None:
    source = files_source(lambda: chat.folder / "nowhere", tasks, lambda: None)
    assert await looked(source, tasks, "x") == []
    assert await looked(source, tasks, "a\0b/c") == []
    assert await looked(files_source(lambda: None, tasks, lambda: None), tasks, "x") == []


async def test_conversations_complete_by_their_names(chat: Chat, tasks: Tasks) -> None:
    await chat.service.begin("Garden sensors")
    await chat.service.begin("Backups")
    source = conversations_source(chat.service, tasks, chat.service.commands.changed)
    chat.service.commands.sources["conversation"] = source
    assert await looked(source, tasks, "") == []
    assert await looked(source, tasks, "sens") == [Choice("Garden sensors", "conversation")]
    assert [c.text for c in chat.service.commands.complete("/open sens")] == ["/open Garden sensors"]


async def test_what_cannot_be_looked_up_is_not_offered_and_asked_again_later(tasks: Tasks) -> None:
    asked: list[str] = []
    told: list[int] = []

    async def look_up(key: str) -> Sequence[Choice]:
        asked.append(key)
        if len(asked) == 1:
            raise Unavailable("The disk rests.")
        return [Choice("x")]

    source = LookedUp(look_up, tasks, lambda: told.append(1))
    assert await looked(source, tasks, "x") == []
    source("x")
    source("x")
    assert asked == ["x"]
    assert told == []
