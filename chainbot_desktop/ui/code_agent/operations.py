"""Opening, saving and closing, with the questions they lead to. Every method is a coroutine; errors are raised to who called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.errors import ChainBotError, Conflict
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.code_agent.chooser import choose_path
from chainbot_desktop.ui.code_agent.document import Document
from chainbot_desktop.ui.code_agent.documents import Documents
from chainbot_desktop.ui.code_agent.languages import Language
from chainbot_desktop.ui.code_agent.questions import CANCELLED, Choice, ask
from chainbot_desktop.ui.code_agent.scintilla.binding import load_editor
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.workspace import (
    AlreadyThere,
    Change,
    ChangedOnDisk,
    Draft,
    Stamp,
    TextFormat,
    Unencodable,
    Workspace,
)
from chainbot_desktop.workspace.paths import path_from_uri, readable


class FileOperations(QObject):
    unrecorded = Signal(object)
    """A ChainBotError: a file was saved, and the journal could not take note of it."""
    opened = Signal(object)
    """A `Document` whose editor is new."""

    def __init__(self, origin: QWidget, workspace: Workspace, documents: Documents, themes: ThemeSource, tasks: Tasks) -> None:
        super().__init__(origin)
        self._origin = origin
        self._workspace = workspace
        self._documents = documents
        self._themes = themes
        self._tasks = tasks

    async def open_file(self, path: Path, line: int | None = None, column: int = 1, *, in_front: bool = True) -> Document:
        """The file in a tab, in the one that has it if there is one; the caret at `line` if it is given."""
        document = self._documents.of_path(path)
        if document is None:
            found = await self._workspace.open_file(path)
            document = self._documents.of_path(found.path)
            if document is None:
                document = self._new_document(readable(path.name))
                document.show_file(found)
                self._add(document, in_front=in_front)
                self._follow(document)
        if in_front:
            self._documents.bring_to_front(document)
        if line is not None:
            document.editor.go_to(line, column)
        return document

    def open_text(self, utf8: bytes = b"", name: str = "", language: Language | None = None) -> Document:
        """A text without a file in a new tab."""
        document = self._new_document(name or self._documents.next_name())
        document.show_text(utf8, language)
        self._add(document)
        return document

    async def recover(self, draft: Draft, utf8: bytes) -> Document:
        """A safety copy in a tab: over its file where that can be read, else on its own."""
        path = path_from_uri(draft.uri) if draft.uri else None
        document = self._documents.of_path(path) if path is not None else None
        if document is None or document.is_modified:
            document = self._new_document(draft.name, draft.id)
            if path is not None and self._documents.of_path(path) is None:
                await self._show_file_if_there(document, path)
            self._add(document)
        document.recover(draft, utf8)
        if document.path is not None and document.stamp is not None:
            self._follow(document)
        return document

    async def save(self, document: Document) -> bool:
        """Whether the text is on the disk now; False if a question was answered with no."""
        if document.path is None:
            return await self.save_as(document)
        return await self._write(document, document.path, document.form, document.stamp)

    async def save_as(self, document: Document) -> bool:
        start = document.path.parent if document.path is not None else self._workspace.root
        path = await choose_path(self._origin, self._workspace, self._themes, self._tasks, "save", start, document.name)
        if path is None:
            return False
        if path == document.path:
            return await self.save(document)
        if self._documents.of_path(path) is not None:
            raise Conflict(f"{readable(path.name)} is open in another tab.", hint="Close that tab or choose another name.")
        return await self._write(document, path, document.form, None)

    async def save_all(self) -> bool:
        """Whether nothing is unsaved any more; stops at the first text that is not to be saved."""
        for document in self._documents.unsaved:
            if not await self.save(document):
                return False
        return True

    async def close(self, document: Document) -> bool:
        """Whether it is closed; asks first if it holds what is nowhere else."""
        if document not in list(self._documents):
            return True
        if document.is_modified and not await self._may_go(document):
            return False
        async with document.writing:
            if document in list(self._documents):
                self._leave(document)
                self._documents.remove(document)
        return True

    async def close_others(self, kept: Document) -> None:
        for document in self._documents:
            if document is not kept and not await self.close(document):
                return

    async def reload(self, document: Document) -> None:
        """Show what the file holds now. What was typed comes back with undo."""
        if document.path is not None:
            found = await self._workspace.open_file(document.path)
            document.reload(found)
            self._follow(document)

    async def keep_mine(self, document: Document) -> None:
        """The next save may overwrite what the file holds now."""
        if document.path is not None:
            document.keep_mine(await self._workspace.stamp_of(document.path))
            self._follow(document)

    # Inside

    def _new_document(self, name: str, identity: str = "") -> Document:
        return Document(load_editor()(self._themes), name, identity=identity)

    def _add(self, document: Document, *, in_front: bool = True) -> None:
        """An untitled tab in which nothing was typed gives way."""
        current = self._documents.current
        self._documents.add(document, in_front=in_front)
        self.opened.emit(document)
        if current is not None and current.is_pristine and in_front and document.path is not None:
            self._documents.remove(current)

    async def _show_file_if_there(self, document: Document, path: Path) -> None:
        try:
            document.show_file(await self._workspace.open_file(path))
        except ChainBotError:
            # The file is gone or no longer a text: its copy is recovered for the same place, to be saved anew.
            document.path = path

    async def _write(self, document: Document, path: Path, form: TextFormat, expected: Stamp | None) -> bool:
        overwrite = False
        while True:
            text = document.editor.text()
            try:
                async with document.writing:
                    saved = await self._workspace.save_file(path, text, form, expected=expected, overwrite=overwrite)
            except (ChangedOnDisk, AlreadyThere, Unencodable) as refusal:
                answer = await self._ask_about(refusal)
                if answer == "overwrite":
                    overwrite = True
                elif answer == "utf-8":
                    form = replace(form, codec="utf-8", bom=b"")
                else:
                    return await self._other_way(document, answer)
                continue
            if document.path is not None and document.path != path:
                self._leave(document)
            document.saved(path, form, saved.stamp, text)
            self._follow(document)
            if saved.unrecorded is not None:
                self.unrecorded.emit(saved.unrecorded)
            return True

    async def _other_way(self, document: Document, answer: str) -> bool:
        if answer == "save as":
            return await self.save_as(document)
        if answer == "reload":
            await self.reload(document)
            return True
        return False

    async def _ask_about(self, refusal: ChainBotError) -> str:
        save_as = Choice("save as", "Save as…")
        if isinstance(refusal, ChangedOnDisk):
            choices = [Choice("reload", "Reload"), save_as, Choice("overwrite", "Overwrite", "danger")]
        elif isinstance(refusal, AlreadyThere):
            choices = [save_as, Choice("overwrite", "Replace", "danger")]
        else:
            choices = [save_as, Choice("utf-8", "Save as UTF-8", "primary")]
        return await ask(self._origin, self._themes, "Not saved", (refusal.message, refusal.hint), choices)

    async def _may_go(self, document: Document) -> bool:
        answer = await ask(
            self._origin,
            self._themes,
            f"Save {document.name}?",
            ("It has changes that are not saved.",),
            (Choice("discard", "Discard", "danger"), Choice("cancel", "Cancel"), Choice("save", "Save", "primary")),
        )
        if answer == "save":
            return await self.save(document) and not document.is_modified
        return answer not in {CANCELLED, "cancel"}

    def _follow(self, document: Document) -> None:
        if document.path is not None and document.stamp is not None:
            self._workspace.watch.follow_file(document.id, document.path, document.stamp, _listener(document))

    def _leave(self, document: Document) -> None:
        if document.path is not None:
            self._workspace.watch.leave_file(document.id, document.path)


def _listener(document: Document) -> Callable[[Path, Change], None]:
    def listen(path: Path, change: Change) -> None:
        if path == document.path:
            document.set_disk(change)

    return listen
