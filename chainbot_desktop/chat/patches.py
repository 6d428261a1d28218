"""Unified diffs as people and models write them: which files and hunks there are. Pure; whether they fit is `patch_fitting`'s.

Read with patience: with or without git's headers, with wrong counts, without line numbers. What a hunk says is never changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from chainbot_desktop.core.errors import InvalidInput

MOST_FILES = 100
MOST_HUNKS = 2000
_HUNK = re.compile(r"@@(?: -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@|[^\n]*)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
NO_END = "\\ No newline at end of file"


@dataclass(frozen=True, slots=True)
class Hunk:
    """`start` is the line of the old file that it says it begins at, 0 where it says none. `lines` begin with " ", "-", "+", "\\"."""

    start: int
    lines: tuple[str, ...]

    @property
    def old(self) -> list[str]:
        return [line[1:] for line in self.lines if line[0] in " -"]

    @property
    def new(self) -> list[str]:
        return [line[1:] for line in self.lines if line[0] in " +"]


@dataclass(slots=True)
class FilePatch:
    """`old` and `new` are paths, "" for none: a file that is made, or taken away. `executable` where the mode is said."""

    old: str = ""
    new: str = ""
    hunks: list[Hunk] = field(default_factory=list)
    executable: bool | None = None
    problem: str = ""
    """Why nobody can apply it, whatever the file holds."""

    @property
    def path(self) -> str:
        return self.new or self.old


def looks_like_patch(language: str, text: str) -> bool:
    if language.lower() in ("diff", "patch", "udiff") and re.search(r"^(@@|diff --git |--- )", text, re.MULTILINE):
        return True
    return re.search(r"^--- \S.*\n\+\+\+ \S.*\n@@", text, re.MULTILINE) is not None or text.startswith("diff --git ")


def parse_patch(text: str) -> list[FilePatch]:
    """InvalidInput where there is no file in it, or where it has no end."""
    reader = _Reader(text.replace("\r\n", "\n").split("\n"))
    patches = reader.read()
    if not patches:
        raise InvalidInput(
            "This is no patch: it names no file.",
            hint="A unified diff has lines of --- and +++ with paths, then hunks that begin with @@.",
            code="no_patch",
        )
    if len(patches) > MOST_FILES or sum(len(patch.hunks) for patch in patches) > MOST_HUNKS:
        raise InvalidInput(f"This patch is too large: at most {MOST_FILES} files and {MOST_HUNKS} hunks.", code="too_large")
    return patches


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines[:-1] if lines and not lines[-1] else lines
        self._at = 0
        self._patches: list[FilePatch] = []
        self._open: FilePatch | None = None

    def read(self) -> list[FilePatch]:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.startswith("diff --git "):
                self._begin(*_git_paths(line))
            elif self._names_file(self._at):
                self._take_names()
            elif line.startswith("@@") and self._open is not None:
                self._take_hunk()
                continue
            elif self._open is not None and not self._open.hunks:
                _take_header(self._open, line)
            self._at += 1
        return [patch for patch in self._patches if patch.path]

    def _begin(self, old: str, new: str) -> FilePatch:
        self._open = FilePatch(old, new)
        self._patches.append(self._open)
        return self._open

    def _names_file(self, at: int) -> bool:
        return self._line(at).startswith("--- ") and self._line(at + 1).startswith("+++ ")

    def _take_names(self) -> None:
        old, new = _without_prefixes(_path(self._lines[self._at][4:]), _path(self._lines[self._at + 1][4:]))
        # Names of git's own header stand for a file that was renamed or has no text; these say what is true of the hunks.
        if self._open is None or self._open.hunks or not _same_file(self._open, old, new):
            self._begin(old, new)
        elif self._open is not None:
            self._open.old, self._open.new = old, new
        self._at += 1

    def _take_hunk(self) -> None:
        assert self._open is not None
        match = _HUNK.match(self._lines[self._at])
        start, counts = 0, None
        if match is not None and match[1]:
            start, counts = int(match[1]), (int(match[2] or 1), int(match[4] or 1))
        self._at += 1
        lines = self._counted(*counts) if counts is not None else None
        if lines is None:
            lines = self._plausible()
        self._at += len(lines)
        if not lines:
            self._open.problem = self._open.problem or "One of its hunks is empty."
        self._open.hunks.append(Hunk(start, tuple(line or " " for line in lines)))

    def _counted(self, old: int, new: int) -> list[str] | None:
        """As many lines as the header says; None where that cannot be true."""
        at = self._at
        while old or new:
            kind = self._line(at)[:1] or " "
            if at >= len(self._lines) or kind not in " +-\\":
                return None
            old -= kind in " -"
            new -= kind in " +"
            if old < 0 or new < 0:
                return None
            at += 1
        if self._line(at).startswith("\\"):
            at += 1
        goes_on = self._line(at)[:1] in ("+", "-", " ") and at < len(self._lines) and not self._names_file(at)
        return None if goes_on else self._lines[self._at : at]

    def _plausible(self) -> list[str]:
        at = self._at
        while at < len(self._lines):
            line = self._lines[at]
            if line[:1] not in ("", " ", "+", "-", "\\") or self._names_file(at):
                break
            at += 1
        while at > self._at and not self._lines[at - 1]:
            at -= 1
        return self._lines[self._at : at]

    def _line(self, at: int) -> str:
        return self._lines[at] if at < len(self._lines) else ""


def _same_file(patch: FilePatch, old: str, new: str) -> bool:
    return (old in ("", patch.old)) and (new in ("", patch.new))


def _take_header(patch: FilePatch, line: str) -> None:
    """A line between `diff --git` and the hunks."""
    if line.startswith(("new file mode", "new mode")):
        patch.executable = line.endswith("755")
        patch.old = "" if line.startswith("new file") else patch.old
        if line.endswith(("120000", "160000")):
            patch.problem = "It makes a symbolic link or a submodule, which is not done here."
    elif line.startswith("deleted file mode"):
        patch.new = ""
        if line.endswith(("120000", "160000")):
            patch.problem = "It takes a symbolic link or a submodule away, which is not done here."
    elif line.startswith("rename from "):
        patch.old = _path(line.removeprefix("rename from "))
    elif line.startswith("rename to "):
        patch.new = _path(line.removeprefix("rename to "))
    elif line.startswith(("copy from ", "copy to ")):
        patch.problem = "It copies a file, which is not done here."
    elif line.startswith("GIT binary patch") or (line.startswith("Binary files ") and line.endswith(" differ")):
        patch.problem = "It changes bytes that are no text, which nobody can look at here."


def _git_paths(line: str) -> tuple[str, str]:
    """The paths of `diff --git a/x b/x`; where they are not the same, the lines that follow say them."""
    rest = line.removeprefix("diff --git ")
    quoted = list(_QUOTED.finditer(rest))
    if len(quoted) == 2:
        return _without_prefixes(_path(quoted[0][0]), _path(quoted[1][0]))
    half = (len(rest) - 1) // 2
    old, new = rest[:half], rest[half + 1 :]
    if old[2:] == new[2:]:
        return _without_prefixes(_path(old), _path(new))
    words = rest.split(" b/", 1)
    return _without_prefixes(_path(words[0]), _path(f"b/{words[1]}")) if len(words) == 2 else ("", "")


def _path(text: str) -> str:
    """The path of a header, without its time; "" for none."""
    text = text.strip("\n")
    quoted = _QUOTED.match(text)
    if quoted is not None:
        raw = _ESCAPE.sub(_unescaped, quoted[1].encode())
        text = raw.decode("utf-8", "replace")
    else:
        text = text.partition("\t")[0].rstrip()
    return "" if text == "/dev/null" else text


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code, 8) & 0xFF]) if len(code) == 3 else _LETTERS.get(code, code)


def _without_prefixes(old: str, new: str) -> tuple[str, str]:
    """git writes a/ and b/ before the paths, `diff` does not."""
    if (old.startswith("a/") or not old) and (new.startswith("b/") or not new):
        old, new = old[2:], new[2:]
    return normal(old), normal(new)


def normal(path: str) -> str:
    return str(PurePosixPath(path)) if path else ""


def body_of(lines: Sequence[str]) -> str:
    """The text of a file that consists of the added lines of a hunk."""
    kept = [line[1:] for line in lines if line.startswith("+")]
    return "\n".join(kept) + ("" if not kept or lines[-1].startswith("\\") else "\n")
