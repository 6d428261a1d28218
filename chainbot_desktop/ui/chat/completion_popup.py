"""What may come next in a slash command, or after an @: a list over the composer, inside the window. The focus stays in the composer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QVBoxLayout, QWidget

from chainbot_desktop.chat.commands import Completion
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.kinetic import make_kinetic

_ROW = 56
_HEAD = 28
_MOST_ROWS = 5
_HELP_ROLE = Qt.ItemDataRole.UserRole
_PLACE_ROLE = Qt.ItemDataRole.UserRole + 1
"""Of a row that can be taken: which of the offered it is. A head of a group has none."""
_OWN = "Commands of the panel"


class CompletionPopup(QFrame):
    """`offer` shows, `move_choice` chooses, `take` emits the chosen one. What an agent offers by itself stands under its name."""

    taken = Signal(object)
    """A `Completion`."""

    def __init__(self, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes
        self._offered: tuple[Completion, ...] = ()
        self.is_pointed_at = False
        """Whether a person moved to what is chosen, and did not find it so."""
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
        place = self._list.currentIndex().data(_PLACE_ROLE)
        return self._offered[place] if isinstance(place, int) else None

    @property
    def heads(self) -> tuple[str, ...]:
        """The names over the groups, in their order."""
        rows = (self._model.item(row) for row in range(self._model.rowCount()))
        return tuple(item.text() for item in rows if item is not None and item.data(_PLACE_ROLE) is None)

    def offer(self, completions: Sequence[Completion], above: QRect) -> None:
        """Show these directly over `above` (in the parent's coordinates); hide when there are none."""
        offered = _grouped(completions)
        if not offered:
            self._offered = ()
            self.hide()
            return
        if offered != self._offered or not self.isVisible():  # else only the place is different: the choice stays
            self._offered = offered
            self._fill()
            self._choose(0)
            self.is_pointed_at = False
        theme = self._themes.current
        height = min(_MOST_ROWS, len(self._offered)) * theme.px(_ROW) + len(self.heads) * theme.px(_HEAD)
        height = min(height + 2 * theme.px(6) + 2, above.top() - theme.px(8))
        host = self.parentWidget()
        width = host.width() - above.left() - theme.px(12) if host is not None else above.width()
        self.setGeometry(above.left(), above.top() - height - theme.px(4), max(above.width(), width), height)
        self.show()
        self.raise_()

    def move_choice(self, step: int) -> None:
        chosen = self.chosen
        if chosen is not None:
            self.is_pointed_at = True
            self._choose((self._offered.index(chosen) + step) % len(self._offered))

    def take(self) -> None:
        chosen = self.chosen
        self.hide()
        if chosen is not None:
            self.taken.emit(chosen)

    def _fill(self) -> None:
        self._model.clear()
        grouped = any(completion.group for completion in self._offered)
        head = None
        for place, completion in enumerate(self._offered):
            if grouped and completion.group != head:
                head = completion.group
                self._model.appendRow(_head_row(head or _OWN))
            item = QStandardItem(completion.label)
            item.setData(completion.help.removeprefix(f"{completion.group}: ") if grouped else completion.help, _HELP_ROLE)
            item.setData(place, _PLACE_ROLE)
            self._model.appendRow(item)

    def _choose(self, place: int) -> None:
        found = self._model.match(self._model.index(0, 0), _PLACE_ROLE, place, 1, Qt.MatchFlag.MatchExactly)
        if found:
            self._list.setCurrentIndex(found[0])
            above = found[0].siblingAtRow(found[0].row() - 1)
            if above.isValid() and above.data(_PLACE_ROLE) is None:
                self._list.scrollTo(above)  # with the head of its group
            self._list.scrollTo(found[0])

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.data(_PLACE_ROLE) is not None:
            self.take()


class _CompletionDelegate(QStyledItemDelegate):
    """The command in fixed type, and what it does beside it."""

    def __init__(self, themes: ThemeSource, parent: QListView) -> None:
        super().__init__(parent)
        self._themes = themes

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, self._themes.current.px(_HEAD if index.data(_PLACE_ROLE) is None else _ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        theme = self._themes.current
        rect: QRect = option.rect
        if index.data(_PLACE_ROLE) is None:
            self._paint_head(painter, rect, str(index.data()))
            return
        help_text = str(index.data(_HELP_ROLE))
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

    def _paint_head(self, painter: QPainter, rect: QRect, name: str) -> None:
        theme = self._themes.current
        painter.save()
        painter.setFont(theme.font("label"))
        painter.setPen(theme.color("dim"))
        inner = rect.adjusted(theme.px(10), 0, -theme.px(10), -theme.px(2))
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, int(Qt.AlignmentFlag.AlignBottom), shown)
        painter.restore()


def _grouped(completions: Sequence[Completion]) -> tuple[Completion, ...]:
    """Those of one group together, the groups in the order in which they come first."""
    groups = {completion.group: None for completion in completions}
    return tuple(completion for group in groups for completion in completions if completion.group == group)


def _head_row(name: str) -> QStandardItem:
    item = QStandardItem(name)
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item
