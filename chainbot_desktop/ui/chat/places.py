"""Where the parts of the chat window stand: the list beside the messages, or over them as a drawer where there is no room."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QWidget

from chainbot_desktop.ui.chat.conversation_panel import ConversationPanel
from chainbot_desktop.ui.chat.message_list import MessageListView
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button

_NARROW = 640
"""Below this width the list is a drawer over the messages."""


class ChatPlaces:
    """`pill` floats over the end of the messages."""

    def __init__(
        self,
        window: QWidget,
        main: QWidget,
        panel: ConversationPanel,
        messages: MessageListView,
        pill: Button,
        themes: ThemeSource,
    ) -> None:
        self._window = window
        self._main = main
        self._panel = panel
        self._messages = messages
        self._pill = pill
        self._themes = themes
        self._panel_wanted = True
        self._drawer_open = False
        self._unseen = 0
        self._scrim = _Scrim(window, self.close_drawer)
        self._edge = QFrame(window)
        self._edge.setProperty("kind", "line")

    @property
    def is_narrow(self) -> bool:
        return self._window.width() < self._themes.current.px(_NARROW)

    def toggle(self) -> None:
        if self.is_narrow:
            self._drawer_open = not self._drawer_open
        else:
            self._panel_wanted = not self._panel_wanted
        self.arrange()
        if self._panel.isVisible() and self._drawer_open:
            self._panel.list.setFocus()

    def close_drawer(self) -> None:
        self._drawer_open = False
        self.arrange()

    def arrange(self) -> None:
        theme = self._themes.current
        width, height = self._window.width(), self._window.height()
        side = theme.px(280 if width >= theme.px(1000) else 216)
        if self.is_narrow:
            side = min(theme.px(320), width * 85 // 100)
        else:
            self._drawer_open = False
        shown = self._drawer_open if self.is_narrow else self._panel_wanted
        left = side + 1 if shown and not self.is_narrow else 0
        self._main.setGeometry(QRect(left, 0, width - left, height))
        self._panel.setGeometry(QRect(0, 0, side, height))
        self._edge.setGeometry(QRect(side, 0, 1, height))
        self._scrim.setGeometry(self._window.rect())
        self._scrim.setVisible(self._drawer_open)
        self._panel.setVisible(shown)
        self._edge.setVisible(shown)
        self._scrim.raise_()
        self._panel.raise_()
        self._edge.raise_()
        self.place_pill(self._unseen)

    def place_pill(self, unseen: int) -> None:
        """The way to the newest message, where that is out of sight. `unseen` came since it was."""
        self._unseen = unseen
        away = self._messages.has_newer or not self._messages.is_at_bottom
        self._pill.setVisible(bool(self._messages.cards) and away and (unseen > 0 or self._messages.has_newer))
        self._pill.setText(f"{unseen} new" if unseen else "Newest")
        size = self._pill.sizeHint()
        host = self._messages
        self._pill.setGeometry(
            (host.width() - size.width()) // 2,
            host.height() - size.height() - self._themes.current.px(10),
            size.width(),
            size.height(),
        )
        self._pill.raise_()


class Middle(QWidget):
    """Gives way: over an on-screen keyboard the field has its room first."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(1)

    def hasHeightForWidth(self) -> bool:
        """Else a layout gives it what its longest text wants, before the others have their least."""
        return False


class _Scrim(QWidget):
    """Dims what is beside the open drawer; a tap on it closes the drawer."""

    def __init__(self, parent: QWidget, pressed: Callable[[], None]) -> None:
        super().__init__(parent)
        self._pressed = pressed
        self.hide()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setOpacity(0.5)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
