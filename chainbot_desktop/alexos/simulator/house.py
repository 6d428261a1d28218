"""What the simulated ALEX OS knows: its agents, the events it stored, and who registered. No network here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.json_codec import JsonObject

_KEPT_EVENTS = 100_000
_KEPT_REPORTS = 1000
NAME = "alex_os"

Publisher = Callable[[JsonObject], None]


def guest(uuid: str, name: str, agent_type: str, description: str) -> JsonObject:
    now = utc_now()
    return {
        "uuid": uuid,
        "name": name,
        "agent_type": agent_type,
        "owner": NAME,
        "description": description,
        "status": "online",
        "score": 1.0,
        "agent_metadata": {},
        "crypto_id": None,
        "created_at": now,
        "updated_at": now,
    }


def first_guests() -> list[JsonObject]:
    return [
        guest(
            "6f1f3c1e-0000-4000-8000-000000000001", "Harry", "code_reviewer", "Reads what others wrote and says what he thinks"
        ),
        guest(
            "6f1f3c1e-0000-4000-8000-000000000002", "Night Watch", "monitor", "Looks after the machines while the house sleeps"
        ),
        guest("6f1f3c1e-0000-4000-8000-000000000003", "Archivist", "librarian", "Files what is worth keeping"),
        guest("6f1f3c1e-0000-4000-8000-000000000004", "Kitchen Pi", "device", "The panel beside the stove"),
        guest("6f1f3c1e-0000-4000-8000-000000000005", "Gatekeeper", "gateway", "Lets messages in and out of the house"),
    ]


@dataclass
class House:
    """`received` are events of others, each once, in the order of arrival; `stored` is the event store, oldest first."""

    agents: dict[str, JsonObject] = field(default_factory=lambda: {row["uuid"]: row for row in first_guests()})
    registrations: list[JsonObject] = field(default_factory=list)
    registered: bool = False
    health_reports: deque[JsonObject] = field(default_factory=lambda: deque(maxlen=_KEPT_REPORTS))
    received: deque[JsonObject] = field(default_factory=lambda: deque(maxlen=_KEPT_EVENTS))
    stored: deque[JsonObject] = field(default_factory=lambda: deque(maxlen=_KEPT_EVENTS))
    deliveries: int = 0
    duplicates: int = 0
    bus_frames: int = 0
    row_number: int = 0
    guests_think: float = 2.0
    """Seconds until a guest answers what it was told."""
    publishers: list[Publisher] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def receive(self, event_id: str, event: JsonObject) -> bool:
        """Take an event of somebody else; False where its id was seen before."""
        self.deliveries += 1
        if event_id in self._seen:
            self.duplicates += 1
            return False
        self._seen.add(event_id)
        self.received.append(event)
        return True

    def publish(self, event_type: str, data: JsonObject, *, severity: str = "info", attention: bool = False) -> JsonObject:
        """An event of the house itself: stored, and told to whoever listens."""
        event = {
            "event_id": new_id(),
            "event_type": event_type,
            "timestamp": utc_now(),
            "source": NAME,
            "data": data,
            "severity": severity,
            "requires_attention": attention,
        }
        self.store(event, {"event_type": event_type, "agent_uuid": data.get("agent_id"), "severity": severity, "payload": data})
        for publisher in tuple(self.publishers):
            publisher(event)
        return event

    def store(self, event: JsonObject, row: JsonObject) -> JsonObject:
        """Keep an event in both shapes: the documented envelope, and the row that the observed ALEX OS lists."""
        self.row_number += 1
        kept = {"source": NAME, **row, "id": self.row_number, "timestamp": utc_now()}
        self.stored.append({"envelope": event, "row": kept})
        return kept

    def envelopes_since(self, since: str, limit: int) -> list[JsonObject] | None:
        """Events after the one with that id, oldest first; None where that id is not known (any more)."""
        envelopes = [item["envelope"] for item in self.stored]
        for index, envelope in enumerate(envelopes):
            if envelope.get("event_id") == since:
                return envelopes[index + 1 : index + 1 + limit]
        return None

    def rows(self, keep: Callable[[JsonObject], bool], limit: int) -> list[JsonObject]:
        """Event rows, newest first."""
        found: list[JsonObject] = []
        for item in reversed(self.stored):
            if len(found) >= limit:
                break
            if keep(item["row"]):
                found.append(item["row"])
        return found

    def note_agents(self, event: JsonObject) -> None:
        """Keep the index right by what modules tell of their agents."""
        data: Any = event.get("data")
        if not isinstance(data, dict) or not isinstance(data.get("agent_id"), str):
            return
        agent_id = data["agent_id"]
        if event.get("event_type") == "agent_spawned":
            row = guest(agent_id, str(data.get("agent_name") or agent_id), str(data.get("agent_type") or "agent"), "")
            self.agents[agent_id] = {**row, "owner": str(event.get("source")), "status": str(data.get("status") or "online")}
        elif event.get("event_type") == "agent_terminated":
            self.agents.pop(agent_id, None)

    def state(self, sockets: Iterable[str]) -> JsonObject:
        """For tests and the curious."""
        return {
            "registrations": list(self.registrations),
            "registered": self.registered,
            "health_reports": list(self.health_reports)[-100:],
            "received": list(self.received)[-1000:],
            "received_count": len(self.received),
            "deliveries": self.deliveries,
            "duplicates": self.duplicates,
            "bus_frames": self.bus_frames,
            "stored": len(self.stored),
            "agents": list(self.agents.values()),
            "sockets": list(sockets),
        }
