"""git_commit: the card shows the message and the exact difference, and exactly that tree is committed.

The tree is made in an index and an object folder of its own while it is only a plan. `commit-tree` and `update-ref` then write
what was approved: no hook runs, nothing is signed, and a file that changed in between makes the plan another one.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from chainbot_desktop.agents.kind import AgentContext, Run
from chainbot_desktop.agents.tools.git_reading import repository_at, targets_of
from chainbot_desktop.agents.tools.git_repository import Repository, personal_identity
from chainbot_desktop.agents.tools.places import Places
from chainbot_desktop.agents.tools.plan import Arguments, Plan, Refused, described, parsed
from chainbot_desktop.agents.tools.shown import line, path_text, plain
from chainbot_desktop.agents.tools.tool import ToolFailed, ToolInfo

_BUSY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


class _CommitArguments(Arguments):
    message: str = Field(min_length=1, max_length=10_000, description="The commit message.")
    paths: tuple[str, ...] = Field(
        (), max_length=1000, description="Files to commit, from the workspace; none: all changed files."
    )
    path: str = Field(".", description="Folder in the repository, from the workspace.")


@dataclass(frozen=True, slots=True)
class _Commit:
    """`parent` is "" for the first one."""

    repository: Repository
    message: str
    paths: tuple[str, ...]
    parent: str
    tree: str
    difference: str


class GitCommit:
    def __init__(self, context: AgentContext, places: Places) -> None:
        self._context = context
        self._places = places

    @property
    def info(self) -> ToolInfo:
        return described("git_commit", "Commit files of the repository. Hooks do not run.", _CommitArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_CommitArguments, arguments)
        commit = await asyncio.to_thread(self._prepare, wanted)

        async def carry_out() -> str:
            return await asyncio.to_thread(self._commit, commit)

        where = path_text(commit.repository.top)
        return Plan(
            targets=targets_of(commit.repository),
            title=line(f"Commit in {commit.repository.top.name}: {plain(wanted.message.splitlines()[0], kept='')}"),
            detail=f"{plain(wanted.message)}\n\n{commit.difference}",
            detail_kind="diff",
            carry_out=carry_out,
            touches=(where,),
            scope=f"git commit:{where}",
        )

    def _prepare(self, wanted: _CommitArguments) -> _Commit:
        repository = repository_at(self._places, wanted.path)
        busy = [name for name in _BUSY if (repository.folder.real / name).exists()]
        if busy:
            raise ToolFailed("The repository is in the middle of a merge, rebase or the like. A person has to end that first.")
        paths = tuple(self._path(repository, path) for path in wanted.paths) or (".",)
        head = repository.run("rev-parse", "--verify", "--quiet", "HEAD", may_fail=True)
        parent = head.out.decode().strip() if head.code == 0 else ""
        with tempfile.TemporaryDirectory(dir=self._context.private) as folder:
            env = _apart(repository, Path(folder))
            tree = _staged(repository, paths, env)
            base = parent or repository.text("hash-object", "-t", "tree", "-w", "--stdin", env=env)
            names = repository.names(*_TREES, "--name-only", "-z", base, tree, env=env)
            self._refuse_secrets(repository, names)
            _refuse_filtered(repository, names, env)
            difference = plain(repository.text(*_TREES, "--patch", base, tree, env=env))
        if not names:
            raise ToolFailed("There is nothing to commit.")
        return _Commit(repository, wanted.message, paths, parent, tree, difference)

    def _path(self, repository: Repository, path: str) -> str:
        place = self._places.writable(path)
        if not place.real.is_relative_to(repository.top):
            raise Refused(f"{place.shown} is not in the repository.", rule="malformed", target=line(place.shown))
        return str(place.real.relative_to(repository.top))

    def _refuse_secrets(self, repository: Repository, names: list[str]) -> None:
        for name in names:
            place = self._places.at(repository.top / name)
            if self._places.secret(place):
                raise Refused(
                    f"{place.shown} may hold secrets and would be committed. Name the files to commit, without it.",
                    rule="secrets files",
                    target=line(place.shown),
                )

    def _commit(self, commit: _Commit) -> str:
        repository = commit.repository
        if _staged(repository, commit.paths, {}) != commit.tree:
            raise ToolFailed("Files changed in this moment. Nothing was committed; look again.")
        parents = ("-p", commit.parent) if commit.parent else ()
        made = repository.text(
            "commit-tree", commit.tree, *parents, env=self._identity(), stdin=commit.message.strip().encode() + b"\n"
        )
        subject = line(plain(commit.message.splitlines()[0], kept=""), 100)
        repository.run(
            "update-ref", "-m", f"commit: {subject}", "HEAD", made, commit.parent or "0" * len(made), env=self._identity()
        )
        return f"Committed as {made[:12]}."

    def _identity(self) -> dict[str, str]:
        """The person's name, where git knows it: an agent works for them. The committer says which agent it was."""
        person = personal_identity()
        agent = f"{self._context.name} (ChainBot)"
        address = person["email"] or "agent@localhost"
        return {
            "GIT_AUTHOR_NAME": person["name"] or agent,
            "GIT_AUTHOR_EMAIL": address,
            "GIT_COMMITTER_NAME": agent,
            "GIT_COMMITTER_EMAIL": address,
        }


_TREES = ("diff-tree", "-r", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-color")


def _apart(repository: Repository, folder: Path) -> dict[str, str]:
    """An index and a place for objects of their own, so that a plan leaves no trace in the repository."""
    common = Path(repository.text("rev-parse", "--path-format=absolute", "--git-common-dir"))
    objects = folder / "objects"
    objects.mkdir()
    index = folder / "index"
    with suppress(FileNotFoundError):
        # With its time: by that git knows which entries are as young as the index and must be read to be compared.
        shutil.copy2(repository.folder.real / "index", index)
    return {
        "GIT_INDEX_FILE": str(index),
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(common / "objects"),
    }


def _staged(repository: Repository, paths: tuple[str, ...], env: Mapping[str, str]) -> str:
    """The tree of the index after `paths` were added to it."""
    repository.run("add", "--all", "--", *paths, env=env)
    return repository.text("write-tree", env=env)


def _refuse_filtered(repository: Repository, names: list[str], env: Mapping[str, str]) -> None:
    """A filter (such as Git LFS) is a program that the repository names: it does not run here, and without it the content is wrong."""
    if not names:
        return
    listed = b"\0".join(os.fsencode(name) for name in names)
    rows = repository.run("check-attr", "-z", "--stdin", "filter", env=env, stdin=listed + b"\0").out.split(b"\0")
    for name, value in zip(rows[0::3], rows[2::3], strict=False):
        if value not in {b"unspecified", b"unset"}:
            raise ToolFailed(
                f"{path_text(os.fsdecode(name))} goes through the filter {value.decode('utf-8', 'replace')!r}, which is a program and"
                " does not run here. Commit it with run_command."
            )
