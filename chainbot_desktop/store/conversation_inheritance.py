"""Who gets the messages of a conversation that is cleared or deleted while branches of it still show them. Pure.

Each message goes to one branch that shows it, and the other branches that need it grow out of that one from then on. So what
nobody shows any more belongs to nobody, and is erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of the conversation that gives up messages: it, and what grew out of it, shows those in (`above`, `at`]."""

    id: str
    at: int
    above: int


@dataclass(frozen=True, slots=True)
class Gift:
    """The messages in (`above`, `through`] become those of `heir`."""

    heir: str
    above: int
    through: int


@dataclass(frozen=True, slots=True)
class Stem:
    """`branch` grows out of `stem` ("" is none) up to number `at` from now on."""

    branch: str
    stem: str
    at: int


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What is given and to whom. What remains up to `through` is nobody's."""

    through: int
    gifts: tuple[Gift, ...]
    stems: tuple[Stem, ...]


def inheritance(stem: str, stem_at: int, branches: Sequence[Branch], through: int) -> Inheritance:
    """For a conversation that grew out of `stem` at `stem_at` and gives up its messages up to number `through`."""
    through = _divisible(branches, through)
    leaving = [branch for branch in branches if branch.at <= through]
    rest = [branch for branch in leaving if branch.at > stem_at and branch.above < branch.at]
    stems = [Stem(branch.id, stem, min(branch.at, stem_at)) for branch in leaving if branch not in rest]
    gifts: list[Gift] = []
    edge, low = stem, stem_at
    while rest:
        # Of those that go back furthest the one that comes furthest: all that end before it find what they need with it.
        heir = min(rest, key=lambda branch: (max(branch.above, low), -branch.at))
        gifts.append(Gift(heir.id, max(heir.above, low), heir.at))
        stems.append(Stem(heir.id, edge, low))
        stems += [Stem(branch.id, heir.id, branch.at) for branch in rest if branch is not heir and branch.at <= heir.at]
        rest = [branch for branch in rest if branch.at > heir.at]
        edge, low = heir.id, heir.at
    return Inheritance(through, tuple(gifts), tuple(stems))


def _divisible(branches: Sequence[Branch], through: int) -> int:
    """The number up to which messages can be given away: a branch that goes on with what stays needs what is before that, too."""
    while needed := [branch.above for branch in branches if branch.above < through < branch.at]:
        through = min(needed)
    return through
