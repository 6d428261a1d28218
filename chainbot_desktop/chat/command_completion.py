"""What may come next in a line that begins with a slash: names of commands, then what fits the argument that is being typed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from chainbot_desktop.chat.command_specs import Argument, Choice, CommandSpec, Completion, Source

_MOST = 50
_PART = re.compile(r'@?"[^"]*"?|\S+')
_GOES_ON = ("=", "/")
"""How a choice ends that one writes on at: a folder, the name of a value."""
_ALIKE = 0.6
_SHORTEST_TYPO = 3
"""Letters from which on something may be a typing error: of two letters everything is."""


def completions(text: str, specs: Sequence[CommandSpec], sources: Mapping[str, Source]) -> list[Completion]:
    """The caret is at the end of `text`."""
    if not text.startswith("/") or "\n" in text:
        return []
    head, space, rest = text[1:].partition(" ")
    if not space:
        by_name = {spec.name: spec for spec in specs}
        names = [by_name[choice.text] for choice in fitting(head, [Choice(name) for name in by_name])]
        return [
            Completion(f"/{s.name}{' ' if s.arguments else ''}", s.usage, s.help, guess=not begins(head, s.name)) for s in names
        ]
    spec = next((spec for spec in specs if spec.name == head.lower()), None)
    return _of_argument(spec, head, rest, sources) if spec is not None else []


def fitting(typed: str, choices: Iterable[Choice]) -> list[Choice]:
    """Those that begin with what is typed, then those with a word in them that does; where none does, what it may be mistyped for."""
    typed = _bare(typed)
    names = [(_bare(choice.text), choice) for choice in choices]
    begin = [choice for name, choice in names if name.startswith(typed)]
    within = [choice for name, choice in names if not name.startswith(typed) and _begins_a_word(typed, name)]
    return (begin + within)[:_MOST] or _alike(typed, names)


def begins(typed: str, name: str) -> bool:
    """Whether `name`, or a word in it, begins with what is typed."""
    typed, name = _bare(typed), _bare(name)
    return name.startswith(typed) or _begins_a_word(typed, name)


def _begins_a_word(typed: str, name: str) -> bool:
    at = name.find(typed)
    while at > 0 and name[at - 1].isalnum():
        at = name.find(typed, at + 1)
    return at > 0


def _alike(typed: str, names: Sequence[tuple[str, Choice]]) -> list[Choice]:
    if len(typed) < _SHORTEST_TYPO:
        return []
    # Letters may be swapped, wrong or missing, and the end may not be typed yet.
    likeness = [(max(_ratio(typed, name), _ratio(typed, name[: len(typed)])), choice) for name, choice in names]
    likely = sorted((found for found in likeness if found[0] >= _ALIKE), key=lambda found: -found[0])
    return [choice for _, choice in likely[:_MOST]]


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _bare(text: str) -> str:
    return text.casefold().lstrip('@"').rstrip('"')


def _of_argument(spec: CommandSpec, head: str, rest: str, sources: Mapping[str, Source]) -> list[Completion]:
    place, start, given = _place(spec, rest)
    if place >= len(spec.arguments):
        return []
    argument, current = spec.arguments[place], rest[start:]
    following = spec.arguments[place + 1 :]
    offered = [choice for choice in _choices(argument, current, sources) if choice.text not in given and choice.text != current]
    before = f"/{head} {rest[:start]}"
    end = " " if argument.many or (following and following[0].required) else ""
    may_be_left_out = not current and not argument.required
    return [
        Completion(
            before + _word(choice.text, argument) + ("" if choice.text.endswith(_GOES_ON) else end),
            choice.text,
            choice.help or f"{argument.name} of /{spec.name}",
            guess=may_be_left_out or not begins(current, choice.text),
        )
        for choice in fitting(current, offered)
    ]


def _place(spec: CommandSpec, rest: str) -> tuple[int, int, frozenset[str]]:
    """Which argument is being typed, where that begins in `rest`, and what its `many` words before it are."""
    parts = list(_PART.finditer(rest))
    current = parts.pop().start() if parts and parts[-1].end() == len(rest) else len(rest)
    place = len(parts)
    last = len(spec.arguments) - 1
    if last >= 0 and place > last:
        if spec.arguments[last].many:
            return last, current, frozenset(part[0] for part in parts[last:])
        if spec.arguments[last].rest or spec.arguments[last].raw:
            return last, parts[last].start(), frozenset()
    return place, current, frozenset()


def _choices(argument: Argument, current: str, sources: Mapping[str, Source]) -> Iterator[Choice]:
    seen: set[str] = set()
    found: list[str | Choice] = [*argument.choices, *(argument.offers() if argument.offers is not None else ())]
    for kind in argument.kinds:
        if (source := sources.get(kind)) is not None:
            found += source(current)
    for each in found:
        choice = Choice(each) if isinstance(each, str) else each
        if choice.text not in seen:
            seen.add(choice.text)
            yield choice


def _word(text: str, argument: Argument) -> str:
    """As it must be written to be one word again."""
    whole = argument.rest or argument.raw or not any(c.isspace() for c in text) or '"' in text
    return text if whole else f'"{text}"'
