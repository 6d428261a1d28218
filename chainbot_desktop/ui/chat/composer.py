"""Where a message is written: grows with its text, Enter sends, Shift+Enter breaks the line, a slash offers commands, an @ agents."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from chainbot_desktop.chat.commands import Completion
from chainbot_desktop.ui.chat.completion_popup import CompletionPopup
from chainbot_desktop.ui.chat.delivery_bar import DeliveryBar
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.kinetic import make_kinetic

_DRAFT_PAUSE_MS = 400
_MOST_LINES = 6
PLACEHOLDER = "Message or /command"
_Key = Qt.Key


class Composer(QWidget):
    """`complete` gives the completions of a line. The owner calls `refused` where a `send_requested` came to nothing."""

    send_requested = Signal(str, str)
    """(text, `TalkDelivery`). The field is free for the next message at once."""
    draft_changed = Signal(str)
    """0.4 s after the last key."""

    def __init__(
        self, complete: Callable[[str], Sequence[Completion]], themes: ThemeSource, popup_parent: QWidget, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._complete = complete
        self._themes = themes
        self.edit = _MessageEdit(self)
        self._popup_parent = popup_parent
        self.popup = CompletionPopup(themes, popup_parent)
        self.error = _line("label")
        self.hint = _line("label")
        self.send = Button("Send", themes, kind="primary")
        self.delivery = DeliveryBar(themes, self)
        self.complete_names: Callable[[str, int], Sequence[Completion]] = lambda text, caret: ()
        """The completions of an `@` before the caret, and of the commands that agents offer."""
        self.working: Callable[[str], str] = lambda text: ""
        """The name of the agent at work that a text is meant for."""
        self._row = QHBoxLayout()
        self._row.addWidget(self.edit, 1, Qt.AlignmentFlag.AlignBottom)
        self._row.addWidget(self.send, 0, Qt.AlignmentFlag.AlignBottom)
        self._outer = QVBoxLayout(self)
        for widget in (self.error, self.hint, self.delivery):
            self._outer.addWidget(widget)
        self._outer.addLayout(self._row)
        self._draft = QTimer(self, singleShot=True, interval=_DRAFT_PAUSE_MS)
        self._draft.timeout.connect(self._on_draft_pause)
        self.history: Sequence[str] = ()
        self._recalled = -1
        self._before_recall = ""
        self._quiet = False
        self.send.clicked.connect(self.submit)
        self.edit.textChanged.connect(self._on_text_changed)
        self.edit.key_pressed = self._on_key
        self.edit.left.connect(self.popup.hide)
        self.popup.taken.connect(self._on_completion_taken)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self._on_text_changed()

    # For the owner

    @property
    def text(self) -> str:
        return self.edit.toPlainText()

    def set_text(self, text: str) -> None:
        """Replace what is there, silently: no draft is announced and no command offered."""
        self._quiet = True
        self.edit.setPlainText(text)
        self.edit.moveCursor(QTextCursor.MoveOperation.End)
        self._quiet = False
        self._draft.stop()
        self._recalled = -1

    def insert(self, text: str) -> None:
        """Add after what is there, on a line of its own, so that nothing half written is lost."""
        before = self.text
        self.edit.setPlainText(f"{before.rstrip()}\n{text}" if before.strip() else text)
        self.edit.moveCursor(QTextCursor.MoveOperation.End)
        self.popup.hide()
        self.edit.setFocus()

    def flush_draft(self) -> None:
        """Announce a draft that still waits."""
        if self._draft.isActive():
            self._on_draft_pause()

    def submit(self) -> None:
        self.popup.hide()
        if self.text.strip() and self.send.isEnabled():
            text, delivery = self.text, self.delivery.delivery
            self.set_text("")
            self.delivery.choose("queue")
            self.show_error("")
            self.send_requested.emit(text, delivery)

    def refused(self, text: str, reason: str) -> None:
        """What was written comes back, before what was begun since, with the reason over it."""
        self.set_text(f"{text}\n{self.text}" if self.text.strip() else text)
        self.show_error(reason)
        self._on_text_changed(keep_error=True)

    def set_placeholder(self, text: str) -> None:
        if text != self.edit.placeholder:
            self.edit.placeholder = text
            self.edit.viewport().update()

    def look_who_works(self) -> None:
        """An agent may have begun or ended to work: what can be chosen follows."""
        text = self.text.strip()
        self.delivery.set_working(self.working(text) if text else "")

    def show_error(self, reason: str) -> None:
        self.error.setText(reason)
        self.error.setVisible(bool(reason))

    def show_hint(self, text: str) -> None:
        self.hint.setText(text)
        self.hint.setVisible(bool(text))

    # Keys

    def _on_key(self, event: QKeyEvent) -> bool:
        """Whether the key was taken."""
        key = event.key()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if self.popup.isVisible() and plain and self._popup_key(key):
            return True
        if key in {_Key.Key_Return, _Key.Key_Enter} and plain:
            self.submit()
            return True
        if key == _Key.Key_Up and plain and self._may_recall(first_line=True):
            return self._recall(self._recalled + 1)
        if key == _Key.Key_Down and plain and self._recalled >= 0 and self._may_recall(first_line=False):
            return self._recall(self._recalled - 1)
        return False

    def _popup_key(self, key: int) -> bool:
        chosen = self.popup.chosen
        if key in {_Key.Key_Up, _Key.Key_Down}:
            self.popup.move_choice(-1 if key == _Key.Key_Up else 1)
        elif key == _Key.Key_Tab or (key in {_Key.Key_Return, _Key.Key_Enter} and chosen and not _is_typed(chosen, self.text)):
            self.popup.take()
        elif key == _Key.Key_Escape:
            self.popup.hide()
        else:
            return False
        return True

    def _may_recall(self, *, first_line: bool) -> bool:
        cursor = self.edit.textCursor()
        at_edge = cursor.blockNumber() == (0 if first_line else self.edit.blockCount() - 1)
        return at_edge and (self._recalled >= 0 or not self.text)

    def _recall(self, index: int) -> bool:
        if index >= len(self.history):
            return True
        if self._recalled < 0:
            self._before_recall = self.text
        text = self.history[index] if index >= 0 else self._before_recall
        self.set_text(text)
        self._recalled = index
        self._on_text_changed()
        self._recalled = index
        self.popup.hide()
        return True

    # Reactions

    def _on_text_changed(self, *, keep_error: bool = False) -> None:
        self.send.setEnabled(bool(self.text.strip()))
        self._fit_height()
        self.look_who_works()
        if self._quiet:
            self.popup.hide()
            return
        if not keep_error:
            self.show_error("")
        if self.edit.hasFocus() or self._draft.isActive() or self.text:
            self._draft.start()
        self._offer()

    def offer_again(self) -> None:
        """What can be completed is different."""
        if self.text:
            self._offer()

    def _offer(self) -> None:
        text = self.text
        offered = self._completions(text) if self.edit.hasFocus() else []
        if [completion.text for completion in offered] == [text]:
            offered = []
        corner = self.edit.mapTo(self._popup_parent, QPoint(0, 0))
        self.popup.offer(offered, QRect(corner, self.edit.size()))

    def _completions(self, text: str) -> list[Completion]:
        own = list(self._complete(text)) if text.startswith("/") else []
        labels = {completion.label for completion in own}
        names = self.complete_names(text, self.edit.textCursor().position())
        return own + [completion for completion in names if completion.label not in labels]

    def _on_completion_taken(self, completion: Completion) -> None:
        self.edit.setPlainText(completion.text)
        cursor = self.edit.textCursor()
        cursor.setPosition(len(completion.text) if completion.caret < 0 else completion.caret)
        self.edit.setTextCursor(cursor)
        self.edit.setFocus()
        self._offer()

    def _on_draft_pause(self) -> None:
        self._draft.stop()
        self.draft_changed.emit(self.text)

    def _fit_height(self) -> None:
        theme = self._themes.current
        lines = 0
        block = self.edit.document().begin()
        while block.isValid() and lines < _MOST_LINES:
            lines += max(1, block.layout().lineCount())
            block = block.next()
        lines = min(_MOST_LINES, max(1, lines))
        wanted = lines * self.edit.fontMetrics().lineSpacing() + theme.px(26)
        self.edit.setFixedHeight(max(theme.px(48), wanted))

    def resizeEvent(self, event: QEvent) -> None:
        self._fit_height()
        if self.popup.isVisible():
            self._offer()

    def _on_theme_changed(self, theme: Theme) -> None:
        self._outer.setContentsMargins(theme.px(12), theme.px(6), theme.px(12), theme.px(8))
        self._outer.setSpacing(theme.px(4))
        self._row.setSpacing(theme.px(8))
        self.error.setStyleSheet(f"color: {theme.color('failed').name()};")
        self.send.setMinimumWidth(theme.px(84))
        self.edit.setFont(theme.font("body"))
        self._fit_height()


class _MessageEdit(QPlainTextEdit):
    """A plain text field that hands each key to its composer first."""

    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.key_pressed: Callable[[QKeyEvent], bool] = lambda event: False
        self.placeholder = PLACEHOLDER
        self.setAccessibleName("Message")
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        make_kinetic(self)

    def event(self, event: QEvent) -> bool:
        # Tab would leave the field before keyPressEvent hears of it.
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._is_taken(event):
            return True
        return super().event(event)

    def _is_taken(self, event: QKeyEvent) -> bool:
        return event.key() == _Key.Key_Tab and self.key_pressed(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.key_pressed(event):
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.document().isEmpty():  # Qt's own placeholder keeps the font that the program began with
            painter = QPainter(self.viewport())
            painter.setFont(self.font())
            painter.setPen(self.palette().placeholderText().color())
            margin = int(self.document().documentMargin())
            painter.drawText(self.viewport().rect().adjusted(margin, margin, 0, 0), Qt.AlignmentFlag.AlignTop, self.placeholder)

    def focusOutEvent(self, event: QEvent) -> None:
        super().focusOutEvent(event)  # type: ignore[arg-type]  # Qt calls it with a focus event
        self.left.emit()


def _is_typed(completion: Completion, text: str) -> bool:
    return completion.text.strip() == text.strip()


def _line(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.hide()
    return label
