"""One thing that is attached: what it is, how large, and a cross of a finger's size that takes it away or stops it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from chainbot_desktop.chat.attachment_files import spoken_size
from chainbot_desktop.chat.media_types import IMAGES
from chainbot_desktop.ui.chat.attachment_intake import Item
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import IconButton

_NAME_WIDTH = 150


class AttachmentChip(QFrame):
    """The cross has the keyboard: Enter, Delete and Backspace press it, the arrows go to the next chip (`step_wanted`)."""

    remove_wanted = Signal(object)
    """Its `Item`."""
    step_wanted = Signal(int)

    def __init__(self, item: Item, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self.item = item
        self._themes = themes
        self.setProperty("kind", "card")
        self._picture = QLabel()
        self._name = QLabel()
        self._facts = QLabel()
        self._facts.setProperty("role", "small")
        for label in (self._name, self._facts):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.cross = IconButton("close", "", themes)
        self.cross.clicked.connect(lambda: self.remove_wanted.emit(self.item))
        self.cross.installEventFilter(self)
        self._lines = QVBoxLayout()
        for widget in (self._name, self._facts, self.progress):
            self._lines.addWidget(widget)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._picture)
        self._row.addLayout(self._lines, 1)
        self._row.addWidget(self.cross)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def refresh(self) -> None:
        """Its item is further."""
        item, theme = self.item, self._themes.current
        reading = item.attachment is None
        self._name.setText(
            QFontMetrics(theme.font("body")).elidedText(item.name, Qt.TextElideMode.ElideMiddle, theme.px(_NAME_WIDTH))
        )
        self._facts.setText(self.facts)
        self._facts.setVisible(not reading)
        self.progress.setVisible(reading)
        self.progress.setRange(0, 1000 if item.total else 0)
        self.progress.setValue(item.done * 1000 // item.total if item.total else 0)
        self.cross.setAccessibleName(f"Stop attaching {item.name}" if reading else f"Remove {item.name}")
        self.cross.setToolTip(self.cross.accessibleName())
        self.setToolTip(f"{item.name}\n{self.facts}" if self.facts else item.name)
        self.setAccessibleName(f"{item.name}, {self.facts}")
        self._show_picture(theme)

    @property
    def facts(self) -> str:
        """Its size, and what an agent gets of it where that is not all."""
        attachment = self.item.attachment
        if attachment is None:
            return "being read"
        return spoken_size(attachment.size) + (" · name only" if self.item.name_only else "")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            match event.key():
                case Qt.Key.Key_Delete | Qt.Key.Key_Backspace | Qt.Key.Key_Return | Qt.Key.Key_Enter:
                    self.cross.click()
                    return True
                case Qt.Key.Key_Left | Qt.Key.Key_Right:
                    self.step_wanted.emit(-1 if event.key() == Qt.Key.Key_Left else 1)
                    return True
        return super().eventFilter(watched, event)

    def _show_picture(self, theme: Theme) -> None:
        side = theme.px(40)
        attachment, picture = self.item.attachment, self.item.picture
        if picture is not None:
            self._picture.setPixmap(_rounded(QPixmap.fromImage(picture), side, theme.px(6), self.devicePixelRatioF()))
        else:
            icon = "eye" if attachment is not None and attachment.media_type in IMAGES else "file"
            self._picture.setPixmap(theme.pixmap(icon, "dim", 24))
        self._picture.setFixedSize(side if picture is not None else theme.px(28), side)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(8), 0, 0, 0)
        self._row.setSpacing(theme.px(8))
        self._lines.setContentsMargins(0, theme.px(6), 0, theme.px(6))
        self._lines.setSpacing(0)
        self._name.setFont(theme.font("body"))
        self.setFixedHeight(theme.px(56))
        self.refresh()


def _rounded(pixmap: QPixmap, side: int, radius: int, ratio: float) -> QPixmap:
    shown = QPixmap(QSize(round(side * ratio), round(side * ratio)))
    shown.setDevicePixelRatio(ratio)
    shown.fill(Qt.GlobalColor.transparent)
    path = QPainterPath()
    path.addRoundedRect(0, 0, side, side, radius, radius)
    painter = QPainter(shown)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    painter.setClipPath(path)
    painter.drawPixmap(0, 0, side, side, pixmap)
    painter.end()
    return shown
