"""The verdict on the audit trail in words: what it says, and what it means."""

from __future__ import annotations

from chainbot_desktop.core.ports import ChainFault, ChainReport
from chainbot_desktop.security.verification import Verification
from chainbot_desktop.store.retention import PrunePlan
from chainbot_desktop.ui.watchtower.event_texts import exact_time, relative_time
from chainbot_desktop.ui.watchtower.marks import Mark

MEANINGS: dict[ChainFault, str] = {
    "": "Every event was hashed again, and every hash is the one that was written with it and that the next event names.",
    "changed": "What is stored of this event is not what was written: somebody or something changed the database behind the "
    "program's back, or the disk gives back other bytes than it was given.",
    "missing": "Events that were written are not there any more, and no pruning tells of them.",
    "reordered": "An event stands in the place of another.",
    "broken_link": "Two events that follow each other do not name each other: one of the two was changed and hashed again.",
    "truncated": "The end is missing: a signed checkpoint names a later event than the journal has. After a backup was restored "
    "this is to be expected.",
    "rehashed": "The events fit each other, but a signed checkpoint names another hash: from there on the journal was written "
    "anew. After a backup was restored and work went on, this is to be expected.",
    "checkpoint": "The journal fits, but the file of signed checkpoints beside it was changed: it proves nothing where it was.",
}
WHAT_TO_DO = (
    "Export the trail as it is now, keep a copy of the database file, and look who and what could write to it. "
    "Nothing is pruned while the chain is broken."
)


def verdict_mark(last: Verification | None) -> Mark:
    if last is None:
        return "unknown"
    if not last.report.ok:
        return "critical"
    return "good"


def verdict_line(last: Verification | None) -> tuple[str, str]:
    """A heading and a sentence."""
    if last is None:
        return "Not verified yet", "Verify hashes every event again and compares it with what was written."
    report = last.report
    when = f"verified {relative_time(last.at)}"
    if not report.ok:
        where = f"Broken at event {report.broken_at:,}" if report.broken_at is not None else "The checkpoints were changed"
        return f"{where} · {when}", report.reason
    heading = f"Whole: {report.checked:,} events · {when}"
    vouched = f"Signed checkpoints vouch for it up to event {report.vouched:,}."
    if not report.vouched:
        vouched = "There was no signed checkpoint to compare with; from now on there is."
    begins = f" It begins with event {report.first_seq:,}." if report.first_seq > 1 else ""
    return heading, vouched + begins


def verdict_facts(last: Verification) -> str:
    report: ChainReport = last.report
    return f"Verified {exact_time(last.at)}, {report.checked:,} events in {last.seconds:,.1f} s."


def plan_text(plan: PrunePlan) -> str:
    if not plan.count:
        said = f"Nothing would go: all {plan.kept:,} events stay."
    else:
        size = f"{plan.data_bytes / 1_048_576:,.1f} MB" if plan.data_bytes >= 100_000 else f"{plan.data_bytes / 1024:,.1f} KB"
        said = (
            f"{plan.count:,} events would go: {plan.first_seq:,} ({exact_time(plan.first_time)[:10]}) to "
            f"{plan.last_seq:,} ({exact_time(plan.last_time)[:10]}), {size} of data. {plan.kept:,} stay."
        )
    return said + "".join(f"\nHeld back: {why}" for why in plan.held_back)
