"""The open texts as tabs: a dot for what is not saved, a cross to close, more behind a long press."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QTabBar, QToolButton, QWidget

from chainbot_desktop.ui.code_agent.document import Document
from chainbot_desktop.ui.code_agent.documents import Documents
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.long_press import LongPress
from chainbot_desktop.workspace.paths import readable


class TabStrip(QTabBar):
    close_wanted = Signal(object)
    menu_wanted = Signal(object, QPoint)

    def __init__(self, documents: Documents, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._documents = documents
        self._themes = themes
        self.setExpanding(False)
        self.setMovable(True)
        self.setDrawBase(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAccessibleName("Open files")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._long_press = LongPress(self, themes)
        self.customContextMenuRequested.connect(self._on_menu)
        self.currentChanged.connect(self._on_chosen)
        self.tabMoved.connect(self._on_moved)
        documents.added.connect(self._on_added)
        documents.removed.connect(self._on_removed)
        documents.current_changed.connect(self._on_current_changed)
        documents.changed.connect(self._on_document_changed)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def document_at(self, place: int) -> Document | None:
        identity = self.tabData(place)
        return next((document for document in self._documents if document.id == identity), None)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._themes.current.px(120), self._themes.current.px(48))

    def tabSizeHint(self, index: int) -> QSize:  # noqa: N802 (Qt's name)
        """Wide enough for most names, never so wide that one tab fills a small screen."""
        theme = self._themes.current
        hint = super().tabSizeHint(index)
        return QSize(min(max(hint.width(), theme.px(96)), theme.px(220)), max(hint.height(), theme.px(48)))

    def minimumTabSizeHint(self, index: int) -> QSize:  # noqa: N802 (Qt's name)
        """Rather scroll than show three letters of each name."""
        return self.tabSizeHint(index)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.MiddleButton:
            document = self.document_at(self.tabAt(event.position().toPoint()))
            if document is not None:
                self.close_wanted.emit(document)

    def _place(self, document: Document) -> int:
        return next((place for place in range(self.count()) if self.tabData(place) == document.id), -1)

    def _on_added(self, document: Document) -> None:
        before = self.blockSignals(True)
        place = self.addTab(document.name)
        self.setTabData(place, document.id)
        button = QToolButton(self)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda: self.close_wanted.emit(document))
        self.setTabButton(place, QTabBar.ButtonPosition.RightSide, button)
        self.blockSignals(before)
        self._label(place, document)

    def _on_removed(self, document: Document) -> None:
        before = self.blockSignals(True)
        self.removeTab(self._place(document))
        self.blockSignals(before)
        self._on_current_changed(self._documents.current)

    def _on_current_changed(self, document: Document | None) -> None:
        place = self._place(document) if document is not None else -1
        if place >= 0 and place != self.currentIndex():
            self.setCurrentIndex(place)

    def _on_document_changed(self, document: Document) -> None:
        self._label(self._place(document), document)

    def _on_chosen(self, place: int) -> None:
        document = self.document_at(place)
        if document is not None:
            self._documents.bring_to_front(document)

    def _on_moved(self, source: int, target: int) -> None:
        self._documents.move(source, target)

    def _on_menu(self, position: QPoint) -> None:
        document = self.document_at(self.tabAt(position))
        if document is not None:
            self.menu_wanted.emit(document, self.mapToGlobal(position))

    def _label(self, place: int, document: Document) -> None:
        if place < 0:
            return
        theme = self._themes.current
        self.setTabText(place, document.name.replace("&", "&&"))
        where = readable(document.path) if document.path is not None else "not saved anywhere yet"
        self.setTabToolTip(place, where)
        button = self.tabButton(place, QTabBar.ButtonPosition.RightSide)
        assert isinstance(button, QToolButton)
        modified = document.is_modified
        button.setIcon(theme.icon("state-working" if modified else "close", "accent" if modified else "dim", 16))
        button.setIconSize(QSize(theme.px(16), theme.px(16)))
        button.setFixedSize(theme.px(48), theme.px(48))
        label = f"Close {document.name}, not saved" if modified else f"Close {document.name}"
        button.setAccessibleName(label)
        button.setToolTip(label)

    def _on_theme_changed(self, theme: Theme) -> None:
        self.setStyleSheet(f"QTabBar::scroller {{ width: {theme.px(88)}px; }}")
        for document in self._documents:
            self._label(self._place(document), document)
