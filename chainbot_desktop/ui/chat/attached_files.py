"""What can be done with a file that a message carries: look at a picture, open text in the editor, save it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QSize, Qt
from PySide6.QtGui import QCursor, QImage, QImageReader, QPixmap
from PySide6.QtWidgets import QLabel, QWidget

from chainbot_desktop.chat.attachments import AttachmentService
from chainbot_desktop.chat.media_types import as_text, use_of
from chainbot_desktop.core.errors import ChainBotError, NotFound
from chainbot_desktop.core.ports import TalkAttachment
from chainbot_desktop.ui.chat.thumbnails import MAX_PIXELS
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message as BarMessage
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.ui.widgets.sheet import Sheet

_WIDEST = 1600
_MOST_TEXT = 1024 * 1024


class AttachedFiles:
    """`folder` is where files are saved."""

    def __init__(
        self,
        view: QWidget,
        attachments: AttachmentService,
        themes: ThemeSource,
        folder: Path,
        *,
        start: Callable[[str, Coroutine[Any, Any, None]], object],
        tell: Callable[[BarMessage], None],
        open_window: Callable[[str, Mapping[str, object]], None],
    ) -> None:
        self._view = view
        self._attachments = attachments
        self._themes = themes
        self._folder = folder
        self._start = start
        self._tell = tell
        self._open_window = open_window

    def show_menu(self, attachment: TalkAttachment, position: QPoint | None = None) -> None:
        menu = MenuSheet(self._view, self._themes)
        if attachment.media_type.startswith("image/"):
            menu.add("Look at it", partial(self._run, self._look_at, attachment), icon="eye")
        if use_of(attachment.media_type) == "text" and attachment.size <= _MOST_TEXT:
            menu.add("Open in Code Agent", partial(self._run, self._open, attachment), icon="code")
        menu.add(f"Save in {self._folder.name}", partial(self._run, self._save, attachment), icon="download")
        menu.open_at(position or QCursor.pos())

    def _run(self, work: Callable[[TalkAttachment], Coroutine[Any, Any, None]], attachment: TalkAttachment) -> None:
        self._start("chat-attachment", work(attachment))

    async def _body(self, attachment: TalkAttachment) -> bytes:
        body = await self._attachments.body(attachment)
        if body is None:
            raise NotFound(f"{attachment.name} is not kept any more.")
        return body

    async def _look_at(self, attachment: TalkAttachment) -> None:
        image = await asyncio.to_thread(_decoded, await self._body(attachment))
        if image is None:
            raise ChainBotError(
                f"{attachment.name} cannot be shown: it is broken or very large.", hint="Save it, and open it elsewhere."
            )
        sheet = Sheet(self._view, attachment.name, self._themes, width=1200)
        picture = QLabel()
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        room = QSize(max(200, self._view.width() - 120), max(120, self._view.height() - 180))
        fitting = image.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        picture.setPixmap(
            QPixmap.fromImage(fitting if image.width() > room.width() or image.height() > room.height() else image)
        )
        picture.setAccessibleName(attachment.name)
        sheet.body.addWidget(picture)
        sheet.add_action("Save", partial(self._run, self._save, attachment), kind="quiet")
        sheet.add_action("Close", kind="primary")
        sheet.open()

    async def _open(self, attachment: TalkAttachment) -> None:
        text = as_text(attachment.media_type, await self._body(attachment)) or ""
        self._open_window("code-agent", {"text": text, "name": attachment.name})

    async def _save(self, attachment: TalkAttachment) -> None:
        body = await self._body(attachment)
        try:
            path = await asyncio.to_thread(_written, self._folder, attachment.name, body)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ChainBotError(f"{attachment.name} cannot be saved in {self._folder}: {reason}.") from error
        self._tell(BarMessage(f"Saved as {path}."))


def _written(folder: Path, name: str, body: bytes) -> Path:
    """Never over another file, and nothing half."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = Path(name).name.lstrip(".") or "file"
    for number in range(1, 10_000):
        stem, ending = Path(plain).stem, Path(plain).suffix
        path = folder / (plain if number == 1 else f"{stem} ({number}){ending}")
        try:
            with path.open("xb") as file:
                try:
                    file.write(body)
                except OSError:
                    path.unlink(missing_ok=True)
                    raise
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{folder} has thousands of files of this name")


def _decoded(body: bytes) -> QImage | None:
    source = QByteArray(body)
    buffer = QBuffer(source)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > MAX_PIXELS:
        return None
    if max(size.width(), size.height()) > _WIDEST:
        reader.setScaledSize(size.scaled(QSize(_WIDEST, _WIDEST), Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    return None if image.isNull() else image
