"""What a slash command is made of, and what it is given and answers: values. Third parties build theirs of these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from chainbot_desktop.core.events.envelope import Actor

Group = Literal["Conversation", "Agents", "Models", "Panel", "More"]
GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass(frozen=True, slots=True)
class Choice:
    """What an argument may be, and a word about it."""

    text: str
    help: str = ""


Source = Callable[[str], Sequence[Choice]]
"""The choices for what is typed of an argument so far; it must answer at once, from what is known."""


@dataclass(frozen=True, slots=True)
class Argument:
    """`choices` are offered by completion; `strict` refuses others. `rest` takes all that is left of the line, `many` too, word
    by word (`Invocation.words`).

    `raw` takes what is left exactly as it was typed, quotation marks, lines and all. `offers` are choices that change; `kinds` name
    sources of the registry ("agent", "file", ...) that offer more.
    """

    name: str
    required: bool = False
    choices: tuple[str, ...] = ()
    strict: bool = False
    rest: bool = False
    raw: bool = False
    many: bool = False
    offers: Callable[[], Sequence[str | Choice]] | None = None
    kinds: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = "|".join(self.choices) if self.strict and self.choices else self.name
        shown += " …" if self.many else ""
        return f"<{shown}>" if self.required else f"[{shown}]"


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """`for_agents`: what an agent writes may use it too."""

    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    examples: tuple[str, ...] = ()
    group: Group = "More"
    for_agents: bool = False

    @property
    def usage(self) -> str:
        return " ".join([f"/{self.name}", *(str(argument) for argument in self.arguments)])


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command with what was given for its arguments, by their names. `typed` is all that follows the command, as it stands."""

    spec: CommandSpec
    given: Mapping[str, str]
    typed: str = ""

    def words(self, name: str) -> list[str]:
        """Of an argument that takes many."""
        return [word for word in self.given.get(name, "").split("\n") if word]


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

    `group` is whose it is, where it is not the panel's own: completions of a group stand together. A `guess` is not taken
    by Enter: what may have been mistyped, or an argument that may be left out while nothing of it is typed.
    """

    text: str
    label: str
    help: str
    caret: int = -1
    group: str = ""
    guess: bool = False


Run = Callable[[Invocation, Place], Awaitable[Answer]]
