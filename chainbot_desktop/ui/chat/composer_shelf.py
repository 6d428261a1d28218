"""What stands over the field: as high as it wants to be where there is room, else it scrolls. The field itself is always seen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget

from chainbot_desktop.ui.widgets.kinetic import KineticArea


class ComposerShelf(KineticArea):
    """`room` says how high it may be. `fit` when that, or what is in it, is different."""

    def __init__(self, room: Callable[[], int], parent: QWidget) -> None:
        self._content = QWidget()
        super().__init__(self._content, parent)
        self._room = room
        self._widgets: list[QWidget] = []
        self._lines = QVBoxLayout(self._content)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._watch = _Watch(self)
        # What stands next to the field concerns it most: where not all has room, that is seen first.
        self.verticalScrollBar().rangeChanged.connect(lambda _, last: self.verticalScrollBar().setValue(last))
        self._content.installEventFilter(self._watch)

    def add(self, widget: QWidget) -> None:
        self._lines.addWidget(widget)
        self._widgets.append(widget)
        widget.installEventFilter(self._watch)

    def set_spacing(self, spacing: int) -> None:
        self._lines.setSpacing(spacing)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.fit()

    def fit(self) -> None:
        # Qt tells one level of nested layouts a turn of the loop; the innermost must know first what was hidden.
        for layout in reversed(self._content.findChildren(QLayout)):
            layout.activate()
        width = self.width()
        wanted = (
            self._lines.totalHeightForWidth(width) if self._lines.hasHeightForWidth() else self._lines.totalSizeHint().height()
        )
        empty = not any(widget.isVisibleTo(self._content) for widget in self._widgets)
        height = 0 if empty else min(wanted, max(0, self._room()))
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)
        self.setVisible(not empty)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)


class _Watch(QObject):
    """Sees that what is on a shelf came, went or is of another size. Apart from the shelf: a scroll area filters its content itself."""

    def __init__(self, shelf: ComposerShelf) -> None:
        super().__init__(shelf)
        self._shelf = shelf

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.LayoutRequest, QEvent.Type.ShowToParent, QEvent.Type.HideToParent}:
            self._shelf.fit()
        return False
