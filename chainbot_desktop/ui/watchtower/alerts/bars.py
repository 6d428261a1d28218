"""The bar about an alert in every window of the panel: that of the shell, and those that stand in a window of their own. One state."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.ui.shell.stage import PopOut
from chainbot_desktop.ui.shell.window import MainWindow
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.alerts.banner import AlertBanner
from chainbot_desktop.watch.alerts.records import Alert


class AlertBars(QObject):
    """A window that is popped out gets a bar that says what the others say."""

    acknowledge_wanted = Signal()
    show_wanted = Signal()
    later_wanted = Signal()

    def __init__(self, window: MainWindow, themes: ThemeSource) -> None:
        super().__init__(window)
        self._themes = themes
        self._stage = window.stage
        self._shown: tuple[Alert, int] | None = None
        self.main = self._made()
        self._bars: dict[QWidget, AlertBanner] = {window: self.main}
        window.add_bar(self.main)
        window.stage.popped_out.connect(self._on_popped_out)
        window.stage.docked.connect(self._on_docked)

    def show_alert(self, alert: Alert, more: int) -> None:
        """`more`: how many others wait behind it."""
        self._shown = (alert, more)
        for bar in self._bars.values():
            bar.show_alert(alert, more)

    def put_away(self) -> None:
        """A bar that has the keyboard gives it to what stands above it."""
        self._shown = None
        focused = QApplication.focusWidget()
        for top, bar in self._bars.items():
            if focused is not None and bar.isAncestorOf(focused):
                # Before it hides: Qt would give the keyboard to whatever comes next.
                (top if isinstance(top, PopOut) else self._stage).focus_view()
            bar.hide()

    def _made(self) -> AlertBanner:
        bar = AlertBanner(self._themes)
        bar.acknowledge_wanted.connect(self.acknowledge_wanted)
        bar.show_wanted.connect(self.show_wanted)
        bar.later_wanted.connect(self.later_wanted)
        return bar

    def _on_popped_out(self, top: PopOut) -> None:
        bar = self._bars[top] = self._made()
        top.add_bar(bar)
        if self._shown is not None:
            bar.show_alert(*self._shown)

    def _on_docked(self, top: PopOut) -> None:
        self._bars.pop(top, None)  # it goes with its window
