"""Ctrl+K: everything that can be done, found by a few letters, run by Enter or a finger."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chainbot_desktop.ui.shell.fuzzy import best
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Command
from chainbot_desktop.ui.widgets.kinetic import make_kinetic
from chainbot_desktop.ui.widgets.overlay import Overlay

MOST_ROWS = 200
_ROLE = Qt.ItemDataRole.UserRole


class CommandPalette(Overlay):
    """`commands` in the order to show when nothing is typed; each is (where it comes from, command)."""

    def __init__(self, origin: QWidget, themes: ThemeSource, commands: Sequence[tuple[str, Command]]) -> None:
        super().__init__(origin, themes, "sheet")
        theme = themes.current
        self._commands = commands
        self.setAccessibleName("Commands")
        self._field = QLineEdit()
        self._field.setPlaceholderText("Type what you want to do")
        self._field.setAccessibleName("Command")
        self._field.textChanged.connect(self._on_text_changed)
        self._list = make_kinetic(QListWidget())
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the field keeps the keyboard and moves the list
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setAccessibleName("Matching commands")
        self._list.setItemDelegate(_CommandRow(themes, self._list))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.itemClicked.connect(self._run)
        self._nothing = QLabel("No command is called that.")
        self._nothing.setProperty("role", "dim")
        outer = QVBoxLayout(self.panel)
        outer.setContentsMargins(*[theme.px(12)] * 4)
        outer.setSpacing(theme.px(8))
        outer.addWidget(self._field)
        outer.addWidget(self._list, 1)
        outer.addWidget(self._nothing)
        self._on_text_changed("")

    @property
    def rows(self) -> list[str]:
        """The labels as shown, best first."""
        return [self._list.item(row).text() for row in range(self._list.count())]

    def wanted_width(self) -> int:
        return self.themes.current.px(560)

    def place_panel(self) -> None:
        theme = self.themes.current
        room = self.rect().adjusted(theme.px(8), theme.px(8), -theme.px(8), -theme.px(8))
        width, height = min(room.width(), self.wanted_width()), min(room.height(), theme.px(420))
        self.panel.setGeometry(room.x() + (room.width() - width) // 2, room.y(), width, height)

    def take_focus(self) -> None:
        self._field.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 6, Qt.Key.Key_PageUp: -6}
        step = steps.get(Qt.Key(event.key()))
        if step is not None:
            row = self._list.currentRow() + step
            self._list.setCurrentRow(min(max(0, row), self._list.count() - 1))
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._on_return()
        else:
            super().keyPressEvent(event)

    def _on_text_changed(self, query: str) -> None:
        found = best(
            query,
            (
                ((f"{where}: {command.label}" if where else command.label), (where, command))
                for where, command in self._commands
            ),
        )
        self._list.clear()
        for where, command in found[:MOST_ROWS]:
            item = QListWidgetItem(f"{where}: {command.label}" if where else command.label)
            item.setData(_ROLE, command)
            self._list.addItem(item)
        self._list.setCurrentRow(0)
        self._list.setVisible(bool(found))
        self._nothing.setVisible(not found)

    def _on_return(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self._run(item)

    def _run(self, item: QListWidgetItem) -> None:
        command: Command = item.data(_ROLE)
        self.dismiss()
        command.run()


class _CommandRow(QStyledItemDelegate):
    """The label on the left, the shortcut on the right, one finger high."""

    def __init__(self, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, self._themes.current.px(48))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        theme = self._themes.current
        box: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.tint("accent", 0.22))
            painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), theme.px(8), theme.px(8))
        command: Command = index.data(_ROLE)
        inner = box.adjusted(theme.px(12), 0, -theme.px(12), 0)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("dim"))
        keys = command.shortcut
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, keys)
        inner.setRight(inner.right() - painter.fontMetrics().horizontalAdvance(keys) - theme.px(12))
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color("text"))
        text = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()
