"""What an event and a health report look like on the wire, in each dialect."""

from __future__ import annotations

from chainbot_desktop.alexos.identity import Identity
from chainbot_desktop.core.events.envelope import Event
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.json_codec import JsonObject, Verbatim, canonical_json

_STATUSES = frozenset({"healthy", "degraded", "unhealthy", "offline"})


def documented_event(event: Event, identity: Identity) -> bytes:
    """The envelope of the guide, with the id by which the other side can drop what comes twice."""
    return canonical_json(
        {
            "event_id": event.id,
            "event_type": event.type,
            "timestamp": event.time,
            "source": identity.agent_name,
            "data": Verbatim(event.data_json()),
            "severity": event.severity.value,
            "requires_attention": event.requires_attention,
        }
    )


def observed_event(event: Event, identity: Identity) -> bytes:
    """A row for the event store of the observed ALEX OS, which knows no ids of others: ours travels in the payload."""
    return canonical_json(
        {
            "event_type": event.type,
            "agent_uuid": identity.uuid,
            "severity": event.severity.value,
            "source": identity.agent_name,
            "payload": {
                "event_id": event.id,
                "timestamp": event.time,
                "requires_attention": event.requires_attention,
                "data": Verbatim(event.data_json()),
            },
        }
    )


def health_report(identity: Identity, measured: JsonObject) -> JsonObject:
    """`measured` with what every report says. Nothing null is sent for the status."""
    status = measured.get("status_id")
    return {
        **measured,
        "agent_name": identity.agent_name,
        "agent_version": identity.agent_version,
        "timestamp": utc_now(),
        "status_id": status if status in _STATUSES else "unhealthy",
    }


def health_event(identity: Identity, report: JsonObject) -> JsonObject:
    """A health report for the event bus."""
    return {
        "event_id": new_id(),
        "event_type": "health_report",
        "timestamp": report["timestamp"],
        "source": identity.agent_name,
        "data": report,
        "severity": _severity(report),
        "requires_attention": report.get("requires_attention") is True,
    }


def health_row(identity: Identity, report: JsonObject) -> JsonObject:
    """A health report for the event store of the observed ALEX OS."""
    return {
        "event_type": "health_report",
        "agent_uuid": identity.uuid,
        "severity": _severity(report),
        "source": identity.agent_name,
        "payload": report,
    }


def _severity(report: JsonObject) -> str:
    return {"degraded": "warning", "unhealthy": "error"}.get(str(report["status_id"]), "info")
