"""What the event inspector asks for, and who answers: chains, bodies, replays, and the ways to other windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.tasks import Latest
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.event_inspector import EventInspector
from chainbot_desktop.ui.watchtower.event_jumps import Jump
from chainbot_desktop.ui.watchtower.json_paths import json_value_aside
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.watchtower.replay_sheet import ReplayOffer
from chainbot_desktop.watch.event_chain import EventChains


class Inspecting:
    """`say` shows a message, `lead` goes to another window or page."""

    def __init__(
        self,
        inspector: EventInspector,
        parts: WatchtowerParts,
        say: Callable[[Message], None],
        lead: Callable[[str, Mapping[str, object]], None],
    ) -> None:
        self._inspector = inspector
        self._blobs = parts.blobs
        self._received = parts.deliveries.received
        self._tasks = parts.tasks
        self._say = say
        self._lead = lead
        self._offer = ReplayOffer(inspector, parts, say)
        self._chains = EventChains(parts.journal, parts.deliveries.received.of_event, parts.deliveries.desk.of_event)
        self._looking = Latest(parts.tasks)
        inspector.jump_wanted.connect(self._on_jump)
        inspector.body_wanted.connect(lambda digest: self._tasks.spawn("watchtower: body", self._show_body(digest)))
        inspector.chain_wanted.connect(self._on_chain)
        inspector.replay_wanted.connect(lambda recorded: self._tasks.spawn("watchtower: replay", self._replay(recorded)))
        inspector.incoming_wanted.connect(lambda number: lead("watchtower", {"page": "deliveries", "incoming": number}))
        inspector.outgoing_wanted.connect(lambda seq: lead("watchtower", {"page": "deliveries", "outgoing": seq}))
        inspector.chat_wanted.connect(self._on_chat)
        inspector.copied.connect(lambda what: say(Message(f"Copied {what}.", "success")))

    def _on_jump(self, jump: Jump) -> None:
        self._lead(jump.window, jump.content)

    def _on_chat(self, text: str, name: str) -> None:
        self._lead("chat", {"attach": {"kind": "event", "name": name, "text": text}})

    def _on_chain(self, recorded: Recorded[Event]) -> None:
        self._looking.start("watchtower: chain", self._show_chain(recorded))

    async def _show_chain(self, recorded: Recorded[Event]) -> None:
        try:
            self._inspector.show_chain(recorded, await self._chains.of(recorded))
        except ChainBotError as error:
            self._inspector.show_chain(recorded, None, str(error))

    async def _show_body(self, digest: str) -> None:
        try:
            body = await self._blobs.get(digest)
        except ChainBotError as error:
            self._say(Message(error.message, "error", error.hint))
            return
        if body is None:
            self._say(Message("The body of this event is no longer kept.", "warning", f"Its SHA-256 was {digest}."))
            return
        value = await json_value_aside(body)
        self._inspector.show_body(body, value)

    async def _replay(self, recorded: Recorded[Event]) -> None:
        try:
            found = await self._received.of_event(recorded.seq, 1)
        except ChainBotError as error:
            self._say(Message(error.message, "error", error.hint))
            return
        if found:
            await self._offer.make(found[0].number)
        else:
            self._say(
                Message(
                    "What came in for this event is not kept any more.",
                    "warning",
                    "deliveries.incoming_days says how long it is.",
                )
            )
