"""Dropping on the chat window: files, pictures and text, anywhere on it, with the target in sight while something hovers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.theme import ThemeSource


class DropTarget(QObject):
    """Watches `window`; `drop` gets what was let go over it."""

    def __init__(self, window: QWidget, drop: Callable[[QMimeData], object], themes: ThemeSource) -> None:
        super().__init__(window)
        self._window = window
        self._drop = drop
        self.shade = _Shade(window, themes)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.DragLeave:
            self.shade.hide()
            return True
        # A drop is a drag move, and a drag enter too, as far as Python sees its class: the type tells.
        if not isinstance(event, QDropEvent) or kind not in {QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop}:
            return super().eventFilter(watched, event)
        mime = event.mimeData()
        if not (mime.hasUrls() or mime.hasImage() or mime.hasText()):
            event.ignore()
            return True
        # It stays where it came from: a file manager must not delete what was attached.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if kind == QEvent.Type.Drop:
            self.shade.hide()
            self._drop(mime)
        elif isinstance(event, (QDragEnterEvent, QDragMoveEvent)):
            self.shade.show_over(mime)
        return True


class _Shade(QWidget):
    """Covers the window and says what letting go does. Lets every event through."""

    def __init__(self, window: QWidget, themes: ThemeSource) -> None:
        super().__init__(window)
        self._themes = themes
        self.words = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_over(self, mime: QMimeData) -> None:
        files = sum(url.isLocalFile() for url in mime.urls())
        if files:
            self.words = "Drop to attach it" if files == 1 else f"Drop to attach these {files} files"
        else:
            self.words = (
                "Drop to attach the picture" if mime.hasImage() and not mime.hasText() else "Drop to put it into the message"
            )
        window = self.parentWidget()
        if window is not None:
            self.setGeometry(window.rect())
        self.setAccessibleName(self.words)
        self.show()
        self.raise_()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.color("ground", 0.82))
        box = QRectF(self.rect()).adjusted(*[theme.px(16)] * 2, *[-theme.px(16)] * 2)
        painter.setPen(QPen(theme.color("accent"), theme.px(2), Qt.PenStyle.DashLine))
        painter.setBrush(theme.tint("accent", 0.12, "ground"))
        painter.drawRoundedRect(box, theme.px(12), theme.px(12))
        middle = box.center()
        icon = theme.pixmap("attach", "accent", 40)
        side = theme.px(40)
        painter.drawPixmap(round(middle.x()) - side // 2, round(middle.y()) - side, icon)
        painter.setFont(theme.font("title"))
        painter.setPen(theme.color("text"))
        lower = box.adjusted(theme.px(12), box.height() / 2 + theme.px(8), -theme.px(12), 0)
        painter.drawText(
            lower, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap), self.words
        )
