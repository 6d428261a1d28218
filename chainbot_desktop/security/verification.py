"""What came out of verifying the audit trail, as it is remembered and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainbot_desktop.core.events import ChainVerified
from chainbot_desktop.core.events.audit import ChainVerdict
from chainbot_desktop.core.events.envelope import Actor, Severity
from chainbot_desktop.core.ports import ChainReport


@dataclass(frozen=True, slots=True)
class Verification:
    """The last one: `at` is RFC 3339, `seconds` how long it took."""

    at: str
    seconds: float
    report: ChainReport


def verdict_event(report: ChainReport, actor: Actor) -> ChainVerified:
    said = ChainVerdict(
        ok=report.ok,
        checked=report.checked,
        first_seq=report.first_seq,
        broken_at=report.broken_at,
        fault=report.fault,
        reason=report.reason,
        vouched=report.vouched,
    )
    severity = Severity.INFO if report.ok else Severity.CRITICAL
    return ChainVerified(actor=actor, subject="audit", severity=severity, requires_attention=not report.ok, data=said)


def is_news(before: ChainReport, now: ChainReport) -> bool:
    """Whether the verdict is another. The end of a journal that was cut moves on with every event: that alone is none."""
    if (before.ok, before.fault) != (now.ok, now.fault):
        return True
    return before.broken_at != now.broken_at and now.fault != "truncated"


def broken_checkpoints(report: ChainReport, lines: Sequence[int]) -> ChainReport:
    which = f"line {lines[0]} is" if len(lines) == 1 else f"{len(lines)} lines (the first is {lines[0]}) are"
    reason = f"The events fit each other, but the checkpoints were changed: {which} not as signed."
    return ChainReport(False, report.checked, None, reason, "checkpoint", report.first_seq, report.vouched)


def read_verification(kept: Any) -> Verification | None:
    try:
        return Verification(kept["at"], float(kept["seconds"]), ChainReport(**kept["report"]))
    except (TypeError, KeyError, ValueError):
        return None
