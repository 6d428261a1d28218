"""What may follow what was typed, offered over the field: by keys, and by a finger."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QPoint, QRect, Qt
from PySide6.QtWidgets import QWidget

from chainbot_desktop.chat.commands import Completion
from chainbot_desktop.ui.chat.completion_popup import CompletionPopup
from chainbot_desktop.ui.chat.message_edit import MessageEdit
from chainbot_desktop.ui.theme import ThemeSource

_Key = Qt.Key


class ComposerCompletion(QObject):
    """`complete` gives the completions of a line that begins with a slash."""

    def __init__(
        self, edit: MessageEdit, complete: Callable[[str], Sequence[Completion]], themes: ThemeSource, popup_parent: QWidget
    ) -> None:
        super().__init__(edit)
        self._edit = edit
        self._complete = complete
        self._host = popup_parent
        self.popup = CompletionPopup(themes, popup_parent)
        self.complete_names: Callable[[str, int], Sequence[Completion]] = lambda text, caret: ()
        edit.left.connect(self.popup.hide)
        self.popup.taken.connect(self._on_taken)

    def offer(self) -> None:
        text = self._edit.toPlainText()
        offered = self._completions(text) if self._edit.hasFocus() else []
        if [completion.text for completion in offered] == [text]:
            offered = []
        corner = self._edit.mapTo(self._host, QPoint(0, 0))
        self.popup.offer(offered, QRect(corner, self._edit.size()))

    def key(self, key: int) -> bool:
        """Whether the list is there and took the key."""
        if not self.popup.isVisible():
            return False
        chosen = self.popup.chosen
        if key in {_Key.Key_Up, _Key.Key_Down}:
            self.popup.move_choice(-1 if key == _Key.Key_Up else 1)
        elif key == _Key.Key_Tab or (key in {_Key.Key_Return, _Key.Key_Enter} and chosen and self._is_meant(chosen)):
            self.popup.take()
        elif key == _Key.Key_Escape:
            self.popup.hide()
        else:
            return False
        return True

    def _completions(self, text: str) -> list[Completion]:
        own = list(self._complete(text)) if text.startswith("/") else []
        labels = {completion.label for completion in own}
        names = [
            completion
            for completion in self.complete_names(text, self._edit.textCursor().position())
            if completion.label not in labels
        ]
        return [completion for completion in own if not (names and completion.guess)] + names

    def _is_meant(self, completion: Completion) -> bool:
        """Whether Enter takes it rather than sending what is typed: not what is there already, and a guess only if it was chosen."""
        return (self.popup.is_pointed_at or not completion.guess) and not self._is_typed(completion)

    def _is_typed(self, completion: Completion) -> bool:
        return completion.text.strip() == self._edit.toPlainText().strip()

    def _on_taken(self, completion: Completion) -> None:
        self._edit.setPlainText(completion.text)
        cursor = self._edit.textCursor()
        cursor.setPosition(len(completion.text) if completion.caret < 0 else completion.caret)
        self._edit.setTextCursor(cursor)
        self._edit.setFocus()
        self.offer()
