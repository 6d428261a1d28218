"""The slash commands that are there where the panel has a screen: /theme, /attach."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from chainbot_desktop.chat.commands import (
    Answer,
    Argument,
    CommandRegistry,
    CommandSpec,
    Invocation,
    OpenWindow,
    Place,
    Undoable,
)
from chainbot_desktop.chat.nearest_words import nearest
from chainbot_desktop.core.errors import InvalidInput, NotFound

THEMES = ("dark", "light", "auto")
UNDO_SECONDS = 10.0


class Looks(Protocol):
    """How the panel looks. Use on the loop's thread."""

    @property
    def theme(self) -> str:
        """dark | light | auto"""
        ...

    @property
    def size(self) -> str: ...

    @property
    def sizes(self) -> Sequence[str]:
        """The names of the sizes of text, the smallest first."""
        ...

    def choose(self, theme: str, size: str) -> None: ...


class PanelCommands:
    """`workspace` is the folder that the Code Agent window has open: /attach looks for files there."""

    def __init__(self, looks: Looks, workspace: Callable[[], Path | None]) -> None:
        self._looks = looks
        self._workspace = workspace

    def register_in(self, registry: CommandRegistry) -> None:
        sizes = tuple(self._looks.sizes)
        theme = Argument("theme or size", choices=(*THEMES, *sizes))
        size = Argument("size", choices=sizes)
        examples: tuple[str, ...] = ("/theme light", f"/theme dark {sizes[-1]}", f"/theme {sizes[0]}")
        registry.register(CommandSpec("theme", "How the panel looks.", (theme, size), examples, "Panel"), self.theme)
        path = Argument("path", required=True, rest=True, kinds=("file",))
        text = "Attach a file to the next message."
        examples = ("/attach src/main.py", "/attach ~/photos/bed 3.jpg")
        registry.register(CommandSpec("attach", text, (path,), examples, "Conversation"), self.attach)

    async def theme(self, invocation: Invocation, place: Place) -> Answer:
        looks = self._looks
        before = looks.theme, looks.size
        first, size = (invocation.given.get(name, "").lower() for name in ("theme or size", "size"))
        self._refuse_unknown(first, (*THEMES, *looks.sizes))
        self._refuse_unknown(size, looks.sizes)
        if not first:
            return Answer(f"The panel is {before[0]}, its text {before[1]}. `/theme light` makes it light.")
        if first in looks.sizes and size:
            raise InvalidInput(
                f"/theme takes the theme before the size, and {first} is a size.",
                hint=f"Write /theme dark {size}.",
                code="bad_argument",
            )
        theme, size = (before[0], first) if first in looks.sizes else (first, size or before[1])
        if (theme, size) == before:
            return Answer(f"The panel is {theme} already, its text {size}.")
        looks.choose(theme, size)

        async def back() -> None:
            looks.choose(*before)

        return Answer(undoable=Undoable(f"The panel is {theme} now, its text {size}.", back, UNDO_SECONDS))

    async def attach(self, invocation: Invocation, place: Place) -> Answer:
        given = invocation.given["path"]
        path = await asyncio.to_thread(_file, self._workspace(), given)
        if path is None:
            hint = "Files are looked for in the workspace, and completed while you type."
            raise NotFound(f"There is no file {given!r}.", hint=hint)
        return Answer(open=OpenWindow("chat", {"attach": {"kind": "file", "path": str(path)}}))

    @staticmethod
    def _refuse_unknown(word: str, known: Sequence[str]) -> None:
        if word and word not in known:
            raise InvalidInput(f"/theme does not know {word!r}.", hint=nearest(word, known, "There are"), code="bad_argument")


def _file(root: Path | None, given: str) -> Path | None:
    try:
        path = Path(given).expanduser()
        path = path if path.is_absolute() or root is None else root / path
        return path if path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # a name that is none, a home that nobody knows
        return None
