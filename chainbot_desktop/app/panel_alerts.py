"""The window meets the alerts: what tells of them over any window, and what the palette can do about them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.shell.window import WATCHTOWER, MainWindow
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Command
from chainbot_desktop.ui.watchtower.alerts.herald import AlertHerald
from chainbot_desktop.watch.alerts.records import AlertDesk

HOUR = 3600.0


class PanelAlerts:
    """`open` it when the window has its windows, `close` it before the services are closed. Use on the loop's thread."""

    def __init__(self, window: MainWindow, themes: ThemeSource, tasks: Tasks, desk: AlertDesk) -> None:
        self._window = window
        self.herald = AlertHerald(window, desk, themes, tasks, in_view=self._in_view)
        window.add_commands(self.commands)

    def open(self) -> None:
        self.herald.open()

    def close(self) -> None:
        self.herald.close()

    def commands(self) -> Sequence[Command]:
        herald = self.herald
        return (
            Command("alerts.open", "Alerts", partial(self._present, part="active"), icon="bell"),
            Command("alerts.all", "Acknowledge all alerts", herald.acknowledge_all, icon="check"),
            Command("alerts.mute", "Mute alerts for an hour", partial(herald.deeds.mute, HOUR), icon="bell-off"),
            Command("alerts.new", "New alert rule", partial(self._present, new_rule=True), icon="plus"),
        )

    def _in_view(self) -> bool:
        view = self._window.stage.view(WATCHTOWER)
        if view is None:
            return False
        from chainbot_desktop.ui.watchtower.view import WatchtowerView  # loaded with the window, which may never be looked at

        return isinstance(view, WatchtowerView) and view.shows_alerts

    def _present(self, **content: object) -> None:
        self._window.present(WATCHTOWER, {"page": "alerts", **content})
