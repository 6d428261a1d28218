"""The link to ALEX OS: its state and why, what waits to be told, and the table of what the other side was seen to do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from chainbot_desktop.core.link import DialectRow, LinkState, LinkStatus, Verdict
from chainbot_desktop.ui.theme import Theme
from chainbot_desktop.ui.watchtower.event_texts import relative_time
from chainbot_desktop.ui.watchtower.fact_rows import FactCard
from chainbot_desktop.ui.watchtower.marks import Mark
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.widgets import Button, EmptyState, KineticArea

STATE_MARKS: dict[LinkState, Mark] = {
    LinkState.UNREGISTERED: "unknown",
    LinkState.REGISTERING: "waiting",
    LinkState.REGISTERED: "good",
    LinkState.DEGRADED: "warning",
    LinkState.RETRYING: "waiting",
    LinkState.FAILED: "error",
    LinkState.DISABLED: "debug",
}
VERDICT_MARKS: dict[Verdict, Mark] = {
    Verdict.WORKS: "good",
    Verdict.REFUSES: "error",
    Verdict.ABSENT: "warning",
    Verdict.UNTRIED: "unknown",
}


class LinkPage(Page):
    """Follows the link while it can be seen."""

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        themes = parts.themes
        self._link = parts.link
        self._themes = themes
        self._stop: Callable[[], None] | None = None
        self._state, self._bus, self._outbox = FactCard(themes), FactCard(themes), FactCard(themes)
        self.deliveries = Button("Show deliveries", themes, icon="upload")
        self.deliveries.clicked.connect(lambda: self.open_requested.emit("watchtower", {"page": "deliveries"}))
        self._title = QLabel("What this ALEX OS was seen to do")
        self._title.setProperty("role", "title")
        self._none = EmptyState(
            "link", "Not tried yet", "Each thing we would like of ALEX OS is listed here once it was tried.", themes
        )
        self._rows: list[FactCard] = []
        content = QWidget()
        self._list = QVBoxLayout(content)
        for widget in (self._state, self._bus, self._outbox, self._title, self._none):
            self._list.addWidget(widget)
        self._list.insertWidget(3, self.deliveries, 0, Qt.AlignmentFlag.AlignLeft)
        self._list.addStretch(1)
        area = KineticArea(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self._area = area
        # "in 12 s" and "3 min ago" go on by themselves.
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._on_tick)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def first(self) -> QWidget:
        return self._area

    @property
    def text(self) -> str:
        return "\n".join(card.text for card in (self._state, self._bus, self._outbox, *self._rows) if not card.isHidden())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stop is None:
            self._stop = self._link.on_change(self._on_changed)
        self._clock.start()
        self._on_changed(self._link.status)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()
        self._stop_listening()

    def _on_tick(self) -> None:
        self._on_changed(self._link.status)

    def _on_changed(self, status: LinkStatus) -> None:
        self._show_state(status)
        self._show_outbox(status)
        while len(self._rows) < len(status.rows):
            card = FactCard(self._themes)
            self._rows.append(card)
            self._list.insertWidget(self._list.count() - 1, card)
        for number, card in enumerate(self._rows):
            card.setVisible(number < len(status.rows))
            if number < len(status.rows):
                _show_row(card, status.rows[number])
        self._none.setVisible(not status.rows and status.state is not LinkState.DISABLED)
        self._title.setVisible(status.state is not LinkState.DISABLED)

    def _show_state(self, status: LinkStatus) -> None:
        if status.state is LinkState.DISABLED:
            sentence = status.reason or "The settings name no ALEX OS."
            self._state.show_fact(
                "debug", "ALEX OS: disabled", sentence, hint="Set alex_os.enabled and alex_os.registry_url to look for one."
            )
            self._bus.hide()
            return
        dialect = f"dialect: {status.dialect}" if status.dialect else "dialect not known yet"
        facts = [
            f"Registered {relative_time(status.registered_at)}." if status.registered_at else "",
            f"Last contact {relative_time(status.last_contact_at)}." if status.last_contact_at else "No contact yet.",
            f"{status.attempts} attempt{'s' if status.attempts != 1 else ''}." if status.attempts else "",
            f"Next attempt {relative_time(status.next_attempt_at)}." if status.next_attempt_at else "",
        ]
        reason = f"{status.reason} " if status.reason else ""
        self._state.show_fact(
            STATE_MARKS[status.state],
            f"ALEX OS: {status.state.value}",
            f"{reason}{' '.join(fact for fact in facts if fact)}",
            aside=dialect,
            code=status.registry_url,
        )
        self._bus.show()
        guests = (
            "1 agent of ALEX OS is a guest here."
            if status.guests == 1
            else f"{status.guests} agents of ALEX OS are guests here."
        )
        connected = "Connected." if status.bus_connected else "Not connected."
        self._bus.show_fact(
            "good" if status.bus_connected else "unknown", "Event bus", f"{connected} {guests}", code=status.event_bus_url
        )

    def _show_outbox(self, status: LinkStatus) -> None:
        mark: Mark = "warning" if status.outbox_given_up else "waiting" if status.outbox_pending else "good"
        waiting = f"{status.outbox_pending:,} waiting" if status.outbox_pending else "Nothing waits"
        refused = f"{status.outbox_given_up:,} refused for good." if status.outbox_given_up else "none was refused for good."
        hint = "Deliveries has each with its answer, to be tried again." if status.outbox_given_up else ""
        self._outbox.show_fact(mark, "Deliveries", f"{waiting}, {refused}", hint=hint)

    def _stop_listening(self) -> None:
        if self._stop is not None:
            self._stop()
            self._stop = None

    def _on_theme_changed(self, theme: Theme) -> None:
        self._list.setContentsMargins(*[theme.px(12)] * 4)
        self._list.setSpacing(theme.px(8))


def _show_row(card: FactCard, row: DialectRow) -> None:
    answered = f"status {row.status}" if row.status is not None else ""
    checked = relative_time(row.checked_at) if row.checked_at else ""
    card.show_fact(
        VERDICT_MARKS[row.verdict],
        f"{row.capability.capitalize()}: {row.verdict.value}",
        row.detail,
        aside=" · ".join(part for part in (answered, checked) if part),
        code=row.path,
    )
