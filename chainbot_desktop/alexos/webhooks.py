"""What other programs of the house, ALEX OS among them, post to `/api/webhooks/chainbot/*` becomes an event here.

This is the hottest path of the program: a body is parsed once, validated once, and handed to the journal. Imports core only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from chainbot_desktop.alexos.remote_ids import remote_key
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import (
    AgentSpawned,
    AgentTerminated,
    EntanglementCreated,
    EntanglementDestroyed,
    ExternalEventReceived,
    ModuleHealthReported,
    ModuleStatusReported,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowStarted,
)
from chainbot_desktop.core.events.envelope import Event, Recorded, Severity
from chainbot_desktop.core.events.webhooks import BodyReference
from chainbot_desktop.core.json_codec import JsonObject, parse_object
from chainbot_desktop.core.ports import Blobs, IdempotencyKey, Journal

E = TypeVar("E", bound=Event)

MAX_INLINE_BODY = 16 * 1024
"""Bytes up to which a body travels inside its event; a larger one is kept apart, the event names its digest."""

MAX_KEY = 300
WEBHOOK_SOURCE = "webhook"
"""The `source` of events that other programs posted; those of ALEX OS itself have `ALEXOS_SOURCE` and are not sent back to it."""
ALEXOS_SOURCE = "alexos"
_CLAIMS = frozenset({"alexos", "alex_os", "alex-os", "alex os"})
"""How a body's own `source` names ALEX OS, in any case of letters."""
_MAX_TEXT = 1000
_CAME_HOME = "It was an event of ours that came home: nothing new."
_ENVELOPE_FIELDS = ("event_id", "severity", "source", "requires_attention")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who delivers. `id` is the actor of the event (`system:webhook@127.0.0.1`) and the scope of its idempotency keys.

    `is_alexos` is what the door knows. What a body says of its own `source` is a claim: it keeps the event from being sent to ALEX OS,
    and changes neither the actor nor the scope, so nobody can use up the ids of ALEX OS or speak in its name.
    """

    id: str
    is_alexos: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One documented path below `/api/webhooks/chainbot/`."""

    path: str
    event: type[Event]
    subject_field: str
    message: str
    """What the answer says."""
    severity: Severity = Severity.INFO

    @property
    def fact(self) -> type[BaseModel]:
        """The model of the body."""
        model = self.event.model_fields["data"].annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        return model


KINDS: Mapping[str, Kind] = {
    kind.path: kind
    for kind in (
        Kind("workflow/started", WorkflowStarted, "workflow_id", "Workflow start recorded"),
        Kind("workflow/completed", WorkflowCompleted, "workflow_id", "Workflow completion recorded"),
        Kind("workflow/failed", WorkflowFailed, "workflow_id", "Workflow failure recorded", Severity.ERROR),
        Kind("agent/spawned", AgentSpawned, "agent_id", "Agent spawn recorded"),
        Kind("agent/terminated", AgentTerminated, "agent_id", "Agent termination recorded"),
        Kind("entanglement/created", EntanglementCreated, "entanglement_id", "Entanglement creation recorded"),
        Kind("entanglement/destroyed", EntanglementDestroyed, "entanglement_id", "Entanglement destruction recorded"),
        Kind("health", ModuleHealthReported, "agent_name", "Health report recorded"),
        Kind("status", ModuleStatusReported, "agent_name", "Status report recorded"),
        Kind("event", ExternalEventReceived, "event_type", "Event recorded"),
    )
}
"""The documented paths, in the order in which `GET /api/webhooks/chainbot/` lists them."""

REPLAY_SOURCE = "replay"
"""The `source` of events that were made of a delivery a second time: ALEX OS is not told of them, and no alert is."""
_STATUS_SEVERITY = {"degraded": Severity.WARNING, "unhealthy": Severity.ERROR}
_SEVERITIES = {severity.value: severity for severity in Severity}
_EXPECTED = {
    "string_type": "text",
    "string_pattern_mismatch": "one line of text without control characters",
    "string_too_short": "text that is not empty",
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "an array",
}
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Accepted(Protocol):
    """Keeps a delivery with the event that it made. `sha256` names its body in the blobs where `body` is None."""

    def append(
        self,
        event: E,
        idempotency: IdempotencyKey | None,
        path: str,
        caller: str,
        key: str,
        size: int,
        body: bytes | None,
        sha256: str,
    ) -> Awaitable[Recorded[E]]: ...


