"""QScintilla with what it gets wrong put right: characters beyond the first plane, input methods, menus of its own, key bindings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.Qsci import QsciScintilla
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QContextMenuEvent, QInputMethodEvent, QKeyEvent

_WINDOW = 2048
"""Bytes on either side of the caret that an input method is shown."""

_KEPT = {
    "Ctrl+Down", "Ctrl+Up", "Ctrl+Left", "Ctrl+Shift+Left", "Ctrl+Right", "Ctrl+Shift+Right", "Ctrl+Home", "Ctrl+Shift+Home",
    "Ctrl+End", "Ctrl+Shift+End", "Ctrl+Backspace", "Ctrl+Del", "Ctrl+Shift+Backspace", "Ctrl+Shift+Del", "Ctrl+A", "Ctrl+X", "Ctrl+C",
    "Ctrl+V", "Ctrl+Ins", "Ctrl+Z", "Ctrl+Y",
}  # fmt: skip
"""The combinations with Ctrl that stay the editor's own; the program binds the others as it needs."""

_Query = Qt.InputMethodQuery


class Scintilla(QsciScintilla):
    """`menu_wanted` is called with a global position instead of a native menu popping up."""

    def __init__(self) -> None:
        super().__init__()
        self.menu_wanted: Callable[[int, int], None] | None = None
        self._composing = False
        self._free_shortcuts()

    def keyPressEvent(self, e: QKeyEvent | None) -> None:
        assert e is not None
        text = e.text()
        held = e.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
        )
        if len(text) == 1 and ord(text) > 0xFFFF and not held:
            self._type(text)
            e.accept()
            return
        super().keyPressEvent(e)

    def inputMethodEvent(self, e: QInputMethodEvent | None) -> None:
        assert e is not None
        if not self.isReadOnly() and e.replacementLength() > 0:
            self._cut_out(e.replacementStart(), e.replacementLength())
        self._composing = bool(e.preeditString())
        super().inputMethodEvent(e)

    def inputMethodQuery(self, query: Qt.InputMethodQuery) -> Any:
        """The text around the caret and positions within it, in UTF-16 units, never the whole document."""
        if query not in {
            _Query.ImSurroundingText,
            _Query.ImCursorPosition,
            _Query.ImAnchorPosition,
            _Query.ImAbsolutePosition,
            _Query.ImTextBeforeCursor,
            _Query.ImTextAfterCursor,
        }:
            return super().inputMethodQuery(query)
        caret, anchor = self.SendScintilla(self.SCI_GETCURRENTPOS), self.SendScintilla(self.SCI_GETANCHOR)
        first, last = self._window(caret)
        match query:
            case _Query.ImSurroundingText:
                return self._text(first, last)
            case _Query.ImTextBeforeCursor:
                return self._text(first, caret)
            case _Query.ImTextAfterCursor:
                return self._text(caret, last)
            case _Query.ImAnchorPosition:
                return self._units(first, min(max(anchor, first), last))
            case _:
                return self._units(first, caret)

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        assert event is not None
        position = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            caret = self.SendScintilla(self.SCI_GETCURRENTPOS)
            viewport = self.viewport()
            assert viewport is not None
            x = self.SendScintilla(self.SCI_POINTXFROMPOSITION, 0, caret)
            y = self.SendScintilla(self.SCI_POINTYFROMPOSITION, 0, caret)
            position = viewport.mapToGlobal(QPoint(x, y))
        event.accept()
        if self.menu_wanted is not None:
            self.menu_wanted(position.x(), position.y())

    def _type(self, text: str) -> None:
        if self.isReadOnly():
            return
        self.beginUndoAction()
        self.SendScintilla(self.SCI_REPLACESEL, text.encode())
        self.endUndoAction()
        self.SendScintilla(self.SCI_SCROLLCARET)

    def _cut_out(self, start: int, length: int) -> None:
        """Remove what an input method replaces: `start` is relative to the caret, both in UTF-16 units."""
        if self._composing:
            super().inputMethodEvent(QInputMethodEvent())
            self._composing = False
        caret = self.SendScintilla(self.SCI_GETCURRENTPOS)
        first = self._position_after(caret, start)
        last = self._position_after(first, length)
        self.SendScintilla(self.SCI_DELETERANGE, first, last - first)
        self.SendScintilla(self.SCI_GOTOPOS, first)

    def _position_after(self, position: int, units: int) -> int:
        """`units` UTF-16 units away from `position`, kept within the document."""
        moved = self.SendScintilla(self.SCI_POSITIONRELATIVECODEUNITS, position, units)
        if moved == 0 and units > 0:  # Scintilla's way to say: beyond the end
            return self.SendScintilla(self.SCI_GETLENGTH)
        return moved

    def _window(self, caret: int) -> tuple[int, int]:
        """Whole characters around the caret."""
        length = self.SendScintilla(self.SCI_GETLENGTH)
        first = max(0, caret - _WINDOW)
        last = min(length, caret + _WINDOW)
        if first:
            first = self.SendScintilla(self.SCI_POSITIONAFTER, self.SendScintilla(self.SCI_POSITIONBEFORE, first))
        if last < length:
            last = self.SendScintilla(self.SCI_POSITIONBEFORE, self.SendScintilla(self.SCI_POSITIONAFTER, last))
        return first, max(last, caret)

    def _text(self, first: int, last: int) -> str:
        return bytes_between(self, first, last).decode("utf-8", "replace") if last > first else ""

    def _units(self, first: int, last: int) -> int:
        return self.SendScintilla(self.SCI_COUNTCODEUNITS, first, last)

    def _free_shortcuts(self) -> None:
        from PyQt6.QtGui import QKeySequence

        commands = self.standardCommands()
        assert commands is not None
        for command in commands.commands():
            for key, free in ((command.key(), command.setKey), (command.alternateKey(), command.setAlternateKey)):
                name = QKeySequence(key).toString()
                if key and (name == "Esc" or ("Ctrl+" in name and name not in _KEPT)):
                    free(0)


def bytes_between(editor: QsciScintilla, first: int, last: int) -> bytes:
    """A copy of the UTF-8 text between two positions."""
    if last <= first:
        return b""
    # Qsci appends a terminating zero.
    return bytes(editor.bytes(first, last).data())[: last - first]
