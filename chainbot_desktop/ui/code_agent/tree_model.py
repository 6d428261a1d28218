"""The folder as an item model that knows only what was looked at: a folder is listed when it is first expanded.

Rows are found by number, never by pointer: an index that outlived its row finds nothing instead of freed memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.workspace import FolderEntry, FolderListing

Index = QModelIndex | QPersistentModelIndex
Kind = Literal["folder", "file", "note"]
_ROOT = 0


@dataclass(slots=True)
class _Node:
    number: int
    parent: int
    name: str
    label: str
    kind: Kind
    is_link: bool = False
    children: list[int] = field(default_factory=list)
    state: Literal["unknown", "asked", "listed"] = "unknown"


class FileTreeModel(QAbstractItemModel):
    """`ask` is called with a folder's path when its content is wanted; answer with `show_listing` or `show_failure`."""

    def __init__(self, ask: Callable[[Path], None], themes: ThemeSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ask = ask
        self._themes = themes
        self._numbers = count(1)
        self._root = Path("/")
        self._nodes: dict[int, _Node] = {_ROOT: _Node(_ROOT, _ROOT, "", "", "folder")}

    def show_root(self, root: Path) -> None:
        self.beginResetModel()
        self._root = root
        self._nodes = {_ROOT: _Node(_ROOT, _ROOT, "", "", "folder")}
        self.endResetModel()

    @property
    def root(self) -> Path:
        return self._root

    def path_of(self, index: Index) -> Path | None:
        """None for the root and for rows that are no file or folder."""
        node = self._node(index)
        return self._path(node) if node is not None and node.kind != "note" and node.number != _ROOT else None

    def is_folder(self, index: Index) -> bool:
        node = self._node(index)
        return node is not None and node.kind == "folder"

    def index_of(self, path: Path) -> QModelIndex:
        """Invalid where the path has not been listed."""
        node = self._node_at(path)
        return self._index(node) if node is not None and node.number != _ROOT else QModelIndex()

    def knows(self, folder: Path) -> bool:
        """Whether that folder is shown with its content, or waits for it."""
        node = self._node_at(folder)
        return node is not None and node.state != "unknown"

    def show_listing(self, listing: FolderListing) -> None:
        """What a folder holds now. Rows that stay keep their place, their expansion and their selection."""
        node = self._node_at(listing.path)
        if node is None or node.kind != "folder":
            return
        node.state = "listed"
        if not listing.entries:
            self._show_note(node, "Empty")
            return
        wanted = {(entry.name, _kind(entry)) for entry in listing.entries}
        self._remove_where(node, lambda child: (child.name, child.kind) not in wanted)
        self._insert_missing(node, listing.entries)

    def show_failure(self, folder: Path, reason: str) -> None:
        node = self._node_at(folder)
        if node is not None:
            node.state = "listed"
            self._show_note(node, reason)

    # Qt's model

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008 (Qt's own default)
        node = self._node(parent)
        if node is None or column != 0 or not 0 <= row < len(node.children):
            return QModelIndex()
        return self.createIndex(row, 0, node.children[row])

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008 (as above)
        node = self._node(index)
        if node is None or _ROOT in {node.number, node.parent}:
            return QModelIndex()
        return self._index(self._nodes[node.parent])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (as above)
        node = self._node(parent)
        return len(node.children) if node is not None else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (as above)
        return 1

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008 (as above)
        node = self._node(parent)
        return node is not None and node.kind == "folder" and (node.state != "listed" or bool(node.children))

    def canFetchMore(self, parent: Index) -> bool:
        node = self._node(parent)
        return node is not None and node.kind == "folder" and node.state == "unknown"

    def fetchMore(self, parent: Index) -> None:
        node = self._node(parent)
        if node is not None and node.state == "unknown" and node.kind == "folder":
            node.state = "asked"
            self._ask(self._path(node))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        node = self._node(index)
        if node is None:
            return None
        theme = self._themes.current
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return node.label
            case Qt.ItemDataRole.DecorationRole:
                return None if node.kind == "note" else theme.icon(node.kind, "accent" if node.kind == "folder" else "dim", 20)
            case Qt.ItemDataRole.ForegroundRole:
                return theme.color("dim") if node.kind == "note" or node.name.startswith(".") else None
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return f"{node.label}, a link" if node.is_link else node.label
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        node = self._node(index)
        if node is None or node.kind == "note":
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemNeverHasChildren if node.kind == "file" else flags

    # Inside

    def _node(self, index: Index) -> _Node | None:
        return self._nodes.get(index.internalId()) if index.isValid() else self._nodes[_ROOT]

    def _index(self, node: _Node) -> QModelIndex:
        return self.createIndex(self._nodes[node.parent].children.index(node.number), 0, node.number)

    def _path(self, node: _Node) -> Path:
        names: list[str] = []
        while node.number != _ROOT:
            names.append(node.name)
            node = self._nodes[node.parent]
        return self._root.joinpath(*reversed(names))

    def _node_at(self, path: Path) -> _Node | None:
        try:
            parts = path.relative_to(self._root).parts
        except ValueError:
            return None
        node = self._nodes[_ROOT]
        for part in parts:
            children = (self._nodes[number] for number in node.children)
            found = next((child for child in children if child.name == part and child.kind != "note"), None)
            if found is None:
                return None
            node = found
        return node

    def _parent_index(self, node: _Node) -> QModelIndex:
        return QModelIndex() if node.number == _ROOT else self._index(node)

    def _show_note(self, node: _Node, text: str) -> None:
        self._remove_where(node, lambda _: True)
        self._insert(node, 0, [_Node(next(self._numbers), node.number, "", text, "note")])

    def _insert_missing(self, node: _Node, entries: Sequence[FolderEntry]) -> None:
        """What stayed is in the order of `entries`, so each gap between two of them is one insertion."""
        row = 0
        fresh: list[_Node] = []
        for entry in entries:
            there = row < len(node.children) and self._nodes[node.children[row]].name == entry.name
            if not there:
                fresh.append(_Node(next(self._numbers), node.number, entry.name, entry.label, _kind(entry), entry.is_link))
                continue
            self._insert(node, row, fresh)
            row += len(fresh) + 1
            fresh = []
        self._insert(node, row, fresh)

    def _insert(self, node: _Node, row: int, fresh: list[_Node]) -> None:
        if not fresh:
            return
        self.beginInsertRows(self._parent_index(node), row, row + len(fresh) - 1)
        self._nodes.update((child.number, child) for child in fresh)
        node.children[row:row] = [child.number for child in fresh]
        self.endInsertRows()

    def _remove_where(self, node: _Node, unwanted: Callable[[_Node], bool]) -> None:
        last = len(node.children) - 1
        while last >= 0:
            if not unwanted(self._nodes[node.children[last]]):
                last -= 1
                continue
            first = last
            while first > 0 and unwanted(self._nodes[node.children[first - 1]]):
                first -= 1
            self.beginRemoveRows(self._parent_index(node), first, last)
            for number in node.children[first : last + 1]:
                self._forget(number)
            del node.children[first : last + 1]
            self.endRemoveRows()
            last = first - 1

    def _forget(self, number: int) -> None:
        for child in self._nodes.pop(number).children:
            self._forget(child)


def _kind(entry: FolderEntry) -> Kind:
    return "folder" if entry.is_folder else "file"
