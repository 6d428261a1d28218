"""What of our environment a child may see: all that makes programs work, nothing that opens doors."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chainbot_desktop.agents.processes.families import MARK

_OURS = re.compile(r"CHAINBOT_|ALEX_OS_|MACLINK_|NOTIFY_SOCKET$|WATCHDOG_|LISTEN_|INVOCATION_ID$|JOURNAL_STREAM$")
"""Our settings, and what systemd said to us alone: a child that answered the watchdog would hide that we hang."""
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
"""An address with a password in it, as a database's."""


def child_environment(ours: Mapping[str, str], extra: Mapping[str, str], mark: str) -> dict[str, str]:
    """`extra` is meant for the child and passes whole; the mark is ours to give."""
    passed = {name: value for name, value in ours.items() if not looks_secret(name, value)}
    return {**passed, **extra, MARK: mark}


def looks_secret(name: str, value: str) -> bool:
    """Whether a value of this name opens doors, as far as name and value tell."""
    return bool(_OURS.match(name) or _SECRET_NAME.search(name) or _SECRET_VALUE.search(value))
