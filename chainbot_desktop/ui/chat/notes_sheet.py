"""The notes that are remembered: a list with a search, and for each one its text to change or to forget."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QListView, QPlainTextEdit, QWidget

from chainbot_desktop.chat.plain_words import without_markup
from chainbot_desktop.chat.recall.notes import MAX_NOTE_BYTES, NotesService
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.store.memories import Memory
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.widgets.kinetic import make_kinetic
from chainbot_desktop.ui.widgets.search_field import SearchField
from chainbot_desktop.ui.widgets.sheet import Sheet

_PAGE = 50
_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()


class Work(Protocol):
    """What a sheet does besides showing: `recall_card.RecallParts` is one."""

    @property
    def actor(self) -> str: ...

    @property
    def tell(self) -> Callable[[Message], None]: ...

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None: ...


class NotesModel(QAbstractListModel):
    """A page at a time, as far as somebody scrolls."""

    def __init__(self, notes: NotesService, work: Work, parent: QWidget) -> None:
        super().__init__(parent)
        self._notes = notes
        self._work = work
        self._found: list[Memory] = []
        self._words = ""
        self._more = False
        self._asking = 0

    def look(self, words: str) -> None:
        """Show the notes with these words, from the newest on."""
        self._words = words
        self._asking += 1
        self._work.start("notes-look", self._look(self._asking))

    def note(self, index: _Index) -> Memory:
        return self._found[index.row()]

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._found)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        if not index.isValid() or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        note = self._found[index.row()]
        return f"{note.number}   {without_markup(note.text[:400])}"

    def canFetchMore(self, parent: _Index) -> bool:
        return not parent.isValid() and self._more

    def fetchMore(self, parent: _Index) -> None:
        self._more = False
        self._work.start("notes-more", self._fetch(self._asking))

    async def _look(self, ticket: int) -> None:
        page = await self._notes.search(self._words, limit=_PAGE)
        if ticket == self._asking:
            self.beginResetModel()
            self._found = page
            self._more = len(page) == _PAGE
            self.endResetModel()

    async def _fetch(self, ticket: int) -> None:
        page = await self._notes.search(self._words, before=self._found[-1].number, limit=_PAGE)
        if ticket == self._asking and page:
            self.beginInsertRows(_NO_INDEX, len(self._found), len(self._found) + len(page) - 1)
            self._found += page
            self._more = len(page) == _PAGE
            self.endInsertRows()


class NotesSheet(Sheet):
    """With `open_note`, that one is opened over the list at once."""

    def __init__(
        self, origin: QWidget, themes: ThemeSource, notes: NotesService, work: Work, *, open_note: Memory | None = None
    ) -> None:
        super().__init__(origin, "Notes", themes, width=620)
        self._origin = origin
        self._notes = notes
        self._work = work
        self._open_note = open_note
        self.search = SearchField("Search the notes", themes)
        self.model = NotesModel(notes, work, self)
        self.list = _NoteList(self)
        self.list.setModel(self.model)
        self.list.setMinimumHeight(themes.current.px(230))
        self.nothing = QLabel()
        self.nothing.setProperty("role", "dim")
        self.nothing.setWordWrap(True)
        self.nothing.setTextFormat(Qt.TextFormat.PlainText)
        self.nothing.hide()
        self.body.addWidget(self.search)
        self.body.addWidget(self.nothing)
        self.body.addWidget(self.list, 1)
        self.add_action("Close")
        self.add_action("New note", self._on_new, kind="primary", closes=False)
        self.search.searched.connect(self.model.look)
        self.list.clicked.connect(self._on_chosen)
        self.list.activated_by_key = self._on_chosen
        self.model.modelReset.connect(self._on_listed)
        self.closed.connect(notes.changed.add(self._on_changed))
        self.model.look("")

    def open(self) -> None:
        super().open()
        if self._open_note is not None:
            self._edit(self._open_note)

    def _on_changed(self) -> None:
        self.model.look(self.search.text())

    def _on_listed(self) -> None:
        empty = self.model.rowCount() == 0
        searched = self.search.text().strip()
        self.nothing.setText(
            f"No note has the words “{searched}”."
            if searched
            else "Nothing is remembered yet. A note is recalled in every conversation where it fits the question."
        )
        self.nothing.setVisible(empty)
        self.list.setVisible(not empty)
        if not empty and not self.list.currentIndex().isValid():
            self.list.setCurrentIndex(self.model.index(0))
        self.fit_soon()

    def _on_chosen(self, index: QModelIndex) -> None:
        self._edit(self.model.note(index))

    def _edit(self, note: Memory) -> None:
        NoteSheet(self, self.themes, self._notes, self._work, note).open()

    def _on_new(self) -> None:
        NoteSheet(self, self.themes, self._notes, self._work, None).open()


class NoteSheet(Sheet):
    """One note to write, to change or to forget; it stays open with what was written where that cannot be kept. Ctrl+Enter saves."""

    def __init__(self, origin: QWidget, themes: ThemeSource, notes: NotesService, work: Work, note: Memory | None) -> None:
        super().__init__(origin, f"Note {note.number}" if note is not None else "New note", themes, width=560)
        self._notes = notes
        self._work = work
        self._note = note
        self.field = QPlainTextEdit(note.text if note is not None else "")
        self.field.setTabChangesFocus(True)
        self.field.setAccessibleName("Text of the note")
        self.field.setMinimumHeight(themes.current.px(130))
        self.field.setPlaceholderText("What should be remembered, in one or a few sentences")
        self.first = self.field
        self.body.addWidget(self.field)
        self.problem = self.add_text("")
        self.problem.setStyleSheet(f"color: {themes.current.color('failed').name()}")
        self.problem.hide()
        if note is not None:
            self.add_text(f"Written on {note.created_at[:10]}.", "dim")
            self.forget = self.add_action("Forget", self._on_forget, kind="danger")
            self.add_gap()
        self.add_action("Cancel")
        self.save = self.add_action("Save", self._on_save, kind="primary", closes=False)
        self.save.setEnabled(False)
        self.field.textChanged.connect(self._on_text_changed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.save.click()
        else:
            super().keyPressEvent(event)

    def _on_text_changed(self) -> None:
        text = self.field.toPlainText()
        size = len(text.strip().encode("utf-8", "replace"))
        too_long = size > MAX_NOTE_BYTES
        self._show_problem(f"A note may have 16 KiB; this one has {size / 1024:.1f}." if too_long else "")
        changed = self._note is None or text.strip() != self._note.text
        self.save.setEnabled(bool(text.strip()) and changed and not too_long)

    def _show_problem(self, text: str) -> None:
        self.problem.setText(text)
        if self.problem.isVisibleTo(self) != bool(text):
            self.problem.setVisible(bool(text))
            self.fit_soon()

    def _on_save(self) -> None:
        self.save.setEnabled(False)
        self._work.start("note-save", self._save(self.field.toPlainText()))

    async def _save(self, text: str) -> None:
        try:
            if self._note is None:
                kept = await self._notes.remember(text, actor=self._work.actor)
                said = "" if kept.new else f"This is note {kept.note.number} already."
            else:
                await self._notes.edit(self._note.id, text, actor=self._work.actor)
                said = ""
        except ChainBotError as error:
            self._show_problem(str(error))
            self.save.setEnabled(True)
            return
        if said:
            self._work.tell(Message(said))
        self.dismiss()

    def _on_forget(self) -> None:
        if self._note is not None:
            self._work.start("note-forget", self._forget(self._note))

    async def _forget(self, note: Memory) -> None:
        undoable = await self._notes.forget(note.id, actor=self._work.actor)

        async def undo() -> None:
            await undoable.undo()

        work = self._work
        work.tell(Message(undoable.text, "success", action_label="Undo", action=lambda: work.start("note-undo", undo())))


class _NoteList(QListView):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        make_kinetic(self)
        self.setAccessibleName("Notes")
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.activated_by_key: Callable[[QModelIndex], None] | None = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        chosen = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}
        if chosen and self.currentIndex().isValid() and self.activated_by_key is not None:
            self.activated_by_key(self.currentIndex())
        else:
            super().keyPressEvent(event)
