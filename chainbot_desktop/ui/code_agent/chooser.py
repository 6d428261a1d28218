"""Choosing a file, a folder or a name to save under, inside the window: a native dialog would hide the panel in kiosk mode."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button, IconButton
from chainbot_desktop.ui.widgets.kinetic import make_kinetic
from chainbot_desktop.ui.widgets.overlay import Overlay
from chainbot_desktop.workspace import FolderEntry, FolderListing, Workspace
from chainbot_desktop.workspace.paths import readable

Purpose = Literal["open", "folder", "save"]
_TITLES = {"open": "Open file", "folder": "Open folder", "save": "Save as"}
_ACTIONS = {"open": "Open", "folder": "Open this folder", "save": "Save"}
_HINTS = {"open": "Name or path", "folder": "Path", "save": "File name"}
Index = QModelIndex | QPersistentModelIndex


async def choose_path(
    origin: QWidget, workspace: Workspace, themes: ThemeSource, tasks: Tasks, purpose: Purpose, start: Path, name: str = ""
) -> Path | None:
    """What was chosen; None if the sheet was closed. `start` is the folder to begin in."""
    answer: asyncio.Future[Path | None] = asyncio.get_running_loop().create_future()
    chooser = PathChooser(origin, workspace, themes, tasks, purpose, answer)
    chooser.begin(start, name)
    return await answer


class PathChooser(Overlay):
    """Fills the window: on a small screen every row counts."""

    def __init__(
        self,
        origin: QWidget,
        workspace: Workspace,
        themes: ThemeSource,
        tasks: Tasks,
        purpose: Purpose,
        answer: asyncio.Future[Path | None],
    ) -> None:
        super().__init__(origin, themes, "sheet")
        self._workspace = workspace
        self._tasks = tasks
        self._purpose = purpose
        self._answer = answer
        self._folder = workspace.root
        self._hidden = False
        self.setAccessibleName(_TITLES[purpose])
        self._model = _EntriesModel(themes)
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setUniformItemSizes(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setAccessibleName("Content of the folder")
        self.list.setStyleSheet("QListView { border: none; }")  # its current row shows the focus
        self.list.setIconSize(QSize(themes.current.px(20), themes.current.px(20)))
        make_kinetic(self.list)
        self.list.clicked.connect(self._on_chosen)
        self.list.activated.connect(self._on_activated)
        self._where = QLabel()
        self._where.setTextFormat(Qt.TextFormat.PlainText)
        self._trouble = QLabel()
        self._trouble.setTextFormat(Qt.TextFormat.PlainText)
        self._trouble.setWordWrap(True)
        self._trouble.setProperty("role", "dim")
        self._trouble.hide()
        self.field = QLineEdit()
        self.field.setPlaceholderText(_HINTS[purpose])
        self.field.setAccessibleName(_HINTS[purpose])
        self.field.returnPressed.connect(self._on_accept)
        self._lay_out()
        self.closed.connect(self._on_closed)

    def begin(self, start: Path, name: str) -> None:
        self.field.setText(name)
        self._go(start)
        self.open()
        if self._purpose == "save":
            self.field.setFocus()
            self.field.selectAll()
        else:
            self.list.setFocus()

    def place_panel(self) -> None:
        theme = self.themes.current
        room = self.rect().adjusted(theme.px(8), theme.px(8), -theme.px(8), -theme.px(8))
        width, height = min(room.width(), theme.px(760)), min(room.height(), theme.px(640))
        self.panel.setGeometry(room.x() + (room.width() - width) // 2, room.y() + (room.height() - height) // 2, width, height)

    def _lay_out(self) -> None:
        theme = self.themes.current
        up = IconButton("arrow-up", "To the folder above", self.themes)
        up.clicked.connect(self._on_up)
        hidden = IconButton("eye", "Show hidden files", self.themes)
        hidden.setCheckable(True)
        hidden.toggled.connect(self._on_hidden)
        closing = IconButton("close", "Close", self.themes)
        closing.clicked.connect(self.dismiss)
        title = QLabel(_TITLES[self._purpose])
        title.setProperty("role", "title")
        head = QHBoxLayout()
        head.setSpacing(theme.px(8))
        self._where.setProperty("role", "dim")
        for widget, stretch in ((up, 0), (title, 0), (self._where, 1), (hidden, 0), (closing, 0)):
            head.addWidget(widget, stretch)
        foot = QHBoxLayout()
        foot.setSpacing(theme.px(8))
        accept = Button(_ACTIONS[self._purpose], self.themes, kind="primary")
        accept.clicked.connect(self._on_accept)
        foot.addWidget(self.field, 1)
        foot.addWidget(accept)
        outer = QVBoxLayout(self.panel)
        outer.setContentsMargins(*[theme.px(8)] * 4)
        outer.setSpacing(theme.px(8))
        outer.addLayout(head)
        outer.addWidget(self._trouble)
        outer.addWidget(self.list, 1)
        outer.addLayout(foot)

    def _go(self, folder: Path) -> None:
        self._tasks.spawn(f"list {readable(folder)}", self._list(folder))

    async def _list(self, folder: Path) -> None:
        try:
            listing = await self._workspace.list_folder(folder, hidden=self._hidden)
        except ChainBotError as error:
            if self.is_open:
                self._complain(error.message)
            return
        if self.is_open:
            self._trouble.hide()
            self._folder = folder
            shown = readable(folder)
            self._where.setText(
                self._where.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideLeft, self.themes.current.px(320))
            )
            self._where.setToolTip(shown)
            self._model.show_listing(listing)
            self.list.scrollToTop()
            if not listing.entries:
                self._complain("This folder is empty." if self._hidden else "Nothing here but hidden files, if any.")

    def _complain(self, sentence: str) -> None:
        self._trouble.setText(sentence)
        self._trouble.show()

    def _on_chosen(self, index: QModelIndex) -> None:
        entry = self._model.entry(index)
        path = self._folder / entry.name
        if entry.is_folder:
            self._go(path)
        elif self._purpose == "open":
            self._finish(path)
        elif self._purpose == "save":
            self.field.setText(entry.label)

    def _on_activated(self, index: QModelIndex) -> None:
        """Enter on a row; a click has its own signal and, on some desktops, activates as well."""
        if self.is_open and self.list.hasFocus() and self._model.entry(index).is_folder:
            self._go(self._folder / self._model.entry(index).name)
        elif self.is_open and self._purpose == "open":
            self._on_chosen(index)

    def _on_up(self) -> None:
        self._go(self._folder.parent)

    def _on_hidden(self, on: bool) -> None:
        self._hidden = on
        self._go(self._folder)

    def _on_accept(self) -> None:
        typed = self.field.text().strip()
        if not typed:
            if self._purpose == "folder":
                self._finish(self._folder)
            else:
                self._complain("Tap a file, or type a name." if self._purpose == "open" else "Type a name for the file.")
            return
        path = Path(os.path.normpath(self._folder / Path(typed).expanduser()))
        self._tasks.spawn("choose a path", self._decide(path))

    async def _decide(self, path: Path) -> None:
        """A typed folder is gone into; a name is the answer, and what opens it says what is wrong with it."""
        try:
            await self._workspace.list_folder(path)
        except ChainBotError as error:
            if self._purpose == "folder":
                self._complain(error.message)
            else:
                self._finish(path)
            return
        if self._purpose == "folder":
            self._finish(path)
        else:
            self.field.clear()
            self._go(path)

    def _finish(self, path: Path) -> None:
        if not self._answer.done():
            self._answer.set_result(path)
        self.dismiss()

    def _on_closed(self) -> None:
        if not self._answer.done():
            self._answer.set_result(None)


class _EntriesModel(QAbstractListModel):
    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self._themes = themes
        self._entries: tuple[FolderEntry, ...] = ()

    def show_listing(self, listing: FolderListing) -> None:
        self.beginResetModel()
        self._entries = listing.entries
        self.endResetModel()

    def entry(self, index: Index) -> FolderEntry:
        return self._entries[index.row()]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.label
        if role == Qt.ItemDataRole.DecorationRole:
            folder = entry.is_folder
            return self._themes.current.icon("folder" if folder else "file", "accent" if folder else "dim", 20)
        return None
