"""Choices of completion that must be looked up: files of the workspace, conversations. What is known is offered at once."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from chainbot_desktop.chat.commands import Choice
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.conversation_rows import Conversation

_FRESH_SECONDS = 3.0
_MOST_KEPT = 20
_MOST_FILES = 500
_FROM_LETTERS = 1
"""A conversation is offered from so many letters on: before that a list of files is more than enough."""


class LookedUp:
    """A source of choices. `key_of` says what must be looked up for what was typed; `found` is called when there is more."""

    def __init__(
        self,
        look_up: Callable[[str], Awaitable[Sequence[Choice]]],
        tasks: Tasks,
        found: Callable[[], None],
        key_of: Callable[[str], str] = str,
    ) -> None:
        self._look_up = look_up
        self._tasks = tasks
        self._found = found
        self._key_of = key_of
        self._known: dict[str, tuple[float, Sequence[Choice]]] = {}
        self._looking: set[str] = set()

    def __call__(self, begun: str) -> Sequence[Choice]:
        key = self._key_of(begun)
        at, choices = self._known.get(key, (-_FRESH_SECONDS, ()))
        if time.monotonic() - at >= _FRESH_SECONDS and key not in self._looking:
            self._looking.add(key)
            self._tasks.spawn("complete a command", self._look(key))
        return choices

    async def _look(self, key: str) -> None:
        before = self._known.pop(key, (0.0, ()))[1]
        try:
            choices = await self._look_up(key)
        except ChainBotError:
            choices = ()  # what cannot be looked up is not offered; typing it in full says what is wrong
        finally:
            self._looking.discard(key)
        self._known[key] = (time.monotonic(), choices)
        while len(self._known) > _MOST_KEPT:
            self._known.pop(next(iter(self._known)))
        if list(choices) != list(before):
            self._found()


def files_source(root: Callable[[], Path | None], tasks: Tasks, found: Callable[[], None]) -> LookedUp:
    """What lies in the folder of the workspace that is being typed; a folder goes on with its slash."""

    async def look_up(folder: str) -> Sequence[Choice]:
        base = root()
        return await asyncio.to_thread(_listed, base, folder) if base is not None else ()

    return LookedUp(look_up, tasks, found, lambda begun: begun.lstrip('"').rpartition("/")[0])


def _listed(base: Path, folder: str) -> list[Choice]:
    try:
        place = base / folder if folder else base
        with os.scandir(place) as entries:
            found = sorted((not entry.is_dir(), entry.name) for entry in entries if not entry.name.startswith("."))
    except (OSError, ValueError):
        return []
    before = f"{folder}/" if folder else ""
    shown = [(is_file, name) for is_file, name in found if name.isprintable()][:_MOST_FILES]
    return [Choice(f"{before}{name}{'' if is_file else '/'}", "file" if is_file else "folder") for is_file, name in shown]


class Titles(Protocol):
    async def titled(self, words: str) -> list[Conversation]: ...


def conversations_source(chat: Titles, tasks: Tasks, found: Callable[[], None]) -> LookedUp:
    async def look_up(words: str) -> Sequence[Choice]:
        if len(words) < _FROM_LETTERS:
            return ()
        titles = dict.fromkeys(conversation.title for conversation in await chat.titled(words))
        return [Choice(title, "conversation") for title in titles if title]

    return LookedUp(look_up, tasks, found, lambda begun: begun.strip().casefold())
