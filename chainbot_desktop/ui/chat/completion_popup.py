"""What may come next in a slash command, or after an @: a list over the composer, inside the window. The focus stays in the composer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QVBoxLayout, QWidget

from chainbot_desktop.chat.commands import Completion
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.kinetic import make_kinetic

_ROW = 48
_MOST_ROWS = 5
_HELP_ROLE = Qt.ItemDataRole.UserRole


class CompletionPopup(QFrame):
    """`offer` shows, `move` chooses, `take` emits the chosen one."""

    taken = Signal(object)
    """A `Completion`."""

    def __init__(self, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes
        self._offered: tuple[Completion, ...] = ()
        self.setProperty("kind", "menu")
        self._model = QStandardItemModel(self)
        self._list = make_kinetic(QListView(self))
        self._list.setModel(self._model)
        self._list.setItemDelegate(_CompletionDelegate(themes, self._list))
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setAccessibleName("Commands")
        self._list.setStyleSheet(
            "QListView { background: transparent; border: none; } QListView::item { padding: 0px; border: none; }"
        )
        self._list.clicked.connect(self._on_clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[themes.current.px(6)] * 4)
        layout.addWidget(self._list)
        self.hide()

    @property
    def offered(self) -> tuple[Completion, ...]:
        return self._offered

    @property
    def chosen(self) -> Completion | None:
        row = self._list.currentIndex().row()
        return self._offered[row] if 0 <= row < len(self._offered) else None

    def offer(self, completions: Sequence[Completion], above: QRect) -> None:
        """Show these directly over `above` (in the parent's coordinates); hide when there are none."""
        self._offered = tuple(completions)
        self._model.clear()
        for completion in self._offered:
            item = QStandardItem(completion.label)
            item.setData(completion.help, _HELP_ROLE)
            self._model.appendRow(item)
        if not self._offered:
            self.hide()
            return
        self._list.setCurrentIndex(self._model.index(0, 0))
        theme = self._themes.current
        height = min(_MOST_ROWS, len(self._offered)) * theme.px(_ROW) + 2 * theme.px(6) + 2
        height = min(height, above.top() - theme.px(8))
        host = self.parentWidget()
        width = host.width() - 2 * above.left() if host is not None else above.width()
        self.setGeometry(above.left(), above.top() - height - theme.px(4), max(above.width(), width), height)
        self.show()
        self.raise_()

    def move_choice(self, step: int) -> None:
        row = (self._list.currentIndex().row() + step) % max(1, len(self._offered))
        self._list.setCurrentIndex(self._model.index(row, 0))
        self._list.scrollTo(self._model.index(row, 0))

    def take(self) -> None:
        chosen = self.chosen
        self.hide()
        if chosen is not None:
            self.taken.emit(chosen)

    def _on_clicked(self, index: QModelIndex) -> None:
        self.take()


class _CompletionDelegate(QStyledItemDelegate):
    """The command in fixed type, and what it does beside it."""

    def __init__(self, themes: ThemeSource, parent: QListView) -> None:
        super().__init__(parent)
        self._themes = themes

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, self._themes.current.px(_ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        theme = self._themes.current
        help_text = str(index.data(_HELP_ROLE))
        rect: QRect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.tint("accent", 0.22, "surface2"))
            painter.drawRoundedRect(rect, theme.px(8), theme.px(8))
        inner = rect.adjusted(theme.px(10), 0, -theme.px(10), 0)
        painter.setFont(theme.font("mono"))
        painter.setPen(theme.color("text"))
        label = str(index.data())
        column = theme.px(190) if inner.width() > theme.px(420) else inner.width() * 45 // 100
        text = painter.fontMetrics().elidedText(label, Qt.TextElideMode.ElideRight, column)
        painter.drawText(inner, int(Qt.AlignmentFlag.AlignVCenter), text)
        rest = inner.adjusted(column + theme.px(12), 0, 0, 0)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("dim"))
        text = painter.fontMetrics().elidedText(help_text, Qt.TextElideMode.ElideRight, rest.width())
        painter.drawText(rest, int(Qt.AlignmentFlag.AlignVCenter), text)
        painter.restore()
