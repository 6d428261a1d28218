"""Slash commands of other packages, found by their entry points in the group `chainbot.commands`.

An entry point names a function that is given a `CommandHost` and returns commands: (spec, run) each. What goes wrong in one, at the
start or while it runs, is logged, said to who typed it, and takes nothing else down.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, TypeVar

from chainbot_desktop.chat.commands import Answer, CommandRegistry, CommandSpec, Invocation, Place, Run, Undoable
from chainbot_desktop.core.errors import ChainBotError, Conflict, Unavailable
from chainbot_desktop.store.conversation_rows import Message

_log = logging.getLogger(__name__)

GROUP = "chainbot.commands"
SECONDS = 30.0
"""In which a command of another package must have answered."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")

T = TypeVar("T")


class CommandHost(Protocol):
    """What a command of another package can reach. Use on the loop's thread."""

    async def recent(self, conversation_id: str, limit: int) -> Sequence[Message]:
        """The newest messages of a conversation, oldest first."""
        ...


class Before(Protocol):
    async def before(self, conversation_id: str, number: int | None, limit: int) -> list[Message]: ...


@dataclass(frozen=True, slots=True)
class ChatHost:
    """Implements `CommandHost`."""

    chat: Before

    async def recent(self, conversation_id: str, limit: int) -> Sequence[Message]:
        return await self.chat.before(conversation_id, None, max(1, min(limit, 1000)))


Command = tuple[CommandSpec, Run]
Factory = Callable[[CommandHost], Iterable[Command]]


async def load_extensions(
    registry: CommandRegistry, host: CommandHost, points: Iterable[EntryPoint] | None = None, *, seconds: float = SECONDS
) -> None:
    """Register what the entry points give; they are imported on a thread. What cannot be is in `registry.broken`."""
    for point in entry_points(group=GROUP) if points is None else points:
        try:
            factory: Factory = await asyncio.to_thread(point.load)
            commands = list(factory(host))
        except Exception as error:  # the border of an extension: a broken one does not keep the chat from working
            _log.exception("the commands of %r (%s) cannot be loaded", point.name, point.value)
            registry.broken[point.name] = _why(error)
            continue
        for command in commands:
            _register(registry, point, command, seconds)


def _register(registry: CommandRegistry, point: EntryPoint, command: Command, seconds: float) -> None:
    try:
        spec, run = _checked(command)
        registry.register(replace(spec, group="More"), _bounded(spec.name, run, seconds))
    except Conflict:
        _log.error(
            "the command /%s of %r (%s) is not used: there is one of this name already", spec.name, point.name, point.value
        )
    except Exception as error:
        _log.exception("a command of %r (%s) is none", point.name, point.value)
        registry.broken[point.name] = _why(error)


def _checked(command: Command) -> Command:
    spec, run = command
    if not isinstance(spec, CommandSpec) or not _NAME.fullmatch(spec.name):
        raise TypeError("a command is a CommandSpec, with a name of small letters, and a coroutine function")
    return spec, run


def _bounded(name: str, run: Run, seconds: float) -> Run:
    async def bounded(invocation: Invocation, place: Place) -> Answer:
        answer = await _guarded(name, lambda: run(invocation, place), seconds)
        if not isinstance(answer, Answer):
            raise Unavailable(f"/{name} gave no answer.", hint="It is broken: its package must return an Answer.")
        return _guarded_answer(name, answer, seconds)

    return bounded


def _guarded_answer(name: str, answer: Answer, seconds: float) -> Answer:
    """What it wants done later is held to the same as the command itself."""
    after, undoable = answer.after, answer.undoable

    async def after_it() -> None:
        if after is not None:
            await _guarded(name, after, seconds)

    async def undo() -> None:
        if undoable is not None:
            await _guarded(name, undoable.undo, seconds)

    return replace(
        answer,
        after=after_it if after is not None else None,
        undoable=Undoable(undoable.text, undo, undoable.seconds) if undoable is not None else None,
    )


async def _guarded(name: str, work: Callable[[], Awaitable[T]], seconds: float) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work()
    except TimeoutError:
        _log.error("/%s did not answer within %g s", name, seconds)
        raise Unavailable(f"/{name} did not answer within {seconds:g} s.", hint="It was ended.", code="too_slow") from None
    except ChainBotError:
        raise
    except Exception as error:  # the border of an extension
        _log.exception("/%s failed", name)
        raise Unavailable(
            f"/{name} failed: {_why(error)}", hint="Its package has a bug; the log has more.", code="broken"
        ) from error


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
