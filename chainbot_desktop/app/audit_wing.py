"""The audit trail of the house: made with its key and folder, verified and pruned once a day."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chainbot_desktop.agents.directory import SNAPSHOT as AGENTS
from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.fold import FOLDED_TYPES
from chainbot_desktop.alexos.guests import SNAPSHOT as GUESTS
from chainbot_desktop.app.opened_store import OpenedStore
from chainbot_desktop.app.stopping import closed_within
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.ids import format_time, parse_time
from chainbot_desktop.core.settings import AuditSettings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.security.secret_store import SecretStore
from chainbot_desktop.security.signing import read_or_make_signer
from chainbot_desktop.store.retention import Wish

_log = logging.getLogger(__name__)
_LOOK_EVERY = 3600.0
_FIRST_LOOK = 120.0
"""Seconds after the start, which has enough to do."""
_DAY = timedelta(days=1)


def make_audit_trail(store: OpenedStore, agents: AgentDirectory, secrets: SecretStore, folder: Path) -> AuditTrail:
    trail = AuditTrail(store.database, store.journal, store.preferences, folder, lambda: read_or_make_signer(secrets))
    trail.projections = {AGENTS: FOLDED_TYPES, GUESTS: ("guest_appeared", "guest_changed", "guest_left")}
    trail.keep_snapshots = agents.keep
    return trail


async def open_audit_trail(trail: AuditTrail, settings: AuditSettings, stack: AsyncExitStack, tasks: Tasks) -> None:
    """Closed by `stack`."""
    await trail.open()
    stack.push_async_callback(closed_within, 1.0, "the audit trail", trail.close)
    if settings.verify_daily or wish_of(settings, datetime.now(UTC)) is not None:
        tasks.spawn("audit: every day", _every_day(trail, settings))


def wish_of(settings: AuditSettings, now: datetime) -> Wish | None:
    """What the settings want to be let go; None where they keep everything."""
    if settings.keep_days is None and settings.keep_events is None:
        return None
    before = format_time(now - timedelta(days=settings.keep_days)) if settings.keep_days is not None else None
    return Wish(before, settings.keep_events)


async def _every_day(trail: AuditTrail, settings: AuditSettings) -> None:
    await asyncio.sleep(_FIRST_LOOK)
    while True:
        now = datetime.now(UTC)
        if _is_due(trail, now):
            try:
                wish = wish_of(settings, now)
                if wish is not None:
                    await trail.prune(wish)  # verifies first
                elif settings.verify_daily:
                    await trail.verify()
            except ChainBotError as error:
                _log.warning("the audit trail's daily work was not done: %s", error)
        await asyncio.sleep(_LOOK_EVERY)


def _is_due(trail: AuditTrail, now: datetime) -> bool:
    # A clock that was set back makes the last time lie in the future: then it is due as well.
    return trail.last is None or not timedelta() <= now - parse_time(trail.last.at) < _DAY