class Refused(Protocol):
    """Keeps a delivery that made no event, as far as there is room. `body` is None of a caller whom nobody knows."""

    def add(
        self, path: str, caller: str, status: int, reason: str, *, size: int = 0, key: str = "", body: bytes | None = None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Receipts:
    """Where deliveries are kept."""

    accepted: Accepted
    refused: Refused


class WebhookIntake:
    """Use on the loop's thread. `refused` counts deliveries that made no event. `own_name` is our name at ALEX OS.

    Without `receipts` only the events are kept.
    """

    def __init__(self, journal: Journal, blobs: Blobs, own_name: str = "chainbot", receipts: Receipts | None = None) -> None:
        self._journal = journal
        self._blobs = blobs
        self._own_name = own_name
        self._receipts = receipts
        self._facts: dict[str, Callable[..., BaseModel]] = {path: kind.fact.model_validate for path, kind in KINDS.items()}
        self.refused = 0

    def turn_away(self, path: str, caller: str, status: int, reason: str) -> None:
        """For deliveries that the server does not let in, or cannot read: no token, no such path, too large."""
        self.refused += 1
        if self._receipts is not None:
            self._receipts.refused.add(path, caller, status, reason)

    async def accept(self, kind: str, body: bytes, caller: Caller, key: str | None = None) -> Recorded[Any]:
        """The event on disk, or that of the first delivery with this `key` (or the body's `event_id`).

        Raises NotFound for an unknown kind, InvalidInput for a body that is not of it, Conflict (HTTP 422) for a key that came
        with another body before, and what the journal raises.
        """
        try:
            return await self._accept(kind, body, caller, key)
        except ChainBotError as error:
            if isinstance(error, (InvalidInput, Conflict, NotFound)):
                self.refused += 1
            if self._receipts is not None:
                self._receipts.refused.add(
                    kind, caller.id, error.http_status, error.message, size=len(body), key=key or "", body=body
                )
            raise

    def read(self, path: str, body: bytes) -> Reading:
        """What a body says, checked. Raises as `accept` does."""
        kind = KINDS.get(path)
        if kind is None:
            raise NotFound(f"There is no webhook {path!r}.", hint="GET /api/webhooks/chainbot/ lists them.")
        found = parse_object(body)
        return Reading(kind, found, self._validate(path, found), _event_id(found))

    async def ours(self, reading: Reading) -> Recorded[Any] | None:
        """The event of ours that it is, where somebody handed it round and it came home."""
        if reading.event_id is None or reading.found.get("source") != self._own_name:
            return None
        return await self._journal.get(reading.event_id)

    async def _accept(self, path: str, body: bytes, caller: Caller, key: str | None) -> Recorded[Any]:
        reading = self.read(path, body)
        event_id = reading.event_id
        # One of ours that is taken for news would be sent out again, for ever.
        if event_id is not None and (ours := await self.ours(reading)) is not None:
            if self._receipts is not None:
                self._receipts.refused.add(path, caller.id, 200, _CAME_HOME, size=len(body), key=key or event_id, body=body)
            return ours
        digest = await self._blobs.put(body) if len(body) > MAX_INLINE_BODY else ""
        event = reading.event(caller, digest, len(body))
        if caller.is_alexos and event_id is not None:
            recorded = await self._append(event, remote_key(event_id), path, caller, key or event_id, body, digest)
            return _same_or_conflict(event, recorded, event_id)
        if key is None:
            key = event_id
        if key is None:
            return await self._append(event, None, path, caller, "", body, digest)
        if not 0 < len(key) <= MAX_KEY:
            raise InvalidInput(f"The delivery id has {len(key)} characters, expected 1 to {MAX_KEY}.")
        if any("\ud800" <= character <= "\udfff" for character in key):
            raise InvalidInput("The delivery id is not UTF-8.", hint="Use an id of letters, digits and dashes.")
        once = IdempotencyKey(caller.id, key, sha256(path.encode() + b"\0" + body).hexdigest())
        return await self._append(event, once, path, caller, key, body, digest)

    def _append(
        self, event: Event, once: IdempotencyKey | None, path: str, caller: Caller, key: str, body: bytes, digest: str
    ) -> Awaitable[Recorded[Any]]:
        if self._receipts is None:
            return self._journal.append(event, once)
        kept = None if digest else body
        return self._receipts.accepted.append(event, once, path, caller.id, key, len(body), kept, digest)

    def _validate(self, path: str, found: JsonObject) -> BaseModel:
        agents = found.get("agents")
        if isinstance(agents, list) and path.startswith("entanglement/"):
            found["agents"] = tuple(agents)  # what JSON writes as an array; everything else is taken strictly
        try:
            return self._facts[path](found, strict=True)
        except ValidationError as error:
            raise invalid_body(error) from None


@dataclass(frozen=True, slots=True)
class Reading:
    """A body that is what its path takes. `event_id` is the sender's own id of it."""

    kind: Kind
    found: JsonObject
    fact: BaseModel
    event_id: str | None

    def event(self, caller: Caller, digest: str, size: int) -> Event:
        """`digest` names the body where it is too large to travel in the event, else it is empty."""
        if not digest:
            return _event(self.kind, self.fact, self.found, caller)
        names = (*self.kind.fact.model_fields, *_ENVELOPE_FIELDS)
        known = {name: _cut(self.found[name]) for name in names if name in self.found}
        fact = self.kind.fact.model_validate({**known, "body": BodyReference(sha256=digest, size=size).model_dump()})
        return _event(self.kind, fact, self.found, caller)


def _event(kind: Kind, fact: BaseModel, found: JsonObject, caller: Caller) -> Event:
    attention = found.get("requires_attention") is True
    severity = kind.severity
    if kind.event is ExternalEventReceived:
        severity = _SEVERITIES.get(str(found.get("severity")), severity)
    elif kind.subject_field == "agent_name":
        severity = _STATUS_SEVERITY.get(str(found.get("status_id")), severity)
    if attention and _RANK[severity] < _RANK[Severity.WARNING]:
        severity = Severity.WARNING
    create: Callable[..., Event] = kind.event
    try:
        return create(
            data=fact,
            source=ALEXOS_SOURCE if caller.is_alexos or _claims_alexos(found) else WEBHOOK_SOURCE,
            subject=found.get(kind.subject_field) or "",
            severity=severity,
            actor=caller.id,
            requires_attention=attention,
        )
    except ValidationError as error:
        field = error.errors(include_url=False)[0]["loc"]
        if field != ("subject",):
            raise
        expected = _EXPECTED["string_pattern_mismatch"]
        raise InvalidInput(f"{kind.subject_field}: found {_shown(found[kind.subject_field])}, expected {expected}.") from None


def _claims_alexos(found: JsonObject) -> bool:
    source = found.get("source")
    return isinstance(source, str) and source.lower() in _CLAIMS


def _event_id(found: JsonObject) -> str | None:
    value = found.get("event_id")
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[: MAX_KEY + 1]
    if not isinstance(value, str) or len(value) > MAX_KEY:
        raise InvalidInput(f"event_id: found {_shown(value)}, expected text of 1 to {MAX_KEY} characters.")
    return value


def _same_or_conflict(event: Event, recorded: Recorded[Any], event_id: str) -> Recorded[Any]:
    # The same event may have come over the bus, in another shape: only two webhooks can contradict each other.
    earlier = recorded.event
    if earlier is event or type(earlier) is not type(event) or earlier.data_json() == event.data_json():
        return recorded
    error = Conflict(
        f"The event id {event_id!r} was used before with another body.",
        hint="Give every new event an id of its own.",
        code="idempotency_mismatch",
    )
    error.http_status = 422
    raise error


def _cut(value: Any) -> Any:
    # The whole text is in the blob; the journal carries enough of it to be read.
    return value[:_MAX_TEXT] + "…" if isinstance(value, str) and len(value) > _MAX_TEXT else value


def invalid_body(error: ValidationError) -> ChainBotError:
    """The first thing wrong with a body, as a sentence that names the field, what was found and what is expected."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "the body"
    if first["type"] == "missing":
        return InvalidInput(f"{field} is missing: it is required.")
    expected = _EXPECTED.get(first["type"]) or first["msg"].removeprefix("Input should be ")
    return InvalidInput(f"{field}: found {_shown(first['input'])}, expected {expected[:1].lower()}{expected[1:]}.")


def _shown(value: Any) -> str:
    kinds = {dict: "an object", list: "an array", tuple: "an array", bool: "a boolean", type(None): "null"}
    if type(value) in kinds:
        return kinds[type(value)]
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
