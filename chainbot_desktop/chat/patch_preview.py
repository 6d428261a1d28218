"""What applying a patch, or a whole file, would do to the workspace, file by file. Looks, and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chainbot_desktop.chat.code_blocks import WholeFile
from chainbot_desktop.chat.patch_fitting import Fit, HunkFit, difference, fit
from chainbot_desktop.chat.patches import FilePatch, body_of
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.ports import WorkspaceChange, WorkspaceChanges, WorkspaceFile

_NOT_NEW = "It changes lines of a file that it calls new."


@dataclass(frozen=True, slots=True)
class FilePreview:
    """What becomes of one file. `problem` says why it cannot be applied; the hunks have theirs."""

    path: str
    old_path: str
    action: str
    """create | change | delete | rename | nothing"""
    hunks: tuple[HunkFit, ...]
    problem: str = ""
    changes: tuple[WorkspaceChange, ...] = ()

    @property
    def added(self) -> int:
        return sum(line.startswith("+") for hunk in self.hunks for line in hunk.hunk.lines)

    @property
    def removed(self) -> int:
        return sum(line.startswith("-") for hunk in self.hunks for line in hunk.hunk.lines)

    @property
    def applies(self) -> bool:
        return not self.problem and not any(hunk.problem for hunk in self.hunks)


@dataclass(frozen=True, slots=True)
class PatchPreview:
    files: tuple[FilePreview, ...]

    @property
    def applies(self) -> bool:
        return all(file.applies for file in self.files) and any(file.changes for file in self.files)

    @property
    def summary(self) -> str:
        count = len(self.files)
        added, removed = sum(file.added for file in self.files), sum(file.removed for file in self.files)
        words = (
            f"{count} {'file' if count == 1 else 'files'}, {added} {'line' if added == 1 else 'lines'} more, {removed} fewer."
        )
        wrong = sum(not file.applies for file in self.files)
        if wrong:
            return f"{words} {wrong} {'does' if wrong == 1 else 'do'} not fit: nothing can be applied."
        return words if self.applies else "The workspace holds all of this already."


async def preview_patch(patches: Sequence[FilePatch], files: WorkspaceChanges) -> PatchPreview:
    looked = _Looked(files)
    return PatchPreview(tuple([await looked.preview(patch) for patch in patches]))


async def preview_file(whole: WholeFile, files: WorkspaceChanges) -> PatchPreview:
    """A file with all of its content, new or in the place of what is there."""
    try:
        file = await files.look(whole.path)
    except ChainBotError as error:
        return PatchPreview((FilePreview(whole.path, whole.path, "change", (), str(error)),))
    before = file.text or b""
    crlf = b"\r\n" in before and before.count(b"\r\n") == before.count(b"\n")
    text = (whole.text.replace("\n", "\r\n") if crlf else whole.text).encode("utf-8", "replace")
    if file.text == text:
        return PatchPreview((FilePreview(whole.path, whole.path, "nothing", ()),))
    fits = tuple(HunkFit(hunk, hunk.start) for hunk in await asyncio.to_thread(difference, before, text))
    action = "create" if file.text is None else "change"
    return PatchPreview((FilePreview(whole.path, whole.path, action, fits, changes=(WorkspaceChange(file, text),)),))


class _Looked:
    """The files of one patch: as they are, and as the parts before made them."""

    def __init__(self, files: WorkspaceChanges) -> None:
        self._files = files
        self._known: dict[str, WorkspaceFile] = {}
        self._now: dict[str, bytes | None] = {}

    async def preview(self, patch: FilePatch) -> FilePreview:
        action = "create" if not patch.old else "delete" if not patch.new else "rename" if patch.old != patch.new else "change"
        shown = tuple(HunkFit(hunk, hunk.start) for hunk in patch.hunks)
        preview = FilePreview(patch.path, patch.old, action, shown, patch.problem)
        if patch.problem:
            return preview
        try:
            await self._look(patch)
            if problem := _misfit(patch, self._now):
                return replace(preview, problem=problem)
            before = self._now[patch.old] if patch.old else b""
            found = await asyncio.to_thread(_fitted, before or b"", patch)
        except ChainBotError as error:
            return replace(preview, problem=str(error))
        if found.fits and action == "delete" and found.text:
            return replace(preview, problem="The file holds more than this takes away.")
        return replace(preview, hunks=found.hunks, changes=self._changes(patch, found) if found.fits else ())

    async def _look(self, patch: FilePatch) -> None:
        for path in {patch.old, patch.new} - {"", *self._known}:
            self._known[path] = await self._files.look(path)
            self._now[path] = self._known[path].text

    def _changes(self, patch: FilePatch, found: Fit) -> tuple[WorkspaceChange, ...]:
        changes = []
        if patch.old and patch.old != patch.new:
            self._now[patch.old] = None
            changes.append(WorkspaceChange(self._known[patch.old], None))
        if patch.new:
            self._now[patch.new] = found.text
            executable = patch.executable if patch.old or patch.executable else None
            like = self._known[patch.old] if patch.old else None
            changes.append(WorkspaceChange(self._known[patch.new], found.text, executable, like))
        return tuple(changes)


def _fitted(before: bytes, patch: FilePatch) -> Fit:
    if patch.old:
        return fit(before, patch.hunks) if patch.hunks else Fit((), before if patch.new else b"")
    lines = [line for hunk in patch.hunks for line in hunk.lines]
    hunks = tuple(HunkFit(hunk, 1, "" if not hunk.old else _NOT_NEW) for hunk in patch.hunks)
    return Fit(hunks, body_of(lines).encode("utf-8", "replace"))


def _misfit(patch: FilePatch, now: dict[str, bytes | None]) -> str:
    """What is wrong whatever the hunks say."""
    if patch.old and now[patch.old] is None:
        return f"There is no file {patch.old} in the workspace."
    if patch.new and patch.new != patch.old and now[patch.new] is not None:
        return f"There is a file {patch.new} already."
    if not patch.hunks and patch.old == patch.new and patch.executable is None:
        return "It says nothing that would change."
    if patch.old and not patch.new and not patch.hunks and now[patch.old]:
        return "It takes a file away without showing what is in it."
    return ""
