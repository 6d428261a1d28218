"""Slash commands: what there is, how it is written, what to say when it is written wrong. What they do: `builtin_commands`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.events.envelope import Actor

_NAME = re.compile(r"^/([A-Za-z][\w-]*|\?)?(?=\s|$)")
_WORD = re.compile(r'@?"([^"]*)"|(\S+)')


@dataclass(frozen=True, slots=True)
class Argument:
    """`choices` are offered by completion; `strict` refuses others. `rest` takes all that is left of the line.

    `raw` takes what is left exactly as it was typed, quotation marks, lines and all. `offers` are choices that change.
    """

    name: str
    required: bool = False
    choices: tuple[str, ...] = ()
    strict: bool = False
    rest: bool = False
    raw: bool = False
    offers: Callable[[], Sequence[str]] | None = None

    def __str__(self) -> str:
        shown = "|".join(self.choices) if self.strict and self.choices else self.name
        return f"<{shown}>" if self.required else f"[{shown}]"


@dataclass(frozen=True, slots=True)
class CommandSpec:
    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        return " ".join([f"/{self.name}", *(str(argument) for argument in self.arguments)])


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command with what was given for its arguments, by their names."""

    spec: CommandSpec
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where and by whom a command was typed."""

    conversation_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """What the panel shall show: the key of a window and the content for it."""

    window: str
    content: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Undoable:
    """Something that was done and can be taken back until its time is up. `text` says what was done."""

    text: str
    undo: Callable[[], Awaitable[None]]
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command comes back with. `text` (Markdown) becomes a message; a command without one leaves no trace.

    `after` is done when the command and its answer stand in the conversation; it returns the runs that it began, if any.
    """

    text: str = ""
    open: OpenWindow | None = None
    undoable: Undoable | None = None
    after: Callable[[], Awaitable[tuple[str, ...] | None]] | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """`text` is the whole text after taking it, `caret` where one writes on (-1: at its end).

    `group` is whose it is, where it is not the panel's own: completions of a group stand together.
    """

    text: str
    label: str
    help: str
    caret: int = -1
    group: str = ""


Run = Callable[[Invocation, Place], Awaitable[Answer]]


def is_command(text: str) -> bool:
    """Whether a line is meant as a command: `/word`, not a path and not `//`."""
    return _NAME.match(text) is not None


class CommandRegistry:
    def __init__(self) -> None:
        self._commands: dict[str, tuple[CommandSpec, Run]] = {}

    def register(self, spec: CommandSpec, run: Run) -> None:
        self._commands[spec.name] = (spec, run)

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
        return Invocation(spec, _given(spec, *_words(text[match.end() :], spec)))

    async def run(self, invocation: Invocation, place: Place) -> Answer:
        return await self._commands[invocation.spec.name][1](invocation, place)

    def complete(self, text: str) -> list[Completion]:
        """What may come next in a line that begins with a slash."""
        if not text.startswith("/") or "\n" in text:
            return []
        head, space, rest = text[1:].partition(" ")
        if not space:
            names = (spec for spec in self.specs if spec.name.startswith(head.lower()))
            return [Completion(f"/{s.name}{' ' if s.arguments else ''}", s.usage, s.help) for s in names]
        found = self._commands.get(head.lower())
        return _argument_completions(found[0], head, rest) if found is not None else []

    def _suggestion(self, name: str) -> str:
        close = get_close_matches(name, self._commands, n=1, cutoff=0.5)
        known = ", ".join(f"/{known}" for known in self._commands)
        return f"Did you mean /{close[0]}?" if close else f"There are {known}."


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
        taken = " ".join(words) if argument.rest else words[0]
        words = [] if argument.rest else words[1:]
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


def _argument_completions(spec: CommandSpec, head: str, rest: str) -> list[Completion]:
    *before, current = rest.split(" ")
    if len(before) >= len(spec.arguments):
        return []
    argument = spec.arguments[len(before)]
    start = " ".join([f"/{head}", *before, ""])
    choices = argument.offers() if argument.offers is not None else argument.choices
    fitting = [choice for choice in choices if choice != current and _may_become(current, choice)]
    return [Completion(start + choice, choice, f"{argument.name} of /{spec.name}") for choice in fitting]


def _may_become(current: str, choice: str) -> bool:
    typed, whole = current.casefold(), choice.casefold()
    return whole.startswith(typed) or whole.lstrip('@"').startswith(typed)
