"""A JSON value as a tree that is made while it is opened: as quick for a megabyte as for a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.json_paths import (
    Path,
    children,
    is_branch,
    path_text,
    place_of,
    shown_text,
    value_at,
    visible,
)
from chainbot_desktop.ui.widgets import make_kinetic

_AT_ONCE = 200
_PATH = Qt.ItemDataRole.UserRole
_REST = Qt.ItemDataRole.UserRole + 1
_LONGEST_KEY = 120


class JsonTree(QTreeWidget):
    """Rows are made when their parent is opened, 200 at a time; a row at the end has the rest. Enter and a tap on that one show more."""

    def __init__(self, name: str, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value: Any = {}
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setAccessibleName(name)
        # Long values are read by scrolling sideways: what is cut off cannot be compared.
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.itemExpanded.connect(self._on_expanded)
        self.itemClicked.connect(lambda item, _column: self._on_activated(item))
        self.itemActivated.connect(lambda item, _column: self._on_activated(item))
        make_kinetic(self)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_value(self, value: Any, opened: Sequence[str] = ()) -> None:
        """`opened` are keys at the top that are open from the start."""
        self._value = value
        self.clear()
        root = self.invisibleRootItem()
        root.setData(0, _PATH, ())
        self._add(root, value, 0)
        for index in range(self.topLevelItemCount()):
            item = self.topLevelItem(index)
            if item is not None and item.text(0) in opened:
                item.setExpanded(True)

    @property
    def current_path(self) -> Path | None:
        item = self.currentItem()
        return item.data(0, _PATH) if item is not None and item.data(0, _REST) is None else None

    @property
    def current_value(self) -> Any:
        path = self.current_path
        return value_at(self._value, path) if path is not None else None

    @property
    def current_path_text(self) -> str:
        return path_text(self.current_path or ())

    def reveal(self, path: Sequence[str | int]) -> None:
        """Open the way to `path` and make it current."""
        item, value = self.invisibleRootItem(), self._value
        for key in path:
            place = place_of(value, key)
            self._make(item, value)
            while place >= item.childCount() - (1 if self._has_rest(item) else 0) and self._has_rest(item):
                self._more(item)
            if item is not self.invisibleRootItem():
                item.setExpanded(True)
            item = _child(item, place)
            value = value_at(value, (key,))
        self.setCurrentItem(item)
        self.scrollToItem(item)

    def _on_expanded(self, item: QTreeWidgetItem) -> None:
        self._make(item, value_at(self._value, item.data(0, _PATH)))

    def _make(self, item: QTreeWidgetItem, value: Any) -> None:
        if item.childCount() == 1 and _child(item, 0).data(0, _PATH) is None:
            item.takeChild(0)
            self._add(item, value, 0)

    def _on_activated(self, item: QTreeWidgetItem) -> None:
        if item.data(0, _REST) is not None:
            self._more(item.parent() or self.invisibleRootItem())

    def _has_rest(self, item: QTreeWidgetItem) -> bool:
        return bool(item.childCount()) and _child(item, item.childCount() - 1).data(0, _REST) is not None

    def _more(self, item: QTreeWidgetItem) -> None:
        start = _child(item, item.childCount() - 1).data(0, _REST)
        item.takeChild(item.childCount() - 1)
        self._add(item, value_at(self._value, item.data(0, _PATH)), start)

    def _add(self, item: QTreeWidgetItem, value: Any, start: int) -> None:
        path: Path = item.data(0, _PATH)
        rows = []
        for key, child in children(value, start, _AT_ONCE):
            row = QTreeWidgetItem([visible(str(key))[:_LONGEST_KEY], shown_text(child)])
            row.setData(0, _PATH, (*path, key))
            if is_branch(child):
                row.addChild(QTreeWidgetItem())  # so that it can be opened; its rows come then
            rows.append(row)
        rest = len(value) - start - len(rows)
        if rest > 0:
            row = QTreeWidgetItem(["…", f"{rest:,} more: tap to show"])
            row.setData(0, _PATH, path)
            row.setData(0, _REST, start + len(rows))
            rows.append(row)
        item.addChildren(rows)

    def _on_theme_changed(self, theme: Theme) -> None:
        mono = theme.font("mono")
        self.setStyleSheet(
            f"QTreeWidget {{ font-family: '{mono.family()}'; font-size: {mono.pixelSize()}px; }}"
            f"QTreeWidget::item {{ min-height: {theme.px(40)}px; }}"
        )


def _child(item: QTreeWidgetItem, place: int) -> QTreeWidgetItem:
    found = item.child(place)
    assert found is not None
    return found
