"""One open text: its editor, the file it came from if any, and what is known of that file now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.core.ids import new_id
from chainbot_desktop.ui.code_agent.languages import Language, language_of
from chainbot_desktop.workspace import Change, Draft, Eol, OpenedFile, Stamp, TextFormat
from chainbot_desktop.workspace.paths import path_to_uri, readable

if TYPE_CHECKING:
    from chainbot_desktop.ui.code_agent.scintilla.editor import CodeEditor


class Document(QObject):
    """`disk` is CHANGED or DELETED when the file is no longer what was opened; `notes` are sentences about how it was opened."""

    changed = Signal()
    """Name, modified state, format or the state on disk."""

    def __init__(self, editor: CodeEditor, name: str, *, identity: str = "") -> None:
        super().__init__()
        self.id = identity or new_id()
        self.editor = editor
        self.path: Path | None = None
        self.stamp: Stamp | None = None
        self.form = TextFormat()
        self.disk = Change.BACK
        self.notes: tuple[str, ...] = ()
        self.writing = asyncio.Lock()
        self._name = name
        editor.modified_changed.connect(self._on_modified_changed)

    @property
    def name(self) -> str:
        return readable(self.path.name) if self.path is not None else self._name

    @property
    def is_modified(self) -> bool:
        return self.editor.is_modified

    @property
    def is_pristine(self) -> bool:
        """An untitled buffer in which nothing was typed: it may give way to a file."""
        return self.path is None and not self.is_modified and self.editor.length == 0

    def show_file(self, opened: OpenedFile) -> None:
        """Become what was read from the disk."""
        self.path = opened.path
        self._take(opened)
        self.editor.load(opened.utf8, language_of(opened.path.name, opened.utf8[:200]), opened.form.eol)
        self.changed.emit()

    def reload(self, opened: OpenedFile) -> None:
        """Take over the file's present content as one step that can be undone."""
        self._take(opened)
        self.editor.set_eol(opened.form.eol)
        self.editor.replace_text(opened.utf8)
        self.editor.mark_saved()
        self.changed.emit()

    def show_text(self, utf8: bytes, language: Language | None = None) -> None:
        """Become a text that has no file."""
        self.editor.load(utf8, language or language_of(self._name, utf8[:200]), self.form.eol)
        if utf8:
            self.editor.mark_modified()
        self.changed.emit()

    def recover(self, draft: Draft, utf8: bytes) -> None:
        """Take over a safety copy: unsaved, and undone to what the file holds."""
        if self.stamp is None:
            self.form = TextFormat(draft.codec, bytes.fromhex(draft.bom), Eol(draft.eol))
            self.editor.load(b"", language_of(self.path.name if self.path else self._name, utf8[:200]), self.form.eol)
            self.disk = Change.DELETED if self.path is not None else Change.BACK
        elif draft.base_sha256 != self.stamp.sha256:
            self.disk = Change.CHANGED
        self.editor.replace_text(utf8)
        self.editor.mark_modified()
        self.changed.emit()

    def draft(self) -> Draft:
        return Draft(
            id=self.id,
            name=self.name,
            uri=path_to_uri(self.path) if self.path is not None else "",
            base_sha256=self.stamp.sha256 if self.stamp is not None else "",
            codec=self.form.codec,
            bom=self.form.bom.hex(),
            eol=self.form.eol.value,
        )

    def saved(self, path: Path, form: TextFormat, stamp: Stamp, text: bytes) -> None:
        """The file now holds `text`; what was typed while it was written is still unsaved."""
        renamed = self.path != path
        self.path, self.form, self.stamp = path, form, stamp
        self.disk = Change.BACK
        self.notes = ()
        if self.editor.text() == text:
            self.editor.mark_saved()
        if renamed:
            language = language_of(path.name, text[:200])
            if language != self.editor.language:
                self.editor.set_language(language)
        self.changed.emit()

    def set_form(self, form: TextFormat) -> None:
        """Another encoding or line ending, written with the next save."""
        if form.eol is not self.form.eol or self.form.mixed_eol:
            self.editor.convert_eol(form.eol)
        self.form = form
        self.editor.mark_modified()
        self.changed.emit()

    def keep_mine(self, stamp: Stamp) -> None:
        """The file's present content, `stamp`, was seen and may be overwritten; a later change of it may not."""
        self.stamp = stamp
        self.disk = Change.BACK
        self.editor.mark_modified()
        self.changed.emit()

    def dismiss_notes(self) -> None:
        self.notes = ()
        self.changed.emit()

    def set_disk(self, change: Change) -> None:
        """A text whose file was deleted is the only copy: it counts as unsaved."""
        self.disk = change
        if change is Change.DELETED:
            self.editor.mark_modified()
        self.changed.emit()

    def _take(self, opened: OpenedFile) -> None:
        self.form, self.stamp, self.notes = opened.form, opened.stamp, opened.notes
        self.disk = Change.BACK

    def _on_modified_changed(self, _: bool) -> None:
        self.changed.emit()
