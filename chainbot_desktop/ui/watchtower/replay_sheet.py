"""Before a webhook is played again: what would come of it now, beside what came of it then."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.delivery_texts import bytes_text
from chainbot_desktop.ui.watchtower.event_texts import describe, exact_time
from chainbot_desktop.ui.watchtower.json_paths import pretty, visible
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.widgets import Sheet, make_kinetic

_ACTOR = "user:admin"
_SHOWN = 20_000


class ReplayOffer:
    """`make` opens the sheet over `origin`; `say` is told what came of it."""

    def __init__(self, origin: QWidget, parts: WatchtowerParts, say: Callable[[Message], None]) -> None:
        self._origin = origin
        self._themes = parts.themes
        self._tasks = parts.tasks
        self._replay = parts.deliveries.replay
        self._say = say
        self.sheet: Sheet | None = None

    async def make(self, number: int) -> None:
        try:
            preview = await self._replay.preview(number, _ACTOR)
        except ChainBotError as error:
            self._say(Message(error.message, "warning", error.hint))
            return
        sheet = self.sheet = Sheet(self._origin, f"Replay webhook no. {number}", self._themes, width=560)
        one = preview.delivery
        sheet.add_text(
            f"{visible(one.path)}, {bytes_text(one.size)}, came {exact_time(one.received_at)} from {visible(one.caller)} "
            f"and was answered with {one.status}.",
            "dim",
        )
        event = preview.event
        if event is None:
            sheet.add_text(f"It would be refused now. {visible(preview.problem)}")
        else:
            same = "It becomes the same event again" if preview.same else "It becomes an event"
            about = f" about {visible(event.subject)}" if event.subject else ""
            sheet.add_text(f"{same}: {event.type}{about}, {event.severity.value}.")
            if says := visible(describe(event)):
                sheet.add_text(says, "dim")
            if preview.was is not None and not preview.same:
                sheet.add_text(f"Then it became: {preview.was.event.type}, {visible(describe(preview.was.event))}", "dim")
            sheet.add_text(
                "The event is marked as a replay. Agents and lists of this program follow it; ALEX OS is not told, no alert comes of it.",
                "dim",
            )
        body = make_kinetic(QPlainTextEdit())
        body.setReadOnly(True)
        body.setAccessibleName("The body")
        body.setFont(self._themes.current.font("mono_small"))
        body.setPlainText(pretty(preview.body[:_SHOWN]))
        body.setMinimumHeight(self._themes.current.px(120))
        sheet.body.addWidget(body)
        sheet.add_action("Cancel")
        if event is not None:
            sheet.add_action("Replay", lambda: self._tasks.spawn("replay a webhook", self._carry_out(number)), kind="primary")
        sheet.open()

    async def _carry_out(self, number: int) -> None:
        try:
            recorded = await self._replay.replay(number, _ACTOR)
        except ChainBotError as error:
            self._say(Message(error.message, "error", error.hint))
            return
        self._say(Message(f"Webhook no. {number} was replayed: event #{recorded.seq:,}, {recorded.event.type}.", "success"))
