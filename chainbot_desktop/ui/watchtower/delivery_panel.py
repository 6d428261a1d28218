"""One delivery in full: its fate, its body, the answer, and what can be done about it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.alexos.delivery_desk import DeliveryInFull
from chainbot_desktop.store.deliveries import DeliveryRow
from chainbot_desktop.store.received_webhooks import ReceivedWebhook
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.delivery_texts import (
    INCOMING_MARKS,
    OUTGOING_MARKS,
    STATE_WORDS,
    bytes_text,
)
from chainbot_desktop.ui.watchtower.elided_label import ElidedLabel
from chainbot_desktop.ui.watchtower.event_texts import exact_time, relative_time
from chainbot_desktop.ui.watchtower.json_paths import json_value, pretty, visible
from chainbot_desktop.ui.watchtower.json_view import JsonView
from chainbot_desktop.ui.watchtower.marks import MarkLabel
from chainbot_desktop.ui.widgets import Button, IconButton

_APART = 96


class DeliveryPanel(QWidget):
    """`show_outgoing` or `show_incoming`. The signals carry the number of what is shown (`seq`, or `number`)."""

    closed = Signal()
    retry_wanted = Signal(int)
    give_up_wanted = Signal(int)
    replay_wanted = Signal(int)
    event_wanted = Signal(str)
    """Its id."""
    copied = Signal(str)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = 0
        self._event_id = ""
        self._shown: bytes | None = None
        self.row: DeliveryRow | None = None
        """The outgoing one that is shown; None for one that came in."""
        self._mark = MarkLabel("unknown", themes, 20)
        self._title = ElidedLabel("title")
        self._back = IconButton("arrow-left", "Back to the list (Esc)", themes)
        self._back.clicked.connect(self.closed)
        self.event_button = Button("Event", themes, icon="arrow-right")
        self.event_button.clicked.connect(lambda: self.event_wanted.emit(self._event_id))
        self._facts = QLabel()
        self._facts.setTextFormat(Qt.TextFormat.PlainText)
        self._facts.setWordWrap(True)
        self._facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.retry = Button("Retry now", themes, kind="primary", icon="refresh")
        self.retry.clicked.connect(lambda: self.retry_wanted.emit(self._number))
        self.replay = Button("Replay…", themes, kind="primary", icon="restart")
        self.replay.clicked.connect(lambda: self.replay_wanted.emit(self._number))
        self.give_up = Button("Give up", themes, kind="danger")
        self.give_up.clicked.connect(lambda: self.give_up_wanted.emit(self._number))
        self.json = JsonView("The body", themes)
        self.json.copied.connect(self.copied)
        self._lay_out()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def text(self) -> str:
        return f"{self._title.text()}\n{self._facts.text()}"

    def show_outgoing(self, found: DeliveryInFull) -> None:
        row = self.row = found.row
        self._number, self._event_id = row.seq, row.event_id if found.recorded is not None else ""
        self._mark.set_mark(OUTGOING_MARKS[row.state])
        self._title.setText(visible(row.event_type))
        tries = f"{row.attempts:,} failed attempt{'' if row.attempts == 1 else 's'}"
        again = f"next attempt {relative_time(row.next_attempt_at)}" if row.state == "pending" and row.next_attempt_at else ""
        about = f"about {visible(row.subject)}" if row.subject else ""
        changed = f"{exact_time(row.updated_at)} ({relative_time(row.updated_at)})"
        answer = f"Answer: {visible(row.answer)}" if row.answer else ""
        status = f"HTTP status {row.status_code}" if row.status_code is not None else ""
        size = f"body of {bytes_text(len(found.body))} as it is sent" if found.body else "its event is no longer kept"
        first = _joined(f"#{row.seq:,} {STATE_WORDS[row.state]}", about, tries, again, status)
        self._facts.setText("\n".join(part for part in (first, _joined(changed, size), answer) if part))
        self._show_actions(retry=row.state in ("pending", "given_up"), give_up=row.state == "pending", replay=False)
        self._show_body(found.body, json_value(found.body))

    def show_incoming(self, one: ReceivedWebhook, body: bytes | None, value: Any) -> None:
        """`value`: what the body says as JSON, None where it is none."""
        self.row = None
        self._number, self._event_id = one.number, one.event_id
        self._mark.set_mark(INCOMING_MARKS[one.state])
        self._title.setText(visible(one.path) or "(no path)")
        again = f"replay of no. {one.replay_of}" if one.replay_of is not None else ""
        first = _joined(f"no. {one.number:,} {STATE_WORDS[one.state]}", f"answered {one.status}", again, bytes_text(one.size))
        who = _joined(f"from {visible(one.caller)}", f"id {visible(one.key)}" if one.key else "", exact_time(one.received_at))
        made = f"It made {one.event_type}, event #{one.seq:,}." if one.event_type else visible(one.reason)
        kept = "" if body is not None else "Its body is not kept."
        self._facts.setText("\n".join(part for part in (first, who, _joined(made, kept)) if part))
        self._show_actions(retry=False, give_up=False, replay=body is not None)
        self._show_body(body or b"", value)

    def take_focus(self) -> None:
        self.json.take_focus()

    def _show_body(self, body: bytes, value: Any) -> None:
        if body == self._shown:
            return  # somebody may be reading in it
        self._shown = body
        self.json.show_value(value, body.decode("utf-8", errors="replace"), pretty(body))
        self.json.show_form("Raw")

    def _show_actions(self, *, retry: bool, give_up: bool, replay: bool) -> None:
        self.event_button.setVisible(bool(self._event_id))
        for button, wanted in ((self.retry, retry), (self.give_up, give_up), (self.replay, replay)):
            button.setVisible(wanted)
        self._foot.setVisible(retry or give_up or replay)

    def _lay_out(self) -> None:
        self._top = QHBoxLayout()
        self._top.addWidget(self._back)
        self._top.addWidget(self._mark)
        self._top.addWidget(self._title, 1)
        self._top.addWidget(self.event_button)
        self._foot = QWidget()
        self._buttons = QHBoxLayout(self._foot)
        self._buttons.setContentsMargins(0, 0, 0, 0)
        self._buttons.addWidget(self.give_up)
        self._buttons.addStretch(1)
        self._buttons.addWidget(self.retry)
        self._buttons.addWidget(self.replay)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._top)
        self._column.addWidget(self._facts)
        self._column.addWidget(self.json, 1)
        self._column.addWidget(self._foot)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self._column.setSpacing(theme.px(4))
        self._top.setSpacing(theme.px(8))
        self._buttons.setSpacing(theme.px(_APART))


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
