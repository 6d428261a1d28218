"""git_status, git_diff, git_log: what a repository of the workspace says of itself, without what may not be read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import Field

from chainbot_desktop.agents.kind import Run
from chainbot_desktop.agents.tools.git_repository import Repository, find_repository
from chainbot_desktop.agents.tools.patterns import Target
from chainbot_desktop.agents.tools.places import Places
from chainbot_desktop.agents.tools.plan import Arguments, Plan, Refused, described, parsed
from chainbot_desktop.agents.tools.policy import Policy
from chainbot_desktop.agents.tools.shown import line, path_text, plain
from chainbot_desktop.agents.tools.tool import ToolFailed, ToolInfo

_FORMAT = "%h %ad %an%d%n    %s"


class _PlaceArguments(Arguments):
    path: str = Field(".", description="Folder in the repository, from the workspace.")


class _DiffArguments(_PlaceArguments):
    staged: bool = Field(False, description="What is staged, instead of what is not.")
    revision: str = Field("", max_length=200, description="Compare with this commit or branch, or the two of A..B.")


class _LogArguments(_PlaceArguments):
    limit: int = Field(20, ge=1, le=200)
    revision: str = Field("HEAD", max_length=200, description="Where to begin: a commit, branch or range.")


class GitStatus:
    def __init__(self, places: Places) -> None:
        self._places = places

    @property
    def info(self) -> ToolInfo:
        return described("git_status", "The branch and what is changed, staged and new in the repository.", _PlaceArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_PlaceArguments, arguments)
        repository = await asyncio.to_thread(repository_at, self._places, wanted.path)

        def status() -> str:
            out = repository.text("status", "--short", "--branch", "--untracked-files=all", "--ignore-submodules=all")
            return plain(out)

        return git_plan(repository, "Status of", "git status", _in_thread(status))


class GitDiff:
    def __init__(self, places: Places, policy: Policy) -> None:
        self._places = places
        self._policy = policy

    @property
    def info(self) -> ToolInfo:
        return described("git_diff", "What differs between the working tree, the index and a commit.", _DiffArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_DiffArguments, arguments)
        revision = [_revision(wanted.revision)] if wanted.revision else []
        repository = await asyncio.to_thread(repository_at, self._places, wanted.path)
        options = ["--cached"] if wanted.staged else []
        start = await asyncio.to_thread(self._places.readable, wanted.path)
        below = str(start.real.relative_to(repository.top))

        def difference() -> str:
            names = repository.names(*_DIFF, "--name-only", "-z", *options, *revision, "--", below)
            allowed = [name for name in names if self._may_read(repository, name)]
            left_out = [path_text(name) for name in names if name not in set(allowed)]
            out = plain(repository.text(*_DIFF, *options, *revision, "--", *allowed)) if allowed else ""
            note = f"\n[left out, may not be read: {', '.join(left_out)}]" if left_out else ""
            return (out or "[no difference]") + note

        return git_plan(repository, "Differences in", "git diff", _in_thread(difference))

    def _may_read(self, repository: Repository, name: str) -> bool:
        place = self._places.at(repository.top / name)
        return not self._places.secret(place) and self._policy.decide("read_file", (place.target(),)).action == "allow"


class GitLog:
    def __init__(self, places: Places) -> None:
        self._places = places

    @property
    def info(self) -> ToolInfo:
        return described("git_log", "The history: commits with date, author and subject, newest first.", _LogArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_LogArguments, arguments)
        revision = _revision(wanted.revision)
        repository = await asyncio.to_thread(repository_at, self._places, wanted.path)

        def log() -> str:
            head = ("log", f"--max-count={wanted.limit}", f"--format={_FORMAT}", "--date=iso-strict", "--no-show-signature")
            return plain(repository.text(*head, "--no-ext-diff", "--no-textconv", revision, "--")) or "[no commits]"

        return git_plan(repository, "History of", "git log", _in_thread(log))


_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", "--no-renames", "--no-color")


def repository_at(places: Places, path: str) -> Repository:
    return find_repository(places, places.readable(path))


def git_plan(repository: Repository, verb: str, detail: str, carry_out: Callable[[], Awaitable[str]]) -> Plan:
    where = path_text(repository.top)
    return Plan(
        targets=targets_of(repository),
        title=line(f"{verb} {repository.top.name}"),
        detail=f"{detail} in {where}",
        detail_kind="text",
        carry_out=carry_out,
        touches=(where,),
        scope=f"{detail}:{where}",
    )


def targets_of(repository: Repository) -> tuple[Target, ...]:
    """The repository's own folder; where a file .git points outside of the workspace, a human is asked."""
    return (repository.folder.target(),)


def _in_thread(work: Callable[[], str]) -> Callable[[], Awaitable[str]]:
    async def carry_out() -> str:
        return await asyncio.to_thread(work)

    return carry_out


def _revision(text: str) -> str:
    """A revision is no option, and names no file by the way of `rev:path`: that would show what may not be read."""
    if text.startswith("-") or "\0" in text or ":" in text:
        raise Refused("This is no revision.", rule="malformed", target=line(text))
    if not text.strip():
        raise ToolFailed("A revision is missing.")
    return text
