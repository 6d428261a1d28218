"""Which files of a folder are text that may be recalled, and their text in pieces. Blocking."""

from __future__ import annotations

import codecs
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import monotonic

from chainbot_desktop.store.workspace_text import FileMark, Piece

MAX_FILE_BYTES = 512 * 1024
MAX_FILES = 20_000
_PIECE = 1200
"""Characters after which a piece ends at the next line, ..."""
_PIECE_LINES = 40
_SOFT = 500
"""... and after so many at the next empty one."""
_LINE = 2000
"""Characters of a line that are kept: longer ones are made by programs."""
_LISTING_SECONDS = 60.0
_STOP_SECONDS = 0.1
_SKIPPED = frozenset({"node_modules", "__pycache__", "venv"})
_GIT = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "--no-optional-locks")
"""A repository may name a program that git runs to learn of changes: it is not run."""


class Stopped(Exception):
    """Somebody does not want to know any more."""


def listed(root: Path, stopped: Callable[[], bool]) -> list[str]:
    """Paths from `root`, at most MAX_FILES + 1, what .gitignore names and what is hidden left out.

    ripgrep knows those rules best; without it git does, in a repository; elsewhere all that is not hidden is listed.
    """
    found: list[str] = []
    for name in _all_names(root, stopped):
        if not _is_skipped(name):
            found.append(name)
            if len(found) > MAX_FILES:
                break
    return sorted(found)


def mark_of(path: Path) -> FileMark | None:
    """None where it is no regular file, or is empty or larger than what is recalled."""
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode) or not 0 < status.st_size <= MAX_FILE_BYTES:
        return None
    return FileMark(status.st_mtime_ns, status.st_size)


def pieces_of(root: Path, name: str) -> list[Piece]:
    """Nothing where the file is no text, cannot be read or lies elsewhere by now."""
    path = root / name
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        return []
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            body = file.read(MAX_FILE_BYTES + 1)
    except OSError:
        return []
    text = _decoded(body)
    return list(_cut(text)) if text is not None and len(body) <= MAX_FILE_BYTES else []


def _decoded(body: bytes) -> str | None:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    if b"\0" in body:
        return None
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _cut(text: str) -> Iterator[Piece]:
    lines: list[str] = []
    size = 0
    first = 1
    for number, line in enumerate(text.splitlines(), 1):
        lines.append(line[:_LINE])
        size += len(lines[-1]) + 1
        if size >= _PIECE or len(lines) >= _PIECE_LINES or (size >= _SOFT and not line.strip()):
            yield from _piece(first, lines)
            lines, size, first = [], 0, number + 1
    yield from _piece(first, lines)


def _piece(first: int, lines: list[str]) -> Iterator[Piece]:
    leading = next((place for place, line in enumerate(lines) if line.strip()), len(lines))
    text = "\n".join(lines[leading:]).rstrip()
    if text:
        yield Piece(first + leading, text)


def _is_skipped(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return True  # a name that is no text could not be shown or opened by its reference
    return any(part in _SKIPPED or part.startswith(".") for part in name.split("/"))


def _all_names(root: Path, stopped: Callable[[], bool]) -> Iterable[str]:
    names = _by_ripgrep(root, stopped)
    if names is None:
        names = _by_git(root, stopped)
    return _by_walking(root, stopped) if names is None else names


def _by_ripgrep(root: Path, stopped: Callable[[], bool]) -> list[str] | None:
    program = shutil.which("rg")
    if program is None:
        return None
    options = ("--no-config", "--files", "--null", "--no-messages", "--no-follow", "--no-require-git")
    return _names([program, *options, f"--max-filesize={MAX_FILE_BYTES}"], root, stopped, fine=1)  # 1: there are none


def _by_git(root: Path, stopped: Callable[[], bool]) -> list[str] | None:
    program = shutil.which("git")
    if program is None:
        return None
    options = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    return _names([program, *_GIT, *options], root, stopped)


def _names(command: list[str], root: Path, stopped: Callable[[], bool], fine: int = 0) -> list[str] | None:
    """None where the program gives no answer in time, or says that it cannot (an exit code above `fine`, and not a name)."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        child = subprocess.Popen(  # noqa: S603 - no shell, no word of anybody else's
            command,
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None
    with child:
        found = _output(child, stopped)
    if found is None or (child.returncode > fine and not found):
        return None
    return [os.fsdecode(name) for name in found.split(b"\0") if name]


def _output(child: subprocess.Popen[bytes], stopped: Callable[[], bool]) -> bytes | None:
    """None where it took too long. It is killed then, and where it is stopped."""
    deadline = monotonic() + _LISTING_SECONDS
    try:
        while monotonic() < deadline:
            try:
                return child.communicate(timeout=_STOP_SECONDS)[0]
            except subprocess.TimeoutExpired:
                if stopped():
                    raise Stopped from None
        return None
    finally:
        if child.poll() is None:
            child.kill()


def _by_walking(root: Path, stopped: Callable[[], bool]) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        if stopped():
            raise Stopped
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        relative = os.path.relpath(folder, root)
        for name in sorted(files):
            yield name if relative == "." else f"{relative}/{name}"
