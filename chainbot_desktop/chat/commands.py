"""Slash commands: what there is, how it is written, what to say when it is written wrong.

What they do is in the modules `*_commands`; what may come next in a line that is being typed is `command_completion`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from chainbot_desktop.chat.command_completion import completions
from chainbot_desktop.chat.command_specs import (
    GROUPS,
    Answer,
    Argument,
    Choice,
    CommandSpec,
    Completion,
    Group,
    Invocation,
    OpenWindow,
    Place,
    Run,
    Source,
    Undoable,
)
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput
from chainbot_desktop.core.listeners import Listeners

__all__ = [
    "GROUPS",
    "Answer",
    "Argument",
    "Choice",
    "CommandRegistry",
    "CommandSpec",
    "Completion",
    "Group",
    "Invocation",
    "OpenWindow",
    "Place",
    "Run",
    "Source",
    "Undoable",
    "is_command",
]

_NAME = re.compile(r"^/([A-Za-z][\w-]*|\?)?(?=\s|$)")
_WORD = re.compile(r'@?"([^"]*)"|(\S+)')
_NAMED = 8
"""Commands that are named to who types one that is not there."""


def is_command(text: str) -> bool:
    """Whether a line is meant as a command: `/word`, not a path and not `//`."""
    return _NAME.match(text) is not None


class CommandRegistry:
    """`sources` give the choices of kinds of arguments; `broken` are commands that could not be loaded, and why."""

    def __init__(self) -> None:
        self._commands: dict[str, tuple[CommandSpec, Run]] = {}
        self._listeners: Listeners[[]] = Listeners()
        self.sources: dict[str, Source] = {}
        self.broken: dict[str, str] = {}

    def register(self, spec: CommandSpec, run: Run) -> None:
        """Conflict where the name is taken."""
        if spec.name in self._commands:
            raise Conflict(f"There is a command /{spec.name} already.", code="name_taken")
        self._commands[spec.name] = (spec, run)
        self.changed()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when there are other commands, or other choices for what is being typed; returns what ends it."""
        return self._listeners.add(listener)

    def changed(self) -> None:
        """A source knows more than a moment ago."""
        self._listeners.tell()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._commands

    @property
    def specs(self) -> tuple[CommandSpec, ...]:
        return tuple(spec for spec, _ in self._commands.values())

    def spec(self, name: str) -> CommandSpec:
        """The command of this name, with or without its slash; InvalidInput names the closest one."""
        name = name.removeprefix("/").lower()
        if name not in self._commands:
            raise InvalidInput(f"There is no command /{name}.", hint=self._suggestion(name), code="unknown_command")
        return self._commands[name][0]

    def parse(self, text: str) -> Invocation:
        """InvalidInput, with the way to write it, where `text` is not a complete command."""
        match = _NAME.match(text)
        if match is None:
            raise InvalidInput("A command begins with a slash and a word.", hint=self._suggestion(""))
        spec = self.spec(match[1] or "")
        typed = text[match.end() :]
        return Invocation(spec, _given(spec, *_words(typed, spec)), typed.strip())

    async def run(self, invocation: Invocation, place: Place) -> Answer:
        """Refused where an agent wrote it and it is not for agents: they have tools and links for that, with their policy."""
        if place.actor.startswith("agent:") and not invocation.spec.for_agents:
            raise ChainBotError("Agents cannot use this command.", hint="They have tools for it.", code="not_for_agents")
        return await self._commands[invocation.spec.name][1](invocation, place)

    def complete(self, text: str) -> list[Completion]:
        """What may come next in a line that begins with a slash."""
        return completions(text, self.specs, self.sources)

    def _suggestion(self, name: str) -> str:
        if name in self.broken:
            return f"Its package is installed and does not work: {self.broken[name]}"
        close = get_close_matches(name, self._commands, n=1, cutoff=0.5)
        known = ", ".join(f"/{known}" for known in list(self._commands)[:_NAMED])
        return f"Did you mean /{close[0]}?" if close else f"There are {known} and more: /help lists them."


def _words(rest: str, spec: CommandSpec) -> tuple[list[str], str]:
    """The words of what follows the command, and what its last argument takes as it stands (if it is such a one)."""
    is_raw = bool(spec.arguments) and spec.arguments[-1].raw
    found: list[re.Match[str]] = []
    for match in _WORD.finditer(rest):
        if is_raw and len(found) == len(spec.arguments) - 1:
            return _plain_words(found, spec), rest[match.start() :].strip()
        found.append(match)
    return _plain_words(found, spec), ""


def _plain_words(found: Sequence[re.Match[str]], spec: CommandSpec) -> list[str]:
    if sum(match[0].count('"') for match in found) % 2:
        raise InvalidInput("A quotation mark is not closed.", hint=f"Write {spec.usage}", code="open_quote")
    return [match[1] or match[2] for match in found if match[1] or match[2]]


def _given(spec: CommandSpec, words: list[str], raw: str) -> dict[str, str]:
    given: dict[str, str] = {spec.arguments[-1].name: raw} if raw else {}
    for argument in spec.arguments:
        if not words:
            break
        taken = "\n".join(words) if argument.many else " ".join(words) if argument.rest else words[0]
        words = [] if argument.rest or argument.many else words[1:]
        if argument.strict and taken.lower() not in argument.choices:
            raise InvalidInput(
                f"/{spec.name} does not know {taken!r}.", hint=_choices_hint(argument, taken), code="bad_argument"
            )
        given[argument.name] = taken.lower() if argument.strict else taken
    if words:
        raise InvalidInput(f"/{spec.name} takes no {words[0]!r}.", hint=f"Write {spec.usage}", code="bad_argument")
    missing = [argument for argument in spec.arguments if argument.required and argument.name not in given]
    if missing:
        example = f", for example {spec.examples[0]}" if spec.examples else ""
        raise InvalidInput(f"/{spec.name} needs {missing[0]}.", hint=f"Write {spec.usage}{example}.", code="missing_argument")
    return given


def _choices_hint(argument: Argument, taken: str) -> str:
    close = get_close_matches(taken.lower(), argument.choices, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else f"It may be {_listed(argument.choices)}."


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
