"""A list of deliveries with one of them in full beside or over it, and what is decided about that one."""

from __future__ import annotations

from collections.abc import Awaitable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Latest
from chainbot_desktop.store.deliveries import DeliveryRow
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.delivery_panel import DeliveryPanel
from chainbot_desktop.ui.watchtower.json_paths import json_value_aside
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.watchtower.replay_sheet import ReplayOffer
from chainbot_desktop.ui.watchtower.side_panel import SidePanel

ACTOR = "user:admin"


class DeliverySide(SidePanel):
    message = Signal(object)
    event_wanted = Signal(str)
    """Its id."""
    decided = Signal()

    def __init__(self, content: QWidget, parts: WatchtowerParts) -> None:
        self.detail = DeliveryPanel(parts.themes)
        super().__init__(content, self.detail, parts.themes)
        self._tasks = parts.tasks
        self._desk, self._received = parts.deliveries.desk, parts.deliveries.received
        self._looking = Latest(parts.tasks)
        self._offer = ReplayOffer(self, parts, self.message.emit)
        self.detail.closed.connect(self.close_panel)
        self.detail.retry_wanted.connect(self._on_retry)
        self.detail.give_up_wanted.connect(self._on_give_up)
        self.detail.replay_wanted.connect(self._on_replay)
        self.detail.event_wanted.connect(self.event_wanted)
        self.detail.copied.connect(lambda what: self.message.emit(Message(f"Copied {what}.", "success")))

    def show_outgoing(self, seq: int) -> None:
        self._looking.start("deliveries: one that goes out", self._show_outgoing(seq))

    def show_incoming(self, number: int) -> None:
        self._looking.start("deliveries: one that came in", self._show_incoming(number))

    def refresh(self, row: DeliveryRow) -> None:
        """It was read anew: what is being looked at may have gone on."""
        shown = self.detail.row
        if self.is_open and shown is not None and shown.seq == row.seq and row != shown and not self._looking.busy:
            self.show_outgoing(row.seq)

    async def _show_outgoing(self, seq: int) -> None:
        try:
            self.detail.show_outgoing(await self._desk.get(seq))
        except ChainBotError as error:
            self.message.emit(Message(error.message, "warning", error.hint))
            return
        self._open()

    async def _show_incoming(self, number: int) -> None:
        try:
            one, body = await self._received.get(number), await self._received.body(number)
        except ChainBotError as error:
            self.message.emit(Message(error.message, "warning", error.hint))
            return
        if one is None:
            self.message.emit(Message(f"Webhook no. {number} is not kept any more.", "warning"))
            return
        self.detail.show_incoming(one, body, await json_value_aside(body) if body is not None else None)
        self._open()

    def _open(self) -> None:
        was_open = self.is_open
        self.open()
        if self.covers and not was_open:
            self.detail.take_focus()

    # What people decide.

    def _on_retry(self, seq: int) -> None:
        self._tasks.spawn("deliveries: retry", self._decided(seq, self._desk.retry(seq, ACTOR), "It is tried at once."))

    def _on_give_up(self, seq: int) -> None:
        said = "It is given up. Retry brings it back."
        self._tasks.spawn("deliveries: give up", self._decided(seq, self._desk.give_up(seq, ACTOR), said))

    def _on_replay(self, number: int) -> None:
        self._tasks.spawn("deliveries: replay", self._offer.make(number))

    async def _decided(self, seq: int, work: Awaitable[object], said: str) -> None:
        try:
            await work
        except ChainBotError as error:
            self.message.emit(Message(error.message, "warning", error.hint))
        else:
            self.message.emit(Message(said, "success"))
        await self._show_outgoing(seq)
        self.decided.emit()
