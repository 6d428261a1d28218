"""Searching the text of the workspace, with ripgrep where it is installed and an own walk elsewhere.

A hit is told only where the policy would let the file be read: searching is no way around it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from time import monotonic
from typing import Any

import regex
from pydantic import Field

from chainbot_desktop.agents.kind import Run
from chainbot_desktop.agents.tools.file_reading import decode, reading_plan
from chainbot_desktop.agents.tools.opening import read_file
from chainbot_desktop.agents.tools.places import Place, Places
from chainbot_desktop.agents.tools.plan import Arguments, Plan, described, parsed
from chainbot_desktop.agents.tools.policy import Policy
from chainbot_desktop.agents.tools.ripgrep import candidates, wider_expression
from chainbot_desktop.agents.tools.shown import plain
from chainbot_desktop.agents.tools.tool import ToolFailed, ToolInfo

_SECONDS = 20.0
_FILE_LIMIT = 2 * 1024 * 1024
_LINE = 300
_SKIPPED = frozenset({".git", "node_modules", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})


class _SearchArguments(Arguments):
    pattern: str = Field(min_length=1, max_length=1000, description="Regular expression, or plain text with literal=true.")
    path: str = Field(".", description="Folder or file to search, from the workspace.")
    files: str = Field("*", description="Names of files to search, such as *.py.")
    literal: bool = Field(False, description="Take the pattern as plain text.")
    ignore_case: bool = False
    limit: int = Field(100, ge=1, le=500, description="Most lines to tell.")


class SearchFiles:
    def __init__(self, places: Places, policy: Policy) -> None:
        self._places = places
        self._policy = policy

    @property
    def info(self) -> ToolInfo:
        return described("search_files", "Search the text of files; tells path, line number and line.", _SearchArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_SearchArguments, arguments)
        place = await asyncio.to_thread(self._places.readable, wanted.path)
        expression = _expression(wanted)

        async def carry_out() -> str:
            return await asyncio.to_thread(self._search, place, wanted, expression)

        return reading_plan(place, f"Search {place.shown} for {plain(wanted.pattern, kept='')}", carry_out)

    def _search(self, place: Place, wanted: _SearchArguments, expression: regex.Pattern[str]) -> str:
        deadline = monotonic() + _SECONDS
        may_read = self._may_read(place.inside)
        found_by_ripgrep = _ask_ripgrep(place.real, wanted)
        files = found_by_ripgrep if found_by_ripgrep is not None else _walk(place.real, wanted.files)
        hits: list[str] = []
        for path in files:
            if monotonic() > deadline:
                hits.append(f"[stopped after {_SECONDS:.0f} s: search a smaller folder]")
                break
            found = self._places.at(path)
            if not may_read(found):
                continue
            hits.extend(_hits_in(found, expression, wanted.limit - len(hits), deadline))
            if len(hits) >= wanted.limit:
                hits.append(f"[the first {wanted.limit} lines; there may be more]")
                break
        return "\n".join(hits) or "[nothing found]"

    def _may_read(self, from_inside: bool) -> Callable[[Place], bool]:
        def may(place: Place) -> bool:
            if place.inside != from_inside or self._places.secret(place):
                return False
            decision = self._policy.decide("read_file", (place.target(),))
            return decision.action == "allow" or (decision.action == "ask" and not from_inside)

        return may


def _expression(wanted: _SearchArguments) -> regex.Pattern[str]:
    text = regex.escape(wanted.pattern) if wanted.literal else wanted.pattern
    try:
        return regex.compile(text, regex.IGNORECASE if wanted.ignore_case else 0)
    except regex.error as error:
        raise ToolFailed(f"This is no regular expression: {error}. Use literal=true for plain text.") from None


def _ask_ripgrep(root: Path, wanted: _SearchArguments) -> list[Path] | None:
    program = shutil.which("rg")
    expression = wider_expression(wanted.pattern, literal=wanted.literal, ignore_case=wanted.ignore_case)
    if program is None or expression is None:
        return None
    return candidates(
        program, root, expression, wanted.files, sorted(_SKIPPED), ignore_case=wanted.ignore_case, seconds=_SECONDS / 2
    )


def _hits_in(place: Place, expression: regex.Pattern[str], limit: int, deadline: float) -> list[str]:
    try:
        decoded = decode(read_file(place.real, _FILE_LIMIT)[:_FILE_LIMIT])
    except ToolFailed:
        return []  # gone, unreadable or swapped since the walk
    hits: list[str] = []
    for number, text in enumerate(decoded[0].splitlines() if decoded else (), 1):
        try:
            found = expression.search(text, timeout=max(0.01, deadline - monotonic()))
        except TimeoutError:
            raise ToolFailed("The expression takes too long; search for something simpler, or with literal=true.") from None
        if found:
            hits.append(f"{place.shown}:{number}: {text[:_LINE]}")
            if len(hits) >= limit:
                break
    return hits


def _walk(root: Path, names: str) -> Iterator[Path]:
    """Regular files below a real folder, links not followed."""
    if not stat.S_ISDIR(os.lstat(root).st_mode):
        yield root
        return
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(files):
            path = Path(folder) / name
            if fnmatchcase(name, names) and _is_regular(path):
                yield path


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:  # gone since the folder was listed
        return False
