"""What the card says in words. No Qt.

What agents wrote is hostile until proven otherwise: it is shown as plain text with every invisible character as an escape.
"""

from __future__ import annotations

from datetime import datetime

from chainbot_desktop.agents.tools.shown import plain
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.store.agent_rows import ApprovalRow, ApprovalState

PIECE = 1_000
"""Characters of a line that are laid out together: a line of a million would hold up the panel."""

_BECAME: dict[ApprovalState, str] = {
    "pending": "Waits",
    "approved": "Approved",
    "approved_run": "Approved for this run",
    "denied": "Denied",
    "expired": "Expired",
}


def shown_detail(detail: str) -> str:
    """All of it. A line that is very long continues in the next after a mark that no escape and no command contains unseen."""
    lines = plain(detail).split("\n")
    if all(len(line) <= PIECE for line in lines):
        return "\n".join(lines)
    return "\n".join(piece for line in lines for piece in _pieces(line))


def _pieces(line: str) -> list[str]:
    if len(line) <= PIECE:
        return [line]
    cut = [line[at : at + PIECE] for at in range(0, len(line), PIECE)]
    return [cut[0], *(f"(the same line goes on) {piece}" for piece in cut[1:])]


def one_line(text: str) -> str:
    return plain(text, kept="")


def expiry(row: ApprovalRow, now: datetime) -> str:
    """When it is too late to answer; "" if never."""
    if row.expires_at is None:
        return ""
    left = int((parse_time(row.expires_at) - now).total_seconds())
    if left <= 0:
        return "Expires now"
    hours, rest = divmod(left, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"Expires in {hours} h {minutes} min"
    return f"Expires in {minutes} min {seconds} s" if minutes else f"Expires in {seconds} s"


def outcome(row: ApprovalRow) -> str:
    """What became of it and by whom: "Denied by user:admin"."""
    word = _BECAME[row.state]
    said = f": {one_line(row.answer)}" if row.answer else ""
    if row.state == "expired":
        return f"{word}{said or '.'}"
    return f"{word} by {_who(row.decided_by)}{said}"


def _who(actor: str) -> str:
    sort, _, name = actor.partition(":")
    if actor == "device:panel":
        return "somebody at this panel"
    return {"user": name, "device": f"the device {name}", "agent": f"the agent {name}"}.get(sort, actor) or actor
