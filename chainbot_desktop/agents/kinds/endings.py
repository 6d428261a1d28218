"""How a process ended, in a sentence."""

from __future__ import annotations

import signal

_MEANINGS = {
    126: "it could not be run",
    127: "a program was not found",
}


def ending(program: str, code: int, *, out_of_memory: bool = False) -> str:
    """`code` as `Child.wait` gives it: negative for a signal."""
    if out_of_memory:
        return f"{program} was ended: it reached the limit on its memory."
    if code == 0:
        return f"{program} ended well."
    if code > 0:
        meaning = f" ({_MEANINGS[code]})" if code in _MEANINGS else ""
        return f"{program} ended with exit code {code}{meaning}."
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    description = signal.strsignal(-code)
    return f"{program} was ended by {name}{f' ({description.lower()})' if description else ''}."
