"""How the term of a filter that is being typed could go on: one tap, or Tab and Space, puts it in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets import Button, SearchField

_MOST = 8


class SuggestionRow(QWidget):
    """Under `field`, while that has the focus and there is something to suggest; as many as fit in one row."""

    def __init__(
        self,
        field: SearchField,
        suggest: Callable[[str, int], Sequence[str]],
        complete: Callable[[str, int, str], str],
        themes: ThemeSource,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._field = field
        self._suggest = suggest
        self._complete = complete
        self._terms: list[str] = []
        self._row = QHBoxLayout(self)
        self.buttons = [Button("", themes, kind="quiet") for _ in range(_MOST)]
        for place, button in enumerate(self.buttons):
            button.clicked.connect(partial(self._on_chosen, place))
            button.hide()
            self._row.addWidget(button)
        self._row.addStretch(1)
        self.hide()
        field.textEdited.connect(lambda _text: self._show())
        field.cursorPositionChanged.connect(lambda _old, _new: self._show() if not self.isHidden() else None)
        field.installEventFilter(self)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def shown(self) -> list[str]:
        return [button.text() for button in self.buttons if not button.isHidden()]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and not self.isAncestorOf(_focused(self)):
            self.hide()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _show(self) -> None:
        self._terms = list(self._suggest(self._field.text(), self._field.cursorPosition()))[:_MOST]
        for place, button in enumerate(self.buttons):
            button.ensurePolished()  # or its width is that of another font
            button.setText(self._terms[place] if place < len(self._terms) else "")
        self.setVisible(bool(self._terms))
        self._place()

    def _place(self) -> None:
        room = self.width() - self._row.contentsMargins().left() - self._row.contentsMargins().right()
        for place, button in enumerate(self.buttons):
            room -= button.sizeHint().width() + self._row.spacing()
            button.setVisible(place < len(self._terms) and room >= 0)
            button.setMinimumWidth(button.sizeHint().width())  # what was hidden is not asked again by the layout

    def _on_chosen(self, place: int) -> None:
        text = self._complete(self._field.text(), self._field.cursorPosition(), self._terms[place])
        self._field.setText(text)
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)
        self._show()

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(12), 0, theme.px(12), 0)
        self._row.setSpacing(theme.px(8))


def _focused(widget: QWidget) -> QWidget:
    found = widget.window().focusWidget()
    return found if found is not None else widget.window()
