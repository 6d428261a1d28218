"""What comes into a message from elsewhere: pasted, dropped, chosen as a file, sent by another window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.chat.attachment_intake import AttachmentIntake
from chainbot_desktop.ui.chat.attachment_menu import ChooseFile, OpenWindow, show_attachment_menu
from chainbot_desktop.ui.chat.message_edit import MessageEdit
from chainbot_desktop.ui.chat.paste_offer import LONG_BYTES, PasteOffer
from chainbot_desktop.ui.theme import ThemeSource


class ComposerIncoming(QObject):
    """`refuse` and `explain` say something over the field."""

    def __init__(
        self,
        edit: MessageEdit,
        intake: AttachmentIntake,
        offer: PasteOffer,
        themes: ThemeSource,
        *,
        refuse: Callable[[str], None],
        explain: Callable[[str], None],
    ) -> None:
        super().__init__(edit)
        self._edit = edit
        self._intake = intake
        self._offer = offer
        self._themes = themes
        self._refuse = refuse
        self._explain = explain
        self.choose_file: ChooseFile | None = None
        self.open_window: OpenWindow | None = None
        """Leads to the windows that send something to be attached."""
        edit.pasted = self._take

    def attach(self, content: Mapping[str, object]) -> None:
        kind, name, text, path, language = (content.get(key) for key in ("kind", "name", "text", "path", "language"))
        if kind == "file" and isinstance(path, str) and path:
            self._intake.add_file(Path(path))
        elif kind in {"selection", "log", "event"} and isinstance(text, str) and isinstance(name, str) and name:
            ending = f".{language}" if isinstance(language, str) and language and "." not in name else ""
            self._intake.add_text(name + ending, text)
        else:
            self._refuse("What was sent here cannot be attached: it has no text and is no file.")
        self._edit.setFocus()

    def drop(self, mime: QMimeData) -> None:
        """Files and pictures are attached, text is put where the caret is."""
        if not self._take(mime) and mime.hasText():
            self._edit.insert_text(mime.text())
        self._edit.setFocus()

    def paste(self) -> None:
        mime = QGuiApplication.clipboard().mimeData()
        if mime is not None:
            self.drop(mime)

    def show_menu(self, button: QWidget) -> None:
        choose = self.choose_file
        show_attachment_menu(
            button,
            self._themes,
            choose=(lambda: choose(button, self._intake.add_file)) if choose is not None else None,
            paste=self.paste,
            open_window=self.open_window,
            explain=self._explain,
        )

    def _take(self, mime: QMimeData) -> bool:
        """Whether it was attached, or is a text so long that it may be."""
        if self._intake.take_mime(mime):
            return True
        text = mime.text() if mime.hasText() else ""
        if len(text.encode("utf-8", "replace")) <= LONG_BYTES:
            return False
        self._offer.paste(text)
        return True
