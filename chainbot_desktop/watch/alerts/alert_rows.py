"""Between an alert and its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from hashlib import sha256
from typing import Any

from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.store.alerts import AlertRow
from chainbot_desktop.watch.alerts.records import Alert, Cause


def fingerprint(rule: str, labels: Mapping[str, str]) -> str:
    """What an alert of this rule with these labels is known by."""
    return sha256(canonical_json([rule, dict(labels)])).hexdigest()


def row_of_alert(alert: Alert) -> AlertRow:
    values: dict[str, Any] = {field.name: getattr(alert, field.name) for field in fields(alert)}
    cause = {"window": alert.cause.window, "content": dict(alert.cause.content)}
    return AlertRow(**{**values, "fingerprint": fingerprint(alert.rule, alert.labels), "cause": cause})


def alert_of_row(row: AlertRow) -> Alert:
    values: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(row) if field.name != "fingerprint"}
    cause = row.cause
    return Alert(**{**values, "cause": Cause(str(cause.get("window", "")), cause.get("content", {}))})
