"""A webhook that came in is taken once more, by the program as it is now: what it would be first, then, if wanted, for real.

What it becomes is an event like any other, so whoever follows the journal acts on it; and it is marked: its `source` is "replay", its
actor is who asked for it, and `replay_of` in its data names the delivery and its first event. So ALEX OS is not told of it, no alert
comes of it, it calls for nobody, and no key that was used before stands in its way.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import BaseModel

from chainbot_desktop.alexos.webhooks import MAX_INLINE_BODY, REPLAY_SOURCE, Caller, WebhookIntake
from chainbot_desktop.core.errors import ChainBotError, Conflict, NotFound
from chainbot_desktop.core.events.envelope import Actor, Event, Recorded
from chainbot_desktop.core.ports import Blobs, Journal
from chainbot_desktop.store.received_webhooks import ReceivedWebhook, ReceivedWebhooks


@dataclass(frozen=True, slots=True)
class ReplayPreview:
    """What would come of it now: `event`, or the `problem` for which it would be refused. `was` is what came of it the first time."""

    delivery: ReceivedWebhook
    body: bytes
    event: Event | None
    problem: str
    was: Recorded[Event] | None

    @property
    def same(self) -> bool:
        """Whether it would be what it was, but for the marks of a replay."""
        if self.event is None or self.was is None:
            return False
        return (self.event.type, self.event.subject, self.event.severity, _without_mark(self.event)) == (
            self.was.event.type,
            self.was.event.subject,
            self.was.event.severity,
            _without_mark(self.was.event),
        )


class WebhookReplay:
    """Use on the loop's thread."""

    def __init__(self, intake: WebhookIntake, received: ReceivedWebhooks, journal: Journal, blobs: Blobs) -> None:
        self._intake = intake
        self._received = received
        self._journal = journal
        self._blobs = blobs

    async def preview(self, number: int, actor: Actor) -> ReplayPreview:
        """NotFound where there is no such delivery, Conflict where its body is not kept. Changes nothing."""
        delivery = await self._received.get(number)
        if delivery is None:
            raise NotFound(f"There is no delivery number {number}.", hint="GET /api/deliveries/incoming lists them.")
        body = await self._received.body(number)
        if body is None:
            why = "bodies of strangers never are" if delivery.status in {401, 403, 429} else "there was no room, or none came"
            raise Conflict(f"The body of delivery {number} is not kept: {why}.", code="body_not_kept")
        was = await self._journal.get(delivery.event_id) if delivery.event_id else None
        try:
            event = await self._event(delivery, body, actor)
        except ChainBotError as error:
            return ReplayPreview(delivery, body, None, error.message, was)
        return ReplayPreview(delivery, body, event, "", was)

    async def replay(self, number: int, actor: Actor) -> Recorded[Any]:
        """The new event, on disk. Raises as `preview`, and what the intake raises where the body is refused now."""
        preview = await self.preview(number, actor)
        event = await self._event(preview.delivery, preview.body, actor)
        if len(preview.body) > MAX_INLINE_BODY:
            await self._blobs.put(preview.body)
        return await self._received.append_replay(event, preview.delivery, actor)

    async def _event(self, delivery: ReceivedWebhook, body: bytes, actor: Actor) -> Event:
        reading = self._intake.read(delivery.path, body)
        if await self._intake.ours(reading) is not None:
            raise Conflict("It is an event of ours that came home: nothing would come of it.", code="came_home")
        digest = sha256(body).hexdigest() if len(body) > MAX_INLINE_BODY else ""
        event = reading.event(Caller(actor), digest, len(body))
        assert isinstance(event.data, BaseModel)
        mark = {"delivery": delivery.number, "event_id": delivery.event_id}
        data = event.data.model_copy(update={"replay_of": mark})
        return event.model_copy(update={"source": REPLAY_SOURCE, "requires_attention": False, "data": data})


def _without_mark(event: Event) -> Any:
    if not isinstance(event.data, BaseModel):
        return event.data
    return event.data.model_dump(mode="json", exclude_unset=True, exclude={"replay_of"})
