"""The attachments of a message in its card: pictures as thumbnails, everything else as a chip with its name and size."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from chainbot_desktop.core.ports import TalkAttachment
from chainbot_desktop.ui.chat.card_rows import Chip, ChipsRow, Hit
from chainbot_desktop.ui.chat.thumbnails import Thumbnails
from chainbot_desktop.ui.theme import Theme

_HIGH = 160
_WIDE = 220


class AttachmentsRow:
    """Thumbnails have one size from the beginning, so that nothing moves when a picture comes."""

    def __init__(self, attachments: Sequence[TalkAttachment], thumbnails: Thumbnails | None) -> None:
        self._thumbnails = thumbnails
        self._pictures = [a for a in attachments if a.media_type.startswith("image/")] if thumbnails is not None else []
        others = [a for a in attachments if a not in self._pictures]
        icons = {True: "eye", False: "file"}
        self._chips = ChipsRow(
            [
                Chip(f"{a.name} · {size_words(a.size)}", icons[a.media_type.startswith("image/")], Hit("attachment", a.sha256))
                for a in others
            ]
        )
        self._has_chips = bool(others)
        self._areas: list[QRectF] = []
        self._chips_top = 0

    def height(self, width: int, theme: Theme) -> int:
        wide, high, gap = min(width, theme.px(_WIDE)), theme.px(_HIGH), theme.px(8)
        each_line = max(1, (width + gap) // (wide + gap))
        self._areas = [
            QRectF((n % each_line) * (wide + gap), (n // each_line) * (high + gap), wide, high)
            for n in range(len(self._pictures))
        ]
        self._chips_top = int(self._areas[-1].bottom()) + gap if self._areas else 0
        return self._chips_top + (self._chips.height(width, theme) if self._has_chips else 0)

    def paint(self, painter: QPainter, theme: Theme, frame: QRectF) -> None:
        for attachment, area in zip(self._pictures, self._areas, strict=True):
            self._paint_picture(painter, theme, attachment, area.translated(frame.topLeft()))
        if self._has_chips:
            self._chips.paint(painter, theme, frame.adjusted(0, self._chips_top, 0, 0))

    def _paint_picture(self, painter: QPainter, theme: Theme, attachment: TalkAttachment, area: QRectF) -> None:
        assert self._thumbnails is not None
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("ground"))
        painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), theme.px(8), theme.px(8))
        found = self._thumbnails.get(attachment.sha256)
        if isinstance(found, QImage):
            room = area.adjusted(1, 1, -1, -1)
            size = found.size().toSizeF()
            if size.width() > room.width() or size.height() > room.height():
                size.scale(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRectF(QPointF(), size)
            target.moveCenter(room.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, found)
            return
        words = size_words(attachment.size) if found is None else f"It {found}."
        name = painter.fontMetrics().elidedText(attachment.name, Qt.TextElideMode.ElideMiddle, int(area.width()) - 24)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("dim"))
        flags = Qt.AlignmentFlag.AlignCenter.value | Qt.TextFlag.TextWordWrap.value
        painter.drawText(area.adjusted(8, 8, -8, -8), flags, f"{name}\n{words}")

    def hit(self, point: QPointF) -> Hit | None:
        for attachment, area in zip(self._pictures, self._areas, strict=False):
            if area.contains(point):
                return Hit("attachment", attachment.sha256)
        return self._chips.hit(point - QPointF(0, self._chips_top)) if self._has_chips else None


def size_words(size: int) -> str:
    """A size as people say it."""
    amount = float(size)
    for unit in ("B", "KB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
