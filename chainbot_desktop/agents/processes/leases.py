"""Leases on processes: what an agent's row keeps of its child, so that a later life of the program can tell whether it still runs.

All of it reads /proc and may wait for a killed process: call it on a thread.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from chainbot_desktop.agents.processes import families
from chainbot_desktop.store.agent_rows import Lease

_log = logging.getLogger(__name__)

_GONE_SECONDS = 5.0


def take_lease(pid: int) -> Lease | None:
    """None where no process of this pid lives."""
    process = families.process_of(pid)
    return Lease(pid, process.started, boot_id()) if process is not None else None


def lease_alive(lease: Lease) -> bool:
    """Whether that very process lives, in this boot of the machine."""
    process = families.process_of(lease.pid)
    return process is not None and process.started == lease.started and lease.boot == boot_id()


def end_lease(lease: Lease) -> None:
    """Kill the process and what it left behind: its group, its session, its descendants. Returns when they are gone."""
    if lease.boot != boot_id():
        return
    # Asked before it dies: by the mark those are found that went their own way.
    mark = families.mark_of(lease.pid) if lease_alive(lease) else None
    end = time.monotonic() + _GONE_SECONDS
    while left := families.family(lease.pid, lease.started, mark):
        if time.monotonic() > end:
            _log.error("processes of an earlier life cannot be killed: %s", ", ".join(str(process.pid) for process in left))
            return
        families.kill(left)
        time.sleep(0.02)


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
