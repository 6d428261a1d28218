"""Events of ALEX OS, from its bus or its store, on their way into the journal: each once, whatever shape it has."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from chainbot_desktop.alexos.remote_ids import ALEXOS_SCOPE, remote_key
from chainbot_desktop.core.events import AlexOsEventReceived
from chainbot_desktop.core.events.alexos import ReceivedEvent
from chainbot_desktop.core.events.envelope import Severity
from chainbot_desktop.core.json_codec import JsonObject, canonical_json
from chainbot_desktop.core.ports import Blobs, EventQuery, IdempotencyKey, Journal

_log = logging.getLogger(__name__)

ACTOR = "system:alexos"
MAX_INLINE_PAYLOAD = 16 * 1024
_SENT_REMEMBERED = 2000
_MAX_LABEL = 300
_TOGETHER = 200
_Incoming = tuple[AlexOsEventReceived, IdempotencyKey]
_SEVERITIES = {severity.value: severity for severity in Severity}


class RemoteEvents:
    """Takes what ALEX OS says. Events that came from us and were told to everybody are recognised and left out."""

    def __init__(self, journal: Journal, blobs: Blobs, agent_name: str, agent_uuid: str) -> None:
        self._journal = journal
        self._blobs = blobs
        self._agent_name = agent_name
        self._agent_uuid = agent_uuid
        self._sent: deque[str] = deque(maxlen=_SENT_REMEMBERED)

    def note_sent(self, event_id: str) -> None:
        """An id that we put on the bus: an echo of it is not news."""
        self._sent.append(event_id)

    async def take_envelopes(self, frames: Sequence[Any]) -> int:
        """Events in the documented shape, oldest first; how many were news."""
        return await self._record([await self._of_envelope(frame) for frame in frames])

    async def take_rows(self, rows: Sequence[Any]) -> int:
        """Rows of the observed event store, oldest first; how many were news."""
        return await self._record([await self._of_row(row) for row in rows])

    async def latest_id(self, back: int) -> tuple[str, str] | None:
        """Remote id and time of the event received `back` events ago, or of the oldest there is; None where there is none."""
        query = EventQuery(types=("alexos_event_received",), order="desc", limit=back)
        found = [item.event for item in await self._journal.read(query) if isinstance(item.event, AlexOsEventReceived)]
        with_id = [event for event in found if event.data.remote_id]
        return (with_id[-1].data.remote_id, found[0].time) if with_id else None

    async def _is_ours(self, remote_id: str) -> bool:
        return remote_id in self._sent or (bool(remote_id) and await self._journal.get(remote_id) is not None)

    async def _of_envelope(self, frame: Any) -> _Incoming | None:
        if not isinstance(frame, dict) or not isinstance(frame.get("event_type"), str):
            _log.warning("an event of ALEX OS without an event_type was left out")
            return None
        remote_id = _text(frame.get("event_id") or frame.get("id"))
        if frame.get("source") == self._agent_name and await self._is_ours(remote_id):
            return None
        return await self._incoming(frame, frame.get("data"), remote_id, remote_id)

    async def _of_row(self, row: Any) -> _Incoming | None:
        if not isinstance(row, dict) or not isinstance(row.get("event_type"), str):
            _log.warning("an event of ALEX OS without an event_type was left out")
            return None
        if row.get("agent_uuid") == self._agent_uuid:
            return None
        # Its number alone is no key: a store that was emptied counts from 1 again.
        remote_id = _text(row.get("id"))
        key = f"row:{remote_id}:{_text(row.get('timestamp'))}" if remote_id else ""
        return await self._incoming(row, row.get("payload"), remote_id, key)

    async def _record(self, incoming: Sequence[_Incoming | None]) -> int:
        news = 0
        known = [item for item in incoming if item is not None]
        for start in range(0, len(known), _TOGETHER):
            # Appends that wait together share one trip to the disk, and keep the order in which they were begun.
            part = known[start : start + _TOGETHER]
            recorded = await asyncio.gather(*(self._journal.append(event, key) for event, key in part))
            news += sum(done.event is event for done, (event, _) in zip(recorded, part, strict=True))
        return news

    async def _incoming(self, frame: JsonObject, payload: Any, remote_id: str, key: str) -> _Incoming:
        payload = payload if isinstance(payload, dict) else {} if payload is None else {"value": payload}
        as_json = canonical_json(payload)
        if len(as_json) > MAX_INLINE_PAYLOAD:
            payload = {"body": {"sha256": await self._blobs.put(as_json), "size": len(as_json)}}
        event_type = frame["event_type"][:_MAX_LABEL]
        severity = _SEVERITIES.get(str(frame.get("severity")), Severity.INFO)
        event = AlexOsEventReceived(
            data=ReceivedEvent(
                event_type=event_type,
                remote_id=remote_id,
                timestamp=_text(frame.get("timestamp")),
                payload=payload,
            ),
            source=ALEXOS_SCOPE,
            subject=one_line(_text(payload.get("agent_id") or payload.get("workflow_id")) or event_type),
            severity=severity,
            actor=ACTOR,
            requires_attention=frame.get("requires_attention") is True,
        )
        # Without an id two frames that are alike to the letter, their time included, are one event.
        return event, remote_key(key or sha256(canonical_json(frame)).hexdigest())


def one_line(text: str) -> str:
    """A label of what a stranger wrote: control characters become spaces, the rest is cut at 300."""
    return "".join(" " if ord(c) < 0x20 or ord(c) == 0x7F else c for c in text[:_MAX_LABEL])


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value[:_MAX_LABEL]
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
