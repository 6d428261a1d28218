"""A command as coding agents give it: an argument vector, or one line that is meant for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

_FOR_A_SHELL = frozenset("\n|&;<>()$`*?[]{}#~%!\\")


def vector_of(words: Sequence[str]) -> list[str]:
    """What is started."""
    if len(words) == 1 and any(letter in _FOR_A_SHELL or letter in " \t\"'=" for letter in words[0]):
        return ["sh", "-c", words[0]]
    return list(words)


def program_of(vector: Sequence[str]) -> list[str] | None:
    """What a shell would start, where that is one program and its arguments: rules are for programs. None where nothing is plain."""
    if list(vector[:2]) != ["sh", "-c"] or len(vector) != 3 or _FOR_A_SHELL & set(vector[2]):
        return None
    try:
        return shlex.split(vector[2]) or None
    except ValueError:
        return None
