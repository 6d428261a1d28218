"""How the panel tells of alerts whatever window is in front: the banners, the light of the status line, the sound, the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.shell.thresholds import Level
from chainbot_desktop.ui.shell.window import WATCHTOWER, MainWindow
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.alerts.banner import AlertBanner
from chainbot_desktop.ui.watchtower.alerts.bars import AlertBars
from chainbot_desktop.ui.watchtower.alerts.deeds import AlertDeeds
from chainbot_desktop.ui.watchtower.alerts.lines import in_order
from chainbot_desktop.ui.watchtower.alerts.words import needs_somebody
from chainbot_desktop.watch.alerts.records import Alert, AlertDesk

AGAIN_MS = 60_000
"""After which a critical alert that nobody acknowledged sounds again."""
INFO_MS = 10_000
"""How long the banner stays for what is only worth knowing."""
_LOOK_MS = 5_000
"""The quiet ends by the clock, and nobody tells."""


class AlertHerald(QObject):
    """`open` and `close` it. What fires while all is quiet is told when the quiet ends, if it still fires then.

    `in_view` says whether the active alerts can be seen already: then they need no banner.
    """

    def __init__(
        self,
        window: MainWindow,
        desk: AlertDesk,
        themes: ThemeSource,
        tasks: Tasks,
        *,
        in_view: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._in_view = in_view
        self._desk = desk
        self._told: set[str] = set()
        """Ids of alerts that fire and were told of."""
        self._waiting: list[str] = []
        """Of those, what the banner still has to show, the newest last."""
        self._end: Callable[[], None] | None = None
        self.deeds = AlertDeeds(desk, tasks, self)
        self.deeds.message.connect(window.show_message)
        self._bars = AlertBars(window, themes)
        self._bars.acknowledge_wanted.connect(self._on_acknowledge)
        self._bars.show_wanted.connect(self._on_show)
        self._bars.later_wanted.connect(self._on_later)
        self._again = QTimer(self, interval=AGAIN_MS)
        self._again.timeout.connect(self._on_again)
        self._info = QTimer(self, singleShot=True, interval=INFO_MS)
        self._info.timeout.connect(self._on_later)
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self.refresh)
        self._switched = QTimer(self, singleShot=True, interval=0)
        self._switched.timeout.connect(self.refresh)  # once the window in front shows what it was asked for
        window.window_changed.connect(self._on_window_changed)

    def open(self) -> None:
        self._end = self._desk.on_change(self.refresh)
        self._look.start()
        self.refresh()

    def close(self) -> None:
        for timer in (self._again, self._info, self._look, self._switched):
            timer.stop()
        if self._end is not None:
            self._end()
            self._end = None

    @property
    def banner(self) -> AlertBanner:
        """That of the shell's own window."""
        return self._bars.main

    @property
    def shown(self) -> Alert | None:
        """What the banner shows: the worst that waits."""
        waiting = [alert for alert in self._desk.active if alert.id in self._waiting]
        return in_order(waiting)[0] if waiting else None

    def refresh(self) -> None:
        """Look at the desk: from memory, so it may be often."""
        active = self._desk.active
        calling = [alert for alert in active if needs_somebody(alert)]
        ids = {alert.id for alert in calling}
        self._told &= ids
        self._waiting = [each for each in self._waiting if each in ids]
        self._show_light(calling)
        new = [alert for alert in calling if alert.id not in self._told and self._is_told_here(alert)]
        self._told |= {alert.id for alert in new}
        self._waiting += [alert.id for alert in new]
        if self._in_view():
            self._waiting = []
        if new:
            self._sound()
        self._show_banner()
        self._keep_sounding(calling)

    def acknowledge_all(self) -> None:
        self.deeds.acknowledge([alert for alert in self._desk.active if needs_somebody(alert)])

    def _is_told_here(self, alert: Alert) -> bool:
        """Whether the rule tells this panel, the panel is to be told, and it is not quiet now."""
        if self._desk.is_quiet(alert.severity):
            return False
        here = [channel for channel in self._desk.channels if channel.kind == "panel"]
        if here and not any(channel.enabled for channel in here):
            return False
        rule = next((state.rule for state in self._desk.rules if state.rule.name == alert.rule), None)
        return rule is None or rule.notify is None or any(channel.name in rule.notify for channel in here)

    def _sound(self) -> None:
        QApplication.beep()
        self._window.wake_requested.emit()

    def _keep_sounding(self, calling: Sequence[Alert]) -> None:
        critical = any(alert.severity == "critical" and alert.id in self._told for alert in calling)
        if critical and not self._again.isActive():
            self._again.start()
        elif not critical:
            self._again.stop()

    def _on_again(self) -> None:
        """With the banner, also where it was put away: who hears it wants to know what it is."""
        if not self._desk.is_quiet("critical"):
            critical = [each.id for each in self._desk.active if needs_somebody(each) and each.severity == "critical"]
            if not self._in_view():
                self._waiting += [each for each in critical if each in self._told and each not in self._waiting]
            self._sound()
            self._show_banner()

    def _show_light(self, calling: Sequence[Alert]) -> None:
        grave = [alert for alert in calling if alert.severity != "info"]
        level: Level = "calm"
        if grave:
            level = "red" if any(alert.severity == "critical" for alert in grave) else "amber"
        words = "" if not grave else "1 alert" if len(grave) == 1 else f"{len(grave)} alerts"
        self._window.set_alerts(words, level)

    def _show_banner(self) -> None:
        alert = self.shown
        if alert is None:
            self._info.stop()
            self._bars.put_away()
            return
        self._bars.show_alert(alert, len(self._waiting) - 1)
        if alert.severity != "info":
            self._info.stop()
        elif not self._info.isActive():
            self._info.start()

    def _on_window_changed(self) -> None:
        if self._end is not None:
            self._switched.start()

    def _on_acknowledge(self) -> None:
        alert = self.shown
        if alert is not None:
            self.deeds.acknowledge([alert])

    def _on_show(self) -> None:
        alert = self.shown
        if alert is not None:
            self._waiting = []
            self._show_banner()
            self._window.present(WATCHTOWER, {"page": "alerts", "alert_id": alert.id})

    def _on_later(self) -> None:
        """All that wait: whoever puts it away has seen how many there are."""
        self._waiting = []
        self._show_banner()
