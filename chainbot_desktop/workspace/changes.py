"""Several files of the workspace changed as one: all of them or none, with a way back to every byte.

A path is taken as it stands: one that leads out of the workspace, over a symbolic link, into a repository's own folder or to a
private place is refused. What a file held before is kept as a blob before anything is written.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import Actor, FilesChanged
from chainbot_desktop.core.events.envelope import label
from chainbot_desktop.core.events.panel import ChangedFile, FileChanges
from chainbot_desktop.core.ports import Blobs, Journal, WorkspaceChange, WorkspaceFile
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.workspace.change_steps import (
    MOST_BYTES,
    PlaceRefused,
    Step,
    carry_out,
    digest_of,
    drop_empty,
    folders_left,
    undo,
)
from chainbot_desktop.workspace.encodings import TextFormat, decode, encode
from chainbot_desktop.workspace.paths import readable
from chainbot_desktop.workspace.reading import read_bytes
from chainbot_desktop.workspace.refusals import NoPermission

MOST_FILES = 100
_LONGEST = 1024
_KEPT = 50


@dataclass(frozen=True, slots=True)
class _Seen:
    real: Path
    body: bytes | None
    form: TextFormat
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class _Written:
    """`made` are the folders that were made for it."""

    steps: tuple[Step, ...]
    made: tuple[Path, ...]


class FileSet:
    """Implements `core.ports.WorkspaceChanges`. `private` says why a real path is nobody's business; "" where it is not."""

    def __init__(
        self, root: Callable[[], Path], journal: Journal, blobs: Blobs, tasks: Tasks, private: Callable[[Path], str]
    ) -> None:
        self._root = root
        self._tasks = tasks
        self._journal = journal
        self._blobs = blobs
        self._private = private
        self._written: dict[str, _Written] = {}
        self._changing = asyncio.Lock()
        self.unsaved: Callable[[], Collection[Path]] = tuple
        """The files that are open in the editor with changes that nobody saved."""

    async def look(self, path: str) -> WorkspaceFile:
        seen = await asyncio.to_thread(self._look, path)
        self._refuse_unsaved([seen.real])
        text = None if seen.body is None else decode(seen.body, path)[0]
        return WorkspaceFile(path, text, seen)

    async def write(self, changes: Sequence[WorkspaceChange], *, actor: Actor) -> str:
        if not 0 < len(changes) <= MOST_FILES:
            raise InvalidInput(f"At most {MOST_FILES} files are changed at once, and at least one.")
        async with self._changing:
            steps = await asyncio.to_thread(self._steps, changes)
            return await self._carry_out(steps, actor)

    async def take_back(self, written: str, *, actor: Actor) -> None:
        async with self._changing:
            known = self._written.get(written)
            if known is None:
                raise NotFound("It is too late to take this back.", hint="The journal names what each file held before.")
            await self._carry_out(
                tuple(step.back() for step in reversed(known.steps)), actor, known.made[::-1], takes_back=written
            )
            del self._written[written]

    async def _carry_out(
        self, steps: tuple[Step, ...], actor: Actor, made_before: Sequence[Path] = (), *, takes_back: str = ""
    ) -> str:
        self._refuse_unsaved([step.path for step in steps])
        for step in steps:
            if step.before is not None:
                await self._blobs.put(step.before)
        event = self._event(steps, actor, takes_back)
        # A task of its own: who is cancelled in the middle leaves nothing half done.
        work = self._tasks.spawn("change files of the workspace", self._write_and_note(steps, event, made_before))
        outcome = await asyncio.shield(work)
        if isinstance(outcome, ChainBotError):
            raise outcome
        if not takes_back:
            self._written[event.id] = _Written(steps, tuple(outcome))
            while len(self._written) > _KEPT:
                self._written.pop(next(iter(self._written)))
        return event.id

    async def _write_and_note(
        self, steps: tuple[Step, ...], event: FilesChanged, made_before: Sequence[Path]
    ) -> Sequence[Path] | ChainBotError:
        """The folders that were made; or why nothing was changed."""
        try:
            made = await asyncio.to_thread(carry_out, steps)
        except ChainBotError as error:
            return error
        try:
            await self._journal.append(event)
        except ChainBotError as error:
            await asyncio.to_thread(undo, steps, made)
            return error
        await asyncio.to_thread(drop_empty, made_before or folders_left(steps, self._real_root()))
        return made

    def _event(self, steps: Sequence[Step], actor: Actor, takes_back: str) -> FilesChanged:
        files = tuple(
            ChangedFile(path=self._shown(s.path), before=digest_of(s.before), after=digest_of(s.after)) for s in steps
        )
        data = FileChanges(files=files, takes_back=takes_back)
        return FilesChanged(source="workspace", subject=label(files[0].path), actor=actor, data=data)

    def _shown(self, path: Path) -> str:
        return readable(path.relative_to(self._real_root()) if path.is_relative_to(self._real_root()) else path)

    def _real_root(self) -> Path:
        return Path(os.path.realpath(self._root()))

    def _look(self, path: str) -> _Seen:
        real = self._place(path)
        if not os.path.lexists(real):
            return _Seen(real, None, TextFormat())
        body = read_bytes(real, MOST_BYTES)[0]
        return _Seen(real, body, decode(body, path)[1], stat.S_IMODE(real.stat().st_mode))

    def _place(self, path: str) -> Path:
        """The real path; PlaceRefused where no change may go."""
        parts = PurePosixPath(path).parts
        if not parts or not path.isprintable() or len(path.encode("utf-8", "replace")) > _LONGEST or path.endswith("/"):
            raise PlaceRefused(f"{readable(path[:200])!r} is no path of a file.")
        if path.startswith(("/", "~")) or ".." in parts:
            raise PlaceRefused(f"{path} leads out of the workspace.", hint="Paths are taken from the workspace.")
        if any(part.casefold() == ".git" for part in parts):
            raise PlaceRefused(f"{path} belongs to git itself.", hint="Only git changes it.")
        place = self._real_root()
        for part in parts:
            place = place / part
            if place.is_symlink():
                raise PlaceRefused(f"{path} goes over a symbolic link.", hint="Name the file that it leads to.")
        above = next((parent for parent in place.parents if parent.exists()), place)
        if not above.is_dir():
            raise PlaceRefused(f"{path} would lie in a file, not in a folder.")
        if reason := self._private(place):
            raise PlaceRefused(f"{path} {reason}")
        return place

    def _steps(self, changes: Sequence[WorkspaceChange]) -> tuple[Step, ...]:
        """Everything that can be wrong is looked at before anything is written."""
        steps = [self._step(change) for change in changes]
        if len({step.path for step in steps}) != len(steps):
            raise InvalidInput("One file is named twice.")
        return tuple(steps)

    def _step(self, change: WorkspaceChange) -> Step:
        seen = change.file.seen
        if not isinstance(seen, _Seen):
            raise TypeError("a file that was not looked at")
        now = self._look(change.file.path)
        if (now.real, now.body) != (seen.real, seen.body):
            raise Conflict(f"{change.file.path} was changed by somebody else meanwhile.", hint="Look at the preview again.")
        like = change.like.seen if change.like is not None and now.body is None else seen
        if not isinstance(like, _Seen):
            raise TypeError("a file that was not looked at")
        after = None if change.text is None else encode(change.text, like.form)
        _refuse_without_permission(now.real, change.file.path)
        mode_after = None if after is None else _mode(like.mode, change.executable)
        return Step(now.real, now.body, after, now.mode, mode_after)

    def _refuse_unsaved(self, paths: Collection[Path]) -> None:
        open_ = {Path(os.path.realpath(path)) for path in self.unsaved()}
        for path in paths:
            if path in open_:
                raise Conflict(
                    f"{self._shown(path)} is open in Code Agent, with changes that are not saved.",
                    hint="Save or close it there first.",
                    code="unsaved_changes",
                )


def _mode(mode: int | None, executable: bool | None) -> int | None:
    """None is what a new file gets by itself."""
    if executable is None:
        return mode
    if mode is None:
        return 0o755 if executable else None
    return mode | (mode & 0o444) >> 2 if executable else mode & ~0o111


def _refuse_without_permission(path: Path, shown: str) -> None:
    there = path if path.exists() else next(parent for parent in path.parents if parent.exists())
    folder = path.parent if path.exists() else there
    if not folder.is_dir():
        raise InvalidInput(f"{shown} would lie in a file, not in a folder.", code="not_a_folder")
    if not (os.access(there, os.W_OK, effective_ids=True) and os.access(folder, os.W_OK | os.X_OK, effective_ids=True)):
        raise NoPermission(f"You have no permission to change {shown}.")
