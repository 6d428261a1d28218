"""The law of inheritance: each branch reads what it read before, and nobody is given what it does not show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.store.conversation_inheritance import Branch, Gift, Inheritance, Stem, inheritance

LAST = 12
_numbers = st.integers(0, LAST)


def _owners(plan: Inheritance, stem_at: int) -> dict[int, str]:
    """Where each message lies afterwards: those up to `stem_at` with the stem, as before."""
    owners = dict.fromkeys(range(1, stem_at + 1), "stem")
    owners |= {number: "gone" if number <= plan.through else "giver" for number in range(stem_at + 1, LAST + 1)}
    for gift in plan.gifts:
        for number in range(gift.above + 1, min(gift.through, LAST) + 1):
            assert owners[number] == "gone", "nothing is given twice, nor what stays"
            owners[number] = gift.heir
    return owners


def _read(branch: Branch, branches: dict[str, Branch], plan: Inheritance, stem_at: int) -> set[int]:
    owners = _owners(plan, stem_at)
    grows = {each.branch: (each.stem, each.at) for each in plan.stems}
    found: set[int] = set()
    place, limit = branch.id, LAST
    while place:
        found |= {number for number, owner in owners.items() if owner == place and number <= limit}
        if place == "stem":
            break
        stem, at = ("stem", stem_at) if place == "giver" else grows.get(place, ("giver", branches[place].at))
        place, limit = stem, min(limit, at)
    return {number for number in found if number > branch.above}


@given(st.integers(0, LAST), st.lists(st.tuples(_numbers, _numbers), max_size=5), st.one_of(_numbers, st.just(2**62)))
def test_every_branch_reads_what_it_read(stem_at: int, given_branches: list[tuple[int, int]], through: int) -> None:
    branches = {f"b{n}": Branch(f"b{n}", at, above) for n, (at, above) in enumerate(given_branches)}
    plan = inheritance("stem", stem_at, list(branches.values()), through)
    for branch in branches.values():
        needed = set(range(branch.above + 1, branch.at + 1))
        assert _read(branch, branches, plan, stem_at) == needed
    for gift in plan.gifts:
        heir = branches[gift.heir]
        assert heir.above <= gift.above < gift.through <= heir.at
    kept = {number for number, owner in _owners(plan, stem_at).items() if owner == "giver" and number <= through}
    assert all(any(branch.above < number <= branch.at for branch in branches.values()) for number in kept)


def test_the_branch_that_needs_most_inherits_and_the_others_grow_out_of_it() -> None:
    plan = inheritance("", 0, [Branch("short", 3, 0), Branch("long", 8, 0), Branch("empty", 0, 0)], 2**62)
    assert plan.gifts == (Gift("long", 0, 8),)
    assert set(plan.stems) == {Stem("long", "", 0), Stem("short", "long", 3), Stem("empty", "", 0)}
