"""Small pictures of attached ones, decoded on a thread and never larger than a panel can bear."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader

_MOST_PIXELS = 16_000_000
"""Of a picture that must be decoded as a whole to be made small: 64 MB for a moment. JPEG is decoded small at once."""


def thumbnail(body: bytes, side: int) -> QImage | None:
    """The picture, filling a square of `side` pixels; None where it is none, or too large. Blocking, on any thread."""
    source = QByteArray(body)
    buffer = QBuffer(source)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    size = reader.size()
    if not size.isValid() or (size.width() * size.height() > _MOST_PIXELS and reader.format().data() != b"jpeg"):
        return None
    reader.setScaledSize(size.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    image = reader.read()
    if image.isNull():
        return None
    return image.copy((image.width() - side) // 2, (image.height() - side) // 2, side, side)


def as_png(image: QImage) -> bytes:
    """Blocking, on any thread; empty where it cannot be."""
    body = QByteArray()
    buffer = QBuffer(body)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return bytes(body.data()) if image.save(buffer, "PNG") else b""  # type: ignore[call-overload]  # the stub knows no format as text
