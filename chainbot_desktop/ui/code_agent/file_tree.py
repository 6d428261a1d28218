"""The folder beside the editor: expanded by a tap, kept true to the disk, with what can be done with a row behind a long press."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QFrame, QTreeView, QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.code_agent.tree_model import FileTreeModel, Index
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import IconButton
from chainbot_desktop.ui.widgets.header import Header
from chainbot_desktop.ui.widgets.kinetic import make_kinetic
from chainbot_desktop.ui.widgets.long_press import LongPress
from chainbot_desktop.workspace import Workspace
from chainbot_desktop.workspace.paths import readable


class FileTree(QFrame):
    file_chosen = Signal(object)
    """The `Path` of a file that was tapped."""
    menu_wanted = Signal(object, bool, QPoint)
    """Path, whether it is a folder, and the global position."""
    root_menu_wanted = Signal(QPoint)

    def __init__(self, workspace: Workspace, themes: ThemeSource, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._tasks = tasks
        self._hidden = False
        self.setProperty("ground", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._header = Header("", themes)
        self._more = IconButton("more", "Folder menu", themes)
        self._more.clicked.connect(self._on_more)
        self._header.add_action(self._more)
        self.model = FileTreeModel(self._on_listing_wanted, themes, self)
        self.view = _TouchTree(self.model, themes)
        self._long_press = LongPress(self.view.viewport(), themes)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header)
        layout.addWidget(self.view)
        self.view.chosen.connect(self._on_chosen)
        self.view.customContextMenuRequested.connect(self._on_menu)
        self.view.collapsed.connect(self._on_collapsed)
        self.view.expanded.connect(self._on_expanded)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_root(self) -> None:
        """Show the workspace's folder from the start."""
        self._stop_following()
        root = self._workspace.root
        self._header.set_title(readable(root.name) or "/")
        self.setToolTip(readable(root))
        self.model.show_root(root)
        self.model.fetchMore(QModelIndex())

    @property
    def shows_hidden(self) -> bool:
        return self._hidden

    def show_hidden(self, on: bool) -> None:
        """List dot files too, in every folder that is open."""
        if on != self._hidden:
            self._hidden = on
            for folder in (self.model.root, *self._expanded_folders()):
                self._on_listing_wanted(folder)

    def mark(self, path: Path | None) -> None:
        """Select the row of the file in front, where it is shown."""
        index = self.model.index_of(path) if path is not None else QModelIndex()
        if index.isValid():
            self.view.setCurrentIndex(index)
        else:
            self.view.clearSelection()

    def _on_listing_wanted(self, folder: Path) -> None:
        self._tasks.spawn(f"list {readable(folder)}", self._list(folder))

    async def _list(self, folder: Path) -> None:
        root = self._workspace.root
        try:
            listing = await self._workspace.list_folder(folder, hidden=self._hidden)
        except ChainBotError as error:
            self.model.show_failure(folder, error.message)
            self._workspace.watch.follow_folder(folder, None, self._on_folder_changed)
            return
        if root == self._workspace.root:
            self.model.show_listing(listing)
            self._workspace.watch.follow_folder(folder, listing.mtime_ns, self._on_folder_changed)

    def _on_folder_changed(self, folder: Path) -> None:
        if self.model.knows(folder):
            self._on_listing_wanted(folder)
        else:
            self._workspace.watch.leave_folder(folder)

    def _on_expanded(self, index: QModelIndex) -> None:
        """It may have changed while it was closed."""
        folder = self.model.path_of(index)
        if folder is not None and not self.model.canFetchMore(index):
            self._on_listing_wanted(folder)

    def _on_collapsed(self, index: QModelIndex) -> None:
        folder = self.model.path_of(index)
        if folder is not None:
            self._workspace.watch.leave_folder(folder)

    def _expanded_folders(self) -> list[Path]:
        found: list[Path] = []
        waiting = [QModelIndex()]
        while waiting:
            parent = waiting.pop()
            for row in range(self.model.rowCount(parent)):
                index = self.model.index(row, 0, parent)
                folder = self.model.path_of(index)
                if folder is not None and self.view.isExpanded(index):
                    found.append(folder)
                    waiting.append(index)
        return found

    def _stop_following(self) -> None:
        for folder in (self.model.root, *self._expanded_folders()):
            self._workspace.watch.leave_folder(folder)

    def _on_chosen(self, index: QModelIndex) -> None:
        if self.model.is_folder(index):
            self.view.setExpanded(index, not self.view.isExpanded(index))
            return
        path = self.model.path_of(index)
        if path is not None:
            self.file_chosen.emit(path)

    def _on_menu(self, position: QPoint) -> None:
        index = self.view.indexAt(position)
        path = self.model.path_of(index) if index.isValid() else None
        where = self.view.viewport().mapToGlobal(position)
        if path is None:
            self.root_menu_wanted.emit(where)
        else:
            self.menu_wanted.emit(path, self.model.is_folder(index), where)

    def _on_more(self) -> None:
        self.root_menu_wanted.emit(self._more.mapToGlobal(QPoint(0, self._more.height())))

    def _on_theme_changed(self, theme: Theme) -> None:
        self.view.setIndentation(theme.px(18))
        self.view.setIconSize(QSize(theme.px(20), theme.px(20)))


class _TouchTree(QTreeView):
    """Rows of 48 px; a tap or Enter chooses, folders included."""

    chosen = Signal(QModelIndex)

    def __init__(self, model: FileTreeModel, themes: ThemeSource) -> None:
        super().__init__()
        self._themes = themes
        self.setModel(model)
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setExpandsOnDoubleClick(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName("Files")
        self.setStyleSheet("QTreeView { border: none; }")  # its current row shows the focus
        make_kinetic(self)
        self.clicked.connect(self._on_clicked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex())
            return
        super().keyPressEvent(event)

    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:  # noqa: N802 (Qt's name)
        """A chevron of the theme before each folder; the whole row is what one taps."""
        model = self.model()
        assert isinstance(model, FileTreeModel)
        if model.is_folder(index):
            name = "chevron-down" if self.isExpanded(index) else "chevron-right"
            picture = self._themes.current.pixmap(name, "dim", 16)
            side = round(picture.width() / picture.devicePixelRatio())
            left = rect.right() - side
            painter.drawPixmap(left, rect.center().y() - side // 2 + 1, picture)

    def _on_clicked(self, index: QModelIndex) -> None:
        self.chosen.emit(index)
