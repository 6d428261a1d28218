"""Which files of a folder can hold a pattern, asked of ripgrep: many times quicker than reading them all. Blocking.

Its expressions, its lines and its idea of an encoding are not quite ours, so it never decides what is a hit: it is given an expression
that meets at least what ours meets, and each file that it names is then searched by us. So the answer is the same without it.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

_NOT_ASCII = r"(?-u:[\x80-\xFF])"
"""Such a file is a candidate whatever it holds: ripgrep reads UTF-8, we read Latin-1 as well."""
_TOKEN = re.compile(
    r"""
    (?P<anchor>[\^$](?![*+?{]))                                           # left out: their lines end at \n alone
  | (?P<same>\\[wWdDsSbB] | \.  | \((?!\?) | \(\?: | \) | \|
      | [*+?](?![*+?{]) | [*+?]\? | \{\d{1,3}(?:,\d{0,3})?\}
      | \[\^?(?:[A-Za-z0-9]-[A-Za-z0-9] | [A-Za-z0-9_\ .,:/@] | \\[wds])+\])
  | \\(?P<escaped>[^A-Za-z0-9\s])
  | (?P<plain>[^\\\[\](){}*+?|^$.])
    """,
    re.VERBOSE | re.DOTALL,
)


def wider_expression(pattern: str, *, literal: bool, ignore_case: bool) -> str | None:
    """For ripgrep, meeting at least the lines that `pattern` meets; None where it is not known to."""
    if "\n" in pattern or "\r" in pattern or (ignore_case and not pattern.isascii()):
        return None
    if literal:
        return "".join(map(_character, pattern))
    words = []
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            return None
        at = token.end()
        single = token["escaped"] or token["plain"]
        words.append(_character(single) if single else token["same"] or "")
    return "".join(words)


def _character(character: str) -> str:
    return character if character.isalnum() or not character.isascii() else f"\\x{ord(character):02X}"


def candidates(
    program: str, root: Path, expression: str, names: str, skipped: Sequence[str], *, ignore_case: bool, seconds: float
) -> list[Path] | None:
    """In the order of a walk that takes a folder's files before its folders. None where ripgrep gives no answer in time."""
    arguments = [program, "--no-config", "--files-with-matches", "--null", "--text", "--hidden", "--no-ignore", "--no-follow"]
    arguments += ["--no-messages", *(f"--glob=!{name}/" for name in skipped), *(["--ignore-case"] if ignore_case else [])]
    folder = root if root.is_dir() else root.parent
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the expression cannot be taken for an option
            [
                *arguments,
                f"--regexp={expression}",
                f"--regexp={_NOT_ASCII}",
                "--",
                "./" if folder == root else f"./{root.name}",
            ],
            cwd=folder,  # what is skipped is meant below the folder, not on the way to it
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=max(0.0, seconds),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode not in {0, 1} and not done.stdout:
        return None  # it may not read a part of the folder, which is no matter, or it could not begin
    found = [Path(os.fsdecode(name)) for name in done.stdout.split(b"\0") if name]
    kept = [path for path in found if folder != root or fnmatchcase(path.name, names)]
    return [folder / path for path in sorted(kept, key=_place_in_a_walk)]


def _place_in_a_walk(path: Path) -> list[tuple[bool, str]]:
    *folders, name = path.parts
    return [*((True, folder) for folder in folders), (False, name)]
