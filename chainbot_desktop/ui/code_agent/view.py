"""The Code Agent window: files in tabs, with the folder beside them.

QScintilla (and with it PyQt6) is loaded when the first text opens, never before.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.ports import Preferences
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.code_agent.actions import Actions
from chainbot_desktop.ui.code_agent.document import Document
from chainbot_desktop.ui.code_agent.documents import Documents
from chainbot_desktop.ui.code_agent.file_tree import FileTree
from chainbot_desktop.ui.code_agent.find_bar import FindBar
from chainbot_desktop.ui.code_agent.menus import Menus, copy_path
from chainbot_desktop.ui.code_agent.nothing_open import NothingOpen
from chainbot_desktop.ui.code_agent.notice_bar import Notice, NoticeBar
from chainbot_desktop.ui.code_agent.operations import FileOperations
from chainbot_desktop.ui.code_agent.recall import Recall, Recovery
from chainbot_desktop.ui.code_agent.safety_copies import SafetyCopies
from chainbot_desktop.ui.code_agent.session import Session, tabs_of
from chainbot_desktop.ui.code_agent.side_drawer import SideDrawer
from chainbot_desktop.ui.code_agent.status_strip import StatusStrip
from chainbot_desktop.ui.code_agent.tab_strip import TabStrip
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.view import OVERLAY_HOST, Command, Message, WindowView
from chainbot_desktop.ui.widgets.button import IconButton
from chainbot_desktop.ui.widgets.header import Header
from chainbot_desktop.workspace import Change, Workspace
from chainbot_desktop.workspace.paths import readable

_MORE = (
    "undo", "redo", "chat", "", "new", "open", "folder", "save-as", "save-all", "reload", "", "replace", "line", "",
    "comment", "duplicate", "up", "down", "fold", "fold-all", "unfold-all", "", "larger", "smaller", "wrap", "whitespace", "close",
)  # fmt: skip
_TEXT_MENU = ("cut", "copy", "paste", "all", "chat", "", "comment", "duplicate", "fold")


class CodeAgentView(WindowView):
    """Shows the folder that `workspace` was made with; the folder in front at the end is remembered for the next start."""

    def __init__(
        self,
        workspace: Workspace,
        themes: ThemeSource,
        tasks: Tasks,
        preferences: Preferences,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("ground", "window")
        self.setProperty(OVERLAY_HOST, True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._workspace = workspace
        self._tasks = tasks
        self._ready = False
        self._waiting: list[Mapping[str, object]] = []
        self._badge = 0
        self.documents = Documents(self)
        self.operations = FileOperations(self, workspace, self.documents, themes, tasks)
        self.copies = SafetyCopies(self.documents, workspace, tasks, self)
        self.tree = FileTree(workspace, themes, tasks)
        self.tabs = TabStrip(self.documents, themes)
        self.find_bar = FindBar(themes)
        self.notice_bar = NoticeBar(themes)
        self.recovery_bar = NoticeBar(themes)
        self.strip = StatusStrip(themes)
        self.stack = QStackedWidget()
        self.actions_ = Actions(self, self.documents, self.operations, self.find_bar, workspace, themes, tasks, self._start)
        self.recall = Recall(self, workspace, preferences, self.documents, self.operations, tasks, self._describe)
        self.recovery = Recovery(self, self.recovery_bar, workspace, self.operations, self.copies, themes, self._start)
        self._menus = Menus(self, themes)
        self._nothing = NothingOpen(themes, self.actions_.choose_file, self.actions_.choose_folder, self.actions_.new_text)
        self.drawer = self._lay_out(themes)
        self._bind_keys()
        self._connect()
        themes.changed.connect(self._on_theme_changed)
        self._on_current_changed(None)

    # What the shell asks

    def present(self, content: Mapping[str, object]) -> None:
        """`folder` is opened, then what else is named.

        `path` (with `line`, `column`) opens a file, relative to the folder; `text` (with `name`) a text without a file.
        """
        if not self._ready:
            self._waiting.append(content)
            return
        line, column = content.get("line"), content.get("column")
        if isinstance(folder := content.get("folder"), (str, Path)) and Path(folder) != self._workspace.root:
            self._start("open a folder", self._open_folder_then(Path(folder), {**content, "folder": None}))
        elif isinstance(path := content.get("path"), (str, Path)):
            place = (line if isinstance(line, int) else None, column if isinstance(column, int) else 1)
            self._start("open a file", self.operations.open_file(self._workspace.root / path, *place))
        elif isinstance(text := content.get("text"), str):
            name = content.get("name")
            self._start("show a text", self._show_text(text, name if isinstance(name, str) else ""))

    async def _open_folder_then(self, folder: Path, content: Mapping[str, object]) -> None:
        await self.actions_.open_folder(folder)
        self.present(content)

    def shown_first_time(self) -> None:
        self._tasks.spawn("watch open files", self._workspace.watch.run())
        self._start("restore the last session", self._restore())

    def commands(self) -> Sequence[Command]:
        return self.actions_.commands

    def unsaved(self) -> Sequence[str]:
        return [document.name for document in self.documents.unsaved]

    def save_unsaved(self, done: Callable[[bool], None]) -> None:
        self._start("save all", self._save_all_then(done))

    def no_swipe_area(self) -> QWidget | None:
        return self.stack

    @property
    def is_ready(self) -> bool:
        """Whether the last session was restored."""
        return self._ready

    async def store(self) -> None:
        """Remember tabs and carets now: the program is ending."""
        await self.recall.store_now()

    # Inside

    async def _restore(self) -> None:
        session = await self.recall.load()
        self._show_root()
        self.tree.show_hidden(session.hidden_files)
        self.actions_.use(word_wrap=session.word_wrap, whitespace=session.whitespace, zoom=session.zoom)
        shown = session.files_shown if session.files_shown is not None else True
        self.drawer.set_open(shown and not self.drawer.is_over)
        troubles = await self.recall.restore_tabs(session)
        self.recall.begin()
        self._ready = True
        for content in self._waiting:
            self.present(content)
        self._waiting = []
        if troubles:
            self.message.emit(Message(troubles[0], "warning", f"and {len(troubles) - 1} more" if len(troubles) > 1 else ""))
        await self.recovery.offer()

    def _describe(self) -> Session:
        tabs, front = tabs_of(self.documents)
        return Session(
            tabs=tabs,
            front=front,
            files_shown=self.drawer.is_open or self.drawer.is_over,
            hidden_files=self.tree.shows_hidden,
            word_wrap=self.actions_.word_wrap,
            whitespace=self.actions_.whitespace,
            zoom=self.actions_.zoom,
        )

    async def _show_text(self, text: str, name: str) -> None:
        self.operations.open_text(text.encode("utf-8", "replace"), name).editor.go_to(1)

    async def _save_all_then(self, done: Callable[[bool], None]) -> None:
        safe = False
        try:
            safe = await self.operations.save_all()
        finally:
            done(safe and not self.documents.unsaved)

    def _start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        self._tasks.spawn(name, self._reported(work))

    async def _reported(self, work: Coroutine[Any, Any, Any]) -> None:
        """The border where an error becomes a sentence on the screen."""
        try:
            await work
        except ChainBotError as error:
            self._on_trouble(error)

    def _on_trouble(self, error: ChainBotError) -> None:
        self.message.emit(Message(error.message, "error", error.hint))

    def _show_root(self) -> None:
        self.tree.show_root()
        self._nothing.show_folder(readable(self._workspace.root))

    def _lay_out(self, themes: ThemeSource) -> SideDrawer:
        self._top = Header("", themes)
        self._files = IconButton("menu", "Files (Ctrl+B)", themes)
        self._save = IconButton("save", "Save (Ctrl+S)", themes)
        self._search = IconButton("search", "Find (Ctrl+F)", themes)
        self._more = IconButton("more-vertical", "More", themes)
        self._top.add_leading(self._files)
        self._top.add_action(self.tabs, 1_000)
        for button in (self._save, self._search, self._more):
            self._top.add_action(button)
        self.stack.addWidget(self._nothing)
        column = QWidget()
        inner = QVBoxLayout(column)
        for widget in (self.recovery_bar, self.notice_bar, self.find_bar):
            inner.addWidget(widget)
        inner.addWidget(self.stack, 1)
        inner.addWidget(self.strip)
        drawer = SideDrawer(self.tree, column, themes)
        outer = QVBoxLayout(self)
        outer.addWidget(self._top)
        outer.addWidget(drawer, 1)
        for layout in (inner, outer):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        return drawer

    def _bind_keys(self) -> None:
        for command in self.actions_.commands:
            if command.shortcut:
                self._bind(command.shortcut, command.run)
        self._bind("Ctrl+=", partial(self.actions_.zoom_by, 1))
        self._bind("Ctrl+PgDown", partial(self.documents.step, 1))
        self._bind("Ctrl+PgUp", partial(self.documents.step, -1))
        self._bind("Esc", self.find_bar.end)

    def _bind(self, keys: str, run: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(lambda: run())  # noqa: PLW0108 (the result is not for Qt)

    def _connect(self) -> None:
        documents, actions = self.documents, self.actions_
        documents.current_changed.connect(self._on_current_changed)
        documents.changed.connect(self._on_document_changed)
        documents.removed.connect(self._on_removed)
        self.operations.opened.connect(self._on_opened)
        for trouble in (self.operations.unrecorded, self.copies.failed):
            trouble.connect(self._on_trouble)
        self.tabs.close_wanted.connect(self._on_close_wanted)
        self.tabs.menu_wanted.connect(self._on_tab_menu)
        self.tree.file_chosen.connect(self._on_file_chosen)
        self.tree.menu_wanted.connect(self._on_tree_menu)
        self.tree.root_menu_wanted.connect(self._on_root_menu)
        self.strip.tapped.connect(self._on_strip_tapped)
        self.notice_bar.closed.connect(self._on_notice_closed)
        self.drawer.toggled.connect(self._on_drawer_toggled)
        actions.attached.connect(lambda content: self.open_requested.emit("chat", {"attach": content}))
        actions.root_changed.connect(self._on_root_changed)
        actions.files_toggled.connect(self._on_files)
        actions.hidden_toggled.connect(self._on_hidden_toggled)
        actions.switched.connect(self.recall.remember)
        self._files.clicked.connect(self._on_files)
        self._save.clicked.connect(actions.save)
        self._search.clicked.connect(actions.find)
        self._more.clicked.connect(self._on_more)

    # Documents

    def _on_opened(self, document: Document) -> None:
        editor = document.editor
        editor.widget.setAccessibleName(f"Text of {document.name}")
        self.actions_.adopt(editor)
        self.stack.addWidget(editor.widget)
        editor.caret_moved.connect(partial(self._on_caret_moved, document))
        editor.menu_requested.connect(self._on_text_menu)
        self._on_current_changed(self.documents.current)

    def _on_current_changed(self, document: Document | None) -> None:
        shown = self._nothing if document is None else document.editor.widget
        if self.stack.indexOf(shown) < 0:
            return  # its editor is laid out a moment later, by `opened`
        focused = QApplication.focusWidget()
        typing = focused is not None and self.isAncestorOf(focused) and not self.find_bar.isAncestorOf(focused)
        self.stack.setCurrentWidget(shown)
        self.find_bar.attach(document.editor if document is not None else None)
        if document is None:
            self.find_bar.hide()
        elif typing:
            document.editor.focus()
        for button in (self._save, self._search):
            button.setEnabled(document is not None)
        self.tree.mark(document.path if document is not None else None)
        self._show_state()

    def _on_document_changed(self, document: Document) -> None:
        if document is self.documents.current:
            self._show_state()
        self._count_unsaved()
        self.recall.remember()

    def _on_removed(self, document: Document) -> None:
        self.stack.removeWidget(document.editor.widget)
        self._count_unsaved()
        self.recall.remember()

    def _on_caret_moved(self, document: Document) -> None:
        if document is self.documents.current:
            self.strip.show_place(document)
            self.recall.remember()

    def _show_state(self) -> None:
        document = self.documents.current
        self.strip.show_document(document)
        self.notice_bar.show_notice(self._notice_of(document) if document is not None else None)

    def _count_unsaved(self) -> None:
        unsaved = len(self.documents.unsaved)
        if unsaved != self._badge:
            self._badge = unsaved
            self.badge_changed.emit(unsaved)

    def _notice_of(self, document: Document) -> Notice | None:
        if document.disk is Change.CHANGED:
            reload = ("Reload", partial(self._start_with, document, self.operations.reload))
            keep = ("Keep mine", partial(self._start_with, document, self.operations.keep_mine))
            return Notice(f"{document.name} was changed on disk.", "warning", (keep, reload))
        if document.disk is Change.DELETED:
            again = ("Save again", partial(self._start_with, document, self.operations.save))
            return Notice(f"{document.name} was deleted on disk. Its text is here only.", "warning", (again,))
        return Notice(" ".join(document.notes)) if document.notes else None

    def _start_with(self, document: Document, work: Callable[[Document], Coroutine[Any, Any, Any]]) -> None:
        self._start("deal with a change on disk", work(document))

    def _on_notice_closed(self) -> None:
        document = self.documents.current
        if document is not None and document.disk is Change.BACK:
            document.dismiss_notes()
        else:
            self.notice_bar.hide()

    # Files, menus, switches

    def _on_close_wanted(self, document: Document) -> None:
        self._start("close a tab", self.operations.close(document))

    def _on_file_chosen(self, path: Path) -> None:
        self._start("open a file", self.operations.open_file(path))
        if self.drawer.is_over:
            self.drawer.set_open(False)

    def _on_root_changed(self) -> None:
        self._show_root()
        self.drawer.set_open(True)
        self.recall.remember()

    def _on_files(self) -> None:
        self.drawer.set_open(not self.drawer.is_open)

    def _on_drawer_toggled(self, on: bool) -> None:
        if on:
            self.tree.view.setFocus()
        elif self.documents.current is not None:
            self.documents.current.editor.focus()
        self.recall.remember()

    def _on_hidden_toggled(self) -> None:
        self.tree.show_hidden(not self.tree.shows_hidden)
        self.recall.remember()

    def _on_more(self) -> None:
        at = self._more.mapToGlobal(QPoint(0, self._more.height()))
        names = _MORE if self.documents.current is not None else ("new", "open", "folder", "", "files", "hidden")
        self._menus.show_commands(self.actions_.named(*names), at)

    def _on_text_menu(self, at: QPoint) -> None:
        self._menus.show_commands(self.actions_.named(*_TEXT_MENU), at)

    def _on_strip_tapped(self, at: QPoint) -> None:
        if self.documents.current is not None:
            self._menus.show_form(self.documents.current, at)

    def _on_tab_menu(self, document: Document, at: QPoint) -> None:
        rows: list[tuple[str, str, Callable[[], object]]] = [
            ("close", "Close", partial(self._on_close_wanted, document)),
            ("close", "Close the others", partial(self._start_with, document, self.operations.close_others)),
        ]
        if document.path is not None:
            rows.append(("copy", "Copy its path", partial(copy_path, document.path)))
        self._menus.show_rows(rows, at)

    def _on_tree_menu(self, path: Path, is_folder: bool, at: QPoint) -> None:
        first: tuple[str, str, Callable[[], object]] = (
            ("folder-open", "Open as the folder", partial(self.actions_.show_folder, path))
            if is_folder
            else ("file", "Open", partial(self._on_file_chosen, path))
        )
        self._menus.show_rows((first, ("copy", "Copy its path", partial(copy_path, path))), at)

    def _on_root_menu(self, at: QPoint) -> None:
        hidden = "Leave out hidden files" if self.tree.shows_hidden else "Show hidden files"
        above = partial(self.actions_.show_folder, self._workspace.root.parent)
        self._menus.show_rows(
            (
                ("folder-open", "Open folder…", self.actions_.choose_folder),
                ("arrow-up", "Show the folder above", above),
                ("eye", hidden, self._on_hidden_toggled),
                ("refresh", "Look again", self.tree.show_root),
            ),
            at,
        )

    def _on_theme_changed(self, _: Theme) -> None:
        self._show_state()
