"""What to say of a word that nobody has: the nearest one that is there, else those that there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_NAMED = 12


def nearest(word: str, known: Iterable[str], there_are: str, *, shown: str = "{}") -> str:
    """A hint. `there_are` begins the list ("Kinds are"); `shown` is how one of them is written."""
    names = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), names, n=1, cutoff=0.5)
    if close:
        return f"Did you mean {shown.format(names[close[0]])}?"
    listed = ", ".join(shown.format(name) for name in list(names.values())[:_NAMED])
    return f"{there_are} {listed}{' and more' if len(names) > _NAMED else ''}."
