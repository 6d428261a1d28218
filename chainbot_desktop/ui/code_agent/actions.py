"""What a person can have done in this window, each with its name, its key and its icon."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.code_agent.chooser import choose_path
from chainbot_desktop.ui.code_agent.documents import Documents
from chainbot_desktop.ui.code_agent.find_bar import FindBar
from chainbot_desktop.ui.code_agent.operations import FileOperations
from chainbot_desktop.ui.code_agent.questions import ask_text
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Command
from chainbot_desktop.workspace import Workspace

if TYPE_CHECKING:
    from chainbot_desktop.ui.code_agent.document import Document
    from chainbot_desktop.ui.code_agent.scintilla.editor import CodeEditor

_PLACE = re.compile(r"^\s*(\d+)\s*(?:[:,]\s*(\d+))?\s*$")
Start = Callable[[str, Coroutine[Any, Any, Any]], None]


class Actions(QObject):
    """`start` runs a coroutine and shows its error. The switches of the view are kept here and applied to every editor."""

    root_changed = Signal()
    files_toggled = Signal()
    hidden_toggled = Signal()
    switched = Signal()
    attached = Signal(object)
    """Something for the message that is being written: `attach` of the Chat window's content."""

    def __init__(
        self,
        origin: QWidget,
        documents: Documents,
        operations: FileOperations,
        find_bar: FindBar,
        workspace: Workspace,
        themes: ThemeSource,
        tasks: Tasks,
        start: Start,
    ) -> None:
        super().__init__(origin)
        self._origin = origin
        self._documents = documents
        self._operations = operations
        self._find_bar = find_bar
        self._workspace = workspace
        self._themes = themes
        self._tasks = tasks
        self._start = start
        self.word_wrap = False
        self.whitespace = False
        self.zoom = 0
        self.commands = self._make_commands()

    def named(self, *identities: str) -> list[Command | None]:
        """The commands of those ids, None for an empty one: what a menu shows."""
        by_id = {command.id.removeprefix("code."): command for command in self.commands}
        return [by_id[identity] if identity else None for identity in identities]

    def adopt(self, editor: CodeEditor) -> None:
        """Give a new editor the switches of the others."""
        editor.set_word_wrap(self.word_wrap)
        editor.set_whitespace(self.whitespace)
        editor.set_zoom(self.zoom)
        editor.zoomed.connect(self._on_zoomed)

    def use(self, *, word_wrap: bool, whitespace: bool, zoom: int) -> None:
        self.word_wrap, self.whitespace, self.zoom = word_wrap, whitespace, zoom
        for document in self._documents:
            document.editor.set_word_wrap(word_wrap)
            document.editor.set_whitespace(whitespace)
            document.editor.set_zoom(zoom)

    # Files

    def new_text(self) -> None:
        self._start("new text", self._new())

    def choose_file(self) -> None:
        self._start("open a file", self._choose_file())

    def choose_folder(self) -> None:
        self._start("open a folder", self._choose_folder())

    def show_folder(self, folder: Path) -> None:
        self._start("open a folder", self.open_folder(folder))

    def save(self) -> None:
        self._with_current("save", self._operations.save)

    def save_as(self) -> None:
        self._with_current("save as", self._operations.save_as)

    def save_all(self) -> None:
        self._start("save all", self._operations.save_all())

    def reload(self) -> None:
        self._with_current("reload", self._operations.reload)

    def close(self) -> None:
        self._with_current("close", self._operations.close)

    def send_to_chat(self) -> None:
        """The selection; the whole text where nothing is selected."""
        document = self._documents.current
        if document is None:
            return
        editor, name = document.editor, PurePath(document.name)
        first, last = editor.selection
        body = editor.text_between(first, last) if last > first else editor.text()
        if last > first:
            from_line, to_line = editor.line_at(first), editor.line_at(last - 1)
            lines = f"line {from_line}" if from_line == to_line else f"lines {from_line}–{to_line}"
            name = name.with_name(f"{name.stem}, {lines}{name.suffix}")
        self.attached.emit({"kind": "selection", "name": name.name, "text": body.decode("utf-8", "replace")})

    # Places

    def find(self) -> None:
        if self._documents.current is not None:
            self._find_bar.begin(replace=False)

    def replace(self) -> None:
        if self._documents.current is not None:
            self._find_bar.begin(replace=True)

    def go_to_line(self) -> None:
        document = self._documents.current
        if document is not None:
            self._start("go to a line", self._go_to_line(document))

    # The view

    def zoom_by(self, steps: int) -> None:
        self._edit(lambda editor: editor.zoom_by(steps))

    def reset_zoom(self) -> None:
        self._on_zoomed(0)

    def toggle_wrap(self) -> None:
        self.use(word_wrap=not self.word_wrap, whitespace=self.whitespace, zoom=self.zoom)
        self.switched.emit()

    def toggle_whitespace(self) -> None:
        self.use(word_wrap=self.word_wrap, whitespace=not self.whitespace, zoom=self.zoom)
        self.switched.emit()

    # Inside

    def _make_commands(self) -> Sequence[Command]:
        def command(identity: str, label: str, run: Callable[[], object], shortcut: str = "", icon: str = "") -> Command:
            return Command(f"code.{identity}", label, run, shortcut, icon)

        def edit(
            identity: str, label: str, change: Callable[[CodeEditor], object], shortcut: str = "", icon: str = ""
        ) -> Command:
            return command(identity, label, lambda: self._edit(change), shortcut, icon)

        return (
            command("new", "New text", self.new_text, "Ctrl+N", "file-plus"),
            command("open", "Open file…", self.choose_file, "Ctrl+O", "file"),
            command("folder", "Open folder…", self.choose_folder, "Ctrl+Shift+O", "folder-open"),
            command("save", "Save", self.save, "Ctrl+S", "save"),
            command("save-as", "Save as…", self.save_as, "Ctrl+Shift+S", "save"),
            command("save-all", "Save all", self.save_all, "Ctrl+Alt+S", "save"),
            command("reload", "Revert to the file on disk", self.reload, "", "refresh"),
            command("close", "Close tab", self.close, "Ctrl+W", "close"),
            command("find", "Find", self.find, "Ctrl+F", "search"),
            command("replace", "Replace", self.replace, "Ctrl+H", "search"),
            command("next", "Next match", self._find_bar.find_next, "F3", "chevron-down"),
            command("previous", "Previous match", self._find_bar.find_previous, "Shift+F3", "chevron-up"),
            command("line", "Go to line…", self.go_to_line, "Ctrl+G", "arrow-right"),
            edit("undo", "Undo", lambda editor: editor.undo(), "", "undo"),
            edit("redo", "Redo", lambda editor: editor.redo(), "Ctrl+Shift+Z", "redo"),
            edit("cut", "Cut", lambda editor: editor.cut(), "", "minus"),
            edit("copy", "Copy", lambda editor: editor.copy(), "", "copy"),
            edit("paste", "Paste", lambda editor: editor.paste(), "", "paste"),
            command("chat", "Send to chat", self.send_to_chat, "", "chat"),
            edit("all", "Select all", lambda editor: editor.select_all(), "", "grid"),
            edit("comment", "Comment or uncomment", lambda editor: editor.toggle_comment(), "Ctrl+/", "code"),
            edit("duplicate", "Duplicate line or selection", lambda editor: editor.duplicate(), "Ctrl+D", "copy"),
            edit("up", "Move lines up", lambda editor: editor.move_lines(down=False), "Alt+Up", "arrow-up"),
            edit("down", "Move lines down", lambda editor: editor.move_lines(down=True), "Alt+Down", "arrow-down"),
            edit("delete-line", "Delete line", lambda editor: editor.delete_lines(), "Ctrl+Shift+K", "trash"),
            edit("fold", "Fold or unfold", lambda editor: editor.toggle_fold(), "Ctrl+Shift+[", "chevron-right"),
            edit("fold-all", "Fold all", lambda editor: editor.fold_all(fold=True), "", "chevron-right"),
            edit("unfold-all", "Unfold all", lambda editor: editor.fold_all(fold=False), "", "chevron-down"),
            command("larger", "Larger text", lambda: self.zoom_by(1), "Ctrl++", "zoom-in"),
            command("smaller", "Smaller text", lambda: self.zoom_by(-1), "Ctrl+-", "zoom-out"),
            command("usual", "Usual text size", self.reset_zoom, "Ctrl+0", "fit"),
            command("wrap", "Wrap long lines", self.toggle_wrap, "Alt+Z", "wrap"),
            command("whitespace", "Show spaces and tabs", self.toggle_whitespace, "", "eye"),
            command("files", "Show or hide the files", self.files_toggled.emit, "Ctrl+B", "menu"),
            command("hidden", "Show or leave out hidden files", self.hidden_toggled.emit, "", "eye"),
            command("next-tab", "Next tab", lambda: self._documents.step(1), "Ctrl+Tab", "chevron-right"),
            command("previous-tab", "Previous tab", lambda: self._documents.step(-1), "Ctrl+Shift+Tab", "chevron-left"),
        )  # fmt: skip

    def _edit(self, change: Callable[[CodeEditor], object]) -> None:
        document = self._documents.current
        if document is not None:
            change(document.editor)

    def _with_current(self, name: str, work: Callable[[Document], Coroutine[Any, Any, Any]]) -> None:
        document = self._documents.current
        if document is not None:
            self._start(name, work(document))

    async def _new(self) -> None:
        self._operations.open_text()

    async def _choose_file(self) -> None:
        current = self._documents.current
        start = current.path.parent if current is not None and current.path is not None else self._workspace.root
        path = await choose_path(self._origin, self._workspace, self._themes, self._tasks, "open", start)
        if path is not None:
            await self._operations.open_file(path)

    async def _choose_folder(self) -> None:
        path = await choose_path(self._origin, self._workspace, self._themes, self._tasks, "folder", self._workspace.root)
        if path is not None:
            await self.open_folder(path)

    async def open_folder(self, folder: Path) -> None:
        await self._workspace.change_root(folder)
        self.root_changed.emit()

    async def _go_to_line(self, document: Document) -> None:
        lines = document.editor.line_count
        typed = await ask_text(self._origin, self._themes, "Go to line", f"1 to {lines:,}, with a column as in 12:5", "Go")
        if not typed:
            return
        place = _PLACE.match(typed)
        if place is None:
            raise InvalidInput(f"“{typed}” is no line number.", hint="Type 12, or 12:5 for line 12, column 5.")
        document.editor.go_to(int(place[1]), int(place[2] or 1))
        document.editor.focus()

    def _on_zoomed(self, zoom: int) -> None:
        if zoom != self.zoom or self._edited_zoom_differs(zoom):
            self.use(word_wrap=self.word_wrap, whitespace=self.whitespace, zoom=zoom)
            self.switched.emit()

    def _edited_zoom_differs(self, zoom: int) -> bool:
        return any(document.editor.zoom != zoom for document in self._documents)
