"""The control: a QTableView over a QSortFilterProxyModel over a list model of at most 200,000 lines, the usual way.

`python -m tests.bench.controls.log_view_table` prints the lines a second that it sustains.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRegularExpression,
    QSortFilterProxyModel,
    Qt,
    QTimer,
)
from PySide6.QtWidgets import QApplication, QHeaderView, QTableView

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.watch.logs.document import LEVELS
from chainbot_desktop.watch.logs.records import LogRecord
from tests.bench.controls.log_lines import EXPRESSION, FRAME, HEIGHT, KEPT, WIDTH, run, sustained

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class LinesModel(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self._lines: list[LogRecord] = []

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else 4

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        line, column = self._lines[index.row()], index.column()
        if column == 3:
            return line.text
        if column == 0:
            return time.strftime("%H:%M:%S", time.localtime(line.time))
        return LEVELS[line.level] if column == 1 else line.name

    def add(self, lines: Sequence[LogRecord]) -> None:
        over = len(self._lines) + len(lines) - KEPT
        if over > 0:
            self.beginRemoveRows(_NOWHERE, 0, over - 1)
            del self._lines[:over]
            self.endRemoveRows()
        self.beginInsertRows(_NOWHERE, len(self._lines), len(self._lines) + len(lines) - 1)
        self._lines += lines
        self.endInsertRows()


class TableView:
    def __init__(self, table: QTableView, model: LinesModel) -> None:
        self._table, self._model = table, model
        self._waiting: list[LogRecord] = []
        self._timer = QTimer(table, interval=round(FRAME * 1000))
        self._timer.timeout.connect(self._on_frame)
        self._timer.start()

    async def push(self, records: Sequence[LogRecord]) -> None:
        self._waiting += records

    def waiting(self) -> int:
        return len(self._waiting)

    def _on_frame(self) -> None:
        if self._waiting:
            lines, self._waiting = self._waiting, []
            self._model.add(lines)
            self._table.scrollToBottom()


async def _measure(app: QApplication) -> Sequence[float]:
    themes = ThemeSource(app)
    themes.apply_to(app)
    model, passing, table = LinesModel(), QSortFilterProxyModel(), QTableView()
    passing.setFilterKeyColumn(3)
    passing.setFilterRegularExpression(QRegularExpression(EXPRESSION, QRegularExpression.PatternOption.CaseInsensitiveOption))
    passing.setSourceModel(model)
    table.setModel(passing)
    table.setFont(themes.current.font("mono_small"))
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().setDefaultSectionSize(20)
    table.verticalHeader().hide()
    table.horizontalHeader().setStretchLastSection(True)
    table.resize(WIDTH, HEIGHT)
    table.show()
    rate = await sustained(TableView(table, model))
    table.hide()
    return [rate]


if __name__ == "__main__":
    run(_measure)
