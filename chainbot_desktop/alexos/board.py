"""The one place where the state of the link is kept, and from where listeners hear of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from chainbot_desktop.alexos.answers import Answer
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.link import DialectRow, LinkStatus, Verdict

_log = logging.getLogger(__name__)
_QUIET = frozenset({"last_contact_at", "outbox_pending", "next_attempt_at"})
_RECHECK = 60.0
_CAPABILITIES = ("registration", "events", "bus", "index", "health")


class LinkBoard:
    """Changes of state are told at once, counters and times at most once in `interval` seconds. Use on the loop's thread."""

    def __init__(self, status: LinkStatus, interval: float) -> None:
        self.status = status
        self._interval = interval
        self._listeners: list[Callable[[LinkStatus], None]] = []
        self._told = status
        self._timer: asyncio.TimerHandle | None = None
        self._checked: dict[tuple[str, str], float] = {}

    def on_change(self, listener: Callable[[LinkStatus], None]) -> Callable[[], None]:
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def update(self, **changes: Any) -> None:
        changed = {name for name, value in changes.items() if getattr(self.status, name) != value}
        if not changed:
            return
        self.status = self.status.model_copy(update=changes)
        if changed - _QUIET:
            self._tell()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._interval, self._tell)

    def contact(self) -> None:
        """ALEX OS was heard just now."""
        self.update(last_contact_at=utc_now())

    def note(self, capability: str, path: str, answer: Answer, detail: str | None = None) -> None:
        """What `path` was seen to do. No answer proves nothing, so it leaves the row as it was."""
        if answer.status is None:
            return
        self.contact()
        words = answer.words if not answer.accepted else answer.problem
        self.set_row(capability, path, answer.verdict, answer.status, words if detail is None else detail)

    def note_works(self, capability: str, path: str, status: int | None, detail: str = "") -> None:
        """`path` did what we wanted, whatever its status says."""
        self.contact()
        self.set_row(capability, path, Verdict.WORKS, status, detail)

    def set_row(self, capability: str, path: str, verdict: Verdict, status: int | None, detail: str = "") -> None:
        old = next((row for row in self.status.rows if (row.capability, row.path) == (capability, path)), None)
        now = asyncio.get_running_loop().time()
        unchanged = old is not None and (old.verdict, old.status, old.detail) == (verdict, status, detail)
        if unchanged and now < self._checked.get((capability, path), -_RECHECK) + _RECHECK:
            return  # that it was looked at again is news once a minute
        self._checked[capability, path] = now
        row = DialectRow(capability=capability, path=path, verdict=verdict, status=status, detail=detail, checked_at=utc_now())
        others = [other for other in self.status.rows if other is not old]
        self.set_rows([*others, row])

    def set_rows(self, rows: Iterable[DialectRow]) -> None:
        order = {name: rank for rank, name in enumerate(_CAPABILITIES)}
        self.update(rows=tuple(sorted(rows, key=lambda row: order.get(row.capability, len(order)))))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self) -> None:
        self.close()
        if self._told == self.status:
            return
        self._told = self.status
        for listener in tuple(self._listeners):
            try:
                listener(self.status)
            except Exception:  # the border to a listener's own code
                _log.exception("a listener of the link to ALEX OS failed")
