"""Whether the hunks of a patch fit a text, and what it becomes. Blocking: `git apply` does it, in a folder of its own.

git finds hunks that moved, says of each whether it fits, and is on every machine that the program's other tools need. It sees one
file under a name of ours, outside of any repository and without a configuration: what a patch calls its files does not reach it.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.chat.patches import Hunk, body_of, parse_patch
from chainbot_desktop.core.errors import InvalidInput, Unavailable

_SECONDS = 20.0
_MOVED = re.compile(r"^Hunk #(\d+) succeeded at (\d+)", re.MULTILINE)
_REJECTED = re.compile(r"^Rejected hunk #(\d+)\.", re.MULTILINE)
_WAYS: tuple[tuple[tuple[str, ...], str], ...] = (
    ((), ""),
    (("--unidiff-zero",), ""),
    (("--unidiff-zero", "--ignore-whitespace"), "with other spaces"),
    (("--unidiff-zero", "--ignore-whitespace", "-C1"), "with a part of its context only"),
)
"""From strict to patient. Without --unidiff-zero a hunk that ends without context must stand at the end of the file."""


@dataclass(frozen=True, slots=True)
class HunkFit:
    """`line` is where it is in the text, from 1 on. `problem` says why it does not fit; `note` what to look at where it does."""

    hunk: Hunk
    line: int
    problem: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """`text` is what it becomes, where all hunks fit."""

    hunks: tuple[HunkFit, ...]
    text: bytes

    @property
    def fits(self) -> bool:
        return not any(hunk.problem for hunk in self.hunks)


def fit(before: bytes, hunks: Sequence[Hunk]) -> Fit:
    """`before` is UTF-8. Line ends of a file that has CR LF throughout are kept. Unavailable where git does not work."""
    crlf = before.count(b"\r\n") == before.count(b"\n") and b"\r\n" in before
    text = before.replace(b"\r\n", b"\n") if crlf else before
    if not text and len(hunks) == 1 and not hunks[0].old:
        return Fit((HunkFit(hunks[0], 1),), body_of(hunks[0].lines).encode("utf-8", "replace"))
    refused = {number: reason for number, hunk in enumerate(hunks) if (reason := _ambiguous(text, hunk))}
    best: tuple[set[int], dict[int, int], bytes, str] | None = None
    with tempfile.TemporaryDirectory(prefix="chainbot-patch-") as folder:
        for flags, note in _WAYS:
            rejected, moved, after = _apply(Path(folder), text, hunks, flags)
            if best is None or len(rejected) < len(best[0]):
                best = rejected, moved, after, note
            if not rejected:
                break
    assert best is not None
    rejected, moved, after, note = best
    fits = [
        HunkFit(
            hunk,
            moved.get(number, hunk.start),
            refused.get(number) or (_why_not(text, hunk) if number in rejected else ""),
            "" if number in rejected else note,
        )
        for number, hunk in enumerate(hunks)
    ]
    return Fit(tuple(fits), after.replace(b"\n", b"\r\n") if crlf else after)


def difference(before: bytes, after: bytes) -> list[Hunk]:
    """The hunks between two texts."""
    with tempfile.TemporaryDirectory(prefix="chainbot-patch-") as folder:
        (Path(folder) / "before").write_bytes(before)
        (Path(folder) / "after").write_bytes(after)
        done = _git(
            Path(folder), ["diff", "--no-index", "--no-color", "--text", "--no-ext-diff", "-U3", "before", "after"], b""
        )
    shown = done.stdout.decode("utf-8", "replace")
    return parse_patch(shown)[0].hunks if shown.strip() else []


def _apply(folder: Path, text: bytes, hunks: Sequence[Hunk], flags: Sequence[str]) -> tuple[set[int], dict[int, int], bytes]:
    """The places of hunks that are rejected, the lines of those that moved, and the text then."""
    file = folder / "file"
    file.write_bytes(text)
    patch = "--- a/file\n+++ b/file\n" + "".join(_written(hunk) for hunk in hunks)
    done = _git(
        folder, ["apply", "--reject", "--verbose", "--whitespace=nowarn", *flags, "-"], patch.encode("utf-8", "replace")
    )
    told = (done.stdout + done.stderr).decode("utf-8", "replace")
    rejected = {int(match[1]) - 1 for match in _REJECTED.finditer(told)}
    moved = {int(match[1]) - 1: int(match[2]) for match in _MOVED.finditer(told)}
    if done.returncode != 0 and not rejected:
        reason = next((line for line in told.splitlines() if line.startswith("error: ")), "it gave no reason")
        raise InvalidInput(f"git cannot read this patch: {reason.removeprefix('error: ')}.", code="bad_patch")
    return rejected, moved, file.read_bytes() if file.exists() else b""


def _written(hunk: Hunk) -> str:
    # A hunk that says line 1 must stand there; one that says nothing may stand anywhere.
    start = hunk.start or 2
    lines = "\n".join(hunk.lines)
    return f"@@ -{start},{len(hunk.old)} +{start},{len(hunk.new)} @@\n{lines}\n"


def _ambiguous(text: bytes, hunk: Hunk) -> str:
    """Where a hunk could be meant is not guessed."""
    if not hunk.old:
        return "It adds lines and shows none around them: nobody can tell where they belong." if text else ""
    if hunk.start:
        return ""
    count = _times(f"\n{text.decode('utf-8', 'replace')}", "\n".join(["", *hunk.old, ""]))
    return f"It names no line, and what it changes is there {count} times." if count > 1 else ""


def _times(text: str, passage: str) -> int:
    """How often, also where one overlaps the next; to 99 and no further."""
    count, at = 0, text.find(passage)
    while at >= 0 and count < 99:
        count, at = count + 1, text.find(passage, at + 1)
    return count


def _why_not(text: bytes, hunk: Hunk) -> str:
    there = set(text.decode("utf-8", "replace").split("\n"))
    missing = next((line for line in hunk.old if line not in there), None)
    if missing is None:
        return "Its lines are in the file, but not one after the other as it says."
    return f"The file has no line “{missing.strip()[:80]}”." if missing.strip() else "The file has no such empty line there."


def _git(folder: Path, arguments: Sequence[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LC_ALL": "C",
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    try:
        return subprocess.run(  # noqa: S603 - fixed words, files of ours
            ["git", *arguments],  # noqa: S607 - found like every other program
            input=given,
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise Unavailable(
            "git is not installed, and patches are applied with it.", hint="Install git.", code="no_git"
        ) from None
    except subprocess.TimeoutExpired:
        raise Unavailable("This patch takes too long to be looked at.", hint="Apply it in parts.", code="too_slow") from None
