"""Where alerts are told: each channel with its state, and a test of it; and how to have quiet."""

from __future__ import annotations

import re
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.alerts.deeds import ACTOR
from chainbot_desktop.ui.watchtower.alerts.parts import AlertParts
from chainbot_desktop.ui.watchtower.alerts.words import clock, until_tomorrow
from chainbot_desktop.ui.watchtower.fact_rows import FactCard
from chainbot_desktop.ui.watchtower.marks import Mark
from chainbot_desktop.ui.widgets import Button, KineticArea
from chainbot_desktop.watch.alerts.records import Channel

_KINDS = {"panel": "This panel", "alexos": "ALEX OS", "webhook": "Webhook", "email": "Email", "apprise": "Apprise"}


_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


class ChannelCard(FactCard):
    """`test_wanted` when the button is tapped."""

    test_wanted = Signal(str)
    """Name of the channel."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(themes, parent)
        self._name = ""
        self.test = Button("Send a test", themes, icon="send")
        self.test.clicked.connect(self._on_test)
        self.add_button(self.test)

    def show_channel(self, channel: Channel, *, testing: bool) -> None:
        self._name = channel.name
        mark: Mark = "debug" if not channel.enabled else "warning" if channel.refusal else "good"
        state = "off" if not channel.enabled else "takes none" if channel.refusal else "on"
        kind = _KINDS[channel.kind]
        heading = kind if channel.name in {channel.kind, kind} else f"{channel.name} ({kind})"
        nothing = "Alerts show, light and sound here." if channel.kind == "panel" else "Nothing was sent yet."
        last = f"Last: {_TIME.sub(_by_the_clock, channel.last)}" if channel.last else nothing
        self.show_fact(
            mark, heading, channel.refusal or last, aside=state, code="" if channel.kind == "panel" else channel.target
        )
        self.test.setEnabled(not testing)
        self.test.setText("Sending…" if testing else "Send a test")
        self.test.setVisible(channel.enabled)

    def _on_test(self) -> None:
        self.test_wanted.emit(self._name)


class ChannelsPart(QWidget):
    message = Signal(object)

    def __init__(self, parts: AlertParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._testing: set[str] = set()
        self.cards: list[ChannelCard] = []
        self._build()

    @property
    def first(self) -> QWidget:
        return self._area

    @property
    def is_covered(self) -> bool:
        return False

    @property
    def tools(self) -> QWidget:
        return self._nothing

    @property
    def text(self) -> str:
        return "\n".join(card.text for card in (self._quiet, *self.cards) if not card.isHidden())

    def refresh(self) -> None:
        """The desk has changed."""
        until = self._parts.desk.quiet_until
        self.end.setVisible(bool(until))
        if until:
            self._quiet.show_fact("debug", "Quiet", f"Nothing sounds and nothing is sent until {clock(until)}.")
        else:
            self._quiet.show_fact("good", "Not quiet", "What fires sounds here and is sent at once.")
        channels = self._parts.desk.channels
        while len(self.cards) < len(channels):
            card = ChannelCard(self._parts.themes)
            card.test_wanted.connect(self._on_test)
            self.cards.append(card)
            self._list.insertWidget(self._list.count() - 1, card)
        for number, card in enumerate(self.cards):
            card.setVisible(number < len(channels))
            if number < len(channels):
                card.show_channel(channels[number], testing=channels[number].name in self._testing)

    def _on_test(self, name: str) -> None:
        if any(channel.name == name and channel.kind == "panel" for channel in self._parts.desk.channels):
            QApplication.beep()
            self.message.emit(Message("This is how an alert sounds here.", "success"))
        elif name not in self._testing:
            self._testing.add(name)
            self._parts.tasks.spawn(f"alerts: test {name}", self._test(name))
            self.refresh()

    async def _test(self, name: str) -> None:
        try:
            await self._parts.desk.test_channel(name, actor=ACTOR)
        except ChainBotError as error:
            self.message.emit(Message(error.message, "error", error.hint))
        else:
            self.message.emit(Message(f"A test went to {name}.", "success"))
        finally:
            self._testing.discard(name)
            self.refresh()

    def _build(self) -> None:
        themes, deeds = self._parts.themes, self._parts.deeds
        self._nothing = QWidget()
        self._quiet = FactCard(themes)
        self.hour = Button("Mute for 1 h", themes, icon="bell-off")
        self.hour.clicked.connect(lambda: deeds.mute(3600.0))
        self.night = Button("Until tomorrow", themes)
        self.night.clicked.connect(lambda: deeds.mute(until_tomorrow()))
        self.end = Button("End", themes, icon="bell")
        self.end.clicked.connect(partial(deeds.mute, 0))
        self._buttons = QHBoxLayout()
        self._buttons.addStretch(1)
        for button in (self.end, self.night, self.hour):
            self._buttons.addWidget(button)
        self._quiet.body.addLayout(self._buttons)
        content = QWidget()
        self._list = QVBoxLayout(content)
        self._list.addWidget(self._quiet)
        self._list.addStretch(1)
        self._area = KineticArea(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._area)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._list.setContentsMargins(theme.px(12), theme.px(4), theme.px(12), theme.px(12))
        self._list.setSpacing(theme.px(8))
        self._buttons.setSpacing(theme.px(8))


def _by_the_clock(found: re.Match[str]) -> str:
    return clock(found[0])
