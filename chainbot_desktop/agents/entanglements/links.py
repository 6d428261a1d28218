"""What a link between agents allows: pure rules over the entanglements of the directory.

data: a shared notebook, which all of them read and append to. control: the first agent directs the others, and they answer it.
dependency: the others begin a task when what the first one does now has ended; no message passes. Only what was made here allows
anything: what webhooks tell of is shown, and grants nobody a say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from chainbot_desktop.agents.records import Entanglement
from chainbot_desktop.core.errors import Conflict, InvalidInput

LinkKind = Literal["data", "control", "dependency"]
LINK_KINDS: tuple[LinkKind, ...] = get_args(LinkKind)
MAX_MEMBERS = 100

Way = Literal["told", "answer", "note"]
"""What a message over a link is: a direction, the answer to one, or a line in the notebook."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A link that lets one agent reach another, and how."""

    link: Entanglement
    way: Way


def checked_kind(kind: str) -> LinkKind:
    if kind not in LINK_KINDS:
        raise InvalidInput(f"There is no entanglement of type {kind!r}.", hint=f"The types are {', '.join(LINK_KINDS)}.")
    return kind


def allows(link: Entanglement) -> bool:
    return link.made_here and link.kind in LINK_KINDS


def source_of(link: Entanglement) -> str:
    """The agent that directs, or that the others wait for. Without meaning for a data link."""
    return link.agents[0]


def passage(links: Iterable[Entanglement], sender: str, recipient: str) -> Passage:
    """How `sender` may reach `recipient`: with a direction or an answer where a link allows it, else by a note. Conflict if not."""
    note: Passage | None = None
    for link in links:
        if not allows(link) or sender not in link.agents or recipient not in link.agents:
            continue
        if link.kind == "control" and sender == source_of(link):
            return Passage(link, "told")
        if link.kind == "control" and recipient == source_of(link):
            return Passage(link, "answer")
        if link.kind == "data" and note is None:
            note = Passage(link, "note")
    if note is None:
        raise Conflict(
            "No link lets these agents speak to each other.",
            hint="A control link lets the first agent direct the others and them answer it; a data link gives them a notebook.",
            code="not_entangled",
        )
    return note


def reached_by(link: Entanglement, sender: str) -> tuple[str, ...]:
    """Whom a member reaches when it speaks to all: those it directs, the one it answers, or everybody for a person ("")."""
    if not sender:
        return link.agents
    if sender not in link.agents:
        raise Conflict(f"{sender!r} is not in this entanglement.", hint="Add it first.", code="not_a_member")
    if link.kind == "control" and sender != source_of(link):
        return (source_of(link),)
    return tuple(member for member in link.agents if member != sender)


def refuse_circle(links: Iterable[Entanglement], members: tuple[str, ...]) -> None:
    """Conflict if agents that depend on each other would wait for each other for ever."""
    waits: dict[str, set[str]] = {}
    for source, target in [*_dependencies(links), *((members[0], other) for other in members[1:])]:
        waits.setdefault(target, set()).add(source)
    seen: set[str] = set()
    open_: list[str] = [members[0]]
    while open_:
        agent = open_.pop()
        if agent in members[1:]:
            raise Conflict("These agents would wait for each other.", hint="Turn one of the links round.", code="circular")
        if agent not in seen:
            seen.add(agent)
            open_ += waits.get(agent, ())


def sources_for(links: Iterable[Entanglement], agent_id: str) -> list[str]:
    """The agents that `agent_id` waits for."""
    return list(dict.fromkeys(source for source, target in _dependencies(links) if target == agent_id))


def _dependencies(links: Iterable[Entanglement]) -> Iterator[tuple[str, str]]:
    for link in links:
        if allows(link) and link.kind == "dependency":
            yield from link.pairs
