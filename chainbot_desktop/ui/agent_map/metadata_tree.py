"""What an agent says of itself beyond the usual fields, as a tree: names, values, and what lies inside values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QSizePolicy, QTreeWidget, QTreeWidgetItem

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.kinetic import make_kinetic

_MAX_CHILDREN = 200
_MAX_DEPTH = 12


class MetadataTree(QTreeWidget):
    """As high as its rows up to eight; then it scrolls. Branches stay open while the values under them change."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self._themes = themes
        self._shown: Mapping[str, Any] | None = None
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setAccessibleName("Metadata")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setStretchLastSection(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        make_kinetic(self)
        self.itemExpanded.connect(self._on_rows_changed)
        self.itemCollapsed.connect(self._on_rows_changed)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_metadata(self, metadata: Mapping[str, Any]) -> None:
        if metadata == self._shown:
            return
        opened = self._open_paths()
        self._shown = metadata
        self.clear()
        for key in sorted(metadata):
            self._add(self.invisibleRootItem(), key, metadata[key], (key,), opened)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        rows, item = 0, self.itemAt(0, 0) or self.topLevelItem(0)
        while item is not None and rows < 8:
            rows, item = rows + 1, self.itemBelow(item)
        return QSize(200, max(1, rows) * self._row_height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, self._row_height())

    def _add(self, parent: QTreeWidgetItem, key: str, value: Any, path: tuple[str, ...], opened: set[tuple[str, ...]]) -> None:
        children = list(value.items()) if isinstance(value, Mapping) else list(enumerate(value)) if _is_list(value) else []
        text = _summary(value, len(children))
        item = QTreeWidgetItem(parent, [key, text])
        item.setToolTip(1, text[:1000])
        item.setData(0, Qt.ItemDataRole.UserRole, path)
        if len(path) < _MAX_DEPTH:
            for name, child in children[:_MAX_CHILDREN]:
                self._add(item, str(name), child, (*path, str(name)), opened)
            if len(children) > _MAX_CHILDREN:
                QTreeWidgetItem(item, ["…", f"{len(children) - _MAX_CHILDREN} more"])
        item.setExpanded(path in opened)

    def _open_paths(self) -> set[tuple[str, ...]]:
        opened: set[tuple[str, ...]] = set()
        waiting = [self.invisibleRootItem()]
        while waiting:
            item = waiting.pop()
            for index in range(item.childCount()):
                child = item.child(index)
                if child is not None and child.isExpanded():
                    opened.add(tuple(child.data(0, Qt.ItemDataRole.UserRole) or ()))
                    waiting.append(child)
        return opened

    def _row_height(self) -> int:
        return max(self.sizeHintForRow(0), self._themes.current.px(40))

    def _on_rows_changed(self) -> None:
        self.updateGeometry()

    def _on_theme_changed(self, theme: Theme) -> None:
        self.setFont(theme.font("small"))
        self.setIndentation(theme.px(16))
        self.updateGeometry()


def _is_list(value: object) -> bool:
    return isinstance(value, (list, tuple))


def _summary(value: Any, children: int) -> str:
    if isinstance(value, Mapping):
        return f"{children} fields" if children != 1 else "1 field"
    if _is_list(value):
        return f"{children} items" if children != 1 else "1 item"
    return value if isinstance(value, str) else json.dumps(value)
