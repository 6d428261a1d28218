"""Where a message is written: grows with its text, Enter sends, Shift+Enter breaks the line, a slash offers commands, an @ agents.

What is attached, what waits and what may be chosen stands on a shelf over the field, and scrolls where there is no room for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.chat.commands import Completion
from chainbot_desktop.core.ports import TalkAttachment
from chainbot_desktop.ui.chat.attachment_intake import AttachmentIntake
from chainbot_desktop.ui.chat.attachment_tray import AttachmentTray
from chainbot_desktop.ui.chat.completion_popup import CompletionPopup
from chainbot_desktop.ui.chat.composer_completion import ComposerCompletion
from chainbot_desktop.ui.chat.composer_editing import ComposerEditing
from chainbot_desktop.ui.chat.composer_incoming import ComposerIncoming
from chainbot_desktop.ui.chat.composer_shelf import ComposerShelf
from chainbot_desktop.ui.chat.delivery_bar import DeliveryBar
from chainbot_desktop.ui.chat.message_edit import PLACEHOLDER, MessageEdit
from chainbot_desktop.ui.chat.paste_offer import PasteOffer
from chainbot_desktop.ui.chat.queued_bar import QueuedBar
from chainbot_desktop.ui.chat.typed_history import TypedHistory
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button, IconButton

__all__ = ["PLACEHOLDER", "Composer"]

_DRAFT_PAUSE_MS = 400
_HEADER = 53
"""Pixels over the messages that the shelf leaves alone."""
_Key = Qt.Key


class Composer(QWidget):
    """`complete` gives the completions of a line. The owner calls `refused` where a `send_requested` came to nothing."""

    send_requested = Signal(str, str, object)
    """(text, `TalkDelivery`, the attachments as `TalkAttachment`s). The field is free for the next message at once."""
    resend_requested = Signal(str, str, object)
    """(message id, text, attachments): what `begin_edit` began. The owner calls `refused_edit` where it came to nothing."""
    queued_edited = Signal(str, str)
    """(run id, text): what `begin_queued_edit` began."""
    draft_changed = Signal(str)
    """0.4 s after the last key."""

    def __init__(
        self,
        complete: Callable[[str], Sequence[Completion]],
        intake: AttachmentIntake,
        themes: ThemeSource,
        popup_parent: QWidget,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._themes = themes
        self.intake = intake
        self.edit = MessageEdit(self)
        self.completion = ComposerCompletion(self.edit, complete, themes, popup_parent)
        self.error = _line("label")
        self.hint = _line("label")
        self.attach_button = IconButton("attach", "Attach something", themes)
        self.send = Button("Send", themes, kind="primary")
        self.working: Callable[[str], str] = lambda text: ""
        """The name of the agent at work that a text is meant for."""
        self.shelf = ComposerShelf(self._shelf_room, self)
        self.queued = QueuedBar(themes, self.shelf)
        self.delivery = DeliveryBar(themes, self.shelf)
        self.tray = AttachmentTray(intake, themes, self.shelf)
        self.offer = PasteOffer(self.edit, intake, themes, self.shelf)
        self.editing = ComposerEditing(intake, self.set_text, themes, self.shelf)
        self.incoming = ComposerIncoming(self.edit, intake, self.offer, themes, refuse=self._on_refused, explain=self.show_hint)
        self._draft = QTimer(self, singleShot=True, interval=_DRAFT_PAUSE_MS)
        self._history = TypedHistory()
        self._quiet = False
        self._lay_out()
        self._connect(parent)
        self._on_theme_changed(themes.current)
        self._on_text_changed()

    def _lay_out(self) -> None:
        for widget in (self.hint, self.queued, self.editing.bar, self.offer, self.tray, self.delivery, self.error):
            self.shelf.add(widget)
        self._row = QHBoxLayout()
        self._row.addWidget(self.attach_button, 0, Qt.AlignmentFlag.AlignBottom)
        self._row.addWidget(self.edit, 1, Qt.AlignmentFlag.AlignBottom)
        self._row.addWidget(self.send, 0, Qt.AlignmentFlag.AlignBottom)
        self._outer = QVBoxLayout(self)
        self._outer.addWidget(self.shelf)
        self._outer.addLayout(self._row)
        self.setTabOrder(self.attach_button, self.edit)
        self.setTabOrder(self.edit, self.send)
        self.tray.after = self.send

    def _connect(self, host: QWidget) -> None:
        self._draft.timeout.connect(self._on_draft_pause)
        self.send.clicked.connect(self.submit)
        self.attach_button.clicked.connect(lambda: self.incoming.show_menu(self.attach_button))
        self.edit.textChanged.connect(self._on_text_changed)
        self.edit.key_pressed = self._on_key
        self.intake.changed.connect(self._on_attached_changed)
        self.intake.refused.connect(self._on_refused)
        self.editing.changed.connect(self._on_editing_changed)
        self._themes.changed.connect(self._on_theme_changed)
        host.installEventFilter(self)

    # What is written

    @property
    def text(self) -> str:
        return self.edit.toPlainText()

    @property
    def draft(self) -> str:
        """What is being written for the conversation; while something else is edited, what waits for the end of that."""
        return self.editing.before if self.editing.is_on else self.text

    @property
    def popup(self) -> CompletionPopup:
        return self.completion.popup

    @property
    def complete_names(self) -> Callable[[str, int], Sequence[Completion]]:
        """The completions of an `@` before the caret, and of the commands that agents offer."""
        return self.completion.complete_names

    @complete_names.setter
    def complete_names(self, complete: Callable[[str, int], Sequence[Completion]]) -> None:
        self.completion.complete_names = complete

    @property
    def history(self) -> Sequence[str]:
        """What was typed before, newest first."""
        return self._history.texts

    @history.setter
    def history(self, texts: Sequence[str]) -> None:
        self._history.texts = [text for text in texts if text]  # one that only carried something has none

    def open(self, conversation_id: str, draft: str) -> None:
        """Another conversation: its draft, with what is attached to it. What was being edited is left."""
        self.editing.leave()
        self.offer.end()
        self.set_text(draft)
        self.intake.open(conversation_id)
        self.show_error("")

    def set_text(self, text: str) -> None:
        """Replace what is there, silently: no draft is announced and no command offered."""
        self._put(text)
        self._draft.stop()
        self._history.leave()

    def insert(self, text: str) -> None:
        """Add after what is there, on a line of its own, so that nothing half written is lost."""
        before = self.text
        self.edit.setPlainText(f"{before.rstrip()}\n{text}" if before.strip() else text)
        self.edit.moveCursor(QTextCursor.MoveOperation.End)
        self.popup.hide()
        self.edit.setFocus()

    def attach(self, content: Mapping[str, object]) -> None:
        """What another window sends: `name` and `text` ("selection", "log", "event"), or `path` ("file"), by its `kind`.

        `language` is the ending ("py", "json") that a name without one gets.
        """
        self.incoming.attach(content)

    def flush_draft(self) -> None:
        """Announce a draft that still waits."""
        if self._draft.isActive():
            self._on_draft_pause()

    def _put(self, text: str) -> None:
        self._quiet = True
        self.edit.setPlainText(text)
        self.edit.moveCursor(QTextCursor.MoveOperation.End)
        self._quiet = False

    # Sending

    def submit(self) -> None:
        self.popup.hide()
        if self.intake.is_busy:
            self.show_error("What you attach is still being read. Send it in a moment, or stop it with its cross.")
        elif not self._has_something():
            return
        elif self.editing.is_on:
            self.editing.finish(self.text)
        else:
            text, delivery, attachments = self.text, self.delivery.delivery, self.intake.take()
            self.set_text("")
            self.offer.end()
            self.delivery.choose("queue")
            self.show_error("")
            self.send_requested.emit(text, delivery, attachments)

    def refused(self, text: str, reason: str, attachments: Sequence[TalkAttachment] = ()) -> None:
        """What was written comes back, before what was begun since, with the reason over it."""
        if self.editing.is_on:
            self.editing.give_back(text, attachments)
            self.show_error(reason)
            return
        self.set_text(f"{text}\n{self.text}" if self.text.strip() else text)
        self.intake.put_back(attachments)
        self.show_error(reason)
        self._on_text_changed(keep_error=True)

    def begin_edit(self, message_id: str, text: str, attachments: Sequence[TalkAttachment] = ()) -> None:
        """Write a message anew: `resend_requested` comes when it is sent. What was being written waits until then."""
        words = "Editing a message: it will be sent in a branch."
        self._begin(message_id, text, attachments, words, "Resend", partial(self.resend_requested.emit, message_id))

    def refused_edit(self, message_id: str, text: str, attachments: Sequence[TalkAttachment], reason: str) -> None:
        self.begin_edit(message_id, text, attachments)
        self.show_error(reason)

    def begin_queued_edit(self, run_id: str, agent_name: str, text: str) -> None:
        """Write anew what waits for an agent: `queued_edited` comes when it is sent."""

        def done(written: str, attachments: Sequence[TalkAttachment]) -> None:
            self.intake.put_back(attachments)  # what waits has its own already: these are for the next message
            self.queued_edited.emit(run_id, written)

        self._begin(run_id, text, (), f"Editing what waits for {agent_name}.", "Save", done)

    def _begin(
        self,
        identity: str,
        text: str,
        attachments: Sequence[TalkAttachment],
        words: str,
        verb: str,
        done: Callable[[str, Sequence[TalkAttachment]], object],
    ) -> None:
        if self.intake.is_busy:
            self.show_error("What you attach is still being read. Edit in a moment, or stop it with its cross.")
            return
        self.flush_draft()
        self.offer.end()
        self.show_error("")
        self.editing.begin(identity, text, attachments, words, verb, self.text, done)
        self.edit.setFocus()

    # What is said over the field

    def set_placeholder(self, text: str) -> None:
        if text != self.edit.placeholder:
            self.edit.placeholder = text
            self.edit.viewport().update()

    def look_who_works(self) -> None:
        """An agent may have begun or ended to work: what can be chosen follows."""
        text = self.text.strip()
        asks = self._has_something() and not self.editing.is_on
        self.delivery.set_working(self.working(text) if asks else "")

    def show_error(self, reason: str) -> None:
        self._say(self.error, reason)

    def show_hint(self, text: str) -> None:
        self._say(self.hint, text)

    def _say(self, label: QLabel, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))
        self.shelf.fit()

    def _on_refused(self, reason: str) -> None:
        """Of several files that were dropped each says why not."""
        before = [] if self.error.isHidden() else self.error.text().split("\n")
        self.show_error("\n".join(dict.fromkeys([*before, reason])))

    # Keys

    def _on_key(self, event: QKeyEvent) -> bool:
        """Whether the key was taken."""
        key = event.key()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if not plain:
            return False
        if self.completion.key(key):
            return True
        if key == _Key.Key_Escape and self.editing.is_on:
            self.editing.leave()
        elif key in {_Key.Key_Return, _Key.Key_Enter}:
            self.submit()
        else:
            return self._recall_key(key)
        return True

    def _recall_key(self, key: int) -> bool:
        if key == _Key.Key_Up and self._may_recall(first_line=True):
            return self._recall(1)
        if key == _Key.Key_Down and self._history.is_recalling and self._may_recall(first_line=False):
            return self._recall(-1)
        return False

    def _may_recall(self, *, first_line: bool) -> bool:
        cursor = self.edit.textCursor()
        at_edge = cursor.blockNumber() == (0 if first_line else self.edit.blockCount() - 1)
        return at_edge and not self.editing.is_on and (self._history.is_recalling or not self.text)

    def _recall(self, step: int) -> bool:
        text = self._history.step(step, self.text)
        if text is not None:
            self._put(text)
            self._on_text_changed()
            self.popup.hide()
        return True

    # Reactions

    def offer_again(self) -> None:
        """What can be completed is different."""
        if self.text:
            self.completion.offer()

    def _has_something(self) -> bool:
        return bool(self.text.strip() or self.intake.ready)

    def _on_attached_changed(self) -> None:
        self.send.setEnabled(self._has_something() and not self.intake.is_busy)
        self.look_who_works()
        self.shelf.fit()

    def _on_editing_changed(self) -> None:
        self.send.setText(self.editing.verb)
        self._on_attached_changed()

    def _on_text_changed(self, *, keep_error: bool = False) -> None:
        self.send.setEnabled(self._has_something() and not self.intake.is_busy)
        self._fit_height()
        self.look_who_works()
        if self._quiet:
            self.popup.hide()
            return
        if not keep_error:
            self.show_error("")
        if (self.edit.hasFocus() or self._draft.isActive() or self.text) and not self.editing.is_on:
            self._draft.start()
        self.completion.offer()

    def _on_draft_pause(self) -> None:
        self._draft.stop()
        self.draft_changed.emit(self.text)

    # Room

    def _host_height(self) -> int:
        host = self.parentWidget()
        return host.height() if host is not None else self.height()

    def _shelf_room(self) -> int:
        """Most of what the field leaves of the messages: a row of chips also over an on-screen keyboard."""
        theme = self._themes.current
        margins = self._outer.contentsMargins()
        left = self._host_height() - theme.px(_HEADER) - self.edit.height() - margins.top() - margins.bottom()
        return min(left - self._outer.spacing(), max(left * 7 // 10, theme.px(60)))

    def _fit_height(self) -> None:
        theme = self._themes.current
        most = self._host_height() * 45 // 100 - theme.px(55)  # six lines at 800x480, one over an on-screen keyboard
        self.edit.fit(theme.px(48), max(theme.px(48), most), theme.px(26))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:  # of the host: an on-screen keyboard came or went
            self._fit_height()
            self.shelf.fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QEvent) -> None:
        self._fit_height()
        if self.popup.isVisible():
            self.completion.offer()

    def _on_theme_changed(self, theme: Theme) -> None:
        self._outer.setContentsMargins(theme.px(12), theme.px(6), theme.px(12), theme.px(8))
        self._outer.setSpacing(theme.px(4))
        self.shelf.set_spacing(theme.px(4))
        self._row.setSpacing(theme.px(8))
        self.error.setStyleSheet(f"color: {theme.color('failed').name()};")
        self.send.setMinimumWidth(theme.px(84))
        self.edit.setFont(theme.font("body"))
        self._fit_height()
        self.shelf.fit()


def _line(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.hide()
    return label
