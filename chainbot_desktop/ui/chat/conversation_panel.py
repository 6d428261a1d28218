"""The left side of the chat: search over everything, a new conversation, and the list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QListView, QVBoxLayout, QWidget

from chainbot_desktop.ui.chat.conversation_rows import ROW_ROLE, ConversationDelegate, ConversationModel, Row
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import IconButton
from chainbot_desktop.ui.widgets.kinetic import make_kinetic
from chainbot_desktop.ui.widgets.long_press import LongPress
from chainbot_desktop.ui.widgets.search_field import SearchField


class ConversationPanel(QFrame):
    chosen = Signal(object)
    """A `Row`."""
    new_requested = Signal()
    searched = Signal(str)
    menu_requested = Signal(object, QPoint)
    """(Row, global position)"""

    def __init__(self, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setProperty("ground", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.search = SearchField("Search all", themes)
        self.new = IconButton("plus", "New conversation (Ctrl+N)", themes)
        self.model = ConversationModel(self)
        self.list = _ConversationList(themes, self)
        self.list.setModel(self.model)
        self._delegate = ConversationDelegate(themes, self.list)
        self.list.setItemDelegate(self._delegate)
        self.nothing = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.nothing.setProperty("role", "dim")
        self.nothing.setWordWrap(True)
        self.nothing.setTextFormat(Qt.TextFormat.PlainText)
        self.nothing.hide()
        self._top = QHBoxLayout()
        self._top.addWidget(self.search, 1)
        self._top.addWidget(self.new)
        self._layout = QVBoxLayout(self)
        self._layout.addLayout(self._top)
        self._layout.addWidget(self.nothing)
        self._layout.addWidget(self.list, 1)
        self.new.clicked.connect(self.new_requested)
        self.search.searched.connect(self.searched)
        self.list.clicked.connect(self._on_clicked)
        self.list.activated_by_key.connect(self._on_clicked)
        self.list.menu_at.connect(self._on_menu_at)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def current(self) -> str:
        """The id of the conversation that is open."""
        return self._delegate.current

    def show_rows(self, rows: Sequence[Row], current: str, nothing: str = "") -> None:
        """`nothing` is said over the list (where it has no rows, or only a way to another list)."""
        self._delegate.current = current
        self.model.set_rows(rows)
        self.nothing.setText(nothing)
        self.nothing.setVisible(bool(nothing))
        self.list.viewport().update()

    def set_current(self, conversation_id: str) -> None:
        self._delegate.current = conversation_id
        row = self.model.row_of(conversation_id)
        if row >= 0:
            self.list.setCurrentIndex(self.model.index(row))
            self.list.scrollTo(self.model.index(row))
        self.list.viewport().update()

    def _on_clicked(self, index: QModelIndex) -> None:
        row = index.data(ROW_ROLE)
        if isinstance(row, Row):
            self.chosen.emit(row)

    def _on_menu_at(self, index: QModelIndex, position: QPoint) -> None:
        row = index.data(ROW_ROLE)
        if isinstance(row, Row) and not row.switch and not row.message_id:
            self.menu_requested.emit(row, position)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._layout.setContentsMargins(0, theme.px(8), 0, 0)
        self._layout.setSpacing(theme.px(6))
        self._top.setContentsMargins(theme.px(8), 0, theme.px(4), 0)
        self._top.setSpacing(theme.px(4))
        self.nothing.setContentsMargins(theme.px(12), theme.px(12), theme.px(12), theme.px(12))
        self.list.doItemsLayout()


class _ConversationList(QListView):
    activated_by_key = Signal(QModelIndex)
    menu_at = Signal(QModelIndex, QPoint)

    def __init__(self, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        make_kinetic(self)
        self._long_press = LongPress(self.viewport(), themes)
        self.setAccessibleName("Conversations")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setStyleSheet(
            "QListView { background: transparent; border: none; } QListView::item { padding: 0px; border: none; }"
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self.currentIndex().isValid():
            self.activated_by_key.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            self.menu_at.emit(index, self.viewport().mapToGlobal(self.visualRect(index).center()))
        else:
            self.menu_at.emit(self.indexAt(event.pos()), event.globalPos())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.viewport().update()
