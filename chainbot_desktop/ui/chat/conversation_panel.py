"""The left side of the chat: search over everything, a new conversation, and the list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QListView, QVBoxLayout, QWidget

from chainbot_desktop.ui.chat.conversation_delegate import ROW_HEIGHT, ConversationDelegate
from chainbot_desktop.ui.chat.conversation_rows import ROW_ROLE, ConversationModel, Row
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button, IconButton
from chainbot_desktop.ui.widgets.chip import Chip
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
    import_requested = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes
        self.setAutoFillBackground(True)
        self.setProperty("ground", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.offers_import = False
        """Whether the empty list has a button for it: whoever sets this answers `import_requested`."""
        self.search = SearchField("Search all", themes)
        self.new = IconButton("plus", "New conversation (Ctrl+N)", themes)
        self.only_here = Chip("Only this one", themes, icon="filter")
        self.only_here.setAccessibleName("Search in the open conversation only")
        self.only_here.hide()
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
        self.take_over = Button("Import from ChatGPT", themes, icon="upload")
        self.take_over.hide()
        self._found = ""
        self._lay_out()
        self._connect()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def _lay_out(self) -> None:
        self._top = QHBoxLayout()
        self._top.addWidget(self.search, 1)
        self._top.addWidget(self.new)
        self._scope = QHBoxLayout()
        self._scope.addWidget(self.only_here)
        self._scope.addStretch(1)
        self._offer = QHBoxLayout()
        self._offer.addStretch(1)
        self._offer.addWidget(self.take_over)
        self._offer.addStretch(1)
        self._layout = QVBoxLayout(self)
        self._layout.addLayout(self._top)
        self._layout.addLayout(self._scope)
        self._layout.addWidget(self.nothing)
        self._layout.addLayout(self._offer)
        self._layout.addWidget(self.list, 1)

    def _connect(self) -> None:
        self.new.clicked.connect(self.new_requested)
        self.take_over.clicked.connect(self.import_requested)
        self.search.searched.connect(self.searched)
        self.search.textChanged.connect(self._on_text_changed)
        self.search.installEventFilter(self)
        self.list.clicked.connect(self._on_clicked)
        self.list.activated_by_key.connect(self._on_clicked)
        self.list.menu_at.connect(self._on_menu_at)
        self.list.left_upwards.connect(self._to_search)
        self.list.left.connect(self._clear_search)

    @property
    def current(self) -> str:
        """The id of the conversation that is open."""
        return self._delegate.current

    def show_found(self, words: str, rows: Sequence[Row], said: str) -> None:
        """What a search for `words` found; `said` stands over it."""
        self._found = words
        self.model.set_rows(rows)
        self._say(said, offers_import=False)

    def show_long(self, length: int, head: Sequence[Row], tail: Sequence[Row], said: str = "") -> None:
        """A list of `length` rows that come as they are looked at; `said` stands over it (where it has none)."""
        self._found = ""
        self.model.set_length(length, head, tail)
        self._say(said, offers_import=not length and not head)

    def in_sight(self) -> range:
        """The places of the long list that are on the screen, or would be."""
        first = max(0, self.list.indexAt(QPoint(2, 2)).row() - self.model.head)
        count = self.list.viewport().height() // self._themes.current.px(ROW_HEIGHT) + 2
        return range(first, first + count)

    def set_current(self, conversation_id: str) -> None:
        self._delegate.current = conversation_id
        row = self.model.row_of(conversation_id)
        if row >= 0:
            self.list.setCurrentIndex(self.model.index(row))
            self.list.scrollTo(self.model.index(row))
        self._show_scope()
        self.list.viewport().update()

    def _say(self, text: str, *, offers_import: bool) -> None:
        self.nothing.setText(text)
        self.nothing.setVisible(bool(text))
        self.take_over.setVisible(bool(text) and offers_import and self.offers_import)
        self.list.viewport().update()

    def _show_scope(self) -> None:
        self.only_here.setVisible(bool(self.search.text().strip()) and bool(self.current))

    def _on_text_changed(self, text: str) -> None:
        self._show_scope()
        if not text:
            self.only_here.setChecked(False)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Of the field: Down goes into the list, Enter opens the first of what was found for these words."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Down and self.model.rowCount():
                self.list.setFocus(Qt.FocusReason.TabFocusReason)
                self.list.setCurrentIndex(self.model.index(0))
                return True
            words = self.search.text().strip()
            is_enter = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
            if is_enter and words and words == self._found and self.model.rowCount():
                self._on_clicked(self.model.index(0))
                return True
        return False

    def _to_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.BacktabFocusReason)

    def _clear_search(self) -> None:
        if self.search.text():
            self.search.clear()
        self._to_search()

    def _on_clicked(self, index: QModelIndex) -> None:
        row = index.data(ROW_ROLE)
        if isinstance(row, Row) and (row.key or row.switch):
            self.chosen.emit(row)

    def _on_menu_at(self, index: QModelIndex, position: QPoint) -> None:
        row = index.data(ROW_ROLE)
        if isinstance(row, Row) and row.key and not row.switch and not row.message_id:
            self.menu_requested.emit(row, position)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._layout.setContentsMargins(0, theme.px(8), 0, 0)
        self._layout.setSpacing(theme.px(6))
        self._top.setContentsMargins(theme.px(8), 0, theme.px(4), 0)
        self._top.setSpacing(theme.px(4))
        self._scope.setContentsMargins(theme.px(8), 0, theme.px(8), 0)
        self.nothing.setContentsMargins(theme.px(12), theme.px(4), theme.px(12), theme.px(4))
        self.list.verticalScrollBar().setSingleStep(theme.px(ROW_HEIGHT))
        self.list.doItemsLayout()


class _ConversationList(QListView):
    activated_by_key = Signal(QModelIndex)
    menu_at = Signal(QModelIndex, QPoint)
    left_upwards = Signal()
    """Up was pressed in the first row."""
    left = Signal()
    """Escape was pressed."""

    def __init__(self, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        make_kinetic(self)
        self._long_press = LongPress(self.viewport(), themes)
        self.setAccessibleName("Conversations")
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setStyleSheet(
            "QListView { background: transparent; border: none; } QListView::item { padding: 0px; border: none; }"
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self.currentIndex().isValid():
            self.activated_by_key.emit(self.currentIndex())
        elif key == Qt.Key.Key_Up and self.currentIndex().row() <= 0:
            self.left_upwards.emit()
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
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
