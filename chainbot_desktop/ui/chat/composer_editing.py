"""Writing anew what was written before: a message that was sent, or one that still waits.

What was being written when that began comes back after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.ports import TalkAttachment
from chainbot_desktop.ui.chat.attachment_intake import AttachmentIntake
from chainbot_desktop.ui.chat.editing_bar import EditingBar
from chainbot_desktop.ui.theme import ThemeSource


@dataclass(frozen=True, slots=True)
class _Edited:
    """`before` is what stood in the field, and is a draft of its own meanwhile."""

    id: str
    done: Callable[[str, Sequence[TalkAttachment]], object]
    verb: str
    before: str
    attached_before: tuple[TalkAttachment, ...]


class ComposerEditing(QObject):
    """`set_text` puts a text into the field silently. `changed` when an edit began or ended."""

    changed = Signal()

    def __init__(self, intake: AttachmentIntake, set_text: Callable[[str], None], themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._intake = intake
        self._set_text = set_text
        self._edited: _Edited | None = None
        self.bar = EditingBar(themes, parent)
        self.bar.cancelled.connect(self.leave)

    @property
    def is_on(self) -> bool:
        return self._edited is not None

    @property
    def verb(self) -> str:
        """What the button says."""
        return self._edited.verb if self._edited is not None else "Send"

    @property
    def before(self) -> str:
        """What was being written."""
        return self._edited.before if self._edited is not None else ""

    @property
    def id(self) -> str:
        """The message, or the run, that is written anew."""
        return self._edited.id if self._edited is not None else ""

    def begin(
        self,
        identity: str,
        text: str,
        attachments: Sequence[TalkAttachment],
        words: str,
        verb: str,
        before: str,
        done: Callable[[str, Sequence[TalkAttachment]], object],
    ) -> None:
        """`done` is called with what became of it when the button `verb` is pressed. `before` is what stands in the field now."""
        if self._edited is not None:
            before, attached_before = self._edited.before, self._edited.attached_before
            self._intake.take_over(attachments, drafts=False)
        else:
            attached_before = self._intake.take_over(attachments, drafts=False)
        self._edited = _Edited(identity, done, verb, before, attached_before)
        self.bar.begin(words)
        self._set_text(text)
        self.changed.emit()

    def finish(self, text: str) -> None:
        edited, attachments = self._edited, self._intake.ready
        self.leave()
        if edited is not None:
            edited.done(text, attachments)

    def give_back(self, text: str, attachments: Sequence[TalkAttachment]) -> None:
        """What was not sent after all waits with what was being written."""
        edited = self._edited
        if edited is not None:
            before = f"{text}\n{edited.before}" if edited.before.strip() else text
            self._edited = replace(edited, before=before, attached_before=(*attachments, *edited.attached_before))

    def leave(self) -> None:
        """Give the edit up; what was being written before it comes back."""
        edited, self._edited = self._edited, None
        if edited is not None:
            self.bar.hide()
            self._intake.take_over(edited.attached_before, drafts=True)
            self._set_text(edited.before)
            self.changed.emit()
