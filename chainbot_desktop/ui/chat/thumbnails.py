"""Pictures of attachments, small: decoded on a thread from bytes that are in the house. Nothing is ever fetched from elsewhere."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader

from chainbot_desktop.core.ports import Blobs

MAX_PIXELS = 40_000_000
MAX_BYTES = 64 * 1024 * 1024
SIDE = 320
"""The longer side of what is kept, in pixels."""

_KEPT = 48
_FORMATS = frozenset({b"png", b"jpeg", b"gif", b"webp", b"bmp"})

Picture = QImage | str
"""The picture, or why there is none."""


class Thumbnails(QObject):
    """`get` gives what is there, and begins to look for it where nothing is; `changed` is emitted when that came."""

    changed = Signal(str)

    def __init__(
        self, blobs: Blobs, start: Callable[[str, Coroutine[Any, Any, None]], object], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._blobs = blobs
        self._start = start
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._wanted: list[str] = []
        self._running = False

    def get(self, sha256: str) -> Picture | None:
        """None while it is looked for."""
        found = self._pictures.get(sha256)
        if found is not None:
            self._pictures.move_to_end(sha256)
        elif sha256 not in self._wanted:
            self._wanted.append(sha256)
            if not self._running:
                self._running = True
                self._start("chat-thumbnails", self._work())
        return found

    async def _work(self) -> None:
        try:
            while self._wanted:
                sha256 = self._wanted[-1]  # what was asked last is in sight
                body = await self._blobs.get(sha256)
                self._keep(sha256, await asyncio.to_thread(decoded, body) if body is not None else "is not kept any more")
        finally:
            self._running = False

    def _keep(self, sha256: str, picture: Picture) -> None:
        self._wanted.remove(sha256)
        self._pictures[sha256] = picture
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        self.changed.emit(sha256)


def decoded(body: bytes) -> Picture:
    """The first picture in `body` at most SIDE pixels wide and high. For any thread."""
    if len(body) > MAX_BYTES:
        return "is too large to be shown"
    buffer = QBuffer()
    buffer.setData(QByteArray(body))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setDecideFormatFromContent(True)
    size = reader.size()
    if not reader.canRead() or not size.isValid() or bytes(reader.format().data()) not in _FORMATS:
        return "is broken, or no picture"
    if size.width() * size.height() > MAX_PIXELS:
        return f"has {size.width() * size.height() // 1_000_000} megapixels: too large to be shown"
    reader.setAutoTransform(True)
    if max(size.width(), size.height()) > SIDE:
        reader.setScaledSize(size.scaled(QSize(SIDE, SIDE), Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1)))
    image = reader.read()
    return image if not image.isNull() else "is broken"
