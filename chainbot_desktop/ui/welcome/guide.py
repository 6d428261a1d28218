"""The welcome over the Agent Map: the card while it is open, the checklist chip as long as something is left to do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.welcome.actions import WelcomeActions
from chainbot_desktop.ui.welcome.card import WelcomeCard
from chainbot_desktop.ui.welcome.steps import WelcomeSteps
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.overlay import Overlay

LINKED = {"registered", "degraded"}
"""States of the link in which ALEX OS answers."""


class WelcomeGuide(QObject):
    """Tell it what happens (`set_link`, `webhook_arrived`, `folder_opened`, `agent_spawned`, ...); it ticks, remembers, goes."""

    def __init__(
        self,
        host: QWidget,
        themes: ThemeSource,
        steps: WelcomeSteps,
        actions: WelcomeActions,
        foot: Callable[[], QRect] | None = None,
    ) -> None:
        """`foot`: the part of the host at whose lower left the chip may float, where that is not all of it (`place_chip`)."""
        super().__init__(host)
        self._foot = foot or host.rect
        self._host = host
        self._themes = themes
        self._steps = steps
        self._actions = actions
        self._link = ("unregistered", "")
        self._card: WelcomeCard | None = None
        self._chip: Button | None = None
        self._unfolded = steps.current
        steps.changed = self._on_steps_changed
        host.installEventFilter(self)
        themes.changed.connect(self.place_chip)
        if not steps.closed and steps.left:
            self.open_card()
        self._on_steps_changed()

    @property
    def card(self) -> WelcomeCard | None:
        return self._card

    @property
    def chip(self) -> Button | None:
        return self._chip

    def set_link(self, state: str, reason: str) -> None:
        self._link = (state, reason)
        if self._card is not None:
            self._card.set_link(state, reason)
        if state in LINKED:
            self._steps.finish("link")

    def webhook_arrived(self) -> None:
        self._steps.finish("webhook")

    def folder_opened(self) -> None:
        self._steps.finish("folder")

    def waits_for(self, step: str) -> bool:
        """Whether that step is asked for and has not happened."""
        return step in self._steps.steps and not self._steps.is_done(step)

    def model_chosen(self) -> None:
        """A model that is more than a demonstration is ready, or somebody is content with that one."""
        self._steps.finish("model")

    def agent_spawned(self) -> None:
        self._steps.finish("agent")

    def models_changed(self) -> None:
        """What `ModelOffer.words` says is different."""
        if self._card is not None:
            self._card.show_models()

    def open_card(self) -> None:
        if self._card is None:
            self._card = WelcomeCard(self._host, self._themes, self._steps, self._actions)
            self._card.set_link(*self._link)
            self._card.closed.connect(self._on_card_closed)
            self._card.open()
            self._on_steps_changed()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.place_chip()
        return super().eventFilter(watched, event)

    def _on_card_closed(self) -> None:
        self._card = None
        self._steps.close()
        self._on_steps_changed()

    def _on_steps_changed(self) -> None:
        unfolded, self._unfolded = self._unfolded, self._steps.current
        if self._card is not None:
            self._card.refresh()
            if self._steps.left == 0 or (unfolded is not None and self._unfolded is None):
                self._card.dismiss()  # the last step was done or skipped
                return
        wanted = self._card is None and self._steps.left > 0
        if wanted:
            if self._chip is None:
                self._chip = Button("", self._themes, kind="plain", icon="list", parent=self._host)
                self._chip.clicked.connect(self.open_card)
            self._chip.setText(f"Set up: {len(self._steps.steps) - self._steps.left} of {len(self._steps.steps)}")
            self._chip.show()
            self.place_chip()
        elif self._chip is not None:
            self._chip.hide()
            self._chip.deleteLater()
            self._chip = None

    def place_chip(self) -> None:
        """At the foot, on the side where the map has no button of its own; over the map, under what is open over that."""
        if self._chip is not None:
            self._chip.ensurePolished()
            size = self._chip.sizeHint()
            gap = self._themes.current.px(12)
            foot = self._foot()
            self._chip.setGeometry(foot.x() + gap, foot.bottom() + 1 - size.height() - gap, size.width(), size.height())
            self._chip.raise_()
            direct = Qt.FindChildOption.FindDirectChildrenOnly
            lowest = next((each for each in self._host.findChildren(Overlay, options=direct) if each.is_open), None)
            if lowest is not None:
                self._chip.stackUnder(lowest)
