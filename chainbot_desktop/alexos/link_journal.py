"""What of the link is put on record: its state when that changes for a while, the dialect, a registration, a cry for attention."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chainbot_desktop.alexos.board import LinkBoard
from chainbot_desktop.alexos.probing import Findings, Routes
from chainbot_desktop.core.events import AttentionRequired, DialectDetected, LinkChanged, RegistrationSucceeded
from chainbot_desktop.core.events.alexos import Dialect, LinkChange, Registration
from chainbot_desktop.core.events.envelope import Severity
from chainbot_desktop.core.events.panel import Attention
from chainbot_desktop.core.ids import format_time, utc_now
from chainbot_desktop.core.link import LinkState
from chainbot_desktop.core.ports import Journal
from chainbot_desktop.store.dialects import DialectTable, KnownDialect

_SEVERITY = {LinkState.FAILED: Severity.ERROR, LinkState.RETRYING: Severity.WARNING, LinkState.DEGRADED: Severity.WARNING}


class LinkJournal:
    def __init__(self, registry_url: str, journal: Journal, dialects: DialectTable, board: LinkBoard) -> None:
        self._registry_url = registry_url
        self._journal = journal
        self._dialects = dialects
        self._board = board
        self._known: KnownDialect | None = None
        self._journaled = LinkState.UNREGISTERED
        self._attention_raised = False

    async def recall(self) -> None:
        """Show what was known of this registry when the program ended last; each row says when it was seen."""
        self._known = await self._dialects.load(self._registry_url)
        if self._known is not None:
            self._board.update(dialect=self._known.name)
            self._board.set_rows(self._known.rows)

    async def dialect(self, routes: Routes) -> None:
        """Remember what was found, and journal it where it is not what was known."""
        found = KnownDialect(routes.dialect, self._board.status.rows, utc_now())
        self._board.update(dialect=found.name)
        changed = self._known is None or _contradicts(found, self._known)
        await self._dialects.save(self._registry_url, found)
        if changed:
            fact = Dialect(registry_url=self._registry_url, name=found.name, rows=found.rows)
            await self._journal.append(DialectDetected(data=fact, subject=self._registry_url[:300]))
        self._known = found

    async def settled(self, state: LinkState, findings: Findings) -> None:
        """The link stands: registered, or degraded with the reason."""
        registered_at = utc_now() if findings.registered else ""
        self._board.update(state=state, reason=findings.reason, attempts=0, next_attempt_at="", registered_at=registered_at)
        register = findings.routes.register
        if state is LinkState.REGISTERED and self._journaled is not LinkState.REGISTERED and register is not None:
            fact = Registration(
                registry_url=self._registry_url,
                path=register,
                dialect=findings.routes.dialect,
                already_registered=findings.already,
            )
            await self._journal.append(RegistrationSucceeded(data=fact, subject=self._registry_url[:300]))
        await self._changed(state, findings.reason)
        self._attention_raised = False

    async def failed(self, reason: str, attempts: int, allowed: int, delay: float) -> None:
        """Another attempt failed; the next one is `delay` seconds away. Attention is raised once."""
        state = LinkState.FAILED if attempts >= allowed else LinkState.RETRYING
        self._board.update(
            state=state,
            reason=reason,
            attempts=attempts,
            next_attempt_at=format_time(datetime.now(UTC) + timedelta(seconds=delay)),
            registered_at="",
        )
        if attempts >= allowed and not self._attention_raised:
            attention = Attention(
                reason=f"ALEX OS at {self._registry_url} could not be reached or did not register us in {attempts} attempts: {reason}",
                hint="Trying goes on. Check that ALEX OS runs and that alex_os.registry_url is its address.",
            )
            await self._journal.append(AttentionRequired(data=attention, severity=Severity.ERROR, subject="alexos"))
            self._attention_raised = True
        await self._changed(state, reason)

    async def _changed(self, state: LinkState, reason: str) -> None:
        if state is self._journaled:
            return
        fact = LinkChange(registry_url=self._registry_url, state=state, reason=reason)
        severity = _SEVERITY.get(state, Severity.INFO)
        await self._journal.append(LinkChanged(data=fact, subject=self._registry_url[:300], severity=severity))
        self._journaled = state


def _contradicts(found: KnownDialect, known: KnownDialect) -> bool:
    # Rows that only one of them has are no contradiction: some paths are tried later, or only when others fail.
    before = {(row.capability, row.path): (row.verdict, row.status) for row in known.rows}
    now = {(row.capability, row.path): (row.verdict, row.status) for row in found.rows}
    return found.name != known.name or any(now[key] != before[key] for key in now.keys() & before.keys())
