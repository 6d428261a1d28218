"""What can be done with a code block besides copying it: applied to the workspace as a patch, or run. Nothing is done unseen."""

from __future__ import annotations

from collections.abc import Callable

from chainbot_desktop.chat.code_blocks import whole_file
from chainbot_desktop.chat.commands import Undoable
from chainbot_desktop.chat.patch_preview import PatchPreview, preview_file, preview_patch
from chainbot_desktop.chat.patches import looks_like_patch, parse_patch
from chainbot_desktop.core.errors import Conflict, InvalidInput
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ports import CodeRunner, WorkspaceChange, WorkspaceChanges

UNDO_SECONDS = 60.0


class CodeActions:
    """Use on the loop's thread. `root` names the workspace to people."""

    def __init__(self, files: WorkspaceChanges, runner: CodeRunner | None, root: Callable[[], str]) -> None:
        self._files = files
        self._runner = runner
        self._root = root

    @property
    def workspace(self) -> str:
        return self._root()

    def can_apply(self, language: str, text: str, source: str) -> bool:
        """`source` is the message that the block stands in, as it was written."""
        return looks_like_patch(language, text) or whole_file(language, text, source) is not None

    def can_run(self, language: str, text: str) -> bool:
        return self._runner is not None and language.lower() in self._runner.languages() and bool(text.strip())

    async def preview(self, language: str, text: str, source: str) -> PatchPreview:
        """What applying a block would do, file by file; nothing is changed. InvalidInput where the block is none to apply."""
        if looks_like_patch(language, text):
            return await preview_patch(parse_patch(text), self._files)
        whole = whole_file(language, text, source)
        if whole is None:
            raise InvalidInput("This block is neither a patch nor does it name its file.", code="no_patch")
        return await preview_file(whole, self._files)

    async def apply(self, preview: PatchPreview, *, actor: Actor) -> Undoable:
        """Write what was shown, all of it or nothing."""
        if not preview.applies:
            raise Conflict("This patch does not fit as a whole.", hint=preview.summary, code="does_not_fit")
        changes = [change for file in preview.files for change in file.changes]
        written = await self._files.write(_last_of_each(changes), actor=actor)

        async def undo() -> None:
            await self._files.take_back(written, actor=actor)

        told = ", ".join(file.path for file in preview.files[:3]) + (" and more" if len(preview.files) > 3 else "")
        return Undoable(f"Applied to {told}.", undo, UNDO_SECONDS)

    async def run(self, language: str, text: str, *, conversation_id: str, actor: Actor) -> None:
        """Ask for approval of exactly this code; its output becomes an answer of the conversation."""
        if self._runner is None:
            raise InvalidInput("Nothing can be run here.")
        await self._runner.run(language.lower(), text, conversation_id=conversation_id, actor=actor)


def _last_of_each(changes: list[WorkspaceChange]) -> list[WorkspaceChange]:
    """A file that several parts of one patch change becomes what the last of them makes of it."""
    return list({change.file.path: change for change in changes}.values())
