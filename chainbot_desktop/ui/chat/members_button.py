"""Who takes part in the open conversation, as one button: how many agents, and the loudest of their states."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPaintEvent

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.shapes import LABELS, draw_shape
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button

_LOUDNESS = (AgentState.NEEDS_INPUT, AgentState.FAILED, AgentState.WORKING, AgentState.WAITING)


class MembersButton(Button):
    """At rest it shows the number alone."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__("", themes, kind="quiet", icon="users")
        self._state: AgentState | None = None
        self.show_states([])

    def show_states(self, states: list[AgentState]) -> None:
        """One state for each agent that takes part."""
        self._state = next((state for state in _LOUDNESS if state in states), None)
        count = len(states)
        self.setText(str(count) if count else "")
        who = f"{count} {'agent' if count == 1 else 'agents'}" if count else "no agent yet"
        self.setAccessibleName(f"Agents in this conversation: {who}{f', {LABELS[self._state].lower()}' if self._state else ''}")
        self.setToolTip(self.accessibleName())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._state is not None:
            theme = self._themes.current
            painter = QPainter(self)
            draw_shape(painter, self._state, QPointF(self.width() - theme.px(10), theme.px(12)), theme.px(11), theme)
